"""Amending triggers and orders of groups: what they hold follows, and a restart finds them as they are."""

from decimal import Decimal

import pytest

from exchange.models import Market, User
from matching.engine import OrderType, TimeInForce
from matching.messages import ReplyStatus
from tests.desk import BUY, SELL, Desk, held

FEE = Decimal("1.001")


def prices(desk: Desk, *order_ids: bytes) -> list[tuple[Decimal | None, Decimal | None]]:
    """Return limit and stop price of orders as they are stored."""
    return [(stored.price, stored.stop_price) for stored in map(desk.stored, order_ids)]


def falls_to(desk: Desk, price: int, bidder: User, seller: User) -> None:
    desk.place(bidder, BUY, 1, price)
    desk.place(seller, SELL, 1, price, time_in_force=TimeInForce.IOC)


# --- stops ----------------------------------------------------------------------------------------


def test_a_stop_that_buys_holds_what_its_new_stop_price_may_cost(desk: Desk, market: Market, taker: User) -> None:
    stop = desk.place(taker, BUY, 1_000, kind=OrderType.STOP, stop_price_ticks=10_200).order
    assert held(taker, market.quote_id) == Decimal("112.20") * FEE

    up = desk.amend(taker, stop.id, stop_price=10_500, lots=2_000)
    assert up.order.extras.stop_price_ticks == 10_500
    assert held(taker, market.quote_id) == 2 * Decimal("115.50") * FEE
    desk.amend(taker, stop.id, stop_price=10_100, lots=1_000)

    assert held(taker, market.quote_id) == Decimal("111.10") * FEE == desk.stored(stop.id).held
    assert prices(desk, stop.id) == [(Decimal("111.1"), 101)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stop_price": 10_000}, "STOP_WOULD_TRIGGER"),
        ({"stop_price": 10_300, "lots": 10**9}, "INSUFFICIENT_BALANCE"),
        ({"stop_price": 10_300, "price": 10_400}, "PRICE_NOT_AMENDABLE"),
    ],
)
def test_a_refused_stop_price_leaves_everything_as_it_was(
    desk: Desk, market: Market, taker: User, change: dict[str, int], code: str
) -> None:
    stop = desk.place(taker, BUY, 1_000, kind=OrderType.STOP, stop_price_ticks=10_200).order
    assert desk.amend(taker, stop.id, **change).code == code
    assert held(taker, market.quote_id) == Decimal("112.20") * FEE == desk.stored(stop.id).held
    assert prices(desk, stop.id) == [(Decimal("112.2"), 102)]


def test_a_restart_finds_a_stop_where_it_was_moved_to(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    first, second = (
        desk.place(user, SELL, 100, kind=OrderType.STOP, stop_price_ticks=price).order
        for user, price in ((maker, 9_700), (taker, 9_600))
    )
    desk.amend(maker, first.id, stop_price=9_600)  # behind the other, which waits for it already
    desk.restart()
    assert desk.replay().state_hash() == desk.engine.state_hash()
    falls_to(desk, 9_700, outsider, maker)
    assert [desk.stored(order.id).status for order in (first, second)] == ["pending"] * 2

    desk.place(outsider, BUY, 150, 9_600)
    falls_to(desk, 9_600, outsider, maker)

    fills = [desk.stored(order.id).filled_quantity for order in (first, second)]
    assert fills[1] == Decimal("0.1") and fills[0] < fills[1]


# --- OCO ------------------------------------------------------------------------------------------


def test_an_oco_to_buy_holds_for_its_more_expensive_order_as_both_are_now(
    desk: Desk, market: Market, taker: User
) -> None:
    reply = desk.send(desk.oco(taker, BUY, 1_000, 9_500, 10_200))[0]
    limit, stop = reply.order, reply.others[0]
    assert held(taker, market.quote_id) == Decimal("112.20") * FEE

    def holds() -> list[Decimal]:
        stored = [desk.stored(order.id).held for order in (limit, stop)]
        assert sum(stored) == held(taker, market.quote_id)
        return stored

    desk.amend(taker, stop.id, stop_price=10_500)
    assert holds() == [Decimal("115.50") * FEE, 0]
    desk.amend(taker, limit.id, price=9_800)
    assert holds() == [Decimal("115.50") * FEE, 0]
    desk.amend(taker, stop.id, lots=3_000)
    assert holds() == [3 * Decimal("115.50") * FEE, 0]
    desk.amend(taker, limit.id, lots=500)
    desk.amend(taker, stop.id, stop_price=10_100)
    assert holds() == [Decimal("111.10") / 2 * FEE, 0]
    assert desk.amend(taker, stop.id, lots=10**10).code == "INSUFFICIENT_BALANCE"
    assert desk.amend(taker, stop.id, stop_price=9_900, lots=600).code == "STOP_WOULD_TRIGGER"
    assert holds() == [Decimal("111.10") / 2 * FEE, 0]

    desk.restart()
    desk.cancel(taker, limit.id)
    assert held(taker, market.quote_id) == 0


@pytest.mark.parametrize("leg", [0, 1])
def test_an_oco_to_sell_holds_its_new_quantity_once(desk: Desk, market: Market, taker: User, leg: int) -> None:
    reply = desk.send(desk.oco(taker, SELL, 1_000, 10_500, 9_500, 9_400))[0]
    ids = [reply.order.id, reply.others[0].id]
    for lots in (3_000, 2_000):
        answer = desk.amend(taker, ids[leg], lots=lots)
        assert (answer.status, answer.order.quantity_lots) == (ReplyStatus.EXECUTED, lots)
        assert [desk.stored(order_id).quantity for order_id in ids] == [lots // 1_000] * 2
        assert held(taker, market.base_id) == lots // 1_000


def test_the_stop_of_an_amended_oco_gets_the_hold_when_it_is_triggered(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    reply = desk.send(desk.oco(taker, SELL, 1_000, 10_500, 9_500, 9_400))[0]
    desk.amend(taker, reply.others[0].id, stop_price=9_700, price=9_700, lots=2_000)
    desk.restart()
    falls_to(desk, 9_700, maker, outsider)

    stop = desk.stored(reply.others[0].id)
    assert (stop.status, stop.held, stop.price) == ("open", 2, 97)
    assert desk.stored(reply.order.id).reason == "LINKED"


# --- brackets -------------------------------------------------------------------------------------


def test_exits_that_wait_hold_nothing_and_begin_with_what_they_were_amended_to(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    reply = desk.send(desk.bracket(taker, SELL, 1_000, 10_100, take_profit=9_500, stop=10_500))[0]
    entry, take_profit, stop_loss = reply.order, *reply.others
    desk.amend(taker, take_profit.id, price=9_600)
    desk.amend(taker, stop_loss.id, stop_price=10_400)
    desk.amend(taker, entry.id, lots=2_000, price=10_050)
    assert (held(taker, market.quote_id), held(taker, market.base_id)) == (0, 2)
    desk.restart()

    desk.place(maker, BUY, 2_000, 10_050)
    desk.settle()

    assert prices(desk, take_profit.id, stop_loss.id) == [(96, None), (Decimal("114.4"), 104)]
    assert held(taker, market.quote_id) == 2 * Decimal("114.40") * FEE
    desk.amend(taker, stop_loss.id, stop_price=10_300)
    desk.amend(taker, take_profit.id, lots=1_000)
    assert held(taker, market.quote_id) == Decimal("113.30") * FEE
