"""Trades at a steady rate: a maker's order and one that takes it, again and again, around a book of some depth."""

import random
import time
from collections import Counter
from concurrent.futures import Future
from typing import TYPE_CHECKING

from matching.messages import Correlation

if TYPE_CHECKING:
    from exchange.models import Market, User
    from matching.messages import Reply

DEPTH = 100  # levels on each side that nobody trades with
TICK_S = 0.02
TIMEOUT_S = 10.0
BUY, SELL, LIMIT, GTC, IOC = 1, 2, 1, 1, 2


class Flow:
    """Places orders through this process's gateway, whatever becomes of the last ones."""

    def __init__(self, market: "Market", users: "list[User]", seed: int) -> None:
        from orders.gateway import gateway

        self._gateway = gateway()
        self._slug = market.slug
        self._users = [user.pk.bytes for user in users]
        self._random = random.Random(seed)
        self._open: list[Future[Reply]] = []
        self.outcomes: Counter[str] = Counter()

    def deepen(self) -> None:
        """Make the book deep on both sides."""
        for level in range(1, DEPTH + 1):
            self._place(BUY, 10_000 - 10 * level, self._random.randint(1, 5_000), GTC)
            self._place(SELL, 10_000 + 10 * level, self._random.randint(1, 5_000), GTC)
        self._wait()

    def run(self, trades_per_s: int, seconds: float) -> None:
        """Trade; each pair is one trade, and some makers' orders stay a moment longer."""
        began, placed = time.monotonic(), 0
        while (elapsed := time.monotonic() - began) < seconds:
            for _ in range(int(elapsed * trades_per_s) - placed):
                placed += 1
                price, lots = 10_000 + self._random.randint(-9, 9), self._random.randint(1, 500)
                self._place(SELL, price, lots, GTC)
                self._place(BUY, 10_009, lots, IOC)
            time.sleep(TICK_S)
        self._wait()

    def _place(self, side: int, price: int, lots: int, time_in_force: int) -> None:
        from base.ids import uuid7
        from matching.messages import PlaceRequest

        deadline_ms = int((time.time() + TIMEOUT_S) * 1_000)
        request = PlaceRequest(
            Correlation("", 0),
            deadline_ms,
            uuid7().bytes,
            self._random.choice(self._users),
            side,
            LIMIT,
            time_in_force,
            False,
            price,
            lots,
            0,
            None,
            b"load",
        )
        self._open.append(self._gateway.submit(self._slug, request, timeout_s=TIMEOUT_S))

    def _wait(self) -> None:
        for future in self._open:
            reply = None if future.exception() else future.result()
            self.outcomes[reply.code or reply.status.name if reply else type(future.exception()).__name__] += 1
        self._open.clear()
