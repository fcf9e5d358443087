"""A client of Valkey (or Redis) for counters and heartbeats: short timeouts, no retries, one pool per process.

The channel layers and Celery keep their own connections; Django's cache is for what may be pickled.
"""

from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

__all__ = ["TIMEOUT_S", "valkey"]

TIMEOUT_S = 1.0


@cache
def valkey() -> redis.Redis:
    """Return the process's client; connections are opened on use. Calls raise redis.RedisError within a second."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        # With 3 the library asks each new connection for notices that Valkey does not have, and a connection that is
        # cut meanwhile raises a ValueError.
        protocol=2,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        # One repetition, for a pooled connection that the server has closed meanwhile.
        retry=Retry(NoBackoff(), 1),
    )
