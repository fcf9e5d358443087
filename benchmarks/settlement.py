"""Settlement on the embedded ledger: how fast a backlog drains, and how long a trade waits at a steady rate.

Run with `python -m benchmarks.settlement` against the migrated database and the broker of the environment; it makes
a market and users of its own, and starts a Celery worker of its own (two processes) for the second part.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from benchmarks.figures import percentiles_ms

if TYPE_CHECKING:
    import psycopg

    from settlement.holds import Holdings

BACKLOG_TRADES = 20_000
USERS = 100
DECIMALS = 8
RATE_PER_S = 200
STEADY_S = 20
GROUP_MS = 20  # the engine commits a batch about so often at this rate
SEED = 20_240_611
WORKLOAD = (
    f"seed {SEED}: {USERS} users, one market, five ledger entries a trade; a backlog of {BACKLOG_TRADES:,} pending "
    f"trades drained by one process calling settle_pending; then {RATE_PER_S} trades/s for {STEADY_S} s, committed "
    f"every {GROUP_MS} ms, through settle_market_soon and a real Celery worker, from executed_at to settled_at"
)


class World:
    """A market with two assets of its own, users who hold plenty of both, and an engine's stand-in that trades."""

    def __init__(self) -> None:
        from base.ids import uuid7
        from exchange.models import Asset, Market, User
        from settlement.services import ledger_deposit

        tag = f"{time.time_ns() // 10**6 % 10**9:09d}"
        self.base, self.quote = f"B{tag}", f"Q{tag}"
        for code in (self.base, self.quote):
            Asset.objects.create(code=code, name=code, decimals=DECIMALS)
        self.market_id = Market.objects.create(
            symbol=f"{self.base}/{self.quote}",
            base_id=self.base,
            quote_id=self.quote,
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.00001"),
            max_quantity=Decimal(1000),
            reference_price=Decimal(100),
        ).pk
        users = [User(id=uuid7(), username=f"settle-{tag}-{number}") for number in range(USERS)]
        for user in User.objects.bulk_create(users):
            for asset in (self.base, self.quote):
                ledger_deposit(owner=user, asset=asset, amount=Decimal(10**9), reason="benchmark")
        self.user_ids = [user.pk.bytes for user in users]
        self.random = random.Random(SEED)
        self.seq = 0

    def trade(self, connection: "psycopg.Connection[Any]", count: int) -> None:
        """Commit pending trades and what they hold, in one transaction, as the engine's journal does."""
        from settlement.holds import Holdings

        now_ms = time.time_ns() // 10**6
        with connection.transaction(), connection.cursor() as cursor:
            keys = [(user_id, asset) for user_id in self.user_ids for asset in (self.base, self.quote)]
            holdings = Holdings.lock(cursor, keys, {self.base: DECIMALS, self.quote: DECIMALS})
            lines = [self._trade(holdings, now_ms) for _ in range(count)]
            holdings.flush(cursor)
            with cursor.copy(_COPY_TRADES) as copy:
                copy.write("".join(lines))

    def _trade(self, holdings: "Holdings", now_ms: int) -> str:
        from base.ids import trade_uuid
        from base.scaling import fee_units

        self.seq += 1
        buyer, seller = self.random.sample(self.user_ids, 2)
        ticks, lots = self.random.randint(9_000, 11_000), self.random.randint(100, 100_000)
        cost = ticks * lots * 10  # one tick x one lot is 10^-7 of the quote asset
        fee = fee_units(cost, 1_000)
        hold = cost + fee + 10**DECIMALS
        assert holdings.hold(buyer, self.quote, hold) and holdings.hold(seller, self.base, lots * 1_000)
        trade_id = trade_uuid(now_ms, self.market_id, self.seq).hex
        return (
            f"{trade_id}\t{self.market_id}\t{self.seq}\t{ticks}e-2\t{lots}e-5\t{buyer.hex()}\t{seller.hex()}\t"
            f"{trade_id}\t{trade_id}\tbuy\t{fee}e-8\t{fee}e-8\t{hold}e-8\t"
            f"{datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()}\tpending\n"
        )


