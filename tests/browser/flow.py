"""A market for the pages to show: two accounts quote and trade over REST, as anybody could."""

import random
import threading
from decimal import Decimal

from tests.launcher.running import RunningExchange

CENTRE = Decimal("65000.00")
LEVELS = 30


def quote_book(exchange: RunningExchange, rng: random.Random) -> None:
    """Let the maker quote both sides of BTC/USDT around 65,000, 10 and more away from it."""
    for side, sign in (("buy", -1), ("sell", 1)):
        prices = [CENTRE + sign * (10 + 5 * Decimal(level)) for level in range(LEVELS)]
        orders = [
            {
                "symbol": "BTC/USDT", "side": side, "type": "limit", "price": str(price),
                "quantity": str(Decimal(rng.randint(200, 40_000)) / 100_000),
            }
            for price in prices
        ]  # fmt: skip
        status, answer = exchange.call("POST", "/api/v1/orders/batch", {"orders": orders}, "maker")
        assert status == 200, answer
        assert all(result["success"] for result in answer["data"]["results"]), answer


def trade_once(exchange: RunningExchange, rng: random.Random) -> None:
    """Let the taker hit a side, and the maker quote again what was taken."""
    side = rng.choice(["buy", "sell"])
    quantity = str(Decimal(rng.randint(10, 30_000)) / 100_000)
    order = {"symbol": "BTC/USDT", "side": side, "type": "market", "quantity": quantity}
    status, answer = exchange.call("POST", "/api/v1/orders", order, "taker")
    assert status == 201, answer
    for trade in answer["data"]["trades"]:
        price = Decimal(trade["price"]) + Decimal(rng.randint(-200, 200)) / 100
        status, again = exchange.place(
            "maker", side="sell" if side == "buy" else "buy", price=str(price), quantity=trade["quantity"]
        )
        assert status in (201, 400), again  # too small for an order by itself, or meeting one of its own


class Flow:
    """Trades in a thread of its own until the block ends, `pause_s` apart."""

    def __init__(self, exchange: RunningExchange, seed: int, pause_s: float) -> None:
        self._exchange, self._rng, self._pause_s = exchange, random.Random(seed), pause_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.trades = 0

    def __enter__(self) -> "Flow":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(15)

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            trade_once(self._exchange, self._rng)
            self.trades += 1
