"""Reconciliation of a million trades: everything that is stored is checked against everything else.

Run with `python -m benchmarks reconcile`; RECONCILE_TRADES changes the number. The trades come about through the
journal and settlement themselves, in this process.
"""

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from benchmarks.durable import Orders
from benchmarks.figures import make_market, make_traders
from benchmarks.recovery import make_processor
from config.embedded.settings import PROJECT

if TYPE_CHECKING:
    from exchange.models import Market

TRADES = int(os.environ.get("RECONCILE_TRADES") or 1_000_000)
USERS = 100
BATCH = 1_000
WORKLOAD = (
    f"{TRADES:,} settled trades of {USERS} users in one market, from the mix of `durable` in batches of {BATCH:,}, "
    "with their orders, journal and ledger entries; then `manage.py reconcile --full` in a process of its own"
)


def run() -> dict[str, Any]:
    """Build the data and time the command, which must find nothing wrong."""
    import django

    django.setup()
    from django.core.management import get_commands
    from django.db import connection

    from tests.administrator import as_administrator

    market = make_market()
    began = time.perf_counter()
    trades, orders = _build(market)
    built_s = time.perf_counter() - began
    with as_administrator(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert "reconcile" in get_commands(), "Invariant: there is a command that reconciles"
    began = time.perf_counter()
    command = [sys.executable, "manage.py", "reconcile", "--full", "--json"]
    finished = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    elapsed_s = time.perf_counter() - began
    assert finished.returncode == 0, (
        f"Invariant: everything agrees: {finished.stdout[-2_000:]} {finished.stderr[-2_000:]}"
    )
    return {
        "reconcile_1m_trades_s": round(elapsed_s, 1),
        "workload": WORKLOAD,
        "trades": trades,
        "orders": orders,
        "built_s": round(built_s, 1),
        "trades_per_s": round(trades / elapsed_s),
    }


def _build(market: "Market") -> tuple[int, int]:
    """Trade and settle in turns; return the numbers of trades and orders."""
    from settlement.services import settle_pending
    from settlement.services.settlements import BATCH_TRADES

    flow = Orders(market, make_traders(market, USERS))
    processor = make_processor(market)
    assert processor.try_recover() is not None, "Invariant: nobody else serves a new market"
    trades = orders = 0
    after = None
    while trades < TRADES:
        outcome = processor.process([flow.next() for _ in range(BATCH)])
        trades += outcome.trades
        orders += BATCH
        claimed = BATCH_TRADES
        while claimed == BATCH_TRADES:
            settled = settle_pending(market_id=market.pk, limit=BATCH_TRADES, after=after)
            claimed, after = settled.claimed, settled.last_id or after
    processor.close()
    return trades, orders
