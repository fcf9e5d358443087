"""Clients over REST: each trades for one account, keeps a diary, and asks again when it got no answer."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.chaos import wishes
from tests.chaos.connections import Session
from tests.chaos.diary import Entry

OPEN_MAX = 30
_FINAL = ("filled", "cancelled", "rejected", "expired")


class Trader(threading.Thread):
    """One client. `running` pauses it: it finishes what it is at, then `is_idle` is set."""

    def __init__(
        self, session: Session, seed: int, running: threading.Event, rate: float
    ) -> None:  # fmt: skip
        super().__init__(name=(name := session.name), daemon=True)
        self.is_idle = threading.Event()
        self.failure: BaseException | None = None
        self._rng = random.Random(f"{seed} {name}")
        self._session = session
        self._twin = self._session
        self._running = running
        self._rate = rate
        self._ended = threading.Event()
        self._count = 0
        self._run_id = f"{seed:x}"
        self._open: dict[str, dict[str, Any]] = {}
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"{name} twin")

    def end(self) -> None:
        """Stop for good."""
        self._ended.set()
        self._running.set()

    def run(self) -> None:
        try:
            while not self._ended.is_set():
                if not self._running.is_set():
                    self.is_idle.set()
                    self._running.wait()
                    self.is_idle.clear()
                    continue
                self._act()
                self._ended.wait(self._rng.expovariate(self._rate))
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self.is_idle.set()
            self._session.close()
            self._pool.shutdown()

    # --- what it does -----------------------------------------------------------------------------

    def _act(self) -> None:
        if len(self._open) > OPEN_MAX:
            (self._cancel_all if self._rng.random() < 0.1 else self._cancel)()
            return
        actions = (
            (50, self._place), (6, self._place_twice), (5, self._place_batch), (18, self._cancel), (10, self._amend),
            (0.7, self._cancel_all), (0.4, self._cancel_after), (6, self._read), (0.3, self._refresh),
        )  # fmt: skip
        self._rng.choices([action for _, action in actions], [weight for weight, _ in actions])[0]()

    def _place(self) -> None:
        path, body = wishes.order(self._rng)
        if self._rng.random() < 0.93:
            body["client_order_id"] = self._client_id()
        self._learn(entry := self._session.ask("place", self._endpoint(), "POST", path, body))
        if entry.is_unknown:
            self._resolve(path, body, entry)

    def _place_twice(self) -> None:
        """Send the same order over two connections at once."""
        path, body = wishes.order(self._rng)
        body["client_order_id"] = self._client_id()
        self._twin = self._session.twin()
        other = self._pool.submit(self._twin.ask, "place", self._endpoint(), "POST", path, body)
        entry = self._session.ask("place", self._endpoint(), "POST", path, body)
        self._learn(entry)
        self._learn(second := other.result())
        self._twin.close()
        if entry.is_unknown and second.is_unknown:
            self._resolve(path, body, entry)

    def _place_batch(self) -> None:
        symbol = wishes.any_symbol(self._rng)
        orders: list[wishes.Body] = []
        while len(orders) < 4:
            path, body = wishes.order(self._rng)
            if path.endswith("/orders") and body["symbol"] == symbol:
                orders.append(body | {"client_order_id": self._client_id()})
        endpoint = self._endpoint()
        entry = self._session.ask("batch", endpoint, "POST", "/api/v1/orders/batch", {"orders": orders})
        for result in (entry.data or {}).get("results", []):
            self._learn_order((result.get("data") or {}).get("order"))

    def _resolve(self, path: str, body: dict[str, Any], first: Entry) -> None:
        """Find out what became of an order: by asking for it, by placing it again, or not at all."""
        dice, entry = self._rng.random(), first
        if dice < 0.3 and (order_id := first.details.get("order_id")):
            self._session.ask("look", self._endpoint(), "GET", f"/api/v1/orders/{order_id}", order_id=order_id)
        elif dice < 0.8 and "client_order_id" in body:
            for _ in range(4):
                self._ended.wait(self._rng.uniform(0.05, 0.5))
                entry = self._session.ask("place", self._endpoint(), "POST", path, body)
                self._learn(entry)
                if not entry.is_unknown:
                    return

    def _cancel(self) -> None:
        if order := self._any_open():
            entry = self._ask_about(order, "cancel", "DELETE")
            if entry.status in (200, 409, 404):
                self._open.pop(order["id"], None)

    def _amend(self) -> None:
        order = self._any_open()
        if not order or order["type"] not in ("limit", "stop_limit", "take_profit_limit"):
            return
        change, side = {}, 1 if order["side"] == "buy" else -1
        if self._rng.random() < 0.7:
            change["price"] = wishes.price(order["symbol"], self._rng, -side * self._rng.uniform(-0.0005, 0.004))
        if order["type"] != "limit" and order["status"] == "pending" and self._rng.random() < 0.5:
            change["stop_price"] = wishes.stop_price(order, self._rng)
        if not change or self._rng.random() < 0.4:
            change["quantity"] = wishes.quantity(self._rng, 4.0)
        self._learn(self._ask_about(order, "amend", "PATCH", change))

    def _cancel_all(self) -> None:
        symbol = wishes.any_symbol(self._rng) if self._rng.random() < 0.7 else None
        path = "/api/v1/orders" + (f"?symbol={symbol.replace('/', '-')}" if symbol else "")
        if self._session.ask("cancel_all", self._endpoint(), "DELETE", path, symbol=symbol).status == 200:
            self._open = {key: order for key, order in self._open.items() if symbol and order["symbol"] != symbol}

    def _cancel_after(self) -> None:
        """Set a dead man's switch in one market, and often turn it off again."""
        symbol = wishes.any_symbol(self._rng)
        for timeout_ms in (self._rng.randrange(1_000, 4_000), 0)[: self._rng.choice((1, 2))]:
            body = {"timeout_ms": timeout_ms, "symbol": symbol}
            self._session.ask("cancel_after", self._endpoint(), "POST", "/api/v1/orders/cancel-after", body)
        self._open = {key: order for key, order in self._open.items() if order["symbol"] != symbol}

    def _read(self) -> None:
        slug = wishes.any_symbol(self._rng).replace("/", "-")
        paths = ["/api/v1/balances", f"/api/v1/orderbook/{slug}", "/api/v1/orders?limit=20", "/api/v1/trades?mine=true"]
        self._session.ask("read", self._endpoint(), "GET", self._rng.choice(paths))

    def _refresh(self) -> None:
        self._session.refresh(self._endpoint())

    # --- what it knows ----------------------------------------------------------------------------

    def _ask_about(self, order: dict[str, Any], what: str, method: str, body: dict[str, Any] | None = None) -> Entry:
        path, order_id = f"/api/v1/orders/{order['id']}", order["id"]
        return self._session.ask(what, self._endpoint(), method, path, body, order_id=order_id, symbol=order["symbol"])

    def _learn(self, entry: Entry) -> None:
        data = entry.data or {}
        for order in [data.get("order"), *data.get("orders", [])]:
            self._learn_order(order)

    def _learn_order(self, order: dict[str, Any] | None) -> None:
        if order and order["status"] in _FINAL:
            self._open.pop(order["id"], None)
        elif order:
            self._open[order["id"]] = order

    def _any_open(self) -> dict[str, Any] | None:
        return self._rng.choice(list(self._open.values())) if self._open else None

    def _client_id(self) -> str:
        self._count += 1
        return f"{self.name}-{self._run_id}-{self._count}"

    def _endpoint(self) -> str:
        return "api" if self._rng.random() < 0.7 else "web"


def idle_within(traders: list[Trader], timeout_s: float) -> None:
    """Wait until all have finished what they are at; raises what ended one of them."""
    deadline = time.monotonic() + timeout_s
    for trader in traders:
        if not trader.is_idle.wait(max(0.0, deadline - time.monotonic())):
            raise TimeoutError(f"{trader.name} did not come to rest")
        if trader.failure:
            raise RuntimeError(f"{trader.name} failed") from trader.failure
