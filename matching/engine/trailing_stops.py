"""Trailing stops of one side: their stop price follows the best price since they were accepted, at a distance.

That best price, the mark, is the same for all orders accepted since some moment, so orders are kept in groups of one
mark each, oldest first. A better price moves the mark of the newest group, which swallows the groups it reaches:
a trade moves ten thousand stops by changing one number.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from sortedcontainers import SortedList

from matching.engine.band import PPM
from matching.engine.commands import Instructions
from matching.engine.orders import WaitingOrder
from matching.engine.types import Side

NEVER: Final = -(1 << 64)
"""A stop price that no price reaches."""


class Mark(NamedTuple):
    """The best price since the order of priority `first_priority` was accepted, up to the next newer mark."""

    side: Side
    first_priority: int
    price_ticks: int


class Reached(NamedTuple):
    """A stop that a price has reached. `key` is its stop price then, negated when it was reached by a fall.

    Sorted, they are in the order of their turns: nearest stop price first, at one price older ones first.
    """

    key: int
    priority: int
    order: WaitingOrder


def trail_offset(instructions: Instructions, mark_ticks: int) -> int:
    """Return how far behind the mark a trailing stop is: at least a tick."""
    return instructions.trail_ticks or max(1, mark_ticks * instructions.trail_ppm // PPM)


class _Group:
    """The orders of one mark, sorted by their distance: in ticks, and in millionths of the mark."""

    __slots__ = ("by_ppm", "by_ticks", "first_priority", "mark", "reach")

    def __init__(self, mark: int, first_priority: int) -> None:
        self.mark = mark
        self.first_priority = first_priority
        self.reach = NEVER  # the nearest stop price of this group and all older ones
        self.by_ticks: SortedList[tuple[int, int, WaitingOrder]] = SortedList(key=_by_distance)
        self.by_ppm: SortedList[tuple[int, int, WaitingOrder]] = SortedList(key=_by_distance)

    def lists(self) -> "tuple[SortedList[tuple[int, int, WaitingOrder]], SortedList[tuple[int, int, WaitingOrder]]]":
        return self.by_ticks, self.by_ppm

    def add(self, order: WaitingOrder) -> None:
        trail_ticks, trail_ppm = order.instructions.trail_ticks, order.instructions.trail_ppm
        if trail_ticks:
            self.by_ticks.add((trail_ticks, order.priority, order))
        else:
            self.by_ppm.add((trail_ppm, order.priority, order))

    def discard(self, order: WaitingOrder) -> None:
        trail_ticks, trail_ppm = order.instructions.trail_ticks, order.instructions.trail_ppm
        if trail_ticks:
            self.by_ticks.remove((trail_ticks, order.priority, order))
        else:
            self.by_ppm.remove((trail_ppm, order.priority, order))

    def orders(self) -> Iterator[WaitingOrder]:
        for orders in self.lists():
            for _, _, order in orders:
                yield order

    def __len__(self) -> int:
        return len(self.by_ticks) + len(self.by_ppm)


def _by_distance(entry: tuple[int, int, WaitingOrder]) -> tuple[int, int]:
    return entry[:2]


class TrailingStops:
    """Trailing stops that sell, or those that buy.

    All prices inside are times `sign`, 1 for sells and -1 for buys, so that on both sides the mark is the highest price
    and a stop is reached from above. `reach` is the nearest stop price, `follows_from` the price above which a mark
    moves; both have that sign.
    """

    __slots__ = ("_groups", "_sign", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self._sign = 1 if side is Side.SELL else -1
        self._groups: list[_Group] = []

    @property
    def reach(self) -> int:
        return self._groups[-1].reach if self._groups else NEVER

    @property
    def follows_from(self) -> int:
        return self._groups[-1].mark if self._groups else -NEVER

    def stop_price(self, order: WaitingOrder) -> int:
        """Return where the stop is now, in ticks; O(log groups)."""
        return self._stop_key(order, self._groups[self._position_of(order)].mark) * self._sign

    def add(self, order: WaitingOrder, last_ticks: int) -> None:
        """Add an order, newer than all others, whose mark is the last price. O(log orders)."""
        mark = last_ticks * self._sign
        if not self._groups or self._groups[-1].mark != mark:
            self._groups.append(_Group(mark, order.priority))
        self._groups[-1].add(order)
        self._renew_reach(len(self._groups) - 1)

    def remove(self, order: WaitingOrder) -> None:
        """Remove an order; O(log orders + newer groups)."""
        position = self._position_of(order)
        group = self._groups[position]
        group.discard(order)
        if not group:
            del self._groups[position]
        self._renew_reach(position)

    def follow(self, price_ticks: int) -> None:
        """Move the marks that a price is better than. O(1), plus what swallowing groups costs, once in their life."""
        mark = price_ticks * self._sign
        groups = self._groups
        if not groups or mark <= groups[-1].mark:
            return
        while len(groups) > 1 and groups[-2].mark <= mark:
            self._swallow()
        groups[-1].mark = mark
        self._renew_reach(len(groups) - 1)

    def has_reached(self, price_ticks: int) -> bool:
        """Tell whether a price has reached a stop, in O(1)."""
        return price_ticks * self._sign <= self.reach

    def take_reached(self, price_ticks: int) -> list[Reached]:
        """Remove and return the stops that a price has reached, in the order of their turns. O(groups + reached)."""
        price, reached = price_ticks * self._sign, list[Reached]()
        for group in self._groups:
            for orders in group.lists():
                count = self._count_reached(orders, group.mark, price)
                nearest = [order for _, _, order in orders[:count]]
                reached += [Reached(-self._stop_key(order, group.mark), order.priority, order) for order in nearest]
                del orders[:count]
        self._groups = [group for group in self._groups if group]
        self._renew_reach(0)
        reached.sort()
        return reached

    def marks(self) -> list[Mark]:
        """Return what has to be stored to restore the stops; O(groups)."""
        return [Mark(self.side, group.first_priority, group.mark * self._sign) for group in self._groups]

    def restore(self, order: WaitingOrder, marks: list[Mark]) -> None:
        """Add a stored order, in ascending priority; `marks` are those of this side, oldest first."""
        position = bisect_right([mark.first_priority for mark in marks], order.priority) - 1
        _, first_priority, price_ticks = marks[position]
        if not self._groups or self._groups[-1].first_priority != first_priority:
            self._groups.append(_Group(price_ticks * self._sign, first_priority))
        self._groups[-1].add(order)
        self._renew_reach(len(self._groups) - 1)

    def __len__(self) -> int:
        return sum(map(len, self._groups))

    def check_invariants(self) -> None:
        reach = NEVER
        for before, group in zip([None, *self._groups], self._groups, strict=False):
            assert len(group), "Invariant: a group of trailing stops has orders"
            if before is not None:
                assert before.mark > group.mark, "Invariant: older marks are better"
                assert before.first_priority < group.first_priority, "Invariant: groups are in order of age"
            own = max(self._stop_key(order, group.mark) for order in group.orders())
            reach = max(reach, own)
            assert group.reach == reach, "Invariant: a group knows the nearest stop price up to it"

    def _stop_key(self, order: WaitingOrder, mark: int) -> int:
        return mark - trail_offset(order.instructions, mark * self._sign)

    def _count_reached(self, orders: Sequence[tuple[int, int, WaitingOrder]], mark: int, price: int) -> int:
        """Return how many of a group's list a price has reached: the nearest come first. O(log orders)."""
        return bisect_right(orders, -price, key=lambda entry: -self._stop_key(entry[2], mark))

    def _position_of(self, order: WaitingOrder) -> int:
        return bisect_right(self._groups, order.priority, key=lambda group: group.first_priority) - 1

    def _swallow(self) -> None:
        """Merge the two newest groups by moving the orders of the smaller one."""
        newest, older = self._groups.pop(), self._groups.pop()
        small, large = sorted((newest, older), key=len)
        for order in small.orders():
            large.add(order)
        large.first_priority = older.first_priority
        self._groups.append(large)

    def _renew_reach(self, position: int) -> None:
        reach = self._groups[position - 1].reach if position else NEVER
        for group in self._groups[position:]:
            nearest = [self._stop_key(orders[0][2], group.mark) for orders in group.lists() if orders]
            reach = group.reach = max(reach, *nearest)
