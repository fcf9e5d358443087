"""Attacks on money and power by the pages of the real back office: one person gets nothing done alone."""

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from exchange.models import Market, User
from exchange.roles import StaffRole
from proposals.models import Proposal
from tests.fixtures import fresh_name
from tests.integration.admin.scene import ACCOUNTS, MARKETS, USERS, browser_of, messages_of
from tests.integration.admin.sent_forms import errors_on
from tests.integration.admin.test_accounts import account_of, transfer_form
from tests.integration.admin.test_markets import form_of
from tests.integration.admin.test_roles import member
from tests.integration.settlement.cast import FUNDS, Cast

PROPOSALS, ADJUSTMENTS = "/admin/proposals/proposal/", "/admin/settlement/adjustment/"
CONFIRM = {"confirmed": "1", "note": "as proposed"}


def propose_deposit(browser: Client, owner: User, asset: str, amount: str, **fields: str) -> Any:
    page = f"{USERS}{owner.pk}/deposit/"
    return browser.post(page, transfer_form(browser.get(page), asset=asset, amount=amount, **fields))


def newest(proposer: User) -> Proposal:
    return Proposal.objects.filter(proposed_by=proposer).latest("id")


def refusal_of(browser: Client, proposal: Proposal) -> str:
    """Try to approve a proposal on both of its pages; return what the page says."""
    answers = [browser.post(f"{page}{proposal.pk}/approve/", CONFIRM) for page in (PROPOSALS, ADJUSTMENTS)]
    proposal.refresh_from_db()
    assert proposal.state == "proposed"
    return str(answers[0].status_code if answers[0].status_code != 200 else errors_on(answers[0])[""][0])


def test_one_clerk_alone_prints_no_money_and_takes_none(cast: Cast) -> None:
    clerk = member(StaffRole.SETTLEMENT)
    browser = browser_of(clerk)

    propose_deposit(browser, cast.outsider, cast.quote, "999999")
    deposit = newest(clerk)
    page = f"{ACCOUNTS}{account_of(cast.maker, cast.base).pk}/withdraw/"
    browser.post(page, transfer_form(browser.get(page), amount="5000"))
    withdrawal = newest(clerk)

    for proposal in (deposit, withdrawal):
        assert refusal_of(browser, proposal) == "You proposed this: somebody else has to decide on it"
    assert cast.balance(cast.outsider, cast.quote) == cast.balance(cast.maker, cast.base) == (FUNDS, 0)


def test_neither_who_proposes_nor_who_approves_is_paid(cast: Cast) -> None:
    clerk, friend = member(StaffRole.SETTLEMENT), member(StaffRole.SETTLEMENT)

    own = propose_deposit(browser_of(clerk), clerk, cast.quote, "1")
    propose_deposit(browser_of(clerk), friend, cast.quote, "1")

    assert errors_on(own) == {"": ["This is about yourself: ask a colleague to propose it"]}
    assert refusal_of(browser_of(friend), newest(clerk)) == "This is about yourself: somebody else has to decide on it"


def test_an_administrator_makes_no_puppet_and_pays_nobody(cast: Cast) -> None:
    admin, other = member(StaffRole.ADMINISTRATOR), member(StaffRole.ADMINISTRATOR)
    puppet, role = User.objects.create(username=fresh_name("puppet-")), Group.objects.get(name=StaffRole.SETTLEMENT)
    form = {"username": puppet.username, "is_staff": "on", "groups": [role.pk], "reason": "a new colleague"}
    browser_of(admin).post(f"{USERS}{puppet.pk}/change/", form)
    appointment = newest(admin)

    assert refusal_of(browser_of(admin), appointment) == "You proposed this: somebody else has to decide on it"
    assert browser_of(puppet).get(ACCOUNTS).status_code == 302
    assert "The proposal is approved" in messages_of(
        browser_of(other).post(f"{PROPOSALS}{appointment.pk}/approve/", CONFIRM)
    )
    propose_deposit(browser_of(User.objects.get(pk=puppet.pk)), admin, cast.quote, "1000")
    for appointer in (admin, other):
        assert refusal_of(browser_of(appointer), newest(puppet)) == "403"
        assert browser_of(appointer).get(f"{USERS}{cast.maker.pk}/deposit/").status_code == 403


