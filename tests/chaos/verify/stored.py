"""What the database has, read by plain SQL in one snapshot and by none of the product's code."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

Row = dict[str, Any]
FINAL = frozenset({"filled", "cancelled", "rejected", "expired"})
LATE_S = 30.0  # an order of this round may have its id from so long before the round began

_ORDERS = """
SELECT o.*, m.symbol, u.username FROM orders_order o
JOIN exchange_market m ON m.id = o.market_id JOIN exchange_user u ON u.id = o.user_id
WHERE o.id >= %(since)s OR o.id = ANY(%(ids)s)
"""
_TRADES = """
SELECT t.*, m.symbol, m.base_id, m.quote_id FROM orders_trade t JOIN exchange_market m ON m.id = t.market_id
WHERE t.id >= %(since)s
"""
_CLIENT_IDS = """
SELECT c.order_id, c.client_order_id, u.username FROM orders_clientorderid c JOIN exchange_user u ON u.id = c.user_id
WHERE c.order_id >= %(since)s
"""


class Stored:
    """Orders and trades of a round, and those older ones that could still change or that somebody asked about."""

    def __init__(self, connection: Connection, since: float, named: Iterable[UUID]) -> None:
        self.floor = id_floor(since - LATE_S)
        bounds = {"since": self.floor, "ids": list(named)}
        with connection.cursor(row_factory=dict_row) as cursor:
            self.orders: dict[UUID, Row] = {row["id"]: row for row in cursor.execute(_ORDERS, bounds)}
            self.trades: dict[UUID, Row] = {row["id"]: row for row in cursor.execute(_TRADES, bounds)}
            self.claims = {
                (row["username"], row["client_order_id"]): row["order_id"]
                for row in cursor.execute(_CLIENT_IDS, bounds)
            }
        self.by_client_id: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self.by_group: dict[UUID, list[Row]] = defaultdict(list)
        for row in self.orders.values():
            if row["client_order_id"]:
                self.by_client_id[row["username"], row["client_order_id"]].append(row)
            if row["group_id"]:
                self.by_group[row["group_id"]].append(row)

    def order(self, order_id: str) -> Row | None:
        return self.orders.get(UUID(order_id))

    def trade(self, trade_id: str) -> Row | None:
        return self.trades.get(UUID(trade_id))

    def still_open(self) -> list[UUID]:
        """Return the orders that may change yet."""
        return [key for key, row in self.orders.items() if row["status"] not in FINAL]


def id_floor(at: float) -> UUID:
    """Return the smallest id that can have been made at a time."""
    return UUID(int=max(0, int(at * 1000)) << 80)


def id_time(order_id: UUID) -> float:
    """Return when an id was made."""
    return (order_id.int >> 80) / 1000


def brief(row: Row | None) -> str:
    """Return a stored row for people."""
    if row is None:
        return "not stored"
    return "stored: " + ", ".join(f"{name}={_text(value)}" for name, value in row.items() if value not in (None, ""))


def _text(value: Any) -> str:
    return value.isoformat(timespec="milliseconds") if isinstance(value, datetime) else str(value)
