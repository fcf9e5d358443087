"""Settling trades on the embedded ledger: what moves, and that it moves once."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connection

from base.scaling import EXACT
from orders.models import Trade
from settlement.models import FailedSettlement, LedgerEntry
from settlement.services import Settled, failed_settlement_resolve, ledger_deposit, settle_pending
from tests.integration.settlement.cast import FUNDS, Cast, failure_of, status_of
from tests.invariants import assert_ledger_balances


def test_a_trade_pays_both_sides_and_the_fees_and_gives_the_rest_of_the_hold_back(cast: Cast) -> None:
    trade = cast.trade(price="100", quantity="0.5", buyer_fee="0.05", seller_fee="0.05", hold="60.06")

    batch = settle_pending(market_id=cast.market.pk)

    assert batch == Settled(claimed=1, settled=1, last_id=trade.id)
    assert cast.balance(cast.taker, cast.quote) == (FUNDS - Decimal("50.05"), 0)
    assert cast.balance(cast.maker, cast.quote) == (FUNDS + Decimal("49.95"), 0)
    assert cast.balance(None, cast.quote) == (Decimal("0.10"), 0)
    assert cast.balance(cast.maker, cast.base) == (FUNDS - Decimal("0.5"), 0)
    assert cast.balance(cast.taker, cast.base) == (FUNDS + Decimal("0.5"), 0)
    trade.refresh_from_db()
    assert trade.settlement_status == "settled"
    assert trade.settled_at is not None and trade.settled_at >= trade.executed_at


@pytest.mark.parametrize(
    ("buyer_fee", "seller_fee", "legs"),
    [
        ("0.05", "0.05", [1, 2, 3, 4, 5]),
        ("0", "0", [1, 2, 4, 5]),  # no fees: no leg for them
        ("0", "50", [1, 3, 4, 5]),  # the fee takes all that the seller gets
    ],
)
def test_legs_that_move_nothing_get_no_entry(cast: Cast, buyer_fee: str, seller_fee: str, legs: list[int]) -> None:
    trade = cast.trade(price="100", quantity="0.5", buyer_fee=buyer_fee, seller_fee=seller_fee)

    settle_pending(market_id=cast.market.pk)

    entries = LedgerEntry.objects.filter(transfer_id=trade.id).order_by("leg")
    assert [entry.leg for entry in entries] == legs


def test_a_trade_with_oneself_costs_the_fees_only(cast: Cast) -> None:
    cast.trade(buyer=cast.maker, seller=cast.maker, price="100", quantity="0.5", hold="50.05")

    settle_pending(market_id=cast.market.pk)

    assert cast.balance(cast.maker, cast.quote) == (FUNDS - Decimal("0.10"), 0)
    assert cast.balance(cast.maker, cast.base) == (FUNDS, 0)


def test_an_account_that_is_missing_is_made(cast: Cast) -> None:
    cast.trade(buyer=cast.taker, seller=cast.maker)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM settlement_account WHERE kind = 'fees' AND asset_id = %s", [cast.quote])
        assert cursor.fetchone() == (0,)

    assert settle_pending(market_id=cast.market.pk).settled == 1

    assert cast.balance(None, cast.quote) == (Decimal("0.10"), 0)


def test_amounts_longer_than_the_28_digits_of_python_decimals_settle_exactly() -> None:
    cast = Cast(decimals=18)
    for asset in (cast.base, cast.quote):
        ledger_deposit(owner=cast.taker, asset=asset, amount=Decimal(9 * 10**14), reason="plenty")
        ledger_deposit(owner=cast.maker, asset=asset, amount=Decimal(9 * 10**14), reason="plenty")
    before = cast.balance(cast.maker, cast.quote)[0]
    cast.trade(
        price="3.000000001", quantity="1000000000000.000000001", buyer_fee="0", seller_fee="0.000000000000000001",
        hold="3000000001000.000000003000000001",
    )  # fmt: skip

    assert settle_pending(market_id=cast.market.pk).settled == 1

    gained = EXACT.subtract(cast.balance(cast.maker, cast.quote)[0], before)
    assert gained == Decimal("3000000001000.000000003000000000")
    assert_ledger_balances(assets=[cast.base, cast.quote])


def test_trades_are_settled_oldest_first_and_after_an_id(cast: Cast) -> None:
    first, second, third = (cast.trade() for _ in range(3))

    assert settle_pending(market_id=cast.market.pk, limit=1, after=first.id).last_id == second.id
    assert settle_pending(market_id=cast.market.pk, limit=1).last_id == first.id
    assert settle_pending(market_id=cast.market.pk, limit=5) == Settled(claimed=1, settled=1, last_id=third.id)
    assert settle_pending(market_id=cast.market.pk) == Settled()


def test_four_settlers_at_once_settle_each_trade_once(cast: Cast) -> None:
    for number in range(80):
        buyer, seller = ((cast.maker, cast.taker), (cast.taker, cast.outsider))[number % 2]
        cast.trade(buyer=buyer, seller=seller, price="1", quantity="1", hold="2")

    def settle_all(_: int) -> int:
        settled = 0
        try:
            while (batch := settle_pending(market_id=cast.market.pk, limit=7)).claimed:
                settled += batch.settled
            return settled
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        settled = sum(pool.map(settle_all, range(4)))

    assert settled == 80
    assert Trade.objects.filter(market=cast.market).exclude(settlement_status="settled").count() == 0
    assert cast.balance(cast.maker, cast.base) == (FUNDS + 40, 0)
    assert cast.balance(cast.outsider, cast.base) == (FUNDS - 40, 0)


def test_a_settled_trade_that_is_put_back_by_hand_is_refused_by_the_ledger(cast: Cast) -> None:
    trade = cast.trade()
    settle_pending(market_id=cast.market.pk)
    cast.hold(cast.taker, cast.quote, Decimal("60.06"))
    cast.hold(cast.maker, cast.base, Decimal("0.5"))
    Trade.objects.filter(id=trade.id).update(settlement_status="pending")
    before = cast.balance(cast.taker, cast.quote)

    batch = settle_pending(market_id=cast.market.pk)

    assert (batch.settled, batch.dead) == (0, 1)
    assert failure_of(trade).code == "DUPLICATE_TRANSFER"
    assert cast.balance(cast.taker, cast.quote) == before
    failed_settlement_resolve(actor=cast.staff, failure_id=failure_of(trade).pk, note="It was settled before")
    assert status_of(trade.id) == "failed"
    Trade.objects.filter(id=trade.id).update(settlement_status="settled")
    cast.hold(cast.taker, cast.quote, Decimal("-60.06"))
    cast.hold(cast.maker, cast.base, Decimal("-0.5"))
    assert FailedSettlement.objects.get(trade_id=trade.id).state == "resolved"