_COPY_TRADES = """
    COPY orders_trade (id, market_id, seq, price, quantity, buyer_id, seller_id, buyer_order_id, seller_order_id,
        taker_side, buyer_fee, seller_fee, buyer_hold, executed_at, settlement_status) FROM STDIN
"""


def drain(world: World, connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    """Time one process that settles the whole backlog."""
    from settlement.services.settlements import BATCH_TRADES, settle_pending

    while world.seq < BACKLOG_TRADES:
        world.trade(connection, 500)
    batch_s, after, started = [], None, time.perf_counter()
    while True:
        batch_started = time.perf_counter()
        batch = settle_pending(market_id=world.market_id, limit=BATCH_TRADES, after=after)
        if not batch.claimed:
            break
        assert batch.settled == batch.claimed, "Invariant: nothing fails in a benchmark"
        after = batch.last_id
        batch_s.append(time.perf_counter() - batch_started)
    elapsed_s = time.perf_counter() - started
    return {
        "settlement_trades_per_s": round(BACKLOG_TRADES / elapsed_s),
        "backlog_batch_ms": percentiles_ms(batch_s),
        "backlog_batch_trades": BATCH_TRADES,
    }


def steady(world: World, connection: "psycopg.Connection[Any]") -> dict[str, Any]:
    """Measure trades at a steady rate, from executed_at to settled_at as stored."""
    from settlement.tasks import settle_market_soon

    first = world.seq + 1
    per_group = RATE_PER_S * GROUP_MS // 1000
    started = time.perf_counter()
    for number in range(STEADY_S * RATE_PER_S // per_group):
        time.sleep(max(0.0, started + number * GROUP_MS / 1000 - time.perf_counter()))
        world.trade(connection, per_group)
        settle_market_soon(market_id=world.market_id)
    waits_s = _waits_s(world, connection, first)
    figures = percentiles_ms(waits_s)
    return {"settlement_p99_ms": figures["p99"], "steady_ms": figures, "steady_trades": len(waits_s)}


def _waits_s(world: World, connection: "psycopg.Connection[Any]", first_seq: int) -> list[float]:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        rows = connection.execute(
            "SELECT extract(epoch FROM settled_at - executed_at) FROM orders_trade WHERE market_id = %s AND seq >= %s",
            [world.market_id, first_seq],
        ).fetchall()
        if all(wait is not None for (wait,) in rows):
            return [float(wait) for (wait,) in rows]
        time.sleep(0.2)
    raise AssertionError("Invariant: every trade is settled within 30 s")


@contextmanager
def celery_worker() -> Iterator[None]:
    """Run a worker until the block ends; wait until it answers."""
    from config.celery import app

    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "2", "-l", "WARNING"]
    worker = subprocess.Popen(command, env={**os.environ, "LOG_LEVEL": "WARNING"})
    try:
        deadline = time.monotonic() + 60
        while not app.control.ping(timeout=0.5):
            assert worker.poll() is None and time.monotonic() < deadline, "Invariant: the worker starts"
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=30)


def run() -> dict[str, Any]:
    """Drain a backlog in this process, then measure a steady rate through a Celery worker; the ledger must add up."""
    import django
    import psycopg

    django.setup()
    from django.conf import settings

    from settlement.selectors import ledger_imbalances

    with psycopg.connect(settings.ENGINE_DATABASE_URL, autocommit=True) as connection:
        world = World()
        figures = drain(world, connection)
        with celery_worker():
            figures |= steady(world, connection)
    assert ledger_imbalances() == [], "Invariant: no coin appears or disappears"
    return {**figures, "workload": WORKLOAD}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    for name, value in run().items():
        print(f"{name:28} {value}")
