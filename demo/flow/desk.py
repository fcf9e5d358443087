"""One user over HTTP. Every call either succeeds or says how long to pause."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from base.scaling import plain
from base.symbols import slug_of
from client.rest import Answer, Connection, Endpoint, ExchangeUnreachableError, Session
from demo.flow.ladder import Move, OpenOrder, Pair

__all__ = ["AwayError", "Desk", "RefusedError"]

CALL_S = 5.0
ORDERS_MAX = 1_000
_AWAY = frozenset({"RATE_LIMITED", "SERVICE_UNAVAILABLE", "WALLET_UNAVAILABLE", "INTERNAL_ERROR"})


class AwayError(Exception):
    """The exchange does not answer, or has asked for a pause of `wait_s`."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class RefusedError(Exception):
    """The exchange refuses this one request."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Desk:
    """One user over one connection, for one thread; counts its `answers`. Raises AwayError, RefusedError."""

    def __init__(self, endpoint: Endpoint, username: str, password: str, timeout_s: float = CALL_S) -> None:
        self.username = username
        self.answers = 0
        self._connection = Connection(endpoint, timeout_s)
        self._session = Session(username, password)

    def hang_up(self) -> None:
        """Close the connection, whatever is under way on it; the next call opens another."""
        self._connection.close()

    def markets(self) -> list[dict[str, Any]]:
        """Return all markets as they are now."""
        found: list[dict[str, Any]] = self._public("/api/v1/markets?limit=1000")["list"]
        return found

    def last_price(self, pair: Pair) -> float | None:
        """Return the price of a market's last trade, None before the first."""
        last = self._public(f"/api/v1/markets/{slug_of(pair.symbol)}/ticker")["last"]
        return float(last) if last else None

    def stocks(self) -> dict[str, Decimal]:
        """Return what the user has of each asset, held or not."""
        return {row["asset"]: Decimal(row["total"]) for row in self._own("GET", "/api/v1/balances?limit=1000")["list"]}

    def open_orders(self, pair: Pair) -> list[OpenOrder]:
        """Return the user's orders in the book of a market, the newest ORDERS_MAX."""
        query = f"symbol={slug_of(pair.symbol)}&status=open,partially_filled&limit={ORDERS_MAX}"
        return [OpenOrder.of(order, pair) for order in self._own("GET", f"/api/v1/orders?{query}")["list"]]

    def place(self, order: dict[str, Any]) -> int:
        """Place an order and return how many trades it made."""
        return len(self._own("POST", "/api/v1/orders", order)["trades"])

    def place_several(self, orders: Iterable[dict[str, Any]]) -> int:
        """Place up to 100 orders of one market and return how many were taken. Raises the first refusal if none was."""
        results = self._own("POST", "/api/v1/orders/batch", {"orders": list(orders)})["results"]
        refused = [result["error"]["code"] for result in results if not result["success"]]
        if refused and len(refused) == len(results):
            raise RefusedError(refused[0])
        return len(results) - len(refused)

    def move(self, pair: Pair, move: Move) -> None:
        """Give an order another price and what is then left of it another quantity."""
        terms = {"price": pair.price_text(move.ticks), "quantity": plain(move.order.filled + move.quantity)}
        self._own("PATCH", f"/api/v1/orders/{move.order.id}", terms)

    def cancel(self, order: OpenOrder) -> None:
        self._own("DELETE", f"/api/v1/orders/{order.id}")

    def cancel_all(self) -> int:
        """Cancel all orders of the user and return how many there were."""
        return int(self._own("DELETE", "/api/v1/orders")["cancelled"])

    def cancel_after(self, timeout_s: float) -> None:
        """Have all orders of the user cancelled in so many seconds, unless this is called again before."""
        self._own("POST", "/api/v1/orders/cancel-after", {"timeout_ms": int(timeout_s * 1000)})

    def _public(self, path: str) -> dict[str, Any]:
        return self._data(self._connection.send("GET", path, None, None))

    def _own(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            token = self._session.token(self._connection)
        except (ExchangeUnreachableError, PermissionError) as error:
            raise AwayError(str(error)) from error
        answer = self._connection.send(method, path, body, token)
        if answer is not None and answer.status == 401:
            self._session.expire(token)
            raise AwayError(answer.code)
        return self._data(answer)

    def _data(self, answer: Answer | None) -> dict[str, Any]:
        if answer is None:
            raise AwayError("no answer")
        if answer.code in _AWAY or answer.code.startswith("HTTP_"):
            raise AwayError(answer.code, answer.wait_s)
        self.answers += 1
        if answer.code:
            raise RefusedError(answer.code)
        return answer.data
