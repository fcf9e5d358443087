"""Price levels, and the sorted levels of one side of the book."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from sortedcontainers import SortedDict

from matching.engine.orders import RestingOrder
from matching.engine.types import Side

NO_LEVEL_KEY: Final = 1 << 63
"""The best key of an empty side: beyond the reach of any order."""

NO_REACH: Final = -NO_LEVEL_KEY
"""The reach of an order that may not trade now: short of every level."""


class DepthLevel(NamedTuple):
    """What everybody may see of a price level."""

    price_ticks: int
    quantity_lots: int
    order_count: int


class PriceLevel:
    """The queue of the orders at one price, first come first.

    A doubly linked list through the orders themselves, so that joining and leaving, at the front or in the
    middle, are O(1). (A dict used as a queue scans over the deleted entries at its front.)
    """

    __slots__ = ("head", "hidden_lots", "key", "order_count", "price_ticks", "quantity_lots", "side", "tail")

    head: RestingOrder | None
    tail: RestingOrder | None

    def __init__(self, side: Side, price_ticks: int, key: int) -> None:
        self.side = side
        self.price_ticks = price_ticks
        self.key = key
        self.quantity_lots = 0
        self.hidden_lots = 0
        self.order_count = 0
        self.head = None
        self.tail = None

    def append(self, order: RestingOrder) -> None:
        """Put an order at the end of the queue, in O(1)."""
        tail = self.tail
        order.level = self
        order.prev = tail
        order.next = None
        if tail is None:
            self.head = order
        else:
            tail.next = order
        self.tail = order
        self.quantity_lots += order.remaining_lots
        self.order_count += 1
        if order.is_special:
            self.hidden_lots += order.hidden_lots

    def remove(self, order: RestingOrder) -> None:
        """Take an order out of the queue, wherever it stands, in O(1)."""
        before, after = order.prev, order.next
        if before is None:
            self.head = after
        else:
            before.next = after
        if after is None:
            self.tail = before
        else:
            after.prev = before
        # Without these the orders that left would keep each other alive until the garbage collector comes by.
        order.prev = order.next = None
        self.quantity_lots -= order.remaining_lots
        self.order_count -= 1
        if self.hidden_lots:
            self.hidden_lots -= order.hidden_lots

    @property
    def total_lots(self) -> int:
        """All lots at this price, the hidden parts of icebergs too."""
        return self.quantity_lots + self.hidden_lots

    def __iter__(self) -> Iterator[RestingOrder]:
        order = self.head
        while order is not None:
            yield order
            order = order.next

    def check_invariants(self) -> None:
        orders = list(self)
        assert orders, "Invariant: a price level in the book has orders"
        assert self.head is orders[0], "Invariant: the head is the first order"
        assert self.tail is orders[-1], "Invariant: the tail is the last order"
        assert self.order_count == len(orders), "Invariant: the level counts its orders"
        lots = sum(order.remaining_lots for order in orders)
        assert self.quantity_lots == lots, "Invariant: the level's quantity is the sum of its orders'"
        hidden = sum(order.hidden_lots for order in orders)
        assert self.hidden_lots == hidden, "Invariant: the level's hidden quantity is the sum of its orders'"
        before = None
        for order in orders:
            assert order.level is self, "Invariant: an order knows its level"
            assert order.prev is before, "Invariant: the queue is linked both ways"
            assert (order.side, order.price_ticks) == (self.side, self.price_ticks), "Invariant: same side and price"
            assert 0 < order.remaining_lots <= order.quantity_lots, "Invariant: an open order has lots left"
            assert 0 <= order.hidden_lots < order.quantity_lots, "Invariant: a part of an order is seen"
            assert before is None or before.priority < order.priority, "Invariant: the queue is in order of priority"
            before = order


class BookSide:
    """The price levels of one side, best first.

    A level's key is its price times `sign`: the price for asks, the negated price for bids. So on both sides
    a lower key is a better price, an incoming order reaches every key up to its own limit times `sign`, and
    no rule has to be written twice. The keys of the two sides never meet.
    """

    __slots__ = ("best_key", "best_level", "levels", "side", "sign")

    best_level: PriceLevel  # of a side that is not empty

    def __init__(self, side: Side) -> None:
        self.side = side
        self.sign = -1 if side is Side.BUY else 1
        self.levels: dict[int, PriceLevel] = SortedDict()
        self.best_key = NO_LEVEL_KEY

    @property
    def best_price_ticks(self) -> int | None:
        """Return the best price in O(1), None when the side is empty."""
        return None if self.best_key == NO_LEVEL_KEY else self.best_key * self.sign

    def level_at(self, price_ticks: int) -> PriceLevel:
        """Return the level at a price: O(1) when it is there, O(log levels) when it has to be made."""
        key = price_ticks * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = PriceLevel(self.side, price_ticks, key)
            if key < self.best_key:
                self.best_key, self.best_level = key, level
        return level

    def remove_level(self, level: PriceLevel) -> None:
        """Remove an empty level, in O(log levels)."""
        del self.levels[level.key]
        if level.key == self.best_key:
            self.best_key = best_key = next(iter(self.levels), NO_LEVEL_KEY)
            if best_key != NO_LEVEL_KEY:
                self.best_level = self.levels[best_key]

    def within(self, reach_key: int) -> Iterator[PriceLevel]:
        """Iterate over the levels within reach, best first."""
        for key, level in self.levels.items():
            if key > reach_key:
                return
            yield level

    def depth(self, limit: int | None) -> list[DepthLevel]:
        """Return the levels best first, at most `limit`, in O(levels returned)."""
        levels = islice(self.levels.values(), limit)
        return [DepthLevel(level.price_ticks, level.quantity_lots, level.order_count) for level in levels]

    def check_invariants(self) -> None:
        keys = list(self.levels)
        assert keys == sorted(keys), "Invariant: the levels are sorted"
        best = keys[0] if keys else NO_LEVEL_KEY
        assert self.best_key == best, "Invariant: the remembered best price is the best price"
        assert not keys or self.best_level is self.levels[best], "Invariant: the remembered best level is the best"
        for key, level in self.levels.items():
            assert level.side is self.side, "Invariant: a level is on its own side"
            assert key == level.key == level.price_ticks * self.sign, "Invariant: a level is filed under its price"
            level.check_invariants()
