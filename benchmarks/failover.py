"""Failover: how long orders go unanswered when the active engine is killed, or suspended, and another stands by.

Run with `python -m benchmarks failover`; FAILOVER_ORDERS changes the size of the book.
"""

import os
import random
import signal
import statistics
import subprocess
import time
from threading import Event
from typing import TYPE_CHECKING, Any

from benchmarks.durable import wait_until_served
from benchmarks.environment import start_engine, wait_for
from benchmarks.figures import make_market, make_traders
from benchmarks.recovery import fill, resting

if TYPE_CHECKING:
    from concurrent.futures import Future

    from exchange.models import Market, User
    from matching.messages import Reply

SEED = 20_240_802
USERS = 100
OPEN_ORDERS = int(os.environ.get("FAILOVER_ORDERS") or 100_000)
TRIES = 5
EVERY_S = 0.02
TIMEOUT_S = 1.0
PATIENCE_S = 30.0
SETTLED_IN_S = 5.0  # until a fresh standby has read the book
WORKLOAD = (
    f"seed {SEED}: a market with {OPEN_ORDERS:,} open orders, two engine processes; the active one gets SIGKILL, or "
    f"SIGSTOP and, when the other serves, SIGCONT; an order is sent every {EVERY_S * 1_000:.0f} ms; from the signal to "
    f"the first answer to an order sent after it; {TRIES} tries each, the slowest counts; {PATIENCE_S:.0f} s mean never"
)


def run() -> dict[str, Any]:
    """Measure; every order that was answered must be stored."""
    import django

    django.setup()
    market = make_market()
    users = make_traders(market, USERS)
    rnd = random.Random(SEED)
    fill(market, users, rnd, OPEN_ORDERS)
    engines = [start_engine(market.slug)]
    try:
        wait_until_served(market)
        engines.append(start_engine(market.slug))
        times = {
            name: [_fail_over(market, users, rnd, engines, number) for _ in range(TRIES)]
            for name, number in (("kill", signal.SIGKILL), ("stop", signal.SIGSTOP))
        }
    finally:
        for engine in engines:
            engine.send_signal(signal.SIGCONT)
            engine.terminate()
        for engine in engines:
            engine.wait(30)
    return {
        "failover_kill_s": max(times["kill"]),
        "failover_stop_s": max(times["stop"]),
        "failover_kill_median_s": statistics.median(times["kill"]),
        "failover_stop_median_s": statistics.median(times["stop"]),
        "workload": WORKLOAD,
        "tries": [{"signal": name, "seconds": "  ".join(map(str, seconds))} for name, seconds in times.items()],
    }


def _fail_over(
    market: "Market",
    users: "list[User]",
    rnd: random.Random,
    engines: "list[subprocess.Popen[bytes]]",
    number: signal.Signals,
) -> float:
    """Hit the active engine; return the seconds to the first answer, with two engines running again."""
    _holder(market)
    time.sleep(SETTLED_IN_S)
    active = next(engine for engine in engines if engine.pid == _holder(market))
    probe = _Probe(market, users, rnd)
    active.send_signal(number)
    seconds = probe.run()
    if number == signal.SIGKILL:
        active.wait()
        engines[engines.index(active)] = start_engine(market.slug)
    else:
        active.send_signal(signal.SIGCONT)
    return seconds


class _Probe:
    """Orders one after the other, none of which waits for another, until one is answered."""

    def __init__(self, market: "Market", users: "list[User]", rnd: random.Random) -> None:
        self._slug, self._users, self._random = market.slug, users, rnd
        self._answered = Event()
        self._first_s = PATIENCE_S

    def run(self) -> float:
        """Return the seconds from now to the first order that was executed."""
        from orders.gateway import gateway

        self._began = time.perf_counter()
        while not self._answered.wait(EVERY_S) and time.perf_counter() - self._began < PATIENCE_S:
            order = resting(self._users, self._random)
            gateway().submit(self._slug, order, timeout_s=TIMEOUT_S).add_done_callback(self._done)
        return round(self._first_s, 3)

    def _done(self, future: "Future[Reply]") -> None:
        from matching.messages import ReplyStatus

        if future.exception() is None and future.result().status is ReplyStatus.EXECUTED:
            self._first_s = min(self._first_s, time.perf_counter() - self._began)
            self._answered.set()


def _holder(market: "Market") -> int:
    """Return the process that serves the market, once another one stands by with a warm book (`manage.py engines`)."""
    from operations.engines.selectors import engine_fleet

    found: list[int] = []

    def is_known() -> bool:
        served = next(each for each in engine_fleet().markets if each.symbol == market.symbol)
        found[:] = [served.holder["pid"]] if served.holder and served.warm_standbys else []
        return bool(found)

    wait_for("an engine and its standby", is_known)
    return found[0]
