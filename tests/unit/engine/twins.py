"""An engine and the naive model of it, given the same commands and compared after each."""

from collections.abc import Iterable
from unittest.mock import patch

from matching.engine import (
    Command,
    Engine,
    Event,
    GroupRole,
    OrderRejected,
    PlaceGroup,
    PlaceOrder,
    Side,
    TradingState,
    editions,
)
from matching.engine.unfinished import UP_TO_DATE
from tests.unit.engine.cast import groups_of, restored, typed
from tests.unit.engine.naive.model import NaiveModel
from tests.unit.engine.naive.state import NaiveOrder, Where

OpenOrder = tuple[int, int, int, int]
Groups = dict[int, tuple[int, GroupRole]]


def run_both(commands: Iterable[Command], work_max: int = editions.WORK_MAX) -> list[Event]:
    """Return the events; raise AssertionError where engine and model differ, or the engine from its restored self.

    One command does no more than `work_max`.
    """
    with patch.multiple(editions, WORK_MAX=work_max, FILLS_MAX=work_max):
        return _run_both(commands)


def _run_both(commands: Iterable[Command]) -> list[Event]:
    engine, model = Engine(), NaiveModel()
    events: list[Event] = []
    groups = Groups()
    for command in commands:
        happened = engine.execute(command)
        expect_same("events", typed(model.execute(command)), typed(happened))
        events += happened
        note_groups(groups, command, happened)
        engine.check_invariants()
        expect_same("state", state_of_model(model), state_of_engine(engine))
        expect_same("hash of the restored engine", engine.state_hash(), restored(engine, groups).state_hash())
    return events


def note_groups(groups: Groups, command: Command, happened: list[Event]) -> None:
    """Remember what an accepted order was placed in; an id may be used again when its order has ended."""
    if not happened or isinstance(happened[0], OrderRejected):
        return
    if isinstance(command, PlaceGroup):
        groups.update(groups_of([command]))
    elif isinstance(command, PlaceOrder):
        groups.pop(command.order_id, None)


def expect_same(what: str, expected: object, actual: object) -> None:
    if expected != actual:
        raise AssertionError(f"Different {what}\nexpected {lines(expected)}\nactual   {lines(actual)}")


def lines(value: object) -> str:
    return "\n         ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def state_of_engine(engine: Engine) -> tuple[object, ...]:
    resting = [(o.order_id, o.total_lots, o.remaining_lots, o.priority) for o in engine.open_orders()]
    is_behind = engine.unfinished.unseen != UP_TO_DATE
    waiting = [
        (o.order_id, o.total_lots, 0 if is_behind else engine.stop_price_ticks(o), o.priority)
        for o in engine.waiting_orders()
    ]
    return (
        engine.seq,
        engine.last_price_ticks,
        [engine.depth(side) for side in Side],
        sorted(resting, key=by_priority),
        sorted(waiting, key=by_priority),
        sorted(engine.cancel_after.items()),
        sorted(engine.armed_brackets()),
        engine.next_due_ms,
    )


def state_of_model(model: NaiveModel) -> tuple[object, ...]:
    resting = [(o.order_id, o.remaining, o.visible, o.priority) for o in model.orders if o.where is Where.BOOK]
    waiting = [
        (o.order_id, o.remaining, 0 if model.is_behind else model.stop_price(o), o.priority)
        for o in model.orders
        if is_waiting(o)
    ]
    return (
        model.seq,
        model.last_price,
        [model.depth(side) for side in Side],
        sorted(resting, key=by_priority),
        sorted(waiting, key=by_priority),
        sorted(model.switches),
        sorted(bracket.entry_id for bracket in model.brackets if bracket.is_armed),
        next_due_ms(model),
    )


def is_waiting(order: NaiveOrder) -> bool:
    return order.where in (Where.STOPS, Where.QUEUE, Where.EXITS)


def next_due_ms(model: NaiveModel) -> int | None:
    if model.auction or (model.is_behind and model.trading_state == TradingState.CONTINUOUS):
        return 0
    expiries = [o.instructions.expire_ms for o in model.orders if o.where is not Where.EXITS]
    return min([*filter(None, expiries), *(due for _, due in model.switches)], default=None)


def by_priority(order: OpenOrder) -> int:
    return order[-1]
