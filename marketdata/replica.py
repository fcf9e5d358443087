"""A market's order book as subscribers see it: a snapshot, updated by the engine's batches."""

from collections.abc import Iterable
from itertools import islice

from sortedcontainers import SortedDict

from base.scaling import MarketScale
from marketdata.batches import Batch
from orders.checksum import CHECKSUM_LEVELS, book_checksum

Pair = tuple[int, int]


class GapError(Exception):
    """A batch is missing between the book and the batch at hand."""


class ChecksumError(Exception):
    """The book differs from the engine's."""


class BookReplica:
    """Prices in ticks, quantities in lots; `trading_state` and `time_ms` are those after batch `seq`, too.

    Applying a level costs O(log n).
    """

    def __init__(
        self,
        *,
        seq: int,
        bids: Iterable[Pair],
        asks: Iterable[Pair],
        scale: MarketScale,
        trading_state: str,
        time_ms: int,
    ) -> None:
        self.seq = seq
        self.scale = scale
        self.trading_state = trading_state
        self.time_ms = time_ms
        self._bids: SortedDict[int, int] = SortedDict((-price, lots) for price, lots in bids)
        self._asks: SortedDict[int, int] = SortedDict(asks)

    @property
    def bids(self) -> list[Pair]:
        """Bid levels, best first."""
        return [(-key, lots) for key, lots in self._bids.items()]

    @property
    def asks(self) -> list[Pair]:
        """Ask levels, best first."""
        return list(self._asks.items())

    @property
    def best_bid(self) -> Pair | None:
        return next(((-key, lots) for key, lots in self._bids.items()), None)

    @property
    def best_ask(self) -> Pair | None:
        return next(iter(self._asks.items()), None)

    @property
    def level_count(self) -> int:
        """The levels of both sides."""
        return len(self._bids) + len(self._asks)

    @property
    def checksum(self) -> int:
        bids = [(-key, lots) for key, lots in islice(self._bids.items(), CHECKSUM_LEVELS)]
        return book_checksum(list(islice(self._asks.items(), CHECKSUM_LEVELS)), bids, self.scale)

    def apply(self, batch: Batch) -> bool:
        """Move on by one batch; return False for a batch that is in the book already.

        Raises GapError, the book unchanged, and ChecksumError, after which the book must be thrown away.
        """
        if batch.last_seq <= self.seq:
            return False
        if batch.first_seq != self.seq + 1:
            raise GapError(f"the book is at {self.seq}, the next batch starts with {batch.first_seq}")
        for price, lots in batch.bids:
            _set_level(self._bids, -price, lots)
        for price, lots in batch.asks:
            _set_level(self._asks, price, lots)
        self.seq = batch.last_seq
        self.time_ms = batch.time_ms
        self.trading_state = batch.trading_state or self.trading_state
        if (checksum := self.checksum) != batch.checksum:
            raise ChecksumError(f"at {self.seq} the book has {checksum}, the engine {batch.checksum}")
        return True

    def check_invariants(self) -> None:
        assert all(lots > 0 for lots in self._bids.values()), "Invariant: every bid level has a quantity"
        assert all(lots > 0 for lots in self._asks.values()), "Invariant: every ask level has a quantity"


def _set_level(side: "SortedDict[int, int]", key: int, lots: int) -> None:
    if lots:
        side[key] = lots
    else:
        side.pop(key, None)
