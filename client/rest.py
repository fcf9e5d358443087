"""The exchange as its clients see it: REST over kept-alive connections, logins that are renewed, requests repeated.

A request is repeated when the exchange could not take it (429, 503), did not confirm it (504) or the connection broke.
An order carries a client order id, so a repeat asks for the first order if there is one and places it if there is none.
"""

import contextlib
import random
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

CONNECT_AND_READ_S = 10.0
PATIENCE_S = 30.0  # how long one request is repeated
_REPEATED = frozenset({429, 502, 503, 504})
_PAUSE_S, _PAUSE_MAX_S = 0.05, 1.0


class ExchangeUnreachableError(Exception):
    """A request had no final answer for PATIENCE_S."""


class Answer(NamedTuple):
    """A final answer. `code` is empty on success; `wait_s` is what a refusal asks us to wait."""

    status: int
    data: dict[str, Any]
    code: str = ""
    wait_s: float = 0.0
    repeats: int = 0


class Endpoint(NamedTuple):
    """Where the exchange listens: an absolute URL in parts."""

    is_tls: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def parse(cls, url: str) -> "Endpoint":
        """Parse a URL. Raises ValueError unless it is http or https."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is not an http:// or https:// address")
        is_tls = parts.scheme == "https"
        return cls(is_tls, parts.hostname, parts.port or (443 if is_tls else 80), parts.path.rstrip("/"))


class Connection:
    """One kept-alive connection; opened again after it broke. For one thread."""

    def __init__(self, endpoint: Endpoint, timeout_s: float = CONNECT_AND_READ_S) -> None:
        self._endpoint = endpoint
        kind = HTTPSConnection if endpoint.is_tls else HTTPConnection
        self._http = kind(endpoint.host, endpoint.port, timeout=timeout_s)

    def send(self, method: str, path: str, body: dict[str, Any] | None, token: str | None) -> Answer | None:
        """Return the answer, or None when the connection broke before there was one."""
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        payload = None if body is None else orjson.dumps(body)
        try:
            self._http.request(method, self._endpoint.prefix + path, payload, headers)
            response = self._http.getresponse()
            return _answer(response.status, response.read(), response.getheader("Retry-After"))
        except (OSError, HTTPException):
            self.close()
            return None

    def close(self) -> None:
        self._http.close()


class Session:
    """One user's login, shared by all connections: renewed before it ends, by one thread at a time."""

    def __init__(self, username: str, password: str) -> None:
        self.username = username
        self._password = password
        self._lock = Lock()
        self._access = ""
        self._refresh = ""
        self._renew_at = 0.0

    def token(self, connection: Connection) -> str:
        """Return a token that is good for a while yet. Raises ExchangeUnreachableError, PermissionError."""
        with self._lock:
            if time.monotonic() >= self._renew_at:
                self._renew(connection)
            return self._access

    def expire(self, token: str) -> None:
        """Say that a token was refused, so that the next call of `token` renews it."""
        with self._lock:
            if token == self._access:
                self._renew_at = 0.0

    def _renew(self, connection: Connection) -> None:
        answer = None
        if self._refresh:
            answer = repeat(
                lambda: connection.send("POST", "/api/v1/auth/token/refresh", {"refresh": self._refresh}, None)
            )
        if answer is None or answer.code:
            login = {"username": self.username, "password": self._password}
            answer = repeat(lambda: connection.send("POST", "/api/v1/auth/token", login, None))
        if answer.code:
            raise PermissionError(f"{self.username} cannot log in: {answer.code}")
        self._access, self._refresh = answer.data["access"], answer.data["refresh"]
        self._renew_at = time.monotonic() + 0.8 * answer.data["expires_in"]


class Trader:
    """Orders of one user over one connection; every call returns the final answer."""

    def __init__(self, connection: Connection, session: Session) -> None:
        self._connection = connection
        self._session = session

    def place(self, order: dict[str, Any]) -> Answer:
        """Place an order once, however often it is sent: it must carry a client_order_id."""
        assert order["client_order_id"], "Invariant: what may be repeated has a client order id"
        return self._call("POST", "/api/v1/orders", order)

    def amend(self, order_id: str, quantity: int) -> Answer:
        """Set an order's total quantity; setting it twice changes nothing more."""
        return self._call("PATCH", f"/api/v1/orders/{order_id}", {"quantity": str(quantity)})

    def cancel(self, order_id: str) -> Answer:
        """Cancel an order. If only a repeat learns that it is not open, the first request may have cancelled it."""
        answer = self._call("DELETE", f"/api/v1/orders/{order_id}")
        if answer.code == "ORDER_NOT_CANCELLABLE" and answer.repeats:
            found = self._call("GET", f"/api/v1/orders/{order_id}")
            if found.data.get("status") == "cancelled":
                return Answer(200, {"order": found.data}, repeats=answer.repeats)
        return answer

    def open_orders(self, symbol: str) -> list[str]:
        """Return the ids of up to 1,000 open orders in a market."""
        query = f"symbol={symbol}&status=open,partially_filled&limit=1000"
        answer = self._call("GET", f"/api/v1/orders?{query}")
        if answer.code:
            raise ExchangeUnreachableError(f"open orders of {self._session.username}: {answer.code}")
        return [order["id"] for order in answer.data["list"]]

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
        return repeat(lambda: self._authorized(method, path, body))

    def _authorized(self, method: str, path: str, body: dict[str, Any] | None) -> Answer | None:
        token = self._session.token(self._connection)
        answer = self._connection.send(method, path, body, token)
        if answer is not None and answer.status == 401:
            self._session.expire(token)
            return None
        return answer


def repeat(send: Callable[[], Answer | None]) -> Answer:
    """Send until there is a final answer; back off exponentially with jitter, or as long as the exchange asks.

    Raises ExchangeUnreachableError after PATIENCE_S.
    """
    give_up_at, pause_s, repeats = time.monotonic() + PATIENCE_S, _PAUSE_S, 0
    while True:
        answer = send()
        if answer is not None and answer.status not in _REPEATED:
            return answer._replace(repeats=repeats)
        if time.monotonic() > give_up_at:
            reason = answer.code if answer else "the connection breaks"
            raise ExchangeUnreachableError(f"no final answer for {PATIENCE_S:.0f} s: {reason}")
        time.sleep(min(answer.wait_s, 5.0) if answer and answer.wait_s else pause_s * random.uniform(0.5, 1))
        pause_s = min(2 * pause_s, _PAUSE_MAX_S)
        repeats += 1


def _answer(status: int, body: bytes, retry_after: str | None) -> Answer:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = {}
    document = document if isinstance(document, dict) else {}
    if status < 400:
        data = document.get("data")
        return Answer(status, data if isinstance(data, dict) else {"list": data})
    error = document.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    wait_s = 0.0
    with contextlib.suppress(ValueError, TypeError):
        wait_s = float(retry_after or 0)
    return Answer(status, {}, str(code or f"HTTP_{status}"), wait_s)
