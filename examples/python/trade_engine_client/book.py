"""An order book kept from the messages `snapshot` and `update`. No input or output, no dependencies."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any
from zlib import crc32

CHECKSUM_LEVELS = 10
Level = tuple[str, str]  # price, volume


class GapError(Exception):
    """An update does not follow: something in between is missing."""


class ChecksumError(Exception):
    """The book differs from the exchange's."""


class OrderBook:
    """Levels are `(price, volume)`, as the strings that the exchange sent. `seq` is None before the first snapshot."""

    def __init__(self) -> None:
        self.seq: int | None = None
        self._bids = _Side(best_is_highest=True)
        self._asks = _Side(best_is_highest=False)

    def copy(self) -> "OrderBook":
        """Return a book of its own with the same levels."""
        twin = OrderBook()
        twin.seq = self.seq
        twin._bids.replace(self._bids.levels())
        twin._asks.replace(self._asks.levels())
        return twin

    def apply(self, message: Mapping[str, Any]) -> bool:
        """Take a message; return whether the book changed. Raises GapError, ChecksumError."""
        if message["type"] == "snapshot":
            self._bids.replace(message["bids"])
            self._asks.replace(message["asks"])
            self.seq = message["seq"]
        elif message["type"] == "update":
            if self.seq is None or message["first_seq"] != self.seq + 1:
                raise GapError(f"the book is at {self.seq}, the update begins with {message['first_seq']}")
            self._bids.change(message["bids"])
            self._asks.change(message["asks"])
            self.seq = message["last_seq"]
        else:
            return False
        if self.checksum != message["checksum"]:
            raise ChecksumError(f"at {self.seq} the book has {self.checksum}, the exchange {message['checksum']}")
        return True

    @property
    def bids(self) -> list[Level]:
        """Bid levels, best first."""
        return list(self._bids.levels())

    @property
    def asks(self) -> list[Level]:
        """Ask levels, best first."""
        return list(self._asks.levels())

    @property
    def best_bid(self) -> Level | None:
        return next(self._bids.levels(), None)

    @property
    def best_ask(self) -> Level | None:
        return next(self._asks.levels(), None)

    @property
    def checksum(self) -> int:
        """CRC-32 of the best 10 asks, then the best 10 bids; numbers without point and leading zeros."""
        best = [*islice(self._asks.levels(), CHECKSUM_LEVELS), *islice(self._bids.levels(), CHECKSUM_LEVELS)]
        return crc32("".join(number.replace(".", "").lstrip("0") for level in best for number in level).encode())


class _Side:
    """One side of the book: prices sorted as numbers, volumes by price."""

    def __init__(self, *, best_is_highest: bool) -> None:
        self._sign = -1 if best_is_highest else 1
        self._keys: list[Decimal] = []  # ascending, best first
        self._levels: dict[Decimal, Level] = {}

    def replace(self, levels: Iterable[tuple[str, str]]) -> None:
        self._levels = {self._sign * Decimal(price): (price, volume) for price, volume in levels}
        self._keys = sorted(self._levels)

    def change(self, levels: Iterable[tuple[str, str]]) -> None:
        for price, volume in levels:
            key = self._sign * Decimal(price)
            if volume != "0":
                if key not in self._levels:
                    insort(self._keys, key)
                self._levels[key] = (price, volume)
            elif self._levels.pop(key, None):
                del self._keys[bisect_left(self._keys, key)]

    def levels(self) -> Iterator[Level]:
        return (self._levels[key] for key in self._keys)
