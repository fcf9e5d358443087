"""How many requests a caller has made in a window of time: counted in this process, and by all of them in Valkey.

A fixed window costs one round trip and eight bytes, where DRF's own throttles rewrite a list of every recent request.
High rates are counted in the process and told to Valkey in shares of a fiftieth, so a limit of 1,000 costs a round trip
every 20 requests; several processes together may let through a few shares too many. The price of windows: around the
turn of one, up to twice the rate gets through. While Valkey cannot be reached, each process goes on by its own count.
"""

import threading
import time
from dataclasses import dataclass
from typing import Final

import redis

from base.valkey import ValkeyLine, ValkeyUnreachableError

__all__ = ["Standing", "count_hit", "stand"]

COUNTS_MAX: Final = 20_000
"""Callers that a process counts at once. Beyond it, those that were seen first are forgotten, Valkey's count is not."""
_LINE = ValkeyLine("rate limits", 0.3)
_SHARES = 50
_lock = threading.Lock()


@dataclass(slots=True)
class _Count:
    """One caller's requests in a window: those of this process, and what Valkey said of all and was not told yet."""

    window: int = 0
    mine: int = 0
    told: int = 0
    untold: int = 0


_counts: dict[str, _Count] = {}


@dataclass(frozen=True, slots=True)
class Standing:
    """How a caller stands with a limit after a request."""

    limit: int
    used: int
    reset_s: float

    @property
    def is_within(self) -> bool:
        return self.used <= self.limit

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)


def stand(key: str, window_s: int, limit: int, cost: int = 1) -> Standing:
    """Count a request of a caller, and return how it stands now. Reads the clock."""
    now_s = time.time()
    return Standing(limit, count_hit(key, window_s, now_s, limit, cost), window_s - now_s % window_s)


def count_hit(key: str, window_s: int, now_s: float, rate: int, cost: int = 1) -> int:
    """Count a request of a caller in the present window and return the count.

    `cost` is how many requests it counts as.
    """
    window = int(now_s // window_s)
    with _lock:
        count = _counts.get(key) or _new_count(key)
        if count.window != window:
            count.window, count.mine, count.told, count.untold = window, 0, 0, 0
        count.mine += cost
        count.untold += cost
        if count.told and count.untold < rate // _SHARES:
            return count.told + count.untold
        share, count.untold = count.untold, 0
    total = _tell(f"{key}:{window}", share, window_s)
    with _lock:
        if total and count.window == window:
            count.told = total
        return max(total, count.mine if count.window == window else cost)


def _new_count(key: str) -> _Count:
    if len(_counts) >= COUNTS_MAX:
        for known in list(_counts)[: COUNTS_MAX // 2]:
            del _counts[known]
    count = _counts[key] = _Count()
    return count


def _tell(key: str, share: int, window_s: int) -> int:
    """Add to what all processes have counted, and return that; 0 when Valkey cannot be reached."""
    name = f"te:rate:{key}"

    def count(valkey: redis.Redis) -> int:
        pipeline = valkey.pipeline(transaction=False)
        pipeline.incrby(name, share)
        pipeline.expire(name, window_s + 1)
        return int(pipeline.execute()[0])

    try:
        return _LINE.ask(count)
    except ValkeyUnreachableError:
        return 0
