"""Can this exchange serve? Named checks, run side by side, each bounded in time; apps register theirs in `ready()`."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from threading import Lock
from typing import Any

import structlog
from celery import current_app
from django.db import connection

from base.valkey import valkey

__all__ = ["CheckFailedError", "CheckResult", "register_check", "run_checks"]

log = structlog.get_logger(__name__)

TIMEOUT_S = 2.0


class CheckFailedError(Exception):
    """A part does not work, for a reason that may be shown."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    name: str
    error: str | None
    latency_ms: float | None

    @property
    def as_json(self) -> dict[str, Any]:
        if self.error is not None:
            return {"status": "failed", "error": self.error}
        return {"status": "ok", "latency_ms": self.latency_ms}


_checks: dict[str, Callable[[], None]] = {}
_running: dict[str, "Future[CheckResult]"] = {}
_lock = Lock()
_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="readiness")


def register_check(name: str, check: Callable[[], None]) -> None:
    """Add a part to /ready. The check returns when the part works and raises when it does not."""
    _checks[name] = check


def run_checks() -> list[CheckResult]:
    """Run all checks at once and return their results within about TIMEOUT_S.

    A check that still hangs from an earlier call is not started again, so nothing piles up.
    """
    deadline = time.monotonic() + TIMEOUT_S
    with _lock:
        for name, check in _checks.items():
            if name not in _running or _running[name].done():
                _running[name] = _threads.submit(_timed, name, check)
        futures = {name: _running[name] for name in _checks}
    return [_result(name, future, deadline) for name, future in futures.items()]


def _result(name: str, future: "Future[CheckResult]", deadline: float) -> CheckResult:
    try:
        return future.result(timeout=max(0.0, deadline - time.monotonic()))
    except FutureTimeoutError:
        return CheckResult(name, f"No answer within {TIMEOUT_S:g} s", None)


def _timed(name: str, check: Callable[[], None]) -> CheckResult:
    started = time.monotonic()
    try:
        check()
    except CheckFailedError as error:
        return CheckResult(name, str(error), None)
    except Exception as error:  # a broken part may fail in any way; addresses and the like stay in the log
        log.warning("readiness_check_failed", check=name, error=str(error))
        return CheckResult(name, type(error).__name__, None)
    finally:
        connection.close()
    return CheckResult(name, None, round((time.monotonic() - started) * 1000, 2))


def check_database() -> None:
    """Ask the database for a constant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def check_channel_layer() -> None:
    """Ping the server that carries commands, replies and streams."""
    valkey().ping()


def check_broker() -> None:
    """Connect to Celery's broker."""
    with current_app.connection_for_write(transport_options={"socket_timeout": 1, "socket_connect_timeout": 1}) as link:
        link.ensure_connection(max_retries=1, interval_start=0, interval_step=0, timeout=1)


register_check("database", check_database)
register_check("channel_layer", check_channel_layer)
register_check("broker", check_broker)
