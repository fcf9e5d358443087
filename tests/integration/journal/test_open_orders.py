"""Amending, icebergs, self-trade prevention, repricing, auctions, fee tiers: holds follow every change."""

from decimal import Decimal

import pytest
from django.utils import timezone

from exchange.models import FeeTier, Market, User, UserFeeTier
from exchange.services import market_set_state
from matching.engine import OrderType, SelfTradePrevention
from matching.messages import ReplyStatus
from orders.models import OrderStatus, Trade
from orders.selectors import book_depth
from tests.desk import BUY, SELL, Desk, available, held
from tests.fixtures import FUNDS

FEE = Decimal("1.001")


def test_amending_up_holds_more_and_down_gives_back(desk: Desk, market: Market, taker: User) -> None:
    order = desk.place(taker, BUY, 1_000, 9_500).order
    up = desk.amend(taker, order.id, price=9_600, lots=2_000)
    assert (up.status, up.order.price_ticks, up.order.quantity_lots) == (ReplyStatus.EXECUTED, 9_600, 2_000)
    assert held(taker, market.quote_id) == 192 * FEE
    down = desk.amend(taker, order.id, lots=500)
    assert down.order.priority == up.order.priority  # in place
    assert held(taker, market.quote_id) == 48 * FEE
    stored = desk.stored(order.id)
    assert (stored.price, stored.quantity, stored.held) == (96, Decimal("0.5"), 48 * FEE)


def test_an_amended_order_that_crosses_trades(desk: Desk, market: Market, maker: User, taker: User) -> None:
    desk.place(maker, SELL, 400, 10_000)
    order = desk.place(taker, BUY, 1_000, 9_500).order
    reply = desk.amend(taker, order.id, price=10_000)
    assert [(trade.quantity_lots, trade.price_ticks) for trade in reply.trades] == [(400, 10_000)]
    assert (reply.order.status, reply.order.filled_lots) == ("partially_filled", 400)
    assert held(taker, market.quote_id) == 100 * FEE
    desk.settle()
    assert held(taker, market.quote_id) == 60 * FEE
    assert desk.amend(taker, order.id, lots=400).code == "QUANTITY_BELOW_FILLED"
    filled = desk.amend(taker, order.id, lots=1_200)
    assert filled.order.quantity_lots == 1_200 and held(taker, market.quote_id) == 80 * FEE


@pytest.mark.parametrize(
    ("change", "code"), [({"price": 12_000}, "PRICE_OUT_OF_BAND"), ({"price": 10_000}, "SELF_TRADE")]
)
def test_a_refused_amendment_leaves_everything_as_it_was(
    desk: Desk, market: Market, taker: User, change: dict[str, int], code: str
) -> None:
    desk.place(taker, SELL, 10, 10_000)
    order = desk.place(taker, BUY, 1_000, 9_500).order
    reply = desk.amend(taker, order.id, **change)
    assert (reply.status, reply.code) == (ReplyStatus.DENIED, code)
    assert held(taker, market.quote_id) == 95 * FEE == desk.stored(order.id).held


def test_an_amendment_without_funds_is_denied_before_the_engine(desk: Desk, market: Market, taker: User) -> None:
    order = desk.place(taker, SELL, 1_000, 10_500).order
    seq = desk.engine.seq
    reply = desk.amend(taker, order.id, lots=10**10)
    assert (reply.status, reply.code, desk.engine.seq) == (ReplyStatus.DENIED, "INSUFFICIENT_BALANCE", seq)
    assert reply.details["required"] == (10**10 - 1_000) * 100_000
    assert desk.stored(order.id).quantity == 1


