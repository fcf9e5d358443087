"""`manage.py reconcile`: what it prints, how it ends, and what it leaves."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from exchange.models import AuditEntry, Market, TradingState, User
from orders.models import Mismatch, Order, ReconcileRun
from tests.desk import Desk
from tests.integration.reconciliation.tampering import trade_a_little
from verification.reconciliation.snapshots import reading


def run(*arguments: str) -> tuple[int, str, str]:
    """Return exit status, output and errors of the command."""
    out, err = StringIO(), StringIO()
    try:
        call_command("reconcile", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def busy(desk: Desk, maker: User, taker: User) -> Desk:
    trade_a_little(desk, maker, taker)
    return desk


def test_a_market_that_agrees_ends_with_status_0_and_a_line_for_each_check(busy: Desk, market: Market) -> None:
    status, out, err = run("--market", market.slug)
    assert (status, err) == (0, "")
    assert f"{Mismatch.Check.HELD.label:<46} agrees" in out
    assert "CLEAN" in out and market.symbol in out


def test_json_is_one_document(busy: Desk, market: Market) -> None:
    status, out, _ = run("--market", market.slug, "--json", "--full")
    document: dict[str, Any] = json.loads(out)
    assert status == 0
    assert (document["status"], document["kind"], document["mismatches"]) == ("clean", "full", [])
    (of_market,) = document["counts"]["markets"]
    assert (of_market["replayed_from"], of_market["trades"], of_market["orders"]) == (0, 4, 7)


def test_a_mismatch_ends_with_status_1_shows_both_sides_and_halts_the_market(
    busy: Desk, market: Market, caplog: pytest.LogCaptureFixture
) -> None:
    order = Order.objects.filter(market=market, status="filled").latest("id")
    Order.objects.filter(pk=order.pk).update(filled_quote=order.filled_quote + 1)

    status, out, _ = run("--market", market.slug)

    assert status == 1 and "MISMATCH" in out
    assert (
        f"expected {order.filled_quote.normalize():f}" in out
        and f"found {(order.filled_quote + 1).normalize():f}" in out
    )
    mismatch = Mismatch.objects.get(market=market)
    assert (mismatch.check_name, mismatch.subject, mismatch.state) == ("order", str(order.pk), "open")
    assert Market.objects.get(pk=market.pk).trading_state == TradingState.HALTED
    entry = AuditEntry.objects.get(target_type="exchange.market", target_id=str(market.pk))
    assert (entry.actor, entry.action, entry.new) == (None, "market.set_state", {"trading_state": "halted"})
    assert "'event': 'reconcile_mismatch'" in caplog.text


def test_without_halting_the_market_goes_on(busy: Desk, market: Market) -> None:
    Order.objects.filter(market=market, status="filled").update(reason="CHANGED")
    assert run("--market", market.slug, "--no-halt")[0] == 1
    assert Market.objects.get(pk=market.pk).trading_state == TradingState.CONTINUOUS


def test_a_second_run_at_the_same_time_ends_with_status_2(busy: Desk, market: Market) -> None:
    with reading():
        status, _, err = run("--market", market.slug)
        json_status, out, _ = run("--market", market.slug, "--json")
    assert (status, json_status) == (2, 2)
    assert "Another reconciliation is running" in err
    assert json.loads(out)["status"] == "failed"


def test_a_market_that_does_not_exist_ends_with_status_2() -> None:
    status, _, err = run("--market", "NO-SUCH")
    assert status == 2 and "no such market" in err


def test_a_run_whose_process_died_is_marked_by_the_next_one(busy: Desk, market: Market) -> None:
    dead = ReconcileRun.objects.create(kind="full")
    run("--market", market.slug)
    dead.refresh_from_db()
    assert (dead.status, dead.error) == ("failed", "The process ended")
