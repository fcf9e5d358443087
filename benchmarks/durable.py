"""Orders through the gateway and an engine process to their commit and back: one market, a number always in flight.

Run with `python -m benchmarks durable`. The load runs in this process, which is the gateway's, too.
"""

import os
import random
import time
from collections import Counter
from concurrent.futures import Future
from threading import Event
from typing import TYPE_CHECKING, Any

from benchmarks.environment import roles, wait_for
from benchmarks.figures import cpu_seconds, make_market, make_traders, percentiles_ms
from matching.messages import Correlation

if TYPE_CHECKING:
    from exchange.models import Market, User
    from matching.messages import PlaceRequest, Reply

SEED = 20_240_613
USERS = 100
WARM_UP = 3_000
ORDERS = 30_000
IN_FLIGHT = 500
ALSO = ((1, 1_000), (32, 6_000))  # in flight, orders
TIMEOUT_S = 3.0
WORKLOAD = (
    f"seed {SEED}: one market, {USERS} users, {ORDERS:,} orders after {WARM_UP:,} to warm up, {IN_FLIGHT} "
    "always in flight; 80 % limit GTC, 10 % limit IOC, 10 % market; price within 50 ticks of the middle, "
    "either side, so that most trade at once (0.8 trades an order); every second order with a client order id. "
    "Engine, PostgreSQL, Valkey and the load share the machine; a latency runs from submit to the reply, which "
    "follows the commit. The last row is the same while a Celery worker settles the trades; then its backlog "
    "is drained"
)


class Orders:
    """An endless mixed flow of orders."""

    def __init__(self, market: "Market", users: "list[User]") -> None:
        self._random = random.Random(SEED)
        self._user_ids = [user.pk.bytes for user in users]
        self._tag = f"{market.pk}-{os.getpid()}"
        self._count = 0

    def next(self) -> "PlaceRequest":
        """Return a request whose deadline counts from now."""
        from base.ids import uuid7
        from matching.messages import PlaceRequest

        self._count += 1
        rnd = self._random
        draw = rnd.random()
        kind, time_in_force = (1, 1) if draw < 0.8 else (1, 2) if draw < 0.9 else (2, 2)
        price = 10_000 + rnd.randint(-50, 50) if kind == 1 else 0
        client_id = f"{self._tag}:{self._count}" if self._count % 2 else None
        deadline_ms = int((time.time() + TIMEOUT_S) * 1_000)
        return PlaceRequest(
            Correlation("", 0),
            deadline_ms,
            uuid7().bytes,
            rnd.choice(self._user_ids),
            rnd.choice((1, 2)),
            kind,
            time_in_force,
            False,
            price,
            rnd.randint(1, 2_000),
            0,
            client_id,
            b"benchmark-digest",
        )


class Load:
    """A closed loop: whenever an answer comes in, the next order leaves."""

    def __init__(self, market: "Market", orders: Orders, engine_pid: int) -> None:
        from orders.gateway import gateway

        self._gateway = gateway()
        self._engine_pid = engine_pid
        self._slug = market.slug
        self._orders = orders

    def run(self, total: int, in_flight: int) -> dict[str, Any]:
        """Place `total` orders and return rate, latencies and how the orders ended."""
        self._left, self._unanswered = total, total
        self._latencies: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._done = Event()
        cpu_before = cpu_seconds(os.getpid()), cpu_seconds(self._engine_pid)
        began = time.perf_counter()
        for _ in range(min(in_flight, total)):
            self._submit()
        assert self._done.wait(timeout=120), "Invariant: every order is answered"
        elapsed_s = time.perf_counter() - began
        cpu_after = cpu_seconds(os.getpid()), cpu_seconds(self._engine_pid)
        gateway_us, engine_us = (
            round((after - before) / total * 1e6) for before, after in zip(cpu_before, cpu_after, strict=True)
        )
        return {
            "in_flight": in_flight,
            "orders": total,
            "orders_per_s": round(total / elapsed_s),
            "ms": percentiles_ms(self._latencies),
            "cpu_us_per_order": {"load_and_gateway": gateway_us, "engine": engine_us},
            "outcomes": dict(self._outcomes.most_common()),
        }

    def _submit(self) -> None:
        self._left -= 1
        began = time.perf_counter()
        future = self._gateway.submit(self._slug, self._orders.next(), timeout_s=TIMEOUT_S)
        future.add_done_callback(lambda answered: self._answered(answered, began))

    def _answered(self, future: "Future[Reply]", began: float) -> None:
        """Run on the gateway's loop, one at a time."""
        self._latencies.append(time.perf_counter() - began)
        error = future.exception()
        reply = None if error else future.result()
        self._outcomes[reply.code or reply.status.name if reply else type(error).__name__] += 1
        self._unanswered -= 1
        if self._left > 0:
            self._submit()
        elif self._unanswered == 0:
            self._done.set()


def run() -> dict[str, Any]:
    """Measure, then check that exactly what was answered is stored and that the ledger adds up."""
    import django

    django.setup()
    from orders.models import Order
    from settlement.selectors import ledger_imbalances

    market = make_market()
    orders = Orders(market, make_traders(market, USERS))
    with roles("engine") as running:
        wait_until_served(market)
        load = Load(market, orders, running["engine"].pid)
        warm = load.run(WARM_UP, 100)
        rows = [load.run(total, in_flight) for in_flight, total in ALSO]
        main = load.run(ORDERS, IN_FLIGHT)
        with roles("worker"):
            settling = load.run(ORDERS, IN_FLIGHT) | {"while": "settling"}
            began = time.perf_counter()
            wait_until_settled(market)
            drained_s = time.perf_counter() - began
    rows = [*rows, main, settling]
    answers = sum((Counter(row["outcomes"]) for row in (warm, *rows)), Counter[str]())
    stored = Order.objects.filter(market=market).count()
    reached = sum(answers[name] for name in ("EXECUTED", "INSUFFICIENT_LIQUIDITY", "SELF_TRADE"))
    assert stored == reached, f"Invariant: what reached the engine is stored: {stored}, {answers}"
    assert ledger_imbalances() == [], "Invariant: no coin appears or disappears"
    return {
        "durable_orders_per_s": main["orders_per_s"],
        "durable_p50_ms": main["ms"]["p50"],
        "durable_p99_ms": main["ms"]["p99"],
        "durable_max_ms": main["ms"]["max"],
        "workload": WORKLOAD,
        "rows": rows,
        "backlog_drained_s": round(drained_s, 1),
    }


def wait_until_served(market: "Market") -> None:
    """Wait for the heartbeat of the market's engine."""
    from base.valkey import valkey
    from matching.messages import heartbeat_key

    wait_for(f"the engine of {market.slug}", lambda: bool(valkey().exists(heartbeat_key(market.slug))))


def wait_until_settled(market: "Market") -> None:
    """Wait until the worker has settled everything that was traded."""
    from orders.models import Trade

    waiting = Trade.objects.filter(market=market, settlement_status__in=("pending", "retrying"))
    wait_for("settlement of every trade", lambda: not waiting.exists(), timeout_s=120, pause_s=0.2)
