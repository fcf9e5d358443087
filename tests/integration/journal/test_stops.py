"""Stops: what they hold while they wait, how they trigger, and what they give back."""

from decimal import Decimal

import pytest

from exchange.models import Market, User
from matching.engine import OrderType, TimeInForce
from matching.messages import ReplyStatus
from orders.models import OrderStatus
from tests.desk import BUY, SELL, Desk, available, held
from tests.fixtures import FUNDS

FEE = Decimal("1.001")


def trade_at(desk: Desk, user: User, other: User, price: int, lots: int = 1) -> None:
    """Let two users make a price the last one."""
    desk.place(user, SELL, lots, price)
    desk.place(other, BUY, lots, price)


def test_a_stop_to_sell_holds_its_quantity_and_sells_when_the_price_falls(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    stop = desk.place(taker, SELL, 1_000, kind=OrderType.STOP, stop_price_ticks=9_800).order
    waiting = desk.stored(stop.id)
    assert (waiting.status, waiting.held, waiting.stop_price) == (OrderStatus.PENDING, 1, 98)
    assert waiting.price == Decimal("88.20")  # its protection: a band below the stop price
    assert held(taker, market.base_id) == 1

    desk.place(maker, BUY, 600, 9_700)
    trade_at(desk, maker, outsider, 9_790)

    sold = desk.stored(stop.id)
    assert (sold.status, sold.reason) == (OrderStatus.CANCELLED, "MARKET_REMAINDER")
    assert (sold.filled_quantity, sold.filled_quote, sold.held) == (Decimal("0.6"), Decimal("58.2"), 0)
    assert sold.triggered_at is not None
    desk.settle()
    assert held(taker, market.base_id) == 0
    assert available(taker, market.base_id) == FUNDS - Decimal("0.6")


def test_a_stop_to_buy_holds_for_its_protection_price_and_gets_the_rest_back(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    stop = desk.place(taker, BUY, 1_000, kind=OrderType.STOP, stop_price_ticks=10_200).order
    assert held(taker, market.quote_id) == Decimal("112.20") * FEE  # a band above the stop price

    desk.place(maker, SELL, 400, 10_250)
    desk.send(  # the trade at 102 is what triggers it
        desk.order(maker, SELL, 10, 10_200), desk.order(outsider, BUY, 10, 10_200)
    )

    bought = desk.stored(stop.id)
    assert (bought.status, bought.filled_quantity, bought.held) == (OrderStatus.CANCELLED, Decimal("0.4"), 0)
    desk.settle()
    assert held(taker, market.quote_id) == 0
    assert available(taker, market.quote_id) == FUNDS - Decimal("41") * FEE


def test_a_triggered_stop_limit_rests_with_what_its_limit_needs(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    stop = desk.place(taker, BUY, 1_000, 10_300, kind=OrderType.STOP_LIMIT, stop_price_ticks=10_200).order
    assert desk.stored(stop.id).held == 103 * FEE
    desk.place(maker, SELL, 300, 10_250)

    trade_at(desk, maker, outsider, 10_200)

    resting = desk.stored(stop.id)
    assert (resting.status, resting.filled_quantity) == (OrderStatus.PARTIALLY_FILLED, Decimal("0.3"))
    assert resting.held == Decimal("72.1") * FEE
    desk.restart()
    desk.cancel(taker, stop.id)
    desk.settle()
    assert held(taker, market.quote_id) == 0


def test_a_stop_limit_that_left_the_band_is_cancelled_when_it_triggers(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    stop = desk.place(taker, SELL, 1_000, 9_400, kind=OrderType.STOP_LIMIT, stop_price_ticks=9_900).order
    Market.objects.filter(pk=market.pk).update(price_band_ppm=10_000)
    assert desk.tend_if_needed()

    trade_at(desk, maker, outsider, 9_900)

    ended = desk.stored(stop.id)
    assert (ended.status, ended.reason, ended.held) == (OrderStatus.CANCELLED, "PRICE_OUT_OF_BAND", 0)
    assert held(taker, market.base_id) == 0


def test_a_take_profit_sells_into_a_rise(desk: Desk, market: Market, maker: User, taker: User, outsider: User) -> None:
    target = desk.place(taker, SELL, 500, 10_400, kind=OrderType.TAKE_PROFIT_LIMIT, stop_price_ticks=10_300).order
    trade_at(desk, maker, outsider, 10_300)
    assert desk.stored(target.id).status == OrderStatus.OPEN
    desk.place(outsider, BUY, 500, 10_400)
    assert desk.stored(target.id).status == OrderStatus.FILLED
    desk.settle()


@pytest.mark.parametrize("distance", [{"trail_ticks": 100}, {"trail_ppm": 10_000}])
def test_a_trailing_stop_follows_the_price_and_survives_a_crash(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User, distance: dict[str, int]
) -> None:
    trade_at(desk, maker, outsider, 10_000)
    stop = desk.place(taker, SELL, 1_000, kind=OrderType.TRAILING_STOP, **distance).order
    assert desk.stored(stop.id).stop_price == 99
    trade_at(desk, maker, outsider, 10_500)
    assert desk.stored(stop.id).stop_price == 99  # the first one: the present one follows every trade
    desk.restart()
    desk.place(maker, BUY, 1_000, 10_300)
    trade_at(desk, maker, outsider, 10_390)

    sold = desk.stored(stop.id)
    assert sold.status == OrderStatus.FILLED
    assert sold.stop_price == (Decimal(104) if "trail_ticks" in distance else Decimal("103.95"))
    assert sold.filled_quote == 103 * sold.filled_quantity


def test_a_trailing_stop_needs_a_last_price(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.place(taker, BUY, 1_000, kind=OrderType.TRAILING_STOP, trail_ticks=100)
    assert (reply.status, reply.code) == (ReplyStatus.EXECUTED, "NO_LAST_PRICE")
    rejected = desk.stored(reply.order.id)
    assert (rejected.status, rejected.held, rejected.price) == (OrderStatus.REJECTED, 0, None)
    assert held(taker, market.quote_id) == 0


def test_a_stop_without_funds_is_denied(desk: Desk, market: Market, taker: User) -> None:
    reply = desk.place(taker, BUY, 10_000_000, kind=OrderType.STOP, stop_price_ticks=10_200)
    assert (reply.status, reply.code) == (ReplyStatus.DENIED, "INSUFFICIENT_BALANCE")
    assert reply.details["required"] == int(1_122_000 * FEE * 10**8)


def test_a_reply_has_no_trades_of_the_stops_it_triggered(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    desk.place(taker, SELL, 100, kind=OrderType.STOP, stop_price_ticks=9_900, time_in_force=TimeInForce.FOK)
    desk.place(maker, BUY, 100, 9_900)
    desk.place(maker, BUY, 100, 9_890)

    reply = desk.place(outsider, SELL, 100, 9_900)

    assert [trade.price_ticks for trade in reply.trades] == [9_900]
    assert len(desk.processor.process([]).replies) == 0
    desk.settle()
