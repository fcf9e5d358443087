"""What orders do to each other: exact sequences of events."""

from collections.abc import Iterable

import pytest

from matching.engine import (
    FIRST_EDITION,
    CancelOrder,
    CancelReason,
    CancelRejected,
    Command,
    Engine,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    RejectReason,
    RulesChanged,
    SetRules,
    SetTradingState,
    TimeInForce,
    TradeExecuted,
    TradingState,
    TradingStateChanged,
)
from tests.unit.engine.cast import (
    BUY,
    FOK,
    GTC,
    IOC,
    MAKER,
    OUTSIDER,
    SELL,
    TAKER,
    cancel,
    limit,
    market,
    run,
    typed,
    without_levels,
)

ASKS: list[Command] = [limit(1, SELL, 5, 100), limit(2, SELL, 5, 101), limit(3, SELL, 5, 103)]
"""Takes the sequence numbers up to 6."""


def engine_with_asks() -> Engine:
    engine = Engine()
    run(engine, ASKS)
    return engine


def trades(events: Iterable[Event]) -> list[tuple[int, int, int]]:
    return [(e.maker_order_id, e.price_ticks, e.quantity_lots) for e in events if isinstance(e, TradeExecuted)]


def test_a_limit_order_on_an_empty_book_rests() -> None:
    engine = Engine()
    events = run(engine, [limit(1, BUY, 5, 100)])
    assert typed(events) == typed([OrderAccepted(1, 1), LevelChanged(2, BUY, 100, 5, 1)])
    assert (engine.best_bid_ticks, engine.best_ask_ticks) == (100, None)


def test_a_second_order_at_a_price_joins_its_level() -> None:
    engine = Engine()
    events = run(engine, [limit(1, BUY, 5, 100), limit(2, BUY, 7, 100)])
    assert typed(events[2:]) == typed([OrderAccepted(3, 2), LevelChanged(4, BUY, 100, 12, 2)])


def test_a_taker_fills_at_the_makers_price() -> None:
    engine = engine_with_asks()
    events = run(engine, [limit(9, BUY, 3, 102, account=TAKER)])
    expected = [
        OrderAccepted(7, 9),
        TradeExecuted(8, 100, 3, 1, 9, MAKER, TAKER, BUY, 2),
        LevelChanged(9, SELL, 100, 2, 1),
    ]
    assert typed(events) == typed(expected)
    assert engine.last_price_ticks == 100


def test_a_taker_sweeps_levels_and_rests_with_what_is_left() -> None:
    engine = engine_with_asks()
    events = run(engine, [limit(9, BUY, 12, 102, account=TAKER)])
    expected = [
        OrderAccepted(7, 9),
        TradeExecuted(8, 100, 5, 1, 9, MAKER, TAKER, BUY, 0),
        TradeExecuted(9, 101, 5, 2, 9, MAKER, TAKER, BUY, 0),
        LevelChanged(10, SELL, 100, 0, 0),
        LevelChanged(11, SELL, 101, 0, 0),
        LevelChanged(12, BUY, 102, 2, 1),
    ]
    assert typed(events) == typed(expected)
    resting = engine.find(9)
    assert resting is not None
    assert (resting.quantity_lots, resting.remaining_lots, resting.priority) == (12, 2, 7)


def test_at_one_price_the_first_to_come_is_the_first_to_trade() -> None:
    engine = Engine()
    run(engine, [limit(1, SELL, 2, 100), limit(2, SELL, 2, 100), limit(3, SELL, 2, 100)])
    assert trades(run(engine, [limit(9, BUY, 3, 100, account=TAKER)])) == [(1, 100, 2), (2, 100, 1)]


def test_a_partial_fill_keeps_the_place_in_the_queue() -> None:
    engine = Engine()
    run(engine, [limit(1, SELL, 4, 100), limit(2, SELL, 4, 100), limit(8, BUY, 1, 100, account=TAKER)])
    assert trades(run(engine, [limit(9, BUY, 4, 100, account=TAKER)])) == [(1, 100, 3), (2, 100, 1)]


def test_the_best_price_trades_before_an_earlier_order() -> None:
    engine = Engine()
    run(engine, [limit(1, BUY, 2, 99), limit(2, BUY, 2, 100)])
    assert trades(run(engine, [limit(9, SELL, 3, 99, account=TAKER)])) == [(2, 100, 2), (1, 99, 1)]


def test_an_order_cancelled_in_the_middle_of_the_queue_is_passed_over() -> None:
    engine = Engine()
    run(engine, [limit(n, SELL, 1, 100) for n in (1, 2, 3, 4)])
    run(engine, [cancel(2), cancel(3)])
    assert trades(run(engine, [limit(9, BUY, 4, 100, account=TAKER)])) == [(1, 100, 1), (4, 100, 1)]


def test_a_cancel_reports_what_remained_and_the_level() -> None:
    engine = engine_with_asks()
    run(engine, [limit(9, BUY, 2, 100, account=TAKER)])
    events = run(engine, [cancel(1)])
    expected = [OrderCancelled(10, 1, CancelReason.REQUESTED, 3), LevelChanged(11, SELL, 100, 0, 0)]
    assert typed(events) == typed(expected)
    assert engine.best_ask_ticks == 101
    assert engine.find(1) is None


