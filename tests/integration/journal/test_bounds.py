"""Work that one command leaves for later ones: it survives every restart, and others are served in between."""

import pytest

from exchange.models import Market, User
from exchange.services import market_set_state
from matching import processor
from matching.engine import CURRENT_EDITION, FINISHED, OrderType, TradingState, editions
from matching.messages import ReplyStatus
from orders.models import MarketSequence, Order, OrderStatus, Trade
from tests.desk import BUY, SELL, Desk, available, held
from tests.fixtures import FUNDS

FEW = 4


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one command do very little."""
    monkeypatch.setattr(editions, "WORK_MAX", FEW)
    monkeypatch.setattr(editions, "FILLS_MAX", FEW)


def statuses(user: User) -> list[str]:
    return sorted(Order.objects.filter(user=user).values_list("status", flat=True))


def go_on(desk: Desk) -> int:
    """Look after the market until nothing is left to do; return how often."""
    times = 0
    while desk.engine.next_due_ms == 0:
        desk.tend()
        times += 1
    return times


def test_the_rest_of_a_taker_is_cancelled_and_its_hold_given_back(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    desk.send(*[desk.order(maker, SELL, 10, 10_000) for _ in range(FEW + 2)])
    order = desk.place(taker, BUY, 60, 10_000).order
    stored = desk.stored(order.id)
    assert (stored.status, stored.reason, stored.held) == (OrderStatus.CANCELLED, "MATCH_LIMIT", 0)
    assert Trade.objects.filter(market=market).count() == FEW
    desk.settle()
    assert held(taker, market.quote_id) == 0


@pytest.mark.parametrize("is_restarted", [False, True])
def test_turns_of_stops_go_on_batch_by_batch_while_others_trade(
    desk: Desk, market: Market, maker: User, taker: User, outsider: User, is_restarted: bool
) -> None:
    desk.place(maker, BUY, 100, 9_800)
    desk.send(*[desk.order(taker, SELL, 1, kind=OrderType.STOP, stop_price_ticks=9_810) for _ in range(5)])
    trailing = desk.order(taker, SELL, 20, kind=OrderType.TRAILING_STOP, trail_ticks=150)
    desk.place(outsider, BUY, 1, 10_000)
    desk.place(maker, SELL, 1, 10_000)
    desk.send(trailing)
    desk.place(outsider, SELL, 1, 9_800)
    assert desk.engine.next_due_ms == 0
    if is_restarted:
        desk.restart()
    between = desk.place(outsider, SELL, 1, 9_800)
    assert between.order.status == "filled"
    assert go_on(desk) > 0
    assert statuses(taker) == ["filled"] * 6
    assert desk.engine.unfinished == FINISHED
    desk.settle()
    desk.replay()


def test_a_large_auction_is_held_batch_by_batch_and_survives_restarts(
    desk: Desk, market: Market, staff: User, maker: User, taker: User
) -> None:
    _cross(desk, market, staff, maker, taker)
    market_set_state(actor=staff, market_id=market.pk, state="continuous", note="opening")
    batches = 0
    while desk.tend_if_needed():
        batches += 1
        desk.restart()
    assert batches > 1
    assert desk.engine.trading_state is TradingState.CONTINUOUS
    prices = set(Trade.objects.filter(market=market).values_list("price", flat=True))
    assert (Trade.objects.filter(market=market).count(), len(prices)) == (10, 1)
    desk.replay()


def test_an_opening_that_staff_take_back_is_dropped(
    desk: Desk, market: Market, staff: User, maker: User, taker: User
) -> None:
    _cross(desk, market, staff, maker, taker)
    market_set_state(actor=staff, market_id=market.pk, state="continuous", note="opening")
    desk.tend()
    assert desk.engine.is_opening
    assert desk.engine.trading_state is TradingState.PRE_OPEN
    market_set_state(actor=staff, market_id=market.pk, state="pre_open", note="not yet")
    assert desk.tend_if_needed()
    assert not desk.engine.is_opening
    assert not desk.tend_if_needed()


def _cross(desk: Desk, market: Market, staff: User, maker: User, taker: User) -> None:
    market_set_state(actor=staff, market_id=market.pk, state="pre_open", note="before the opening")
    desk.tend()
    desk.send(*[desk.order(maker, SELL, 10, 10_000) for _ in range(10)])
    desk.send(*[desk.order(taker, BUY, 10, 10_010) for _ in range(10)])


def test_cancel_all_says_how_many_orders_are_left(desk: Desk, market: Market, maker: User) -> None:
    desk.send(*[desk.order(maker, SELL, 10, 10_000) for _ in range(FEW + 2)])
    first, second = desk.cancel_all(maker), desk.cancel_all(maker)
    assert first.details == {"cancelled": FEW, "left": 2}
    assert second.details == {"cancelled": 2, "left": 0}
    assert available(maker, market.base_id) == FUNDS


def test_orders_that_are_due_at_once_expire_batch_by_batch_before_anything_else(
    desk: Desk, maker: User, taker: User
) -> None:
    expire_ms = desk.now_ms() + 1_000
    desk.send(*[desk.order(maker, SELL, 10, 10_000, expire_ms=expire_ms) for _ in range(2 * FEW)])
    desk._now_ms = expire_ms
    desk.place(taker, BUY, 1, 9_900)
    assert statuses(maker) == ["expired"] * FEW + ["open"] * FEW
    desk.place(taker, BUY, 1, 9_900)
    assert statuses(maker) == ["expired"] * 2 * FEW


def test_a_batch_that_has_enough_to_write_leaves_the_other_requests_to_the_next(
    desk: Desk, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "EVENTS_MAX", 7)
    requests = [desk.order(maker, SELL, 10, 10_000 + n, client_order_id=f"bounded-{n}") for n in range(10)]
    outcome = desk.processor.process(requests)
    assert [reply.status for reply in outcome.replies] == [ReplyStatus.EXECUTED] * 4  # of two events each
    assert outcome.left == requests[4:]
    desk.check()
    while outcome.left:
        outcome = desk.processor.process(outcome.left)
        desk.check()
    assert statuses(maker) == ["open"] * 10


def test_a_market_follows_the_current_edition_from_its_first_batch_on(desk: Desk, market: Market) -> None:
    assert MarketSequence.objects.get(pk=market.pk).edition == CURRENT_EDITION
    desk.replay()
