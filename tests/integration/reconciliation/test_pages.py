"""Reconciliation in the back office: both sides side by side, and staff who acknowledge with a note."""

import pytest
from django.test import Client

from exchange.models import Market, User
from orders.models import Mismatch, Order, ReconcileRun
from tests.desk import Desk
from tests.integration.admin.scene import browser_of, messages_of, queries_of, staff_with
from tests.integration.reconciliation.tampering import differing, trade_a_little
from verification.reconciliation.run import reconcile

MISMATCHES = "/admin/orders/mismatch/"
LISTS = (MISMATCHES, "/admin/orders/reconcilerun/", "/admin/orders/replaycheckpoint/")
QUERIES_MAX = 9


@pytest.fixture
def mismatch(desk: Desk, market: Market, maker: User, taker: User) -> Mismatch:
    trade_a_little(desk, maker, taker)
    order = Order.objects.filter(market=market, status="filled").latest("id")
    Order.objects.filter(pk=order.pk).update(reason="CHANGED")
    return differing(market).mismatches[0]


@pytest.fixture
def clerk() -> Client:
    return browser_of(
        staff_with(
            "orders.view_mismatch", "orders.change_mismatch", "orders.view_reconcilerun", "orders.view_replaycheckpoint"
        )
    )


@pytest.mark.parametrize("url", LISTS)
def test_the_lists_open_in_few_queries(mismatch: Mismatch, market: Market, clerk: Client, url: str) -> None:
    reconcile(markets=[market], full=True)
    response, statements = queries_of(clerk, url)
    assert response.status_code == 200
    assert len(statements) <= QUERIES_MAX


def test_a_mismatch_shows_both_sides_and_its_order(mismatch: Mismatch, clerk: Client) -> None:
    page = clerk.get(f"{MISMATCHES}{mismatch.pk}/change/").content.decode()
    assert "Expected" in page and "CHANGED" in page
    assert f"/admin/orders/order/{mismatch.subject}/change/" in page


def test_a_run_shows_its_markets_and_what_it_found(mismatch: Mismatch, market: Market, clerk: Client) -> None:
    page = clerk.get(f"/admin/orders/reconcilerun/{mismatch.run_id}/change/").content.decode()
    assert market.symbol in page and mismatch.subject in page
    assert ReconcileRun.objects.get(pk=mismatch.run_id).status == "mismatch"


def test_acknowledging_needs_a_note_and_the_right_to(mismatch: Mismatch, clerk: Client) -> None:
    url = f"{MISMATCHES}{mismatch.pk}/acknowledge/"
    clerk.post(url, {"confirmed": "1", "note": ""})
    mismatch.refresh_from_db()
    assert mismatch.state == "open"
    assert browser_of(staff_with("orders.view_mismatch")).post(url, {"confirmed": "1", "note": "x"}).status_code == 403

    response = clerk.post(url, {"confirmed": "1", "note": "A test wrote there"})

    assert messages_of(response) == [f"{mismatch} is acknowledged"]
    mismatch.refresh_from_db()
    assert (mismatch.state, mismatch.note) == ("acknowledged", "A test wrote there")
    again = clerk.post(url, {"confirmed": "1", "note": "once more"})
    assert "no longer open" in messages_of(again)[-1]


def test_several_are_acknowledged_from_the_list(mismatch: Mismatch, clerk: Client) -> None:
    given = {"action": "acknowledge_selected", "_selected_action": [mismatch.pk], "confirmed": "1", "note": "seen"}
    clerk.post(MISMATCHES, given)
    mismatch.refresh_from_db()
    assert mismatch.state == "acknowledged"
