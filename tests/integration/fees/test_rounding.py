"""Many small fills cost no more than one large one: an order's fees are its rates on its total, rounded up once."""

from decimal import Decimal

import pytest

from exchange.models import Market, User
from matching.engine import OrderType
from matching.messages import Reply
from orders.rows import OrderRow
from tests.desk import BUY, SELL, Desk, open_desk
from tests.fixtures import make_market
from tests.invariants import assert_fees_are_rounded_once

PARTS = 50
PRICE = 4_333  # 0.04333: a fill of 0.020 pays no whole number of units
SIDES = {"buy": (BUY, SELL), "sell": (SELL, BUY)}


@pytest.fixture
def market() -> Market:
    """Like ETH/BTC: small ticks, and fees of a few units."""
    return make_market(
        tick_size=Decimal("0.00001"), lot_size=Decimal("0.001"), min_notional=0, reference_price=Decimal("0.04333"),
        maker_fee_ppm=1_000, taker_fee_ppm=1_247,
    )  # fmt: skip


def row_of(reply: Reply) -> OrderRow:
    return reply.order if isinstance(reply.order, OrderRow) else OrderRow.unpacked(reply.order)


def fee_of(reply: Reply, desk: Desk) -> int:
    """Return what an order that has ended or rests has paid, in units."""
    row = row_of(reply)
    known = desk.open_orders.by_id.get(int.from_bytes(row.id))
    return row.fee_units if known is None else known.fee_units


def small_orders(desk: Desk, user: User, side: int) -> None:
    desk.send(*[desk.order(user, side, 20, PRICE) for _ in range(PARTS)])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("kind", ["limit", "market"])
def test_a_taker_pays_for_fifty_fills_what_it_pays_for_one(
    market: Market, maker: User, taker: User, side: str, kind: str
) -> None:
    own, other = SIDES[side]
    price = PRICE if kind == "limit" else 0
    with open_desk(market) as desk:
        small_orders(desk, maker, other)
        many = fee_of(desk.place(taker, own, 20 * PARTS, price), desk)
        desk.place(maker, other, 20 * PARTS, PRICE)
        one = fee_of(desk.place(taker, own, 20 * PARTS, price), desk)

    assert many == one > 0
    assert_fees_are_rounded_once(market)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("display_lots", [0, 100])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_maker_pays_for_fifty_fills_what_it_pays_for_one(
    market: Market, maker: User, taker: User, side: str, display_lots: int, restarts: bool
) -> None:
    own, other = SIDES[side]
    options = {"display_lots": display_lots} if display_lots else {}
    with open_desk(market) as desk:
        resting = row_of(desk.place(maker, own, 20 * PARTS + 1, PRICE, **options))
        for _ in range(PARTS // 10):
            desk.send(*[desk.order(taker, other, 20, PRICE) for _ in range(10)])
            if restarts:
                desk.restart()
        many = desk.open_orders.by_id[int.from_bytes(resting.id)].fee_units
        desk.cancel_all(maker)
        again = row_of(desk.place(maker, own, 20 * PARTS + 1, PRICE))
        desk.place(taker, other, 20 * PARTS, PRICE)
        one = desk.open_orders.by_id[int.from_bytes(again.id)].fee_units

    assert many == one > 0
    assert_fees_are_rounded_once(market)


def test_a_stop_and_an_order_that_is_taker_and_maker_are_rounded_once(market: Market, maker: User, taker: User) -> None:
    with open_desk(market) as desk:
        desk.place(maker, SELL, 1, PRICE)
        desk.place(taker, BUY, 1, PRICE)
        desk.place(taker, SELL, 333, kind=OrderType.STOP, stop_price_ticks=PRICE - 1)
        for price in (PRICE - 1, PRICE - 1, PRICE - 2, PRICE - 3):
            desk.place(maker, BUY, 77, price)
        desk.place(taker, SELL, 5, PRICE - 1)  # triggers the stop
        desk.place(taker, BUY, 500, PRICE + 7)
        for lots in (7, 77, 13):
            desk.place(maker, SELL, lots, PRICE + 7)

    assert_fees_are_rounded_once(market)