def test_what_is_not_open_or_somebody_elses_cannot_be_amended(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    order = desk.place(taker, SELL, 1_000, 10_500).order
    assert desk.amend(maker, order.id, lots=500).code == "ORDER_NOT_AMENDABLE"
    desk.cancel(taker, order.id)
    assert desk.amend(taker, order.id, lots=500).code == "ORDER_NOT_AMENDABLE"
    linked = desk.send(desk.bracket(taker, BUY, 1_000, 9_900, take_profit=10_500, stop=9_500))[0]
    assert desk.amend(taker, linked.others[0].id, lots=500).code == "ORDER_LINKED"


def test_a_waiting_stop_is_amended(desk: Desk, market: Market, taker: User) -> None:
    stop = desk.place(taker, BUY, 1_000, kind=OrderType.STOP, stop_price_ticks=10_200).order
    assert desk.amend(taker, stop.id, price=10_300).code == "PRICE_NOT_AMENDABLE"
    desk.amend(taker, stop.id, lots=2_000)
    assert held(taker, market.quote_id) == Decimal("224.40") * FEE
    limit = desk.place(taker, BUY, 1_000, 10_300, kind=OrderType.STOP_LIMIT, stop_price_ticks=10_200).order
    desk.amend(taker, limit.id, price=10_250)
    assert desk.stored(limit.id).held == Decimal("102.5") * FEE


def test_an_iceberg_shows_a_part_and_refills_it_at_the_end_of_the_queue(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User
) -> None:
    iceberg = desk.place(maker, SELL, 1_000, 10_000, display_lots=200).order
    assert iceberg.extras.visible_lots == 200
    desk.place(outsider, SELL, 100, 10_000)
    assert [level.quantity_lots for level in book_depth(market).asks] == [300]
    desk.place(taker, BUY, 250, 10_000)
    stored = desk.stored(iceberg.id)
    assert (stored.filled_quantity, stored.visible_quantity) == (Decimal("0.2"), Decimal("0.2"))
    assert stored.priority > iceberg.priority
    desk.restart()
    assert [level.quantity_lots for level in book_depth(market).asks] == [250]
    desk.amend(maker, iceberg.id, lots=300)
    assert desk.stored(iceberg.id).visible_quantity == Decimal("0.1")
    desk.place(taker, BUY, 150, 10_000)
    assert desk.stored(iceberg.id).status == OrderStatus.FILLED
    assert held(maker, market.base_id) == Decimal("0.3")
    desk.settle()


def test_a_post_only_order_moved_behind_the_touch_gives_the_difference_back(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    desk.place(maker, SELL, 10, 10_000)
    order = desk.place(taker, BUY, 1_000, 10_100, post_only=True, reprice=True).order
    assert (order.price_ticks, order.status) == (9_999, "open")
    assert held(taker, market.quote_id) == Decimal("99.99") * FEE


@pytest.mark.parametrize(
    ("mode", "statuses", "base_held", "quote_held"),
    [
        (SelfTradePrevention.CANCEL_NEWEST, ("open", "cancelled"), 1, 0),
        (SelfTradePrevention.CANCEL_OLDEST, ("cancelled", "open"), 0, 200),
        (SelfTradePrevention.CANCEL_BOTH, ("cancelled", "cancelled"), 0, 0),
        (SelfTradePrevention.DECREMENT, ("cancelled", "open"), 0, 100),
    ],
)
def test_self_trade_prevention_frees_the_holds_of_what_it_ends(
    desk: Desk,
    market: Market,
    maker: User,
    taker: User,
    mode: SelfTradePrevention,
    statuses: tuple[str, str],
    base_held: int,
    quote_held: int,
) -> None:
    desk.place(maker, SELL, 1, 9_990)  # else an order that meets its own first would be refused
    own = desk.place(taker, SELL, 1_000, 10_000).order
    new = desk.place(taker, BUY, 2_001, 10_000, stp=mode).order
    assert (desk.stored(own.id).status, desk.stored(new.id).status.replace("partially_filled", "open")) == statuses
    desk.settle()
    assert held(taker, market.base_id) == base_held
    assert held(taker, market.quote_id) == quote_held * FEE


def test_a_larger_order_of_ones_own_is_decremented_at_once(desk: Desk, market: Market, taker: User) -> None:
    own = desk.place(taker, SELL, 1_000, 10_000).order
    reply = desk.place(taker, BUY, 300, 10_000, stp=SelfTradePrevention.DECREMENT)
    assert (reply.order.status, reply.order.reason) == ("cancelled", "SELF_TRADE")
    assert (desk.stored(own.id).quantity, desk.stored(own.id).held) == (Decimal("0.7"), Decimal("0.7"))
    assert held(taker, market.base_id) == Decimal("0.7")


def test_a_market_buy_that_skips_its_own_order_holds_what_it_costs(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    own = desk.place(taker, SELL, 1_000, 10_000).order
    desk.place(maker, SELL, 1_000, 10_100)
    reply = desk.place(taker, BUY, 500, stp=SelfTradePrevention.CANCEL_OLDEST)
    assert reply.order.status == "filled"
    assert desk.stored(own.id).reason == "SELF_TRADE"
    desk.settle()
    assert available(taker, market.quote_id) == FUNDS - Decimal("50.5") * FEE
    assert held(taker, market.base_id) == 0


def test_a_budget_that_only_met_its_own_order_is_not_called_filled(desk: Desk, market: Market, taker: User) -> None:
    desk.place(taker, SELL, 999, 10_000)
    desk.place(taker, SELL, 10, 10_900)
    budget = int(Decimal("100.1") * 10**8)
    reply = desk.place(taker, BUY, 0, budget_units=budget, stp=SelfTradePrevention.DECREMENT)
    assert (reply.order.status, reply.order.reason, reply.order.filled_lots) == ("cancelled", "SELF_TRADE", 0)
    assert held(taker, market.quote_id) == 0


def test_an_opening_auction_gives_everybody_the_same_price(
    desk: Desk, market: Market, staff: User, maker: User, taker: User, outsider: User
) -> None:
    market_set_state(actor=staff, market_id=market.pk, state="pre_open")
    desk.tend_if_needed()
    desk.place(maker, SELL, 1_000, 9_900)
    desk.place(outsider, SELL, 500, 10_100, display_lots=100)
    desk.place(taker, BUY, 1_200, 10_200)
    market_set_state(actor=staff, market_id=market.pk, state="continuous")
    desk.tend_if_needed()
    prices = set(Trade.objects.filter(market_id=market.pk).values_list("price", flat=True))
    assert len(prices) == 1
    desk.settle()
    assert available(taker, market.quote_id) == FUNDS - Decimal("1.2") * prices.pop() * FEE
    assert held(taker, market.quote_id) == 0


def test_an_order_has_the_rates_of_its_owners_tier(desk: Desk, market: Market, maker: User, taker: User) -> None:
    tier = FeeTier.objects.create(market=market, level=1, min_volume=0, maker_fee_ppm=200, taker_fee_ppm=500)
    UserFeeTier.objects.create(user=taker, market=market, tier=tier, volume=0, computed_at=timezone.now())
    before = desk.place(taker, BUY, 1_000, 9_500).order
    Market.objects.filter(pk=market.pk).update(fees_version=1)
    assert desk.tend_if_needed()
    after = desk.place(taker, BUY, 1_000, 9_500).order
    assert (before.maker_fee_ppm, before.taker_fee_ppm) == (1_000, 1_000)
    assert (after.maker_fee_ppm, after.taker_fee_ppm) == (200, 500)
    assert desk.stored(after.id).held == 95 * Decimal("1.0005")
    desk.place(maker, SELL, 2_000, 9_500)
    desk.settle()
    assert available(taker, market.quote_id) == FUNDS - 95 * Decimal("1.001") - 95 * Decimal("1.0002")
