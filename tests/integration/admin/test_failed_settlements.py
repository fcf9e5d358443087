"""What staff do about dead letters: retry and resolve, by the real services, each with an audit entry."""

import pytest
from django.test import Client

from exchange.models import User
from orders.models import Trade
from settlement.models import FailedSettlement
from settlement.services import settle_pending
from tests.integration.admin.scene import FAILURES, browser_of, messages_of, staff_with
from tests.integration.admin.sent_forms import errors_on, form_on
from tests.integration.settlement.cast import Cast, failure_of, status_of
from tests.trail import acts

RIGHTS = ("settlement.view_failedsettlement", "settlement.change_failedsettlement")


def dead_letter(cast: Cast, *, mended: bool = True) -> FailedSettlement:
    """Let a settlement fail for want of a hold; when mended, a retry will succeed."""
    trade = cast.trade()
    cast.hold(cast.taker, cast.quote, -trade.buyer_hold)
    settle_pending(market_id=cast.market.pk)
    if mended:
        cast.hold(cast.taker, cast.quote, trade.buyer_hold)
    return failure_of(trade)


def acts_of(user: User) -> list[tuple[str, str]]:
    return list(acts().filter(actor=user).order_by("id").values_list("action", "target_id"))


def test_retry_on_the_page_settles(cast: Cast) -> None:
    failure, clerk = dead_letter(cast), staff_with(*RIGHTS)

    response = browser_of(clerk).post(f"{FAILURES}{failure.pk}/retry/")

    assert response.status_code == 302
    assert messages_of(response) == [f"Trade {failure.trade_id}: settled"]
    assert status_of(failure.trade_id) == "settled"
    assert acts_of(clerk) == [("settlement.retry", str(failure.pk))]


def test_retry_of_those_selected_says_what_became_of_each(cast: Cast) -> None:
    good, clerk = dead_letter(cast), staff_with(*RIGHTS)
    browser_of(clerk).post(f"{FAILURES}{good.pk}/retry/")
    other = dead_letter(cast)

    response = browser_of(clerk).post(
        FAILURES, {"action": "retry_selected", "_selected_action": [good.pk, other.pk], "index": "0"}
    )

    assert sorted(messages_of(response)) == sorted(
        [f"Trade {other.trade_id}: settled", f"Trade {good.trade_id}: settled; only dead letters are retried"]
    )
    assert acts_of(clerk) == [("settlement.retry", str(good.pk)), ("settlement.retry", str(other.pk))]


def test_a_retry_that_fails_again_says_why(cast: Cast) -> None:
    failure, clerk = dead_letter(cast, mended=False), staff_with(*RIGHTS)

    response = browser_of(clerk).post(f"{FAILURES}{failure.pk}/retry/")

    assert len(messages_of(response)) == 1 and "INSUFFICIENT_HOLD" in messages_of(response)[0]
    assert status_of(failure.trade_id) == "failed"
    cast.hold(cast.taker, cast.quote, Trade.objects.get(id=failure.trade_id).buyer_hold)


def test_resolve_asks_for_a_note_and_keeps_it(cast: Cast) -> None:
    failure, clerk = dead_letter(cast), staff_with(*RIGHTS)
    browser, page = browser_of(clerk), f"{FAILURES}{failure.pk}/resolve/"

    asked = browser.get(page)
    empty = browser.post(page, {"confirmed": "1", "note": " "})
    done = browser.post(page, {"confirmed": "1", "note": "paid by hand, ticket 7"})

    assert asked.status_code == 200 and b"stays failed" in asked.content
    assert empty.status_code == 200 and b"This field is required" in empty.content
    assert done.status_code == 302
    failure.refresh_from_db()
    assert (failure.state, failure.note, failure.resolved_by) == ("resolved", "paid by hand, ticket 7", clerk)
    assert acts_of(clerk) == [("settlement.resolve", str(failure.pk))]


def test_what_was_resolved_meanwhile_is_refused_with_a_reason(cast: Cast) -> None:
    failure, clerk = dead_letter(cast), staff_with(*RIGHTS)
    browser, page = browser_of(clerk), f"{FAILURES}{failure.pk}/resolve/"
    browser.post(page, {"confirmed": "1", "note": "first"})

    again = browser.post(page, {"confirmed": "1", "note": "second"})

    assert "no longer a dead letter" in errors_on(again)[""][0]
    assert form_on(again, "note")["note"] == "second"
    failure.refresh_from_db()
    assert failure.note == "first"


@pytest.mark.parametrize("name", ["retry", "resolve"])
def test_an_action_needs_the_right_to_change(cast: Cast, name: str) -> None:
    failure, viewer = dead_letter(cast), staff_with("settlement.view_failedsettlement")
    page = f"{FAILURES}{failure.pk}/{name}/"

    assert browser_of(viewer).post(page, {"confirmed": "1", "note": "x"}).status_code == 403
    assert browser_of(cast.taker).post(page, {"confirmed": "1", "note": "x"}).status_code == 302
    assert Client().post(page).headers["Location"].startswith("/admin/login/")
    selected = {"action": "retry_selected", "_selected_action": [failure.pk], "index": "0"}
    browser_of(viewer).post(FAILURES, selected)
    assert (failure_of_id(failure.pk).state, acts_of(viewer)) == ("dead", [])


def failure_of_id(pk: int) -> FailedSettlement:
    return FailedSettlement.objects.get(pk=pk)


def test_a_retry_is_not_done_by_following_a_link(cast: Cast) -> None:
    failure, clerk = dead_letter(cast), staff_with(*RIGHTS)

    assert browser_of(clerk).get(f"{FAILURES}{failure.pk}/retry/").status_code == 405
    assert failure_of_id(failure.pk).state == "dead"


def test_buttons_are_shown_to_those_who_may_press_them(cast: Cast) -> None:
    failure = dead_letter(cast)
    page = f"{FAILURES}{failure.pk}/change/"

    for user, expected in (
        (staff_with(*RIGHTS), ["Retry", "Resolve with a note…"]),
        (staff_with("settlement.view_failedsettlement"), []),
    ):
        actions = browser_of(user).get(page).context["object_actions"]
        assert [action["label"] for action in actions] == expected
