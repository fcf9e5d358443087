"""What to send for each row of a tape, in order, and which of it may be on its way at the same time."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from tape.lobster import RowType, TapeRow


class ActionKind(Enum):
    PLACE = "place"
    CANCEL = "cancel"
    REDUCE = "reduce"
    EXECUTE = "execute"


class Fill(NamedTuple):
    """One row of an execution: `order_id` was resting."""

    line: int
    order_id: int
    price_e4: int
    size: int


class Action(NamedTuple):
    """One thing to do. `is_buy` and `price_e4` are those of the order concerned; for EXECUTE of the order to send.

    `size` is the quantity to place, to take off, or to execute; 0 for CANCEL. `fills` are the tape's, for EXECUTE.
    """

    line: int
    time_ns: int
    kind: ActionKind
    order_id: int
    is_buy: bool
    price_e4: int
    size: int
    fills: tuple[Fill, ...] = ()


@dataclass(slots=True)
class _Resting:
    is_buy: bool
    price_e4: int
    size: int


class Plan:
    """Turns rows into actions. Keeps the orders that are open on the tape.

    `skipped` counts the rows for which nothing is sent, by the reason.
    """

    def __init__(self) -> None:
        self.skipped: Counter[str] = Counter()
        self.rows = 0
        self._open: dict[int, _Resting] = {}
        self._group: list[TapeRow] = []

    def actions(self, rows: Iterable[TapeRow]) -> Iterator[Action]:
        """Yield the actions of the rows; consecutive executions of one moment and side become one."""
        for row in rows:
            self.rows += 1
            if row.type is RowType.EXECUTE:
                if self._group and (row.time_ns, row.is_buy) != (self._group[0].time_ns, self._group[0].is_buy):
                    yield self._execution()
                self._take(row)
            elif row.type in _IGNORED:
                self.skipped[_IGNORED[row.type]] += 1
            else:
                if self._group:
                    yield self._execution()
                action = self._action(row)
                if action is not None:
                    yield action
        if self._group:
            yield self._execution()

    def size_of(self, order_id: int) -> int:
        """Return what is open of an order on the tape, as of the action yielded last; 0 when nothing is."""
        resting = self._open.get(order_id)
        return resting.size if resting else 0

    def _action(self, row: TapeRow) -> Action | None:
        if row.type is RowType.NEW:
            return self._place(row)
        resting = self._open.get(row.order_id)
        if resting is None:
            self.skipped["unknown order"] += 1
            return None
        kind, size = ActionKind.CANCEL, 0
        if row.type is RowType.REDUCE and row.size < resting.size:
            kind, size = ActionKind.REDUCE, row.size
            resting.size -= row.size
        else:
            del self._open[row.order_id]
        return Action(row.line, row.time_ns, kind, row.order_id, resting.is_buy, resting.price_e4, size)

    def _place(self, row: TapeRow) -> Action | None:
        if row.order_id in self._open:
            self.skipped["announced twice"] += 1
            return None
        self._open[row.order_id] = _Resting(row.is_buy, row.price_e4, row.size)
        return Action(row.line, row.time_ns, ActionKind.PLACE, row.order_id, row.is_buy, row.price_e4, row.size)

    def _take(self, row: TapeRow) -> None:
        resting = self._open.get(row.order_id)
        if resting is None:
            self.skipped["unknown order"] += 1
            return
        resting.size -= row.size
        if resting.size <= 0:
            del self._open[row.order_id]
        self._group.append(row)

    def _execution(self) -> Action:
        """Return one order of the opposite side, limited to the worst price of the group."""
        group, self._group = self._group, []
        first = group[0]
        prices = [row.price_e4 for row in group]
        return Action(
            first.line,
            first.time_ns,
            ActionKind.EXECUTE,
            0,
            not first.is_buy,
            min(prices) if first.is_buy else max(prices),
            sum(row.size for row in group),
            tuple(Fill(row.line, row.order_id, row.price_e4, row.size) for row in group),
        )


_IGNORED = {
    RowType.EXECUTE_HIDDEN: "hidden execution",
    RowType.CROSS: "auction cross",
    RowType.HALT: "trading halt",
}


def commute(first: Action, second: Action) -> bool:
    """Tell whether two actions leave the same book, queues and trades whichever of them comes first.

    True of orders that rest when they are placed, as those of a tape do.
    """
    if ActionKind.EXECUTE in (first.kind, second.kind) or first.order_id == second.order_id:
        return False
    if ActionKind.PLACE not in (first.kind, second.kind):
        return True  # what is taken off keeps its place in the queue
    if first.is_buy == second.is_buy:
        # Two that join the queue at one price: the first one stands before the other.
        return first.kind is not second.kind or first.price_e4 != second.price_e4
    buy, sell = (first, second) if first.is_buy else (second, first)
    return buy.price_e4 < sell.price_e4
