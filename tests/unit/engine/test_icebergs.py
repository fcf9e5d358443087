"""Icebergs: what is seen, what is hidden, and what a refill costs in the queue."""

import pytest

from matching.engine import (
    CancelReason,
    Command,
    Engine,
    Event,
    IcebergRefilled,
    LevelChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    PlaceOrder,
    SelfTradePrevention,
    Side,
    TradeExecuted,
)
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
    cancel,
    limit,
    market,
    run,
    typed,
    without_levels,
)
from tests.unit.engine.comparing import assert_a_restart_changes_nothing


def iceberg(order_id: int, side: Side, lots: int, price: int, *, shows: int, account: int = MAKER) -> PlaceOrder:
    return asking(limit(order_id, side, lots, price, account=account), display_lots=shows)


def a_market(*commands: Command) -> Engine:
    engine = Engine()
    run(engine, commands)
    return engine


def fills(events: list[Event]) -> list[tuple[int, int, int]]:
    """Return maker, lots and what is left of the maker in all."""
    return [
        (event.maker_order_id, event.quantity_lots, event.maker_remaining_lots)
        for event in events
        if isinstance(event, TradeExecuted)
    ]


def test_an_iceberg_shows_its_display_quantity() -> None:
    events = run(Engine(), [iceberg(1, SELL, 10, 100, shows=4)])
    assert typed(events) == typed([OrderAccepted(1, 1), LevelChanged(2, SELL, 100, 4, 1)])


def test_an_iceberg_that_shows_more_than_it_has_shows_what_it_has() -> None:
    assert a_market(iceberg(1, SELL, 3, 100, shows=5)).depth(SELL) == [(100, 3, 1)]


def test_a_fill_takes_from_what_is_seen_and_does_not_refill_before_it_is_used_up() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4))
    events = run(engine, [limit(2, BUY, 3, 100, account=TAKER)])
    assert fills(events) == [(1, 3, 7)]
    assert engine.depth(SELL) == [(100, 1, 1)]


def test_a_refill_shows_the_next_part_at_the_end_of_the_queue_and_gives_a_new_priority() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4), limit(2, SELL, 2, 100))
    events = run(engine, [limit(3, BUY, 4, 100, account=TAKER)])
    expected = [
        OrderAccepted(5, 3),
        TradeExecuted(6, 100, 4, 1, 3, MAKER, TAKER, BUY, 6),
        IcebergRefilled(7, 1, 4),
        LevelChanged(8, SELL, 100, 6, 2),
    ]
    assert typed(events) == typed(expected)
    assert [(order.order_id, order.priority) for order in engine.open_orders()] == [(2, 3), (1, 7)]


def test_the_last_refill_shows_what_is_left() -> None:
    engine = a_market(iceberg(1, SELL, 5, 100, shows=2))
    events = run(engine, [limit(2, BUY, 9, 100, account=TAKER)])
    assert [event.visible_lots for event in events if isinstance(event, IcebergRefilled)] == [2, 1]
    assert fills(events) == [(1, 2, 3), (1, 2, 1), (1, 1, 0)]


def test_two_icebergs_take_turns() -> None:
    engine = a_market(iceberg(1, SELL, 4, 100, shows=1), iceberg(2, SELL, 4, 100, shows=2))
    events = run(engine, [limit(3, BUY, 8, 100, account=TAKER)])
    assert [(maker, lots) for maker, lots, _ in fills(events)] == [(1, 1), (2, 2), (1, 1), (2, 2), (1, 1), (1, 1)]


def test_a_level_that_only_a_refill_keeps_is_reported_once_and_keeps_its_place_among_the_levels() -> None:
    engine = a_market(iceberg(1, SELL, 4, 100, shows=2))
    events = run(engine, [limit(2, BUY, 2, 100, account=TAKER)])
    assert [event[1:] for event in events if isinstance(event, LevelChanged)] == [(SELL, 100, 2, 1)]
    assert engine.best_ask_ticks == 100


def test_an_incoming_iceberg_trades_whole_and_hides_only_the_rest() -> None:
    engine = a_market(limit(1, SELL, 7, 100))
    events = run(engine, [iceberg(2, BUY, 12, 100, shows=3, account=TAKER)])
    assert fills(events) == [(1, 7, 0)]
    assert engine.depth(BUY) == [(100, 3, 1)]
    resting = engine.find(2)
    assert resting is not None and (resting.total_lots, resting.filled_lots) == (5, 7)


def test_a_cancel_gives_back_what_is_hidden_too() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4))
    events = run(engine, [cancel(1)])
    assert typed(events) == typed([OrderCancelled(3, 1, CancelReason.REQUESTED, 10), LevelChanged(4, SELL, 100, 0, 0)])


