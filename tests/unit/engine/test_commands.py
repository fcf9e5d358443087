"""Every command has its handler, and its events are numbered and made in one place."""

from collections.abc import Callable
from typing import get_args

import pytest

from matching.engine import (
    ActivateBracket,
    AmendRejected,
    BracketArmed,
    CancelAfterSet,
    CancelAll,
    CancelRejected,
    Command,
    Engine,
    Event,
    ExpireDue,
    OrderAccepted,
    OrderCancelled,
    OrderExpired,
    RulesChanged,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    StopPlaced,
    TradeExecuted,
    TradingState,
    TradingStateChanged,
)
from matching.engine.event_log import EventLog
from matching.engine.types import CancelReason
from tests.unit.engine.cast import (
    BUY,
    MAKER,
    SELL,
    TAKER,
    amend,
    asking,
    bracket,
    cancel,
    limit,
    market,
    oco,
    run,
    stop,
    typed,
)

ARMED: list[Command] = [
    limit(1, SELL, 5, 100),
    bracket(market(2, BUY, 5), limit(3, SELL, 5, 120, account=TAKER), stop(4, SELL, 5, 90, account=TAKER)),
]
# What is there before, one command of each kind, and an event that only its own handler gives.
CARRIED_OUT: list[tuple[list[Command], Command, type[Event]]] = [
    ([], limit(1, BUY, 5, 100), OrderAccepted),
    ([], oco(limit(1, SELL, 5, 120), stop(2, SELL, 5, 90)), StopPlaced),
    ([], cancel(1), CancelRejected),
    ([], amend(1, lots=5), AmendRejected),
    ([limit(1, BUY, 5, 100)], CancelAll(0, MAKER), OrderCancelled),
    ([], SetCancelAfter(0, MAKER, 5), CancelAfterSet),
    ([SetCancelAfter(0, MAKER, 5)], ExpireDue(5), CancelAfterSet),
    (ARMED, ActivateBracket(0, 2, False), OrderCancelled),
    ([], SetTradingState(0, TradingState.HALTED), TradingStateChanged),
    ([], SetRules(0, 0, 100), RulesChanged),
]


def test_every_command_has_a_handler_and_no_handler_is_without_its_command() -> None:
    assert Engine()._handlers.keys() == set(get_args(Command))


def test_one_of_each_command_is_carried_out_below() -> None:
    assert {type(command) for _, command, _ in CARRIED_OUT} == set(get_args(Command))


@pytest.mark.parametrize(
    ("before", "command", "expected"), CARRIED_OUT, ids=[type(command).__name__ for _, command, _ in CARRIED_OUT]
)
def test_a_command_is_carried_out_by_its_own_handler(
    before: list[Command], command: Command, expected: type[Event]
) -> None:
    engine = Engine()
    run(engine, before)

    events = run(engine, [command])

    assert expected in map(type, events)


def test_what_is_not_a_command_is_refused_before_anything_changes() -> None:
    engine = Engine()
    run(engine, ARMED[:1])
    before = engine.seq, engine.state_hash()

    with pytest.raises(KeyError):
        engine.execute(BracketArmed(1, 2, 3))  # type: ignore[arg-type]  # an event, which is what the test is about

    assert (engine.seq, engine.state_hash()) == before


TOO_LARGE = 1 << 63


@pytest.mark.parametrize("number", [TOO_LARGE, 1 << 64, -1])
@pytest.mark.parametrize(
    "command",
    [
        lambda number: limit(9, BUY, number, 100),
        lambda number: market(9, BUY, budget=number),
        lambda number: stop(9, BUY, 5, number),
        lambda number: asking(limit(9, BUY, 5, 100), display_lots=number),
        lambda number: oco(limit(9, SELL, 5, 120), stop(10, SELL, 5, number)),
        lambda number: amend(1, lots=number),
        lambda number: SetRules(0, 0, number),
    ],
    ids=["lots", "budget", "stop price", "instructions", "group", "amendment", "rules"],
)
def test_numbers_of_more_than_64_bits_are_refused_before_anything_changes(
    command: Callable[[int], Command], number: int
) -> None:
    engine = Engine()
    run(engine, ARMED[:1])
    before = engine.seq, engine.state_hash()

    with pytest.raises(AssertionError, match=r"64 bits|has a quantity"):
        engine.execute(command(number))

    assert (engine.seq, engine.state_hash()) == before


def test_the_largest_numbers_are_carried_out_and_a_level_has_no_more_than_one_order_of_them() -> None:
    engine = Engine()
    run(engine, [limit(1, BUY, TOO_LARGE - 1, TOO_LARGE - 1)])
    assert engine.depth(BUY)[0].quantity_lots == TOO_LARGE - 1
    assert engine.state_hash()
    with pytest.raises(AssertionError, match="the total of a level"):
        engine.execute(limit(2, BUY, 1, TOO_LARGE - 1, account=TAKER))


def test_the_log_makes_the_same_events_as_their_constructors_and_numbers_them() -> None:
    log = EventLog(40)

    numbers = [log.accept(1), log.emit(OrderExpired, 1, 5), log.next_seq]
    log.cancel(1, CancelReason.REQUESTED, 5)
    log.trade(100, 5, 1, 2, MAKER, TAKER, BUY, 0)

    assert numbers == [41, 42, 43]
    assert typed(log.take([])) == typed(
        [
            OrderAccepted(41, 1),
            OrderExpired(42, 1, 5),
            OrderCancelled(43, 1, CancelReason.REQUESTED, 5),
            TradeExecuted(44, 100, 5, 1, 2, MAKER, TAKER, BUY, 0),
        ]
    )
    assert (log.seq, log.take([])) == (44, [])
