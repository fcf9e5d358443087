"""Adjustments in the back office: proposed from a dead letter's or an account's page, decided by somebody else."""

import re
from typing import Any

import pytest
from django.test import Client

from exchange.models import User
from settlement.models import Account, Adjustment, FailedSettlement
from tests.fixtures import fresh_name
from tests.integration.admin.scene import ACCOUNTS, FAILURES, browser_of, messages_of, queries_of, rows_of, staff_with
from tests.integration.admin.sent_forms import errors_on
from tests.integration.settlement.adjusting import dead_letter
from tests.integration.settlement.cast import FUNDS, Cast, status_of
from tests.trail import acts

ADJUSTMENTS = "/admin/settlement/adjustment/"
DETAIL_QUERIES_MAX = 11
CLERK = (
    "settlement.view_failedsettlement", "settlement.view_account", "settlement.view_adjustment",
    "settlement.add_adjustment", "settlement.approve_adjustment", "proposals.view_proposal",
)  # fmt: skip


def form_of(page: Any, **changed: str) -> dict[str, str]:
    """Return what a browser would send from a page that proposes an adjustment."""
    text = page.content.decode()
    fields = {
        match["name"]: match["value"] or ""
        for match in re.finditer(r'<input(?=[^>]* name="(?P<name>[^"]+)")(?:[^>]* value="(?P<value>[^"]*)")?', text)
    }
    return fields | changed


def propose_from(browser: Client, failure: FailedSettlement, way: str, **changed: str) -> Any:
    """Press a button of the dead letter's page and send the form that opens."""
    opened = browser.get(f"{FAILURES}{failure.pk}/{way}/", follow=True)
    assert opened.status_code == 200
    address = opened.request["PATH_INFO"] + "?" + opened.request["QUERY_STRING"]
    return browser.post(address, form_of(opened, reason="ticket 9", **changed))


def acts_of(user: User) -> list[str]:
    return list(acts().filter(actor=user).order_by("id").values_list("action", flat=True))


@pytest.mark.parametrize(("way", "lines"), [("give-back", 2), ("settle", 5)])
def test_a_dead_letter_is_closed_by_two_clerks(cast: Cast, way: str, lines: int) -> None:
    trade, failure = dead_letter(cast)
    proposer, approver = staff_with(*CLERK), staff_with(*CLERK)

    sent = propose_from(browser_of(proposer), failure, way)
    proposal = Adjustment.objects.get(failure=failure)
    assert sent.headers["Location"] == f"{ADJUSTMENTS}{proposal.pk}/change/"
    assert proposal.lines.count() == lines
    page = f"{ADJUSTMENTS}{proposal.pk}/approve/"
    asked = browser_of(approver).get(page)
    done = browser_of(approver).post(page, {"confirmed": "1", "note": "checked"})

    assert b"What it changes" in asked.content
    assert messages_of(done) == ["The adjustment is approved"]
    assert status_of(trade.id) == "resolved"
    assert (acts_of(proposer), acts_of(approver)) == (
        ["adjustment.propose"], ["settlement.resolve", "ledger.correction", "adjustment.approve"],
    )  # fmt: skip


def test_who_proposed_sees_withdraw_and_others_see_approve_and_reject(cast: Cast) -> None:
    _, failure = dead_letter(cast)
    proposer, approver = staff_with(*CLERK), staff_with(*CLERK)
    propose_from(browser_of(proposer), failure, "give-back")
    page = f"{ADJUSTMENTS}{Adjustment.objects.get(failure=failure).pk}/"

    def buttons(user: User) -> list[str]:
        actions = browser_of(user).get(f"{page}change/").context["object_actions"]
        return [action["label"] for action in actions]

    assert (buttons(proposer), buttons(approver)) == (["Withdraw…"], ["Approve…", "Reject…"])
    assert buttons(staff_with("settlement.view_adjustment", "proposals.view_proposal")) == []
    own = browser_of(proposer).post(f"{page}approve/", {"confirmed": "1", "note": ""})
    assert errors_on(own) == {"": ["You proposed this: somebody else has to decide on it"]}
    browser_of(approver).post(f"{page}reject/", {"confirmed": "1", "note": "pay it"})
    assert buttons(approver) == []
    browser_of(proposer).post(f"{page}withdraw/", {"confirmed": "1", "note": ""})
    assert Adjustment.objects.get(failure=failure).state == "rejected"


def test_lines_that_do_not_fit_are_told_and_can_be_mended(cast: Cast) -> None:
    _, failure = dead_letter(cast)
    browser = browser_of(staff_with(*CLERK))

    wrong = propose_from(browser, failure, "custom", **{"form-0-available": "60.05"})
    unknown = propose_from(browser, failure, "custom", **{"form-0-owner": cast.taker.username[:-1]})

    assert wrong.status_code == unknown.status_code == 200
    assert "zero" in errors_on(wrong)[""][0] and "ADJUSTMENT" not in errors_on(wrong)[""][0]
    assert b"60.05" in wrong.content
    assert b"whole name, e-mail or id, or fees, or outside world" in unknown.content
    assert not Adjustment.objects.filter(failure=failure).exists()