@pytest.mark.parametrize("command", [cancel(77), cancel(1, account=OUTSIDER)], ids=["unknown", "foreign"])
def test_an_order_that_is_not_there_or_not_ones_own_cannot_be_cancelled(command: CancelOrder) -> None:
    engine = engine_with_asks()
    (event,) = run(engine, [command])
    assert typed([event]) == typed([CancelRejected(7, command.order_id, RejectReason.ORDER_NOT_FOUND)])
    assert engine.open_order_count == 3


def test_a_filled_order_cannot_be_cancelled() -> None:
    engine = engine_with_asks()
    run(engine, [limit(9, BUY, 5, 100, account=TAKER)])
    events = run(engine, [cancel(1), cancel(9, account=TAKER)])
    assert [type(event) for event in events] == [CancelRejected, CancelRejected]


def test_an_ioc_order_fills_what_it_can_and_cancels_the_rest() -> None:
    engine = engine_with_asks()
    events = run(engine, [limit(9, BUY, 7, 100, account=TAKER, tif=IOC)])
    expected = [
        OrderAccepted(7, 9),
        TradeExecuted(8, 100, 5, 1, 9, MAKER, TAKER, BUY, 0),
        OrderCancelled(9, 9, CancelReason.IOC_REMAINDER, 2),
        LevelChanged(10, SELL, 100, 0, 0),
    ]
    assert typed(events) == typed(expected)
    assert engine.best_bid_ticks is None


def test_an_ioc_order_that_reaches_nothing_is_cancelled_whole() -> None:
    events = run(engine_with_asks(), [limit(9, BUY, 7, 99, tif=IOC, account=TAKER)])
    assert typed(events) == typed([OrderAccepted(7, 9), OrderCancelled(8, 9, CancelReason.IOC_REMAINDER, 7)])


@pytest.mark.parametrize("lots", [10, 7])
def test_a_fok_order_that_can_be_filled_is_filled(lots: int) -> None:
    events = run(engine_with_asks(), [limit(9, BUY, lots, 102, tif=FOK, account=TAKER)])
    assert sum(trade[2] for trade in trades(events)) == lots
    assert not [event for event in events if isinstance(event, OrderCancelled)]


@pytest.mark.parametrize(("lots", "price"), [(11, 102), (6, 100), (1, 99)])
def test_a_fok_order_that_cannot_be_filled_inside_its_limit_touches_nothing(lots: int, price: int) -> None:
    engine = engine_with_asks()
    before = engine.depth(SELL)
    events = run(engine, [limit(9, BUY, lots, price, tif=FOK, account=TAKER)])
    expected = [OrderAccepted(7, 9), OrderCancelled(8, 9, CancelReason.FOK_NOT_FILLABLE, lots)]
    assert typed(events) == typed(expected)
    assert engine.depth(SELL) == before


def test_a_post_only_order_that_would_not_trade_rests() -> None:
    events = run(engine_with_asks(), [limit(9, BUY, 1, 99, post_only=True, account=TAKER)])
    assert typed(events) == typed([OrderAccepted(7, 9), LevelChanged(8, BUY, 99, 1, 1)])


def test_a_market_order_takes_the_book_level_by_level() -> None:
    engine = engine_with_asks()
    assert trades(run(engine, [market(9, BUY, 12)])) == [(1, 100, 5), (2, 101, 5), (3, 103, 2)]


def test_a_market_sell_takes_the_best_bids_first() -> None:
    engine = Engine()
    run(engine, [limit(1, BUY, 2, 99), limit(2, BUY, 2, 100)])
    assert trades(run(engine, [market(9, SELL, 3)])) == [(2, 100, 2), (1, 99, 1)]


@pytest.mark.parametrize("tif", [GTC, IOC])
def test_what_a_market_order_cannot_fill_never_rests(tif: TimeInForce) -> None:
    engine = engine_with_asks()
    events = run(engine, [market(9, BUY, 20, tif=tif)])
    last = without_levels(events)[-1]
    assert typed([last]) == typed([OrderCancelled(11, 9, CancelReason.MARKET_REMAINDER, 5)])
    assert engine.open_order_count == 0


def test_a_market_fok_order_fills_wholly_or_not_at_all() -> None:
    engine = engine_with_asks()
    events = run(engine, [market(8, BUY, 16, tif=FOK), market(9, BUY, 15, tif=FOK)])
    assert typed(events[1:2]) == typed([OrderCancelled(8, 8, CancelReason.FOK_NOT_FILLABLE, 16)])
    assert engine.open_order_count == 0


