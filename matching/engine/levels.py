"""Price levels, and the sorted levels of one side of the book."""

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from sortedcontainers import SortedDict

from matching.engine.orders import PriceLevel
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