def test_a_superuser_is_no_exception_and_is_told_why(cast: Cast, boss: Client, staff: User) -> None:
    clerk = member(StaffRole.SETTLEMENT)
    propose_deposit(browser_of(clerk), cast.maker, cast.quote, "1")

    assert refusal_of(boss, newest(clerk)) == "403"
    assert boss.get(f"{USERS}{cast.maker.pk}/deposit/").status_code == 403
    assert b"who appoints staff has no right over money" in boss.get(f"{USERS}{staff.pk}/change/").content


def test_a_role_over_money_beside_the_right_to_appoint_is_refused(boss: Client) -> None:
    admin = member(StaffRole.ADMINISTRATOR)
    groups = [Group.objects.get(name=name).pk for name in (StaffRole.ADMINISTRATOR, StaffRole.SETTLEMENT)]
    form = {"username": admin.username, "is_staff": "on", "groups": groups, "reason": "all in one"}

    answer = boss.post(f"{USERS}{admin.pk}/change/", form)

    assert "Who appoints staff has no right over money" in errors_on(answer)[""][0]
    assert admin.groups.count() == 1


def test_a_limit_holds_for_all_that_one_person_proposes_in_a_day(cast: Cast) -> None:
    clerk, other = member(StaffRole.SETTLEMENT), member(StaffRole.SETTLEMENT)
    browser = browser_of(clerk)
    propose_deposit(browser, cast.maker, cast.quote, "600000")

    too_much = propose_deposit(browser, cast.taker, cast.quote, "400001")

    assert "One person moves at most 1000000" in errors_on(too_much)[""][0]
    browser_of(other).post(f"{PROPOSALS}{newest(clerk).pk}/approve/", CONFIRM)
    propose_deposit(browser, cast.taker, cast.quote, "400000")
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + 600_000, 0)
    by_approver = propose_deposit(browser_of(other), cast.outsider, cast.quote, "400001")
    assert "One person moves at most 1000000" in errors_on(by_approver)[""][0]


def test_one_operator_changes_fees_bands_and_tiers_a_little_only(market: Market) -> None:
    operator, other = member(StaffRole.OPERATOR), member(StaffRole.OPERATOR)
    browser, page = browser_of(operator), f"{MARKETS}{market.pk}/change/"

    half = browser.post(page, form_of(market, taker_fee_ppm="500000", reason="mine"))
    silent = browser.post(page, form_of(market, price_band_ppm="0"))
    browser.post(page, form_of(market, taker_fee_ppm="40000", price_band_ppm="0", maker_fee_ppm="900", reason="mine"))

    assert list(errors_on(half)) == ["taker_fee_ppm"] and list(errors_on(silent)) == ["reason"]
    market.refresh_from_db()
    assert (market.taker_fee_ppm, market.price_band_ppm, market.maker_fee_ppm) == (1_000, 100_000, 900)
    assert refusal_of(browser, newest(operator)) == "You proposed this: somebody else has to decide on it"
    queue = browser_of(other).get(f"{PROPOSALS}?state__exact=proposed").content.decode()
    assert "taker fee 0.1 % → 4 %; price band 10 % → none" in queue
    browser_of(other).post(f"{PROPOSALS}{newest(operator).pk}/approve/", CONFIRM)
    market.refresh_from_db()
    assert (market.taker_fee_ppm, market.price_band_ppm) == (40_000, 0)


@pytest.mark.parametrize("step", ["reject", "withdraw"])
def test_what_is_refused_or_taken_back_is_not_approved_later(market: Market, step: str) -> None:
    operator, other = member(StaffRole.OPERATOR), member(StaffRole.OPERATOR)
    browser_of(operator).post(
        f"{MARKETS}{market.pk}/change/", form_of(market, taker_fee_ppm="3000", reason="higher costs")
    )
    proposal = newest(operator)

    browser_of(other if step == "reject" else operator).post(f"{PROPOSALS}{proposal.pk}/{step}/", CONFIRM)
    late = browser_of(other).post(f"{PROPOSALS}{proposal.pk}/approve/", CONFIRM)

    proposal.refresh_from_db()
    assert proposal.state == {"reject": "rejected", "withdraw": "withdrawn"}[step]
    assert errors_on(late) == {"": [f"It is already {proposal.state}"]}
    assert Decimal(Market.objects.get(pk=market.pk).taker_fee_ppm) == 1_000
