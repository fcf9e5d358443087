"""A backlog of pending trades that drains while trading goes on: does it delay orders, does anything deadlock?

Run with `python -m benchmarks backlog`; BACKLOG_TRADES and BACKLOG_RATE change its size. Load, engine, Celery worker
and servers share the machine.
"""

import os
import time
from collections import Counter
from concurrent.futures import Future
from functools import partial
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from benchmarks.durable import Load, Orders, wait_until_served, wait_until_settled
from benchmarks.environment import roles, wait_for
from benchmarks.figures import cpu_seconds, make_market, make_traders, percentiles_ms

if TYPE_CHECKING:
    import subprocess

    from celery.app.control import Control

    from exchange.models import Market
    from matching.messages import Reply

BACKLOG_TRADES = int(os.environ.get("BACKLOG_TRADES") or 100_000)
RATE_PER_S = int(os.environ.get("BACKLOG_RATE") or 500)
CALM_S = 20.0
USERS = 100
TICK_S = 0.005
TIMEOUT_S = 5.0
PATIENCE_S = 600.0
WORKLOAD = (
    f"{RATE_PER_S:,} orders/s at even intervals, of the mix of `durable`, first while nothing waits for settlement "
    f"({CALM_S:.0f} s), then while a Celery worker drains {BACKLOG_TRADES:,} pending trades of the same market and "
    f"{USERS} users, then in calm again; in each case the worker settles the new trades, too. A latency runs from the "
    "moment an order was due to leave until the reply, which follows the commit; p99 of the drain to that of the calm "
    "before and after it. Then the accounts, the trades and the server's count of deadlocks are looked at"
)


class Steady:
    """Orders at a fixed rate, whatever the answers do, until it is told to stop."""

    def __init__(self, market: "Market", orders: Orders) -> None:
        self._market = market
        self._orders = orders
        self._stop = Event()
        self._thread = Thread(target=self._run, name="steady-load")
        self._latencies: list[float] = []
        self._outcomes: Counter[str] = Counter()
        self._sent = 0

    def __enter__(self) -> "Steady":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        wait_for("the last answers", lambda: len(self._latencies) == self._sent, timeout_s=2 * TIMEOUT_S)

    def figures(self) -> dict[str, Any]:
        """Return the latencies and how the orders ended, once the block has ended."""
        return {"orders": self._sent, "ms": percentiles_ms(self._latencies), "outcomes": dict(self._outcomes)}

    def _run(self) -> None:
        from orders.gateway import gateway

        link, began = gateway(), time.perf_counter()
        while not self._stop.wait(TICK_S):
            due = int((time.perf_counter() - began) * RATE_PER_S)
            while self._sent < due:
                self._sent += 1
                future = link.submit(self._market.slug, self._orders.next(), timeout_s=TIMEOUT_S)
                left = began + self._sent / RATE_PER_S
                future.add_done_callback(partial(self._answered, left))

    def _answered(self, left: float, future: "Future[Reply]") -> None:
        error = future.exception()
        reply = None if error else future.result()
        self._outcomes[reply.code or reply.status.name if reply else type(error).__name__] += 1
        self._latencies.append(time.perf_counter() - left)


def run() -> dict[str, Any]:
    """Measure; then nothing may be unsettled, out of balance, deadlocked or dead-lettered."""
    import django

    django.setup()
    market = make_market()
    orders = Orders(market, make_traders(market, USERS))
    deadlocks = _deadlocks()
    with roles("engine") as running:
        wait_until_served(market)
        load = Load(market, orders, running["engine"].pid)
        load.run(3_000, 100)  # to warm up
        with roles("worker", "beat") as workers:
            wait_for("the Celery worker", lambda: bool(_control().ping(timeout=0.5)))
            before = _calm(market, orders)
            _control().cancel_consumer("settlement", reply=True)
            while (missing := BACKLOG_TRADES - _pending(market)) > 0:
                load.run(max(1_000, min(20_000, missing)), 500)
            drain = _drain(market, orders, workers["worker"])
            after = _calm(market, orders)
    _assert_all_is_well(deadlocks)
    calm_p99 = (before["ms"]["p99"] + after["ms"]["p99"]) / 2
    return {
        "backlog_drain_trades_per_s": drain["trades_per_s"],
        "backlog_p99_ratio": round(drain["ms"]["p99"] / calm_p99, 2),
        "backlog_deadlocks": _deadlocks() - deadlocks,
        "workload": WORKLOAD,
        "rows": [{"while": "calm"} | before, {"while": "draining"} | drain, {"while": "calm again"} | after],
    }


def _calm(market: "Market", orders: Orders) -> dict[str, Any]:
    wait_until_settled(market)
    with Steady(market, orders) as steady:
        time.sleep(CALM_S)
    wait_until_settled(market)
    return steady.figures()


def _drain(market: "Market", orders: Orders, worker: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """Let the worker begin and trade on until what waits now is settled."""
    from orders.models import Trade

    total, cpu = _pending(market), _worker_cpu(worker.pid)
    newest = Trade.objects.filter(market=market).order_by("-id").values_list("id", flat=True)[0]
    waiting = Trade.objects.filter(market=market, settlement_status__in=("pending", "retrying"), id__lte=newest)
    with Steady(market, orders) as steady:
        began = time.perf_counter()
        _control().add_consumer("settlement", reply=True)
        wait_for("the drain", lambda: not waiting.exists(), timeout_s=PATIENCE_S, pause_s=0.5)
        elapsed_s = time.perf_counter() - began
    return {
        "trades_per_s": round(total / elapsed_s),
        "backlog": total,
        "drained_s": round(elapsed_s, 1),
        "worker_cpu": round((_worker_cpu(worker.pid) - cpu) / elapsed_s, 2),
    } | steady.figures()


def _control() -> "Control":
    from config.celery import app

    return app.control


def _worker_cpu(pid: int) -> float:
    from pathlib import Path

    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(cpu_seconds(int(child)) for child in [str(pid), *children])


def _pending(market: "Market") -> int:
    from orders.models import Trade

    return Trade.objects.filter(market=market, settlement_status="pending").count()


def _deadlocks() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def _assert_all_is_well(deadlocks: int) -> None:
    from settlement.models import FailedSettlement
    from settlement.selectors import ledger_imbalances

    assert ledger_imbalances() == [], "Invariant: no coin appears or disappears"
    assert not FailedSettlement.objects.exists(), "Invariant: no settlement fails in a benchmark"
    assert _deadlocks() == deadlocks, "Invariant: nothing deadlocks"
