"""Amending what a stop waits for: judged as if it were placed now, and at the end of its queue."""

from unittest.mock import patch

import pytest

from matching.engine import (
    AmendRejected,
    Command,
    Engine,
    Event,
    ExpireDue,
    OrderAmended,
    OrderType,
    RejectReason,
    StopMoved,
    StopTriggered,
    editions,
)
from tests.unit.engine.cast import BUY, IOC, OUTSIDER, SELL, TAKER, amend, limit, run, stop, typed
from tests.unit.engine.comparing import assert_a_restart_changes_nothing

STOP_LIMIT, TRAILING = OrderType.STOP_LIMIT, OrderType.TRAILING_STOP
LAST = 100
BUYS = limit(20, BUY, 30, 90, account=OUTSIDER)


def a_market(*commands: Command, band_ppm: int = 0) -> Engine:
    engine = Engine(last_price_ticks=LAST, band_ppm=band_ppm)
    run(engine, commands)
    return engine


def refusals(events: list[Event]) -> list[RejectReason]:
    return [event.reason for event in events if isinstance(event, AmendRejected)]


def triggered(events: list[Event]) -> list[int]:
    return [event.order_id for event in events if isinstance(event, StopTriggered)]


def falls_to(price: int, number: int = 30) -> list[Command]:
    """Return what makes a trade at a price."""
    return [
        limit(number, BUY, 1, price, account=OUTSIDER),
        limit(number + 1, SELL, 1, price, account=TAKER, tif=IOC),
    ]


@pytest.mark.parametrize(
    ("placed", "command", "price", "lots"),
    [
        (stop(1, SELL, 5, 95), amend(1, stop_price=90), 81, 5),
        (stop(1, SELL, 5, 95), amend(1, stop_price=90, lots=7), 81, 7),
        (stop(1, BUY, 5, 105), amend(1, stop_price=110), 121, 5),
        (stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=94), amend(1, stop_price=92), 94, 5),
        (stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=94), amend(1, stop_price=92, price=91, lots=2), 91, 2),
    ],
    ids=["its protection price follows", "more lots", "buy", "the limit stays", "all at once"],
)
def test_a_stop_that_waits_for_another_price_stands_as_if_placed_now(
    placed: Command, command: Command, price: int, lots: int
) -> None:
    engine = a_market(placed)
    stop_price = command.stop_price_ticks  # type: ignore[union-attr]  # an amendment
    assert typed(run(engine, [command])) == typed(
        [OrderAmended(2, 1, price, lots, lots, 2), StopMoved(3, 1, stop_price)]
    )
    waiting = engine.find_waiting(1)
    assert waiting is not None
    assert (engine.stop_price_ticks(waiting), waiting.priority, waiting.order.price_ticks) == (stop_price, 2, price)


@pytest.mark.parametrize(
    ("placed", "stop_price", "reason"),
    [
        (stop(1, SELL, 5, 95), 100, RejectReason.STOP_WOULD_TRIGGER),
        (stop(1, SELL, 5, 95), 99, None),
        (stop(1, BUY, 5, 105), 100, RejectReason.STOP_WOULD_TRIGGER),
        (stop(1, BUY, 5, 105), 101, None),
        (stop(1, SELL, 5, 105, kind=OrderType.TAKE_PROFIT), 100, RejectReason.STOP_WOULD_TRIGGER),
        (stop(1, SELL, 5, 105, kind=OrderType.TAKE_PROFIT), 101, None),
        (stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=90), 80, RejectReason.PRICE_OUT_OF_BAND),
        (stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=90), 82, None),
        (stop(1, SELL, 5, kind=TRAILING, trail_ticks=5), 90, RejectReason.TRIGGER_NOT_AMENDABLE),
        (limit(1, SELL, 5, 105), 90, RejectReason.TRIGGER_NOT_AMENDABLE),
    ],
)
def test_a_new_stop_price_is_judged_as_when_it_is_placed(
    placed: Command, stop_price: int, reason: RejectReason | None
) -> None:
    engine = a_market(placed, band_ppm=100_000)
    events = run(engine, [amend(1, stop_price=stop_price)])
    assert refusals(events) == [reason] * (reason is not None)


def test_a_moved_stop_is_triggered_at_its_new_price_and_not_at_the_old_one() -> None:
    engine = a_market(BUYS, stop(1, SELL, 1, 97), amend(1, stop_price=93))
    assert triggered(run(engine, falls_to(95))) == []
    assert triggered(run(engine, falls_to(93, 40))) == [1]


def test_a_moved_stop_stands_behind_those_that_wait_for_the_price_already() -> None:
    engine = a_market(BUYS, stop(1, SELL, 1, 95), stop(2, SELL, 1, 93), amend(1, stop_price=93))
    assert triggered(run(engine, falls_to(93))) == [2, 1]


@pytest.mark.parametrize("command", [amend(1, lots=1), amend(1, lots=9), amend(1, stop_price=95)])
def test_a_stop_keeps_its_turn_while_its_price_stays(command: Command) -> None:
    engine = a_market(BUYS, stop(1, SELL, 2, 95), stop(2, SELL, 1, 95), command)
    assert triggered(run(engine, falls_to(95))) == [1, 2]


def test_a_triggered_stop_limit_in_the_book_waits_for_nothing_any_more() -> None:
    engine = a_market(stop(1, SELL, 5, 95, kind=STOP_LIMIT, price=96))
    run(engine, falls_to(95))
    assert refusals(run(engine, [amend(1, stop_price=90)])) == [RejectReason.TRIGGER_NOT_AMENDABLE]
    assert refusals(run(engine, [amend(1, price=97)])) == []


def test_a_stop_that_waits_for_its_turn_loses_it_when_it_waits_for_another_price() -> None:
    with patch.multiple(editions, WORK_MAX=3, FILLS_MAX=3):
        engine = a_market(BUYS, stop(1, SELL, 1, 98), stop(2, SELL, 1, 97), stop(3, SELL, 1, 96))
        assert triggered(run(engine, falls_to(96))) == [1]
        assert refusals(run(engine, [amend(2, stop_price=92)])) == [RejectReason.STOP_WOULD_TRIGGER]
        run(engine, [amend(2, stop_price=85)])
        assert triggered(run(engine, [ExpireDue(0)] * 3)) == [3]


def test_a_restart_at_any_moment_changes_nothing() -> None:
    commands: list[Command] = [
        BUYS,
        stop(1, SELL, 4, 97, kind=STOP_LIMIT, price=96),
        stop(2, SELL, 4, 95),
        stop(3, SELL, 4, kind=TRAILING, trail_ticks=9),
        amend(1, stop_price=95, price=94),
        amend(2, stop_price=96, lots=3),
        *falls_to(96),
        amend(1, stop_price=94),
        amend(3, stop_price=94),
        *falls_to(94, 40),
    ]
    assert_a_restart_changes_nothing(commands, last=LAST)
    with patch.multiple(editions, WORK_MAX=3, FILLS_MAX=3):
        assert_a_restart_changes_nothing([*commands, amend(2, stop_price=88), ExpireDue(0), ExpireDue(0)], last=LAST)