def test_the_button_pressed_twice_proposes_once(cast: Cast) -> None:
    account = Account.objects.get(owner=cast.maker, asset_id=cast.quote)
    clerk = staff_with(*CLERK)
    browser = browser_of(clerk)
    opened = browser.get(f"{ACCOUNTS}{account.pk}/correct/", follow=True)
    form = form_of(
        opened, reason="twice", reference=fresh_name("WIRE-"), **{"form-0-available": "5", "form-1-available": "-5"}
    )

    for _ in range(2):
        assert browser.post(f"{ADJUSTMENTS}add/?account={account.pk}", form).status_code == 302

    proposal = Adjustment.objects.get(proposed_by=clerk)
    approver = browser_of(staff_with(*CLERK))
    for _ in range(2):
        approver.post(f"{ADJUSTMENTS}{proposal.pk}/approve/", {"confirmed": "1", "note": ""})
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + 5, 0)


def test_an_id_that_the_form_did_not_make_is_refused(cast: Cast) -> None:
    account = Account.objects.get(owner=cast.maker, asset_id=cast.quote)
    clerk = staff_with(*CLERK)
    page = f"{ADJUSTMENTS}add/?account={account.pk}"
    browser = browser_of(clerk)
    form = form_of(
        browser.get(page), reason="x", adjustment="01900000-0000-7000-8000-000000000001",
        **{"form-0-available": "5", "form-1-available": "-5"},
    )  # fmt: skip

    assert browser.post(page, form).status_code == 200
    assert not Adjustment.objects.filter(proposed_by=clerk).exists()


def test_proposing_needs_the_right(cast: Cast) -> None:
    _, failure = dead_letter(cast)
    viewer = browser_of(staff_with("settlement.view_failedsettlement", "settlement.view_adjustment"))

    assert viewer.get(f"{FAILURES}{failure.pk}/give-back/").status_code == 403
    assert viewer.get(f"{ADJUSTMENTS}add/?failure={failure.pk}&way=give-back").status_code == 403
    assert viewer.post(f"{ADJUSTMENTS}add/", {"confirmed": "1"}).status_code == 403
    propose_from(browser_of(staff_with(*CLERK)), failure, "give-back")
    page = f"{ADJUSTMENTS}{Adjustment.objects.get(failure=failure).pk}/approve/"
    assert viewer.post(page, {"confirmed": "1", "note": ""}).status_code == 403


@pytest.mark.parametrize("query", ["failure=0&way=give-back", "failure=x&way=settle", "account=0", "account=-1"])
def test_what_is_not_there_is_not_found(query: str) -> None:
    assert browser_of(staff_with(*CLERK)).get(f"{ADJUSTMENTS}add/?{query}").status_code == 404


def test_the_pages_take_a_fixed_number_of_queries(cast: Cast, boss: Client) -> None:
    _, failure = dead_letter(cast)
    propose_from(browser_of(staff_with(*CLERK)), failure, "settle")
    proposal = Adjustment.objects.get(failure=failure)

    for url in (f"{ADJUSTMENTS}{proposal.pk}/change/", f"{FAILURES}{failure.pk}/change/", ADJUSTMENTS):
        response, statements = queries_of(boss, url)
        assert response.status_code == 200
        assert len(statements) <= DETAIL_QUERIES_MAX, (url, len(statements))
    tables = boss.get(f"{FAILURES}{failure.pk}/change/").context["object_tables"]
    assert [(table.title, len(table.rows)) for table in tables[-2:]] == [
        ("The legs it would have moved, as settlement saw them", 5), ("Adjustments", 1),
    ]  # fmt: skip


def test_adjustments_are_found_by_id_trade_and_proposer(cast: Cast, boss: Client) -> None:
    trade, failure = dead_letter(cast)
    clerk = staff_with(*CLERK)
    propose_from(browser_of(clerk), failure, "give-back")
    proposal = Adjustment.objects.get(failure=failure)

    for term in (proposal.pk, trade.id, clerk.username):
        assert rows_of(boss.get(f"{ADJUSTMENTS}?q={term}")) == [proposal]


def test_a_failure_resolved_with_a_note_still_offers_an_adjustment_until_one_closed_it(cast: Cast) -> None:
    _, failure = dead_letter(cast)
    clerk = browser_of(staff_with(*CLERK, "settlement.change_failedsettlement"))
    clerk.post(f"{FAILURES}{failure.pk}/resolve/", {"confirmed": "1", "note": "looks fine"})
    page = f"{FAILURES}{failure.pk}/change/"

    assert [action["label"] for action in clerk.get(page).context["object_actions"]] == [
        "Give back…", "Settle by hand…", "Custom adjustment…",
    ]  # fmt: skip
    propose_from(clerk, failure, "give-back")
    approve = f"{ADJUSTMENTS}{Adjustment.objects.get(failure=failure).pk}/approve/"
    browser_of(staff_with(*CLERK)).post(approve, {"confirmed": "1", "note": ""})
    assert clerk.get(page).context["object_actions"] == []