# --- amending -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("lots", "shown"), [(9, 4), (5, 4), (4, 4), (3, 3), (1, 1)])
def test_a_decrease_takes_hidden_lots_first_and_keeps_the_place(lots: int, shown: int) -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4), limit(2, SELL, 1, 100))
    events = run(engine, [amend(1, lots=lots)])
    assert typed(without_levels(events)) == typed([OrderAmended(5, 1, 100, lots, lots, 1)])
    assert engine.depth(SELL) == [(100, shown + 1, 2)]
    taken = fills(run(engine, [limit(3, BUY, shown, 100, account=TAKER)]))
    assert taken == [(1, shown, lots - shown)]


def test_a_decrease_of_a_partly_used_up_part_leaves_it_as_it_is() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4), limit(2, BUY, 3, 100, account=TAKER))
    run(engine, [amend(1, lots=6)])
    assert engine.depth(SELL) == [(100, 1, 1)]
    events = run(engine, [limit(3, BUY, 3, 100, account=TAKER)])
    assert fills(events) == [(1, 1, 2), (1, 2, 0)]


@pytest.mark.parametrize("command", [amend(1, lots=11), amend(1, price=101)], ids=["more", "another price"])
def test_a_moved_iceberg_shows_a_whole_part_again(command: Command) -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4), limit(2, BUY, 3, 100, account=TAKER))
    run(engine, [command])
    assert [level.quantity_lots for level in engine.depth(SELL)] == [4]


def test_an_amended_iceberg_that_crosses_trades_whole_and_hides_the_rest() -> None:
    engine = a_market(iceberg(1, SELL, 10, 102, shows=2), limit(2, BUY, 7, 100, account=TAKER))
    events = run(engine, [amend(1, price=100)])
    assert fills(events) == [(2, 7, 0)]
    assert engine.depth(SELL) == [(100, 2, 1)]


# --- fill or kill ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("lots", "is_filled"), [(12, True), (13, False)])
def test_what_is_hidden_counts_for_fok(lots: int, is_filled: bool) -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=1), limit(2, SELL, 2, 100))
    events = run(engine, [limit(3, BUY, lots, 100, tif=FOK, account=TAKER)])
    assert sum(taken for _, taken, _ in fills(events)) == (lots if is_filled else 0)


@pytest.mark.parametrize(("budget", "is_filled"), [(1_000, True), (1_001, False)])
def test_what_is_hidden_counts_for_a_budget_with_fok(budget: int, is_filled: bool) -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=1))
    events = run(engine, [market(3, BUY, budget=budget, tif=FOK)])
    assert sum(taken for _, taken, _ in fills(events)) == (10 if is_filled else 0)


def test_a_market_order_takes_what_is_hidden() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=1), limit(2, SELL, 2, 101))
    assert sum(lots for _, lots, _ in fills(run(engine, [market(3, BUY, 11)]))) == 11
    assert engine.depth(SELL) == [(101, 1, 1)]


def test_an_ioc_order_takes_what_is_hidden() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=1))
    events = run(engine, [limit(3, BUY, 12, 100, account=TAKER, tif=IOC)])
    assert events[-2][1:] == (3, CancelReason.IOC_REMAINDER, 2)


# --- decrement ------------------------------------------------------------------------------------


def test_a_decrement_takes_hidden_lots_first() -> None:
    engine = a_market(iceberg(1, SELL, 10, 100, shows=4))
    events = run(engine, [asking(limit(2, BUY, 7, 100), self_trade_prevention=SelfTradePrevention.DECREMENT)])
    assert typed(without_levels(events)[1:]) == typed(
        [OrderDecremented(4, 1, 7, 3), OrderCancelled(5, 2, CancelReason.SELF_TRADE, 7)]
    )
    assert engine.depth(SELL) == [(100, 3, 1)]
    resting = engine.find(1)
    assert resting is not None and (resting.quantity_lots, resting.filled_lots, resting.priority) == (3, 0, 1)


def test_a_decremented_taker_that_is_an_iceberg_hides_what_is_left() -> None:
    engine = a_market(limit(1, SELL, 3, 100), limit(2, SELL, 2, 100, account=OUTSIDER))
    taker = asking(limit(3, BUY, 10, 100), display_lots=2, self_trade_prevention=SelfTradePrevention.DECREMENT)
    run(engine, [taker])
    resting = engine.find(3)
    assert resting is not None
    assert (resting.quantity_lots, resting.filled_lots, resting.total_lots, resting.remaining_lots) == (7, 2, 5, 2)


# --- restarts -------------------------------------------------------------------------------------


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [
        iceberg(1, SELL, 10, 100, shows=3),
        iceberg(2, SELL, 9, 100, shows=2, account=OUTSIDER),
        limit(3, BUY, 2, 100, account=TAKER),
        limit(4, BUY, 2, 100, account=TAKER),
        amend(1, lots=7),
        limit(5, BUY, 3, 100, account=TAKER),
        asking(limit(6, BUY, 3, 100), self_trade_prevention=SelfTradePrevention.DECREMENT),
        limit(7, BUY, 20, 100, account=TAKER),
    ]
    assert_a_restart_changes_nothing(commands)
