"""What one command does is bounded: what is left is cancelled, or goes on with later commands."""

from collections.abc import Callable, Iterable, Iterator
from unittest.mock import patch

import pytest

from matching.engine import (
    FINISHED,
    FIRST_EDITION,
    AmendRejected,
    AuctionHeld,
    CancelAll,
    CancelReason,
    Command,
    Engine,
    Event,
    ExpireDue,
    LevelChanged,
    OrderCancelled,
    OrderExpired,
    OrderType,
    PlaceOrder,
    SelfTradePrevention,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    Side,
    StopTriggered,
    TimeInForce,
    TradeExecuted,
    TradingState,
    TradingStateChanged,
    editions,
)
from matching.engine.editions import FILLS_MAX, WORK_MAX
from tests.unit.engine.cast import (
    BUY,
    FOK,
    IOC,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    amend,
    asking,
    bracket,
    cancel,
    limit,
    market,
    restored,
    run,
    stop,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing

PRE_OPEN, CONTINUOUS, HALTED = TradingState.PRE_OPEN, TradingState.CONTINUOUS, TradingState.HALTED
OPEN = SetTradingState(0, CONTINUOUS)
GO_ON = ExpireDue(0)
FEW = 5
TOP = 1_000_000


@pytest.fixture
def _few() -> Iterator[None]:
    """Let one command do very little."""
    with patch.multiple(editions, WORK_MAX=FEW, FILLS_MAX=FEW):
        yield


def of_type(kind: type[Event], events: list[Event]) -> list[Event]:
    return [event for event in events if type(event) is kind]


def ended(events: list[Event]) -> list[tuple[int, CancelReason, int]]:
    cancelled = [event for event in events if isinstance(event, OrderCancelled)]
    return [(event.order_id, event.reason, event.remaining_lots) for event in cancelled]


def triggered(events: list[Event]) -> list[int]:
    return [event.order_id for event in events if isinstance(event, StopTriggered)]


def fill(engine: Engine, commands: Iterable[Command]) -> list[Event]:
    """Execute many commands and check the invariants once, which takes as long as there are orders."""
    events = [event for command in commands for event in engine.execute(command)]
    engine.check_invariants()
    return events


def work(events: list[Event]) -> int:
    return sum(not isinstance(event, LevelChanged) for event in events)


def makers(side: Side, count: int, *, lots: int = 1, price: int = 100) -> list[Command]:
    """Return so many orders of different accounts at one price."""
    return [limit(n, side, lots, price, account=TOP + n) for n in range(1, count + 1)]


# --- takers ---------------------------------------------------------------------------------------

TAKERS: list[Callable[[Side, int], PlaceOrder]] = [
    lambda side, lots: limit(TOP, side, lots, 100, account=TAKER),
    lambda side, lots: limit(TOP, side, lots, 100, account=TAKER, tif=IOC),
    lambda side, lots: market(TOP, side, lots),
    lambda side, lots: market(TOP, side, budget=lots * 100) if side is BUY else market(TOP, side, lots),
    lambda side, lots: asking(limit(TOP, side, lots, 100, account=TAKER), display_lots=1),
]


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("taker", TAKERS, ids=["limit", "ioc", "market", "budget", "iceberg"])
def test_a_taker_makes_so_many_fills_and_its_rest_is_cancelled(
    taker: Callable[[Side, int], PlaceOrder], side: Side
) -> None:
    engine = Engine()
    fill(engine, makers(side.opposite, FILLS_MAX + 3))
    events = run(engine, [taker(side, FILLS_MAX + 2)])
    assert len(of_type(TradeExecuted, events)) == FILLS_MAX
    assert ended(events) == [(TOP, CancelReason.MATCH_LIMIT, 2)]
    assert not engine.knows(TOP)


@pytest.mark.parametrize("side", Side)
def test_a_taker_that_needs_no_more_fills_than_that_is_filled_and_what_meets_nothing_rests(side: Side) -> None:
    engine = Engine()
    fill(engine, makers(side.opposite, FILLS_MAX))
    events = run(engine, [limit(TOP, side, FILLS_MAX + 2, 100, account=TAKER)])
    assert len(of_type(TradeExecuted, events)) == FILLS_MAX
    assert ended(events) == []
    resting = engine.find(TOP)
    assert resting is not None and resting.remaining_lots == 2


def test_each_part_of_an_iceberg_is_a_fill() -> None:
    engine = Engine()
    run(engine, [asking(limit(1, SELL, 3 * FILLS_MAX, 100), display_lots=1)])
    events = run(engine, [market(2, BUY, 2 * FILLS_MAX)])
    assert len(of_type(TradeExecuted, events)) == FILLS_MAX
    assert ended(events) == [(2, CancelReason.MATCH_LIMIT, FILLS_MAX)]


def test_an_amended_order_and_a_triggered_stop_are_takers_like_others() -> None:
    engine = Engine(last_price_ticks=110)
    fill(engine, [*makers(SELL, FILLS_MAX + 1, price=105), limit(TOP, BUY, FILLS_MAX + 1, 99, account=TAKER)])
    assert ended(run(engine, [amend(TOP, price=105, account=TAKER)])) == [(TOP, CancelReason.MATCH_LIMIT, 1)]
    engine = Engine(last_price_ticks=110)
    fill(engine, [stop(TOP, SELL, FILLS_MAX + 1, 100, account=TAKER), *makers(BUY, FILLS_MAX + 2)])
    events = run(engine, [market(TOP + 1, SELL, 1, account=OUTSIDER)])
    assert triggered(events) == [TOP]
    assert ended(events) == [(TOP, CancelReason.MATCH_LIMIT, 1)]


@pytest.mark.usefixtures("_few")
@pytest.mark.parametrize("mode", [SelfTradePrevention.CANCEL_OLDEST, SelfTradePrevention.DECREMENT])
def test_own_orders_that_are_met_count_as_well(mode: SelfTradePrevention) -> None:
    engine = Engine()
    run(engine, [limit(n, SELL, 1, 100, account=TAKER) for n in range(1, FEW)])
    run(engine, [limit(n, SELL, 1, 100) for n in range(FEW, FEW + 3)])
    events = run(engine, [asking(limit(TOP, BUY, 9, 100, account=TAKER), self_trade_prevention=mode)])
    assert len(of_type(TradeExecuted, events)) == 1
    assert ended(events)[-1][:2] == (TOP, CancelReason.MATCH_LIMIT)


@pytest.mark.parametrize("side", Side)
def test_fill_or_kill_is_filled_with_that_many_fills_and_with_one_more_not_at_all(side: Side) -> None:
    engine = Engine()
    fill(engine, makers(side.opposite, 3 * FILLS_MAX))
    refused = run(engine, [limit(TOP, side, FILLS_MAX + 1, 100, account=TAKER, tif=FOK)])
    assert ended(refused) == [(TOP, CancelReason.FOK_NOT_FILLABLE, FILLS_MAX + 1)]
    assert of_type(TradeExecuted, refused) == []
    filled = run(engine, [limit(TOP, side, FILLS_MAX, 100, account=TAKER, tif=FOK)])
    assert len(of_type(TradeExecuted, filled)) == FILLS_MAX
    assert ended(filled) == []


@pytest.mark.usefixtures("_few")
def test_fill_or_kill_counts_the_parts_of_icebergs() -> None:
    engine = Engine()
    run(engine, [asking(limit(1, SELL, 9, 100), display_lots=2), limit(2, SELL, 4, 100)])
    assert ended(run(engine, [market(TOP, BUY, 13, tif=FOK)]))[0][1] is CancelReason.FOK_NOT_FILLABLE  # 5 + 1 fills
    assert ended(run(engine, [market(TOP, BUY, 12, tif=FOK)])) == []  # the last part of one lot is not needed


@pytest.mark.usefixtures("_few")
def test_a_market_buy_costs_what_it_says_it_will_even_when_it_is_cut_short() -> None:
    engine = Engine()
    run(engine, [limit(n, SELL, 2, 99 + n) for n in range(1, FEW + 3)])
    order = market(TOP, BUY, 50)
    lots, cost = engine.sweep_cost(order)
    trades = [event for event in run(engine, [order]) if isinstance(event, TradeExecuted)]
    assert (lots, cost) == (sum(t.quantity_lots for t in trades), sum(t.quantity_lots * t.price_ticks for t in trades))
    assert lots == 2 * FEW


# --- stops ----------------------------------------------------------------------------------------


def with_stops(count: int, *, edition: int = editions.CURRENT_EDITION) -> tuple[Engine, list[Event]]:
    """Return a market in which one trade has just triggered so many stops, and what that command did."""
    engine = Engine(last_price_ticks=100, edition=edition)
    fill(engine, [stop(n, SELL, 1, 90 + n % 3, account=TOP + n) for n in range(1, count + 1)])
    run(engine, [limit(TOP, BUY, count + 5, 90, account=OUTSIDER)])
    return engine, run(engine, [limit(TOP + 1, SELL, 1, 90, account=TAKER)])


def test_turns_that_are_left_go_on_with_later_commands_in_the_order_that_they_would_have_had() -> None:
    _, at_once = with_stops(WORK_MAX, edition=FIRST_EDITION)
    engine, events = with_stops(WORK_MAX)
    seen = list(events)
    assert 0 < len(triggered(seen)) < WORK_MAX
    while engine.next_due_ms == 0:
        events = run(engine, [GO_ON])
        assert work(events) <= WORK_MAX + 3
        seen += events
    assert triggered(seen) == triggered(at_once)
    assert engine.open_order_count == 1
    assert engine.unfinished == FINISHED


@pytest.mark.usefixtures("_few")
def test_others_trade_between_the_turns_and_only_the_clock_goes_on_with_them() -> None:
    engine, _ = with_stops(20)
    before = engine.open_order_count
    events = run(engine, [limit(TOP + 2, SELL, 1, 90, account=TAKER)])
    assert len(of_type(TradeExecuted, events)) == 1
    assert triggered(events) == []
    assert engine.open_order_count == before
    assert triggered(run(engine, [GO_ON]))


@pytest.mark.usefixtures("_few")
def test_a_stop_that_is_cancelled_while_it_waits_has_no_turn_and_an_amended_one_trades_what_it_has_then() -> None:
    engine, events = with_stops(20)
    waiting = sorted(order.order_id for order in engine.waiting_orders())
    first, second = waiting[-1], waiting[-2]
    run(engine, [cancel(first, account=TOP + first), amend(second, lots=3, account=TOP + second)])
    while engine.next_due_ms == 0:
        events += run(engine, [GO_ON])
    assert first not in triggered(events)
    lots = [t.quantity_lots for t in events if isinstance(t, TradeExecuted) and t.taker_order_id == second]
    assert sum(lots) == 3


@pytest.mark.usefixtures("_few")
def test_when_all_that_wait_are_cancelled_nothing_is_left() -> None:
    engine, _ = with_stops(20)
    run(engine, [cancel(order.order_id, account=order.account_id) for order in list(engine.waiting_orders())])
    assert engine.next_due_ms is None
    assert engine.unfinished == FINISHED


@pytest.mark.usefixtures("_few")
def test_a_stop_placed_meanwhile_is_not_triggered_by_a_price_from_before_its_time() -> None:
    engine, _ = with_stops(20)
    run(engine, [cancel(TOP, account=OUTSIDER), limit(TOP + 3, BUY, 1, 99, account=OUTSIDER)])
    run(engine, [limit(TOP + 4, SELL, 1, 99, account=TAKER), stop(TOP + 5, SELL, 1, 92, account=TAKER)])
    events: list[Event] = []
    while engine.next_due_ms == 0:
        events += run(engine, [GO_ON])
    assert triggered(events)
    assert TOP + 5 not in triggered(events)
    waiting = engine.find_waiting(TOP + 5)
    assert waiting is not None and waiting.is_watched


@pytest.mark.usefixtures("_few")
def test_a_trailing_stop_placed_meanwhile_follows_from_its_own_time_on() -> None:
    engine, _ = with_stops(20)
    trailing = stop(TOP + 5, SELL, 1, kind=OrderType.TRAILING_STOP, trail_ticks=4, account=TAKER)
    run(engine, [cancel(TOP, account=OUTSIDER), trailing, limit(TOP + 3, BUY, 1, 97, account=OUTSIDER)])
    run(engine, [limit(TOP + 4, SELL, 1, 97, account=TAKER)])
    while engine.next_due_ms == 0:
        run(engine, [GO_ON])
    waiting = engine.find_waiting(TOP + 5)
    assert waiting is not None and engine.stop_price_ticks(waiting) == 93


@pytest.mark.usefixtures("_few")
def test_turns_wait_while_the_market_is_halted() -> None:
    engine, _ = with_stops(20)
    run(engine, [SetTradingState(0, HALTED)])
    assert engine.next_due_ms is None
    assert triggered(run(engine, [GO_ON])) == []
    assert triggered(run(engine, [OPEN, GO_ON]))


# --- cancelling and expiring ----------------------------------------------------------------------


def test_all_orders_of_an_account_are_cancelled_command_by_command_oldest_first() -> None:
    engine = Engine()
    fill(engine, [limit(n, BUY, 1, 100 + n % 7) for n in range(1, WORK_MAX + 11)])
    first, second = (ended(run(engine, [CancelAll(0, MAKER)])) for _ in range(2))
    assert [order_id for order_id, _, _ in first + second] == list(range(1, WORK_MAX + 11))
    assert len(first) == WORK_MAX


def test_what_is_due_stays_due_until_it_has_expired() -> None:
    engine = Engine()
    gtd = limit(1, BUY, 1, 99)._replace(time_in_force=TimeInForce.GTD)
    fill(engine, [asking(gtd._replace(order_id=n), expire_ms=7) for n in range(1, WORK_MAX + 11)])
    assert len(of_type(OrderExpired, run(engine, [ExpireDue(7)]))) == WORK_MAX
    assert engine.next_due_ms == 7
    assert len(of_type(OrderExpired, run(engine, [ExpireDue(8)]))) == 10
    assert engine.next_due_ms is None


@pytest.mark.usefixtures("_few")
def test_a_switch_stays_due_until_it_has_cancelled_everything() -> None:
    engine = Engine(last_price_ticks=100)
    group = bracket(limit(50, BUY, 2, 99), limit(51, SELL, 2, 120), stop(52, SELL, 2, 80))
    run(engine, [*(limit(n, BUY, 1, 98) for n in range(1, 9)), group, SetCancelAfter(0, MAKER, 10)])
    commands = 0
    while engine.next_due_ms is not None:
        assert work(run(engine, [ExpireDue(10)])) <= FEW + 2
        commands += 1
    assert commands > 2
    assert engine.open_order_count == 0


# --- auctions -------------------------------------------------------------------------------------


def crossed(count: int) -> Engine:
    engine = Engine(trading_state=PRE_OPEN, reference_price_ticks=100)
    fill(engine, [limit(n, BUY, 1, 101 + n % 5, account=TOP + n) for n in range(1, count + 1)])
    fill(engine, [limit(TOP + n, SELL, 1, 95 + n % 5, account=2 * TOP + n) for n in range(1, count + 1)])
    return engine


def test_a_large_auction_is_held_in_parts_at_one_price_and_trading_begins_after_the_last() -> None:
    engine, events = crossed(2 * WORK_MAX), list[Event]()
    while engine.trading_state is not CONTINUOUS:
        events += run(engine, [OPEN])
    trades = [event for event in events if isinstance(event, TradeExecuted)]
    assert len(of_type(AuctionHeld, events)) == 1
    assert len(trades) == 2 * WORK_MAX
    assert len({trade.price_ticks for trade in trades}) == 1
    assert isinstance(events[[isinstance(e, LevelChanged) for e in events].index(True) - 1], TradeExecuted)
    assert len(of_type(TradingStateChanged, events)) == 1


@pytest.mark.usefixtures("_few")
def test_orders_can_be_cancelled_between_the_parts_and_nothing_else_trades() -> None:
    engine = crossed(20)
    run(engine, [OPEN])
    assert engine.trading_state is PRE_OPEN
    assert engine.unfinished.auction_ticks
    run(engine, [cancel(19, account=TOP + 19)])
    (rejected,) = run(engine, [market(3 * TOP, BUY, 1)])
    assert rejected[1] == 3 * TOP
    assert len(of_type(TradeExecuted, run(engine, [limit(3 * TOP + 1, BUY, 1, 120, account=TAKER)]))) == 0


@pytest.mark.usefixtures("_few")
def test_an_auction_that_staff_stop_begins_anew_at_the_next_opening() -> None:
    engine = crossed(20)
    run(engine, [OPEN, SetTradingState(0, HALTED)])
    assert engine.unfinished == FINISHED
    events: list[Event] = []
    while engine.trading_state is not CONTINUOUS:
        events += run(engine, [OPEN])
    assert len(of_type(AuctionHeld, events)) == 1


@pytest.mark.usefixtures("_few")
def test_stops_that_an_auction_triggers_have_their_turns_when_trading_has_begun() -> None:
    engine = crossed(20)
    run(engine, [SetRules(0, 0, 100, edition=editions.CURRENT_EDITION)])
    run(engine, [stop(4 * TOP + n, SELL, 1, 99, account=4 * TOP + n) for n in range(8)])
    run(engine, [stop(5 * TOP + n, BUY, 1, 101, account=5 * TOP + n) for n in range(8)])
    events: list[Event] = []
    while engine.trading_state is not CONTINUOUS:
        events = run(engine, [OPEN])
    assert of_type(TradingStateChanged, events)
    while engine.next_due_ms == 0:
        events += run(engine, [GO_ON])
    assert engine.unfinished == FINISHED


# --- editions and restarts ------------------------------------------------------------------------


def test_a_journal_of_the_first_edition_is_replayed_without_bounds_until_rules_name_another() -> None:
    engine = Engine(edition=FIRST_EDITION)
    fill(engine, makers(SELL, FILLS_MAX + 5))
    assert len(of_type(TradeExecuted, run(engine, [market(TOP, BUY, FILLS_MAX + 1)]))) == FILLS_MAX + 1
    run(engine, [SetRules(0, 0, 0, edition=editions.CURRENT_EDITION)])
    assert engine.edition == editions.CURRENT_EDITION
    assert engine.state_hash() != Engine.state_hash(restored_in_first(engine))


def restored_in_first(engine: Engine) -> Engine:
    copy = restored(engine)
    run(copy, [SetRules(0, 0, 0)])
    return copy


@pytest.mark.parametrize(("edition", "is_refused"), [(FIRST_EDITION, False), (editions.SECOND_EDITION, True)])
def test_an_order_outside_the_band_gets_no_more_lots_since_the_second_edition(edition: int, is_refused: bool) -> None:
    engine = Engine(last_price_ticks=100, band_ppm=100_000, edition=edition)
    run(engine, [limit(1, SELL, 5, 109), limit(2, SELL, 1, 95), limit(3, BUY, 1, 95, account=TAKER)])
    (first, *_) = run(engine, [amend(1, lots=6)])
    assert isinstance(first, AmendRejected) == is_refused
    (first, *_) = run(engine, [amend(1, lots=4)])
    assert not isinstance(first, AmendRejected)


@pytest.mark.usefixtures("_few")
def test_a_restart_in_the_middle_of_a_cascade_changes_nothing() -> None:
    trailing = [
        stop(30, SELL, 2, kind=OrderType.TRAILING_STOP, trail_ticks=9, account=31),
        stop(31, SELL, 2, kind=OrderType.TRAILING_STOP, trail_ppm=90_000, account=32),
        stop(32, BUY, 2, kind=OrderType.TRAILING_STOP, trail_ticks=3, account=33),
    ]
    commands: list[Command] = [
        *(stop(n, SELL, 1, 90 + n % 3, account=TOP + n) for n in range(1, 13)),
        *trailing,
        *(limit(100 + n, BUY, 2, 91 - n % 4, account=OUTSIDER) for n in range(12)),
        limit(200, SELL, 1, 91, account=TAKER),
        stop(201, SELL, 1, 85, account=TAKER),
        stop(202, SELL, 1, kind=OrderType.TRAILING_STOP, trail_ticks=2, account=TAKER),
        GO_ON,
        cancel(11, account=TOP + 11),
        GO_ON,
        limit(203, SELL, 3, 88, account=TAKER),
        *[GO_ON] * 12,
    ]
    assert_a_restart_changes_nothing(commands, last=100)


@pytest.mark.usefixtures("_few")
def test_a_restart_in_the_middle_of_an_auction_changes_nothing() -> None:
    commands: list[Command] = [
        SetTradingState(0, PRE_OPEN),
        *(limit(n, BUY, 1, 101 + n % 5, account=TOP + n) for n in range(1, 13)),
        *(limit(TOP + n, SELL, 1, 95 + n % 5, account=2 * TOP + n) for n in range(1, 13)),
        *[OPEN] * 6,
        limit(50, BUY, 1, 100, account=TAKER),
    ]
    assert_a_restart_changes_nothing(commands)
