"""Recovery of a large book: how long until a market with 100,000 open orders, or a million, is served again.

Run with `python -m benchmarks recovery` or `recovery_million`. The book is written by the journal itself, batch by
batch. RECOVERY_ORDERS asks for another number of orders.
"""

import os
import random
import resource
import signal
import time
from typing import TYPE_CHECKING, Any

from benchmarks.durable import wait_until_served
from benchmarks.environment import start_engine
from benchmarks.figures import make_market, make_traders
from matching.messages import Correlation

if TYPE_CHECKING:
    from exchange.models import Market, User
    from matching.messages import PlaceRequest
    from matching.processor import MarketProcessor

SEED = 20_240_619
USERS = 100
OPEN_ORDERS = 100_000
MILLION = 1_000_000
BATCH = 2_000
LEVELS = 5_000  # on each side
ATTEMPTS = 3
WORKLOAD = (
    "seed {seed}: {open_orders:,} open orders of {users} users on {levels:,} price levels, written by the journal; "
    "recovery_*_orders_s: in one process, from the start of try_recover to the first committed batch, the slowest of "
    "{attempts}; restart_s: an engine process is ended by SIGKILL and another started at once, to its first reply"
)


def run() -> dict[str, Any]:
    """Fill a book, recover it in this process, then kill and restart a real engine; the books must be the same."""
    result = measure(int(os.environ.get("RECOVERY_ORDERS") or OPEN_ORDERS))
    return {"recovery_100k_orders_s": result.pop("slowest_s"), **result}


def run_million() -> dict[str, Any]:
    """Do the same with a million orders."""
    result = measure(int(os.environ.get("RECOVERY_ORDERS") or MILLION))
    return {"recovery_1m_orders_s": result.pop("slowest_s"), **result}


def measure(open_orders: int) -> dict[str, Any]:
    """Fill a book of so many orders, recover it, kill and restart an engine on it."""
    import django

    django.setup()
    market = make_market()
    users = make_traders(market, USERS)
    rnd = random.Random(SEED)
    state_hash = fill(market, users, rnd, open_orders)
    attempts = [_recover(market, users, rnd) for _ in range(ATTEMPTS)]
    assert attempts[0]["state_hash"] == state_hash, "Invariant: recovery gives the book that was left"
    restart = _restart(market, users, rnd)
    return {
        "slowest_s": max(attempt["served_s"] for attempt in attempts),
        "workload": WORKLOAD.format(
            seed=SEED, open_orders=open_orders, users=USERS, levels=2 * LEVELS, attempts=ATTEMPTS
        ),
        "attempts": attempts,
        **restart,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def fill(market: "Market", users: "list[User]", rnd: random.Random, open_orders: int) -> str:
    processor = make_processor(market)
    assert processor.try_recover() is not None, "Invariant: nobody else serves a new market"
    for start in range(0, open_orders, BATCH):
        outcome = processor.process([resting(users, rnd) for _ in range(BATCH)])
        codes = {reply.code for reply in outcome.replies}
        assert codes == {""}, f"Invariant: all orders of batch {start} rest, not {codes}"
    processor.close()
    recovered = processor.try_recover()
    assert recovered is not None and recovered.open_orders == open_orders, "Invariant: all orders are open"
    processor.close()
    return recovered.state_hash


def _recover(market: "Market", users: "list[User]", rnd: random.Random) -> dict[str, Any]:
    processor = make_processor(market)
    began = time.perf_counter()
    recovered = processor.try_recover()
    recovered_s = time.perf_counter() - began
    assert recovered is not None, "Invariant: the lock was given back"
    processor.process([resting(users, rnd)])
    served_s = time.perf_counter() - began
    processor.close()
    return {
        "open_orders": recovered.open_orders,
        "recovered_s": round(recovered_s, 3),
        "served_s": round(served_s, 3),
        "state_hash": recovered.state_hash,
    }


def _restart(market: "Market", users: "list[User]", rnd: random.Random) -> dict[str, float]:
    first = start_engine(market.slug)
    wait_until_served(market)
    _until_answered(market, users, rnd)
    first.send_signal(signal.SIGKILL)
    killed = time.perf_counter()
    first.wait()
    second = start_engine(market.slug)
    try:
        _until_answered(market, users, rnd)
        return {"restart_s": round(time.perf_counter() - killed, 3)}
    finally:
        second.terminate()
        second.wait(timeout=30)


def _until_answered(market: "Market", users: "list[User]", rnd: random.Random) -> None:
    """Place an order again and again until the engine confirms one."""
    from matching.errors import CommandTimeoutError, EngineUnavailableError
    from matching.messages import ReplyStatus
    from orders.gateway import gateway

    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            reply = gateway().submit(market.slug, resting(users, rnd), timeout_s=0.5).result(2)
        except (EngineUnavailableError, CommandTimeoutError, TimeoutError):
            time.sleep(0.02)
            continue
        if reply.status is ReplyStatus.EXECUTED:
            return
    raise TimeoutError("the engine does not answer")


def resting(users: "list[User]", rnd: random.Random) -> "PlaceRequest":
    """Return an order that does not trade: buys stay below the middle, sells above."""
    from base.ids import uuid7
    from matching.messages import PlaceRequest

    side = rnd.choice((1, 2))
    behind = rnd.randint(1, LEVELS)
    price = 10_000 - behind if side == 1 else 10_000 + behind
    deadline_ms = int((time.time() + 30) * 1_000)
    return PlaceRequest(
        Correlation("", 0),
        deadline_ms,
        uuid7().bytes,
        rnd.choice(users).pk.bytes,
        side,
        1,
        1,
        False,
        price,
        rnd.randint(1, 2_000),
        0,
        None,
        b"benchmark-digest",
    )


def make_processor(market: "Market") -> "MarketProcessor":
    from journal import PostgresStorage
    from matching.processor import MarketProcessor

    return MarketProcessor(PostgresStorage(market.symbol), market.symbol)
