"""Failed log-ins by key: how many, until when the next must wait, and what has succeeded before.

Everything is kept twice, in this process and in Valkey, and the stricter of both holds. So a limit goes on when Valkey
is away, and holds for all processes while it is there.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

from base.valkey import ValkeyLine, ValkeyUnreachableError

__all__ = ["FAILURES", "Failures"]

KEPT_S: Final = 3_600
REMEMBERED_S: Final = 30 * 24 * 3_600
KEYS_MAX: Final = 50_000
"""Keys that a process keeps; beyond it, the oldest half is forgotten."""
_LINE = ValkeyLine("log-ins", 0.3)
_NAME = "te:login:"


@dataclass(slots=True)
class _Kept:
    count: int = 0
    until: float = 0.0
    wait_until: float = 0.0


class Failures:
    """What this process knows, and what Valkey does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._remembered: dict[str, float] = {}

    def wait_s(self, keys: Sequence[str]) -> float:
        """Return for how long the strictest of these keys must wait."""
        now = time.monotonic()
        with self._lock:
            own = max((self._of(key, now).wait_until - now for key in keys), default=0.0)
        waits = _ask(lambda pipeline: [pipeline.pttl(f"{_NAME}wait:{key}") for key in keys])
        return max(0.0, own, *(int(wait) / 1000 for wait in waits))

    def count(self, keys: Sequence[str]) -> dict[str, int]:
        """Count one more failure of each key, and return how many there are."""
        now = time.monotonic()
        with self._lock:
            own = [self._count_own(key, now) for key in keys]

        def question(pipeline: Any) -> None:
            for key in keys:
                pipeline.incr(f"{_NAME}count:{key}")
            for key in keys:
                pipeline.expire(f"{_NAME}count:{key}", KEPT_S)

        told = [int(count) for count in _ask(question)[: len(keys)]] or own
        return {key: max(pair) for key, *pair in zip(keys, own, told, strict=True)}

    def delay(self, key: str, seconds: float) -> None:
        """Let the next try of a key wait."""
        with self._lock:
            self._of(key, time.monotonic()).wait_until = time.monotonic() + seconds
        _ask(lambda pipeline: pipeline.set(f"{_NAME}wait:{key}", 1, px=int(seconds * 1000)))

    def forget(self, keys: Sequence[str]) -> None:
        """Begin these keys anew."""
        with self._lock:
            for key in keys:
                self._kept.pop(key, None)
        _ask(lambda pipeline: pipeline.delete(*(f"{_NAME}{what}:{key}" for key in keys for what in ("count", "wait"))))

    def take_back(self, key: str) -> None:
        """Count one failure less."""
        with self._lock:
            kept = self._of(key, time.monotonic())
            kept.count = max(0, kept.count - 1)
        _ask(lambda pipeline: pipeline.decr(f"{_NAME}count:{key}").expire(f"{_NAME}count:{key}", KEPT_S))

    def remember(self, key: str) -> None:
        """Note that a key has succeeded, for REMEMBERED_S."""
        with self._lock:
            _make_room(self._remembered)
            self._remembered[key] = time.monotonic() + REMEMBERED_S
        _ask(lambda pipeline: pipeline.set(f"{_NAME}known:{key}", 1, ex=REMEMBERED_S))

    def is_remembered(self, key: str) -> bool:
        """Tell whether a key has succeeded. Asks Valkey only when this process does not know."""
        if self._remembered.get(key, 0.0) > time.monotonic():
            return True
        return any(_ask(lambda pipeline: pipeline.exists(f"{_NAME}known:{key}")))

    def _count_own(self, key: str, now: float) -> int:
        kept = self._of(key, now)
        kept.count += 1
        kept.until = now + KEPT_S
        return kept.count

    def _of(self, key: str, now: float) -> _Kept:
        kept = self._kept.get(key)
        if kept is None or kept.until < now:
            _make_room(self._kept)
            kept = self._kept[key] = _Kept(until=now + KEPT_S)
        return kept


def _make_room(kept: dict[str, Any]) -> None:
    if len(kept) >= KEYS_MAX:
        for key in list(kept)[: KEYS_MAX // 2]:
            del kept[key]


def _ask(question: Any) -> list[Any]:
    """Return Valkey's answers to a pipeline of questions, none when it cannot be reached."""

    def ask(valkey: redis.Redis) -> list[Any]:
        pipeline = valkey.pipeline(transaction=False)
        question(pipeline)
        return list(pipeline.execute())

    try:
        return _LINE.ask(ask)
    except ValkeyUnreachableError:
        return []


FAILURES = Failures()
