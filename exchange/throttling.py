"""Rate limits: one counter per caller and window, in Valkey.

A fixed window costs one round trip and eight bytes, where DRF's own throttles rewrite a list of every recent request.
The price: around the turn of a window up to twice the rate gets through. When Valkey cannot be reached, requests are
let through, logins included: a limit protects the service, and must not be what takes it down.
"""

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from exchange.valkey import valkey

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = ["LoginThrottle", "OrderThrottle", "WindowThrottle", "count_hit"]

log = structlog.get_logger(__name__)

_PAUSE_S = 1.0
_paused_until = 0.0


def count_hit(key: str, window_s: int, now_s: float) -> int:
    """Count one request of a caller in the present window and return the count; 0 when nobody can count."""
    global _paused_until
    if time.monotonic() < _paused_until:
        return 0
    name = f"te:rate:{key}:{int(now_s // window_s)}"
    try:
        pipeline = valkey().pipeline(transaction=False)
        pipeline.incr(name)
        pipeline.expire(name, window_s + 1)
        return int(pipeline.execute()[0])
    except RedisError as error:
        # Asking a dead server for each request would cost each request its time-out.
        _paused_until = time.monotonic() + _PAUSE_S
        log.warning("rate_limits_off", error=str(error))
        return 0


class WindowThrottle(BaseThrottle):
    """At most `rate()` requests per `window_s` seconds and `key(request)`."""

    window_s: int
    rate: Callable[[], int]

    def key(self, request: Request) -> str:
        raise NotImplementedError

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self._now_s = time.time()
        return count_hit(self.key(request), self.window_s, self._now_s) <= type(self).rate()

    def wait(self) -> float:
        return self.window_s - self._now_s % self.window_s


class OrderThrottle(WindowThrottle):
    """ORDER_RATE_PER_SECOND for placing and cancelling, per user."""

    window_s = 1
    rate = staticmethod(lambda: settings.ORDER_RATE_PER_SECOND)

    def key(self, request: Request) -> str:
        return f"orders:{request.user.pk}"


class LoginThrottle(WindowThrottle):
    """LOGIN_RATE_PER_MINUTE, per address and username, so that nobody locks out somebody else from elsewhere."""

    window_s = 60
    rate = staticmethod(lambda: settings.LOGIN_RATE_PER_MINUTE)

    def key(self, request: Request) -> str:
        fields: Any = request.data
        caller = f"{client_address(request)}|{fields.get('username', '')}"
        return f"login:{hashlib.sha256(caller.encode()).hexdigest()[:32]}"


def client_address(request: Request) -> str:
    """Return the address of the client: what the TLS proxy in front reports, else the connection's own."""
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")) if settings.TLS_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
