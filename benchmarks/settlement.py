"""Settlement on the embedded ledger: how fast a backlog drains, and how long a trade waits at a steady rate.

Run with `python -m benchmarks.settlement` against the migrated database and the broker of the environment; it makes
a market and users of its own, and starts a Celery worker of its own (two processes) for the second part.
"""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

BACKLOG_TRADES = 20_000
USERS = 100
RATE_PER_S = 200
STEADY_S = 20
GROUP_MS = 20  # the engine commits a batch about so often at this rate
SEED = 20_240_611
WORKLOAD = (
    f"seed {SEED}: {USERS} users, one market, five ledger entries a trade; a backlog of {BACKLOG_TRADES:,} pending trades "
    f"drained by one process calling settle_pending; then {RATE_PER_S} trades/s for {STEADY_S} s, committed every "
    f"{GROUP_MS} ms, through settle_market_soon and a real Celery worker, from executed_at to settled_at"
)


@dataclass
class World:
    market_id: int
    user_ids: list[str]
    random: random.Random
    seq: int = 0


def make_world() -> World:
    """Make a market with two assets of its own and users who hold plenty of both."""
    from exchange.ids import uuid7
    from exchange.models import Asset, Market, User
    from settlement.services import ledger_deposit

    tag = f"{int(time.time()) % 10**7:07d}"
    base, quote = (Asset.objects.create(code=f"{side}{tag}", name=side, decimals=8) for side in "BQ")
    market = Market.objects.create(
        symbol=f"{base.code}/{quote.code}", base=base, quote=quote, tick_size=Decimal("0.01"),
        lot_size=Decimal("0.00001"), max_quantity=Decimal(1000), reference_price=Decimal(100),
    )  # fmt: skip
    users = [User(id=uuid7(), username=f"settle-{tag}-{number}", password="!") for number in range(USERS)]
    for user in User.objects.bulk_create(users):
        for asset in (base, quote):
            ledger_deposit(owner=user, asset=asset.code, amount=Decimal(10**9), reason="benchmark")
    return World(market.pk, [str(user.pk) for user in users], random.Random(SEED))


def add_trades(world: World, count: int) -> None:
    """Commit pending trades and what they hold, as the engine's journal does."""
    from django.db import connection, transaction

    from exchange.ids import trade_uuid

    now_ms = int(time.time() * 1000)
    rows = []
    for _ in range(count):
        world.seq += 1
        buyer, seller = world.random.sample(world.user_ids, 2)
        price, lots = world.random.randint(9_000, 11_000), world.random.randint(100, 100_000)
        rows.append((str(trade_uuid(now_ms, world.market_id, world.seq)), world.seq, buyer, seller, price, lots))
    with transaction.atomic(), connection.cursor() as cursor:
        arrays = [list(column) for column in zip(*rows, strict=True)]
        cursor.execute(_ADD_TRADES, [*arrays, world.market_id, datetime.fromtimestamp(now_ms / 1000, UTC)])


_ADD_TRADES = """
    WITH trade AS (
        SELECT id, seq, buyer, seller, ticks * 0.01 AS price, lots * 0.00001 AS quantity,
               ticks * lots * 1e-7 AS notional, ceil(ticks * lots / 100.0) * 1e-8 AS fee
        FROM unnest(%s::uuid[], %s::bigint[], %s::uuid[], %s::uuid[], %s::bigint[], %s::bigint[])
             AS trade (id, seq, buyer, seller, ticks, lots)
    ), added AS (
        INSERT INTO orders_trade (id, market_id, seq, price, quantity, buyer_id, seller_id, buyer_order_id,
            seller_order_id, taker_side, buyer_fee, seller_fee, buyer_hold, executed_at, settlement_status)
        SELECT id, market.id, seq, price, quantity, buyer, seller, id, id, 'buy', fee, fee, notional + fee + 1, %s,
            'pending' FROM trade, exchange_market market WHERE market.id = %s
        RETURNING id
    ), hold AS (
        SELECT owner_id, asset_id, sum(held) AS held FROM (
            SELECT buyer AS owner_id, market.quote_id AS asset_id, notional + fee + 1 AS held
            FROM trade, exchange_market market WHERE market.id = %s
            UNION ALL
            SELECT seller, market.base_id, quantity FROM trade, exchange_market market WHERE market.id = %s
        ) holds GROUP BY owner_id, asset_id
    ), locked AS MATERIALIZED (
        SELECT account.id, hold.held FROM hold JOIN settlement_account account USING (owner_id, asset_id)
        ORDER BY account.id FOR NO KEY UPDATE OF account
    )
    UPDATE settlement_account account
    SET available = account.available - locked.held, held = account.held + locked.held
    FROM locked WHERE account.id = locked.id
"""
