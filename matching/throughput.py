"""The throughput of a market's batches at present: what an engine process reports beside its role."""

import time
from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple

WINDOW_S = 10.0
BATCHES_MAX = 2_000  # the newest count


class Throughput(NamedTuple):
    """The batches of the last WINDOW_S: how many, their requests, and how long the middle and the slowest 1 % took."""

    batches: int
    requests: int
    p50_ms: float
    p99_ms: float


class ThroughputMeter:
    """Counts the batches of one market. One thread adds, another may look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._batches: deque[tuple[float, int, float]] = deque(maxlen=BATCHES_MAX)
        self._lock = Lock()

    def add(self, requests: int, seconds: float) -> None:
        """Count a committed batch. O(1)."""
        with self._lock:
            self._batches.append((self._clock(), requests, seconds))

    def measured(self) -> Throughput:
        """Return the throughput now, zeros when there was nothing. O(n log n) in the batches of the last WINDOW_S."""
        since = self._clock() - WINDOW_S
        with self._lock:
            while self._batches and self._batches[0][0] < since:
                self._batches.popleft()
            kept = list(self._batches)
        if not kept:
            return Throughput(0, 0, 0.0, 0.0)
        took = sorted(seconds for _, _, seconds in kept)
        p50, p99 = (round(1_000 * took[min(len(took) - 1, int(len(took) * share))], 2) for share in (0.5, 0.99))
        return Throughput(len(kept), sum(requests for _, requests, _ in kept), p50, p99)
