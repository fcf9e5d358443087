"""Rate limits: one counter per caller and window, in Valkey.

A fixed window costs one round trip and eight bytes, where DRF's own throttles rewrite a list of every recent request.
High rates are counted in the process and told to Valkey in shares of a fiftieth, so a limit of 1,000 costs a round trip
every 20 requests; several processes together may let through a few shares too many. The price of windows: around the
turn of one, up to twice the rate gets through. When Valkey cannot be reached, requests are let through, logins
included: a limit protects the service, and must not be what takes it down.
"""

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import redis
from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from base.valkey import ValkeyLine, ValkeyUnreachableError

if TYPE_CHECKING:
    from rest_framework.views import APIView

__all__ = [
    "ApiKeyThrottle",
    "BatchThrottle",
    "DemoAccountThrottle",
    "LoginThrottle",
    "OrderThrottle",
    "PortfolioThrottle",
    "WindowThrottle",
    "count_hit",
    "login_may_be_tried",
    "orders_may_be_sent",
]

API_KEYS_PER_MINUTE = 20
PORTFOLIOS_PER_SECOND = 10
LOGIN_WINDOW_S = 60
_LINE = ValkeyLine("rate limits", 0.3)
_SHARES = 50
_lock = threading.Lock()


@dataclass(slots=True)
class _Count:
    """One caller's requests in a window: what Valkey said, and what it has not been told yet."""

    window: int = 0
    told: int = 0
    untold: int = 0


_counts: dict[str, _Count] = {}
_COUNTS_MAX = 10_000


def count_hit(key: str, window_s: int, now_s: float, rate: int, cost: int = 1) -> int:
    """Count a request of a caller in the present window and return the count; 0 when nobody can count.

    `cost` is how many requests it counts as.
    """
    window = int(now_s // window_s)
    with _lock:
        if len(_counts) > _COUNTS_MAX:
            _counts.clear()
        count = _counts.setdefault(key, _Count())
        if count.window != window:
            count.window, count.told, count.untold = window, 0, 0
        count.untold += cost
        if count.told and count.untold < rate // _SHARES:
            return count.told + count.untold
        share, count.untold = count.untold, 0
    total = _tell(f"{key}:{window}", share, window_s)
    with _lock:
        if count.window == window:
            count.told = total
    return total


def _tell(key: str, share: int, window_s: int) -> int:
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


class WindowThrottle(BaseThrottle):
    """At most `rate()` requests per `window_s` seconds and `key(request)`; one may count as several."""

    window_s: int
    rate: Callable[[], int]

    def key(self, request: Request) -> str:
        raise NotImplementedError

    def cost(self, request: Request) -> int:
        return 1

    def allow_request(self, request: Request, view: "APIView") -> bool:
        self._now_s = time.time()
        rate = type(self).rate()
        return count_hit(self.key(request), self.window_s, self._now_s, rate, self.cost(request)) <= rate

    def wait(self) -> float:
        return self.window_s - self._now_s % self.window_s


class OrderThrottle(WindowThrottle):
    """ORDER_RATE_PER_SECOND for placing and cancelling, per user."""

    window_s = 1
    rate = staticmethod(lambda: settings.ORDER_RATE_PER_SECOND)

    def key(self, request: Request) -> str:
        return f"orders:{request.user.pk}"


def orders_may_be_sent(user_id: UUID, commands: int) -> bool:
    """Count commands to engines that come by another way than REST; tell whether they are within the same limit."""
    rate = settings.ORDER_RATE_PER_SECOND
    return count_hit(f"orders:{user_id}", OrderThrottle.window_s, time.time(), rate, commands) <= rate


class BatchThrottle(OrderThrottle):
    """The same limit, of which a batch uses as much as its orders would one by one."""

    orders_max = 100  # a longer one is refused for its length, however often it is tried

    def cost(self, request: Request) -> int:
        fields: Any = request.data
        orders = fields.get("orders")
        return max(1, min(len(orders), self.orders_max)) if isinstance(orders, list) else 1


class ApiKeyThrottle(WindowThrottle):
    """For making API keys, per user: each leaves a row and an audit entry."""

    window_s = 60
    rate = staticmethod(lambda: API_KEYS_PER_MINUTE)

    def key(self, request: Request) -> str:
        return f"api-keys:{request.user.pk}"


class PortfolioThrottle(WindowThrottle):
    """For reading the portfolio, per user: each time trades are counted, and where counting stopped is written."""

    window_s = 1
    rate = staticmethod(lambda: PORTFOLIOS_PER_SECOND)

    def key(self, request: Request) -> str:
        return f"portfolio:{request.user.pk}"


class LoginThrottle(WindowThrottle):
    """LOGIN_RATE_PER_MINUTE, per address and username, so that nobody can lock out a user from another address."""

    window_s = LOGIN_WINDOW_S
    rate = staticmethod(lambda: settings.LOGIN_RATE_PER_MINUTE)

    def key(self, request: Request) -> str:
        fields: Any = request.data
        return _login_key(request, str(fields.get("username", "")))


def login_may_be_tried(request: HttpRequest, username: str) -> bool:
    """Count a login by a page; tell whether it is within LOGIN_RATE_PER_MINUTE, the API's logins included."""
    rate = settings.LOGIN_RATE_PER_MINUTE
    return count_hit(_login_key(request, username), LOGIN_WINDOW_S, time.time(), rate) <= rate


def _login_key(request: Request | HttpRequest, username: str) -> str:
    # As the login reads it: otherwise one blank more would make another name, with tries of its own.
    caller = f"{client_address(request)}|{username.strip()}"
    return f"login:{hashlib.sha256(caller.encode(errors='replace')).hexdigest()[:32]}"


class DemoAccountThrottle(WindowThrottle):
    """DEMO_ACCOUNTS_PER_MINUTE, per address."""

    window_s = 60
    rate = staticmethod(lambda: settings.DEMO_ACCOUNTS_PER_MINUTE)

    def key(self, request: Request) -> str:
        return f"demo:{client_address(request)}"


def client_address(request: Request | HttpRequest) -> str:
    """Return the address of the client: what the TLS proxy in front reports, else the connection's own."""
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", "")) if settings.TLS_PROXY else ""
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
