"""A client of Valkey (or Redis) for counters, boards and heartbeats: short timeouts, one pool per process.

The channel layers and Celery keep their own connections.
"""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from base.breaker import Breaker, BreakerOpenError

__all__ = ["TIMEOUT_S", "ValkeyLine", "ValkeyUnreachableError", "valkey"]

TIMEOUT_S = 1.0
_PROBE_S = 1.0
_T = TypeVar("_T")


class ValkeyUnreachableError(Exception):
    """Valkey did not answer in time, or failed a moment ago and was not asked."""


@cache
def valkey(timeout_s: float = TIMEOUT_S) -> redis.Redis:
    """Return the process's client; connections are opened on use. Calls raise redis.RedisError within the timeout."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        # With 3 the library asks each new connection for notices that Valkey does not have, and a connection that is
        # cut meanwhile raises a ValueError.
        protocol=2,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        # One repetition, for a pooled connection that the server has closed meanwhile. Not for a server that hangs:
        # that would take as long again.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
    )


class ValkeyLine:
    """Questions that must not hold threads up when Valkey hangs.

    After a failure nothing is asked for a second; then one thread asks while the others go on without an answer.
    """

    def __init__(self, name: str, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self.breaker = Breaker(name, failures_max=1, probe_s=_PROBE_S)

    def ask(self, question: Callable[[redis.Redis], _T]) -> _T:
        """Return what a question to the client gives. Raises ValkeyUnreachableError, mostly at once."""
        try:
            with self.breaker.guard():
                return question(valkey(self._timeout_s))
        except (BreakerOpenError, redis.RedisError) as error:
            raise ValkeyUnreachableError(str(error)) from None
