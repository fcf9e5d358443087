"""The limits that views name in `throttle_classes`. How a caller stands with them is in every answer's headers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from base.addresses import caller_of
from base.refused import REFUSED
from base.throttling.counts import Standing, stand
from base.throttling.logins import login_wait_s

if TYPE_CHECKING:
    from rest_framework.views import APIView

API_KEYS_PER_MINUTE = 20
PORTFOLIOS_PER_SECOND = 10
ROWS_OF_WEIGHT_ONE = 50
WEIGHT_OF_FILE = 50
"""A list as a file: up to 100,000 rows, read a thousand at a time."""


class WindowThrottle(BaseThrottle):
    """At most `rate()` requests per `window_s` seconds and `key(request)`; one may count as several."""

    limit: ClassVar[str]
    """What it is called where refusals are counted."""
    window_s: ClassVar[int]
    rate: Callable[[], int]

    def key(self, request: Request) -> str:
        raise NotImplementedError

    def cost(self, request: Request) -> int:
        return 1

    def allow_request(self, request: Request, view: "APIView") -> bool:
        standing = stand(f"{self.limit}:{self.key(request)}", self.window_s, type(self).rate(), self.cost(request))
        return self.judge(request, standing)

    def judge(self, request: Request, standing: Standing) -> bool:
        """Note how the caller stands, for the answer's headers, and return whether that is within the limit."""
        self._wait_s = standing.reset_s
        request._request.rate_standing = standing  # type: ignore[attr-defined]  # ours, on Django's request
        if not standing.is_within:
            REFUSED.labels(self.limit).inc()
        return standing.is_within

    def wait(self) -> float:
        return self._wait_s


class WeightThrottle(WindowThrottle):
    """REQUEST_WEIGHT_PER_MINUTE, per address, and once it is known per account: for whatever has no limit of its own.

    A view says by `weight` what a request costs; a list costs one for each ROWS_OF_WEIGHT_ONE rows that it may have.
    """

    limit = "weight"
    window_s = 60
    rate = staticmethod(lambda: settings.REQUEST_WEIGHT_PER_MINUTE)

    def allow_request(self, request: Request, view: "APIView") -> bool:
        weight, rate = _weight(request, view), type(self).rate()
        of_address = stand(f"weight:address:{address_of(request)}", self.window_s, rate, weight)
        if request.user.is_anonymous or not of_address.is_within:
            return self.judge(request, of_address)
        of_account = stand(f"weight:account:{request.user.pk}", self.window_s, rate, weight)
        return self.judge(request, min(of_address, of_account, key=lambda standing: standing.remaining))


def _weight(request: Request, view: "APIView") -> int:
    weight: int = getattr(view, "weight", 1)
    if "text/csv" in request.META.get("HTTP_ACCEPT", ""):
        return weight + WEIGHT_OF_FILE
    rows = request.query_params.get("limit", "")
    if len(rows) > 4 or not (rows.isascii() and rows.isdecimal()):
        return weight  # of a list without `limit` as well: its pages are short
    return weight + int(rows) // ROWS_OF_WEIGHT_ONE


class OrderThrottle(WindowThrottle):
    """ORDER_RATE_PER_SECOND for placing and cancelling, per user."""

    limit = "orders"
    window_s = 1
    rate = staticmethod(lambda: settings.ORDER_RATE_PER_SECOND)

    def key(self, request: Request) -> str:
        return str(request.user.pk)


def orders_may_be_sent(user_id: UUID, commands: int) -> bool:
    """Count commands to engines that come by another way than REST; tell whether they are within the same limit."""
    throttle = OrderThrottle
    return stand(f"{throttle.limit}:{user_id}", throttle.window_s, throttle.rate(), commands).is_within


class BatchThrottle(OrderThrottle):
    """The same limit, of which a batch uses as much as its orders would one by one."""

    orders_max = 100  # a longer one is refused for its length, however often it is tried

    def cost(self, request: Request) -> int:
        fields: Any = request.data
        orders = fields.get("orders")
        return max(1, min(len(orders), self.orders_max)) if isinstance(orders, list) else 1


class ApiKeyThrottle(WindowThrottle):
    """For making API keys, per user: each leaves a row and an audit entry."""

    limit = "api-keys"
    window_s = 60
    rate = staticmethod(lambda: API_KEYS_PER_MINUTE)

    def key(self, request: Request) -> str:
        return str(request.user.pk)


class PortfolioThrottle(WindowThrottle):
    """For reading the portfolio, per user: each time trades are counted, and where counting stopped is written."""

    limit = "portfolio"
    window_s = 1
    rate = staticmethod(lambda: PORTFOLIOS_PER_SECOND)

    def key(self, request: Request) -> str:
        return str(request.user.pk)


class LoginThrottle(BaseThrottle):
    """Lets a log-in be tried, or says how long to wait: see `base.throttling.logins`."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        fields: Any = request.data
        self._wait_s = login_wait_s(address_of(request), str(fields.get("username", "")))
        return not self._wait_s

    def wait(self) -> float:
        return self._wait_s


class DemoAccountThrottle(WindowThrottle):
    """DEMO_ACCOUNTS_PER_MINUTE, per address."""

    limit = "demo"
    window_s = 60
    rate = staticmethod(lambda: settings.DEMO_ACCOUNTS_PER_MINUTE)

    def key(self, request: Request) -> str:
        return address_of(request)


def address_of(request: Request | HttpRequest) -> str:
    """Return the address of the client, as limits count it."""
    return caller_of(str(request.META.get("REMOTE_ADDR", "")), str(request.META.get("HTTP_X_FORWARDED_FOR", "")))
