"""The last changes of a market's book, kept for viewers that missed some of them."""

from collections import deque
from collections.abc import Sequence

from marketdata.batches import Batch, Level

Pair = tuple[int, int]

LEVELS_MAX = 50_000  # some 7 MB
BATCHES_MAX = 20_000


class UpdateRing:
    """Changes without a gap after `start_seq`, up to `last_seq`. Bounded in levels and in batches."""

    def __init__(self, seq: int, *, levels_max: int = LEVELS_MAX, batches_max: int = BATCHES_MAX) -> None:
        self.start_seq = self.last_seq = seq
        self._levels_max = levels_max
        self._batches_max = batches_max
        self._levels = 0
        self._batches: deque[tuple[int, Sequence[Level], Sequence[Level]]] = deque()

    def add(self, batch: Batch) -> None:
        """Add the batch that follows, and forget the oldest when there are too many."""
        assert batch.first_seq == self.last_seq + 1, "Invariant: the ring has no gap"
        self.last_seq = batch.last_seq
        self._levels += len(batch.bids) + len(batch.asks)
        self._batches.append((batch.last_seq, batch.bids, batch.asks))
        while self._levels > self._levels_max or len(self._batches) > self._batches_max:
            self.start_seq, bids, asks = self._batches.popleft()
            self._levels -= len(bids) + len(asks)

    def covers(self, after_seq: int) -> bool:
        """Tell whether everything after a sequence number is there."""
        return self.start_seq <= after_seq <= self.last_seq

    def changes_since(self, after_seq: int) -> int:
        """Return how many changed levels `since` looks at, at most: an event changes one, few change two. O(1)."""
        return min(self._levels, 2 * (self.last_seq - after_seq))

    def since(self, after_seq: int) -> tuple[list[Pair], list[Pair]]:
        """Return the bids and asks that changed after a sequence number, as they are now. O(changes since)."""
        assert self.covers(after_seq), "Invariant: only what is covered is asked for"
        newest_bids: dict[int, int] = {}
        newest_asks: dict[int, int] = {}
        for last_seq, bids, asks in reversed(self._batches):
            if last_seq <= after_seq:
                break
            for price, lots in bids:
                newest_bids.setdefault(price, lots)
            for price, lots in asks:
                newest_asks.setdefault(price, lots)
        return list(newest_bids.items()), list(newest_asks.items())
