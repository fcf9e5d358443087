"""Fill the tables of the back office by set-based SQL: from fifty rows for a test to a million for a measurement.

`make bench ARGS=back_office` fills a database of its own.
"""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from base.ids import uuid7
from exchange.models import Asset, Market, User
from operations.partitions import create_partitions
from tests.administrator import as_administrator

DAYS = 9  # rows are spread evenly over the last days, the newest is a second old
PAIRS = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "DOT", "LTC", "AVAX")

# Orders 2k and 2k+1 meet on one market; three of five such pairs have traded. Ids are valid UUIDv7s of their time,
# their last 44 bits the number of the row. One seller in two is the first user: a market maker.
FUNCTIONS = """
CREATE OR REPLACE FUNCTION pg_temp.ms(i bigint, n bigint, days int, now_ms bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE AS
$$ SELECT now_ms - 1000 - ((n - i) * (days * 86400000::numeric / n))::bigint $$;
CREATE OR REPLACE FUNCTION pg_temp.uid(ms bigint, i bigint, kind text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
$$ SELECT (lpad(to_hex(ms), 12, '0') || '7' || kind || '8000' || lpad(to_hex(i), 12, '0'))::uuid $$;
"""
# One order in forty is a stop, one in fifty has a rare time in force, one in sixty a prevention of its own choice, and
# one in forty belongs to a group, of itself and the next order of its user.
ORDERS = """
INSERT INTO orders_order (id, market_id, user_id, client_order_id, side, type, time_in_force, post_only, price,
    stop_price, quantity, filled_quantity, filled_quote, fee_paid, held, maker_fee_ppm, taker_fee_ppm, status, reason,
    priority, self_trade_prevention, group_id, group_role, created_at, updated_at)
SELECT pg_temp.uid(ms, i, '001'), markets[1 + (i / 10) %% cardinality(markets)], users[who], 'client-' || i,
    CASE i %% 2 WHEN 0 THEN 'buy' ELSE 'sell' END,
    CASE WHEN stop THEN stops[1 + (i / 40) %% 5] WHEN i %% 7 = 0 THEN 'market' ELSE 'limit' END,
    CASE WHEN i %% 100 = 7 THEN 'fok' WHEN i %% 100 = 57 THEN 'gtd' WHEN i %% 7 = 0 THEN 'ioc' ELSE 'gtc' END, false,
    100 + i %% 50,
    CASE WHEN stop THEN 99 + i %% 50 END, 2, CASE WHEN traded THEN 2 ELSE 0 END,
    CASE WHEN traded THEN 2 * (100 + i %% 50) ELSE 0 END, 0, 0, 1000, 1000,
    CASE WHEN traded THEN 'filled' WHEN stop THEN 'pending' WHEN (i / 2) %% 5 = 3 THEN 'cancelled'
        WHEN i %% 100 = 8 THEN 'rejected' WHEN i %% 100 = 18 THEN 'partially_filled' ELSE 'open' END,
    '', i, CASE WHEN i %% 60 = 11 THEN preventions[1 + (i / 60) %% 3] ELSE 'cancel_newest' END,
    CASE i %% 80 WHEN 12 THEN pg_temp.uid(ms, i, '001') WHEN 13 THEN pg_temp.uid(before, i - 1, '001') END,
    CASE i %% 80 WHEN 12 THEN firsts[1 + (i / 80) %% 2] WHEN 13 THEN seconds[1 + (i / 80) %% 3] ELSE '' END,
    to_timestamp(ms / 1000.0), to_timestamp(pg_temp.ms(i | 1, %(orders)s, %(days)s, %(now)s) / 1000.0)
FROM generate_series(0::bigint, %(orders)s - 1) AS i
CROSS JOIN LATERAL (SELECT pg_temp.ms(i, %(orders)s, %(days)s, %(now)s) AS ms,
    pg_temp.ms(i - 1, %(orders)s, %(days)s, %(now)s) AS before, (i / 2) %% 5 < 3 AS traded, i %% 40 = 9 AS stop,
    '{stop,stop_limit,take_profit,take_profit_limit,trailing_stop}'::text[] AS stops,
    '{cancel_oldest,cancel_both,decrement}'::text[] AS preventions, '{oco_limit,entry}'::text[] AS firsts,
    '{oco_stop,take_profit,stop_loss}'::text[] AS seconds,
    %(markets)s::smallint[] AS markets, %(users)s::uuid[] AS users,
    CASE WHEN i %% 4 = 1 THEN 1 ELSE 1 + (i / 4 * 7919 + i %% 4 * 17) %% cardinality(%(users)s::uuid[]) END AS who) AS o
"""
CLIENT_ORDER_IDS = """
INSERT INTO orders_clientorderid (user_id, client_order_id, order_id, payload_digest)
SELECT user_id, client_order_id, id, '\\x00' FROM orders_order WHERE client_order_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
TRADES = """
INSERT INTO orders_trade
SELECT pg_temp.uid(('x' || lpad(left(replace(s.id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint, b.priority,
        lpad(to_hex(k + 2), 3, '0')),
    b.market_id, b.priority * %(fills)s + k, b.price, b.quantity / %(fills)s, b.user_id, s.user_id, b.id, s.id, 'sell',
    1, 1, b.price * b.quantity / %(fills)s + 1, s.created_at,
    CASE WHEN k > 0 THEN 'settled' WHEN b.priority %% 1000 = 0 THEN 'failed' WHEN b.priority %% 1000 = 2 THEN 'pending'
        ELSE 'settled' END,
    s.created_at
FROM orders_order b JOIN orders_order s ON s.priority = b.priority + 1 CROSS JOIN generate_series(0, %(fills)s - 1) AS k
WHERE b.side = 'buy' AND b.status = 'filled' AND b.user_id = ANY(%(users)s) AND s.user_id = ANY(%(users)s)
LIMIT %(trades)s
"""
ACCOUNTS = """
INSERT INTO settlement_account (kind, owner_id, asset_id, available, held)
SELECT 'user', u, a, 1000, 10 FROM unnest(%(users)s::uuid[]) AS u, unnest(%(assets)s::text[]) AS a
ON CONFLICT DO NOTHING
"""
LEDGER = """
INSERT INTO settlement_ledgerentry (transfer_id, leg, account_id, asset_id, amount, kind)
SELECT t.id, leg, a.id, 'USDT', CASE leg WHEN 0 THEN -2 * t.price ELSE 2 * t.price END, 'trade'
FROM orders_trade t CROSS JOIN generate_series(0, 1) AS leg
JOIN settlement_account a ON a.owner_id = CASE leg WHEN 0 THEN t.buyer_id ELSE t.seller_id END AND a.asset_id = 'USDT'
ON CONFLICT DO NOTHING
"""
FAILURES = """
INSERT INTO settlement_failedsettlement (trade_id, market_id, state, code, error, attempts, attempt_count, note,
    updated_at)
SELECT id, market_id, CASE WHEN seq %% 5000 = 0 THEN 'resolved' ELSE 'dead' END, 'WALLET_TIMEOUT',
    'the wallet service did not answer within 5 s', %(attempts)s::jsonb, 2, '', executed_at
FROM orders_trade WHERE settlement_status = 'failed'
ON CONFLICT DO NOTHING
"""
ATTEMPTS = """[
 {"at": "2026-01-02T03:04:05Z", "code": "WALLET_TIMEOUT", "error": "no answer within 5 s", "transient": true},
 {"at": "2026-01-02T03:04:06Z", "code": "WALLET_REFUSED", "error": "account is locked", "transient": false}
]"""


def fill(*, orders: int, trades: int, users: int = 200, prefix: str = "load", fills_per_pair: int = 1) -> list[User]:
    """Create users with orders, trades, balances, ledger entries and failed settlements; return the users.

    There are at most `0.3 * orders * fills_per_pair` trades. Who fills the tables may have statistics taken of them.
    """
    with as_administrator(), transaction.atomic():
        return _fill(orders, trades, users, prefix, fills_per_pair)


def _fill(orders: int, trades: int, users: int, prefix: str, fills_per_pair: int) -> list[User]:
    now = timezone.now()
    for back in range(DAYS + 2):
        create_partitions(today=now.date() - timedelta(days=back))
    people = make_users(users, prefix)
    values: dict[str, Any] = {
        "orders": orders, "trades": trades, "days": DAYS, "now": int(now.timestamp() * 1000), "attempts": ATTEMPTS,
        "fills": fills_per_pair, "users": [user.id for user in people], "markets": make_markets(),
        "assets": ["USDT", "BTC"],
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0; SET LOCAL jit = off")
        cursor.execute(FUNCTIONS)
        for statement in (ORDERS, CLIENT_ORDER_IDS, TRADES, ACCOUNTS, LEDGER, FAILURES):
            cursor.execute(statement, values)
            cursor.execute("ANALYZE orders_order, orders_trade")  # or the planner joins what it thinks is empty
    return people


def make_users(count: int, prefix: str) -> list[User]:
    """Create users named `<prefix>-0`, ... The ids ascend."""
    return User.objects.bulk_create(
        User(id=uuid7(), username=f"{prefix}-{i}", email=f"{prefix}-{i}@example.com", password="!")
        for i in range(count)
    )


def make_markets() -> list[int]:
    """Return the ids of ten markets against USDT, created where they are missing."""
    for code in ("USDT", *PAIRS):
        Asset.objects.get_or_create(code=code, defaults={"name": code, "decimals": 8})
    steps = {"tick_size": "0.01", "lot_size": "0.0001", "max_quantity": "1000", "reference_price": "100"}
    return [
        Market.objects.get_or_create(symbol=f"{code}/USDT", defaults={"base_id": code, "quote_id": "USDT", **steps})[
            0
        ].id
        for code in PAIRS
    ]


def analyze() -> None:
    """Refresh the planner's statistics."""
    with as_administrator(), connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        for table in ("orders_order", "orders_trade", "orders_clientorderid", "settlement_ledgerentry"):
            cursor.execute(f"VACUUM ANALYZE {table}")