@pytest.mark.parametrize(
    ("budget", "expected", "unbought"),
    [
        (100, [(1, 100, 1)], 0),
        (299, [(1, 100, 2)], 0),
        (601, [(1, 100, 5), (2, 101, 1)], 0),
        (1_007, [(1, 100, 5), (2, 101, 5)], 0),
        (1_520, [(1, 100, 5), (2, 101, 5), (3, 103, 5)], 0),
        (2_000, [(1, 100, 5), (2, 101, 5), (3, 103, 5)], 4),
    ],
)
def test_a_budget_buys_whole_lots_level_by_level_and_is_never_exceeded(
    budget: int, expected: list[tuple[int, int, int]], unbought: int
) -> None:
    events = run(engine_with_asks(), [market(9, BUY, budget=budget)])
    assert trades(events) == expected
    assert sum(price * lots for _, price, lots in expected) <= budget
    cancelled = [event for event in events if isinstance(event, OrderCancelled)]
    assert [(event.reason, event.remaining_lots) for event in cancelled] == (
        [(CancelReason.MARKET_REMAINDER, unbought)] if unbought else []
    )


def test_a_budget_with_fok_needs_a_book_worth_the_budget() -> None:
    engine = engine_with_asks()
    events = run(engine, [market(8, BUY, budget=1_521, tif=FOK), market(9, BUY, budget=1_520, tif=FOK)])
    assert typed(events[1:2]) == typed([OrderCancelled(8, 8, CancelReason.FOK_NOT_FILLABLE, 15)])
    assert engine.open_order_count == 0


def test_a_market_order_fills_only_inside_the_band() -> None:
    engine = engine_with_asks()
    run(engine, [SetRules(0, 20_000, 100)])
    events = run(engine, [market(9, BUY, 12)])
    assert trades(events) == [(1, 100, 5), (2, 101, 5)]
    assert without_levels(events)[-1][2:] == (CancelReason.MARKET_REMAINDER, 2)


def test_the_band_follows_the_last_trade_from_one_order_to_the_next() -> None:
    engine = engine_with_asks()
    run(engine, [SetRules(0, 20_000, 100), market(8, BUY, 12)])
    assert trades(run(engine, [market(9, BUY, 5)])) == [(3, 103, 5)]


def test_a_better_price_than_the_bands_is_taken() -> None:
    engine = engine_with_asks()
    run(engine, [SetRules(0, 10_000, 200)])
    assert trades(run(engine, [market(9, BUY, 1)])) == [(1, 100, 1)]


@pytest.mark.parametrize(("price", "is_inside"), [(949, False), (950, True), (1_048, True), (1_049, False)])
def test_the_edges_of_the_band_are_rounded_inwards(price: int, is_inside: bool) -> None:
    engine = Engine(band_ppm=50_000, reference_price_ticks=999)
    events = run(engine, [limit(1, BUY, 1, price)])
    assert isinstance(events[0], OrderAccepted) is is_inside


def test_a_band_change_is_an_event_and_touches_no_order() -> None:
    engine = engine_with_asks()
    events = run(engine, [SetRules(0, 1, 5_000)])
    assert typed(events) == typed([RulesChanged(7, 1, 5_000, 0, 0, FIRST_EDITION)])
    assert engine.open_order_count == 3


@pytest.mark.parametrize("state", TradingState)
def test_orders_can_be_cancelled_in_every_state(state: TradingState) -> None:
    engine = engine_with_asks()
    events = run(engine, [SetTradingState(0, state), cancel(1)])
    assert typed(events[:1]) == typed([TradingStateChanged(7, state)])
    assert isinstance(events[1], OrderCancelled)
    assert engine.trading_state is state


def test_a_post_only_market_takes_orders_that_do_not_trade() -> None:
    engine = engine_with_asks()
    events = run(engine, [SetTradingState(0, TradingState.POST_ONLY), limit(9, BUY, 1, 99, account=TAKER)])
    assert isinstance(events[1], OrderAccepted)


def test_a_resumed_market_trades_with_the_orders_it_had() -> None:
    engine = engine_with_asks()
    states = [SetTradingState(0, TradingState.HALTED), SetTradingState(0, TradingState.CONTINUOUS)]
    run(engine, states)
    assert trades(run(engine, [market(9, BUY, 1)])) == [(1, 100, 1)]


def test_an_order_id_may_come_back_after_its_order_is_gone() -> None:
    engine = engine_with_asks()
    engine.state_hash()
    events = run(engine, [cancel(1), limit(1, SELL, 5, 100)])
    assert isinstance(events[2], OrderAccepted)


@pytest.mark.parametrize(
    "command",
    [
        limit(9, BUY, 0, 100, account=TAKER),
        market(9, BUY),
        market(9, SELL, budget=100),
        market(9, BUY, 1, budget=100),
        limit(9, BUY, 0, 100, account=TAKER)._replace(budget=100),
    ],
    ids=["no quantity", "nothing", "sell by budget", "both", "limit by budget"],
)
def test_an_order_that_makes_no_sense_breaks_an_invariant_and_changes_nothing(command: Command) -> None:
    engine = engine_with_asks()
    before = engine.state_hash()
    with pytest.raises(AssertionError, match="Invariant"):
        engine.execute(command)
    assert engine.state_hash() == before
