"""A circuit breaker: after failures in a row requests fail at once, and one at a time finds out how things are."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from pybreaker import STATE_CLOSED, CircuitBreaker, CircuitBreakerError, CircuitBreakerListener

__all__ = ["Breaker", "BreakerOpenError"]

log = structlog.get_logger(__name__)


class BreakerOpenError(Exception):
    """The request was not made, because others failed a moment ago."""


class Breaker:
    """Opens after `failures_max` failures in a row; `probe_s` later a single request may try, and closes it on success.

    pybreaker keeps the state. It holds its lock while it calls, so it is only told how requests ended: they run side
    by side outside of it. `on_change` is called with the name of each new state: closed, half-open, open.
    """

    def __init__(
        self, name: str, *, failures_max: int, probe_s: float, on_change: Callable[[str], object] = lambda state: None
    ) -> None:
        self._name = name
        self._probe_s = probe_s
        self._on_change = on_change
        self._opened_at = 0.0
        self._probing = threading.Lock()
        self._breaker = CircuitBreaker(fail_max=failures_max, reset_timeout=0, listeners=[_Watcher(self)], name=name)

    @property
    def is_closed(self) -> bool:
        return self._breaker.current_state == STATE_CLOSED

    @property
    def rejects(self) -> bool:
        """Whether a request would be rejected now without being made."""
        return not self.is_closed and not self._may_probe()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Run one request, whose exceptions count as failures; while it is open, raise BreakerOpenError instead."""
        if self.is_closed:
            yield from self._watched(is_probe=False)
            return
        if not self._may_probe() or not self._probing.acquire(blocking=False):
            raise BreakerOpenError(f"{self._name} failed a moment ago and is not asked")
        try:
            self._breaker.half_open()
            yield from self._watched(is_probe=True)
        finally:
            self._probing.release()

    def close(self) -> None:
        """Forget that anything failed."""
        self._breaker.close()

    def _may_probe(self) -> bool:
        return time.monotonic() - self._opened_at >= self._probe_s

    def note_changed(self, old: str | None, new: str) -> None:
        if new == "open":
            self._opened_at = time.monotonic()
        self._on_change(new)
        if "closed" in (old, new):  # not each look in between
            log.warning("breaker_changed", breaker=self._name, old=old, new=new)

    def _watched(self, *, is_probe: bool) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self._tell(error, is_probe)
            raise
        self._tell(None, is_probe)

    def _tell(self, error: Exception | None, is_probe: bool) -> None:
        if not is_probe and not self.is_closed:  # it began before the breaker opened, so it says nothing new
            return

        def report() -> None:
            if error is not None:
                raise error

        try:
            self._breaker.call(report)
        except CircuitBreakerError:
            return  # this failure has opened it
        except Exception as told:
            if told is not error:
                raise


class _Watcher(CircuitBreakerListener):
    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def state_change(self, cb: CircuitBreaker, old_state: Any, new_state: Any) -> None:
        self._breaker.note_changed(old_state.name if old_state else None, new_state.name)
