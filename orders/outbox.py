"""The trade table as the outbox of settlement: what waits is read from, and marked in, the trades themselves."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from base.ids import uuid7_floor, uuid7_time
from base.times import ms_of
from settlement.ports import Backlog, TradeParties, TradeToSettle

# The conditions on settlement_status stand in the text, not in parameters: that is how the planner sees that the
# partial index `trade_unsettled` serves them. Ascending ids are ascending partitions, so nothing is sorted.
_SELECT = """
    SELECT trade.id, trade.market_id, market.base_id, market.quote_id, trade.buyer_id, trade.seller_id,
           trade.quantity, trade.price * trade.quantity, trade.buyer_fee, trade.seller_fee, trade.buyer_hold,
           trade.executed_at
    FROM orders_trade trade JOIN exchange_market market ON market.id = trade.market_id
"""
_CLAIM = f"""
    {_SELECT}
    WHERE trade.market_id = %s AND trade.settlement_status = 'pending' AND trade.id > %s
    ORDER BY trade.id LIMIT %s
    FOR NO KEY UPDATE OF trade SKIP LOCKED
"""
# A range beside the ids keeps the statement to the partitions that hold them.
_CLAIM_IDS = f"""
    {_SELECT}
    WHERE trade.id = ANY(%s) AND trade.id BETWEEN %s AND %s AND trade.settlement_status IN ('pending', 'retrying')
    ORDER BY trade.id
    FOR NO KEY UPDATE OF trade SKIP LOCKED
"""
# One index for each side; the two sides of a trade have different users.
_UNSETTLED_OF = """
    SELECT id, settlement_status FROM (
        SELECT id, settlement_status FROM orders_trade
        WHERE buyer_id = %(user)s AND id > %(after)s AND settlement_status IN ('pending', 'retrying')
        UNION ALL
        SELECT id, settlement_status FROM orders_trade
        WHERE seller_id = %(user)s AND id > %(after)s AND settlement_status IN ('pending', 'retrying')
    ) unsettled
    ORDER BY id LIMIT %(limit)s
"""
_CLAIM_FAILED = f"""
    {_SELECT}
    WHERE trade.id = ANY(%s) AND trade.id BETWEEN %s AND %s AND trade.settlement_status = 'failed'
    ORDER BY trade.id
    FOR NO KEY UPDATE OF trade
"""
_FIND = f"{_SELECT} WHERE trade.id = ANY(%s) AND trade.id BETWEEN %s AND %s ORDER BY trade.id"
_PARTIES = """
    SELECT id, buyer_id, buyer_order_id, seller_id, seller_order_id FROM orders_trade
    WHERE id = ANY(%s) AND id BETWEEN %s AND %s
"""
_MARK = """
    UPDATE orders_trade SET settlement_status = %s, settled_at = %s
    WHERE id = ANY(%s) AND id BETWEEN %s AND %s
        AND settlement_status <> 'settled' AND settlement_status <> 'resolved'
"""
_WAITING_MARKETS = """
    SELECT market.id FROM exchange_market market CROSS JOIN LATERAL (
        SELECT FROM orders_trade trade
        WHERE trade.market_id = market.id AND trade.settlement_status = 'pending' AND trade.id < %s
        ORDER BY trade.id LIMIT 1
    ) oldest
    ORDER BY market.id
"""
# Counts from the index alone; the oldest of each status is the first of its part of the index.
_BACKLOG = """
    SELECT market.symbol, waiting.trades, least(
        (SELECT id FROM orders_trade
         WHERE market_id = market.id AND settlement_status = 'pending' ORDER BY id LIMIT 1),
        (SELECT id FROM orders_trade
         WHERE market_id = market.id AND settlement_status = 'retrying' ORDER BY id LIMIT 1)
    )
    FROM exchange_market market CROSS JOIN LATERAL (
        SELECT count(*) AS trades FROM orders_trade
        WHERE market_id = market.id AND settlement_status IN ('pending', 'retrying')
    ) waiting
    ORDER BY market.id
"""
_FIRST_ID = UUID(int=0)


class PostgresTradeOutbox:
    """Implements settlement.ports.TradeOutbox on the partitioned trade table."""

    def claim(self, *, market_id: int, limit: int, after: UUID | None = None) -> list[TradeToSettle]:
        """Lock and return the oldest pending trades of a market after an id; skips what is locked. One query."""
        return _trades(_CLAIM, [market_id, after or _FIRST_ID, limit])

    def unsettled_of(self, *, user_id: UUID, limit: int, after: UUID) -> dict[UUID, str]:
        """Return a user's oldest unsettled trades after an id, in all markets, with their status. One query."""
        with connection.cursor() as cursor:
            cursor.execute(_UNSETTLED_OF, {"user": user_id, "after": after, "limit": limit})
            return dict(cursor.fetchall())

    def claim_ids(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Lock and return the named trades that are pending or retrying; skips what is locked. One query."""
        return _trades(_CLAIM_IDS, [*_ids_and_range(trade_ids)]) if trade_ids else []

    def claim_failed(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Lock and return the named trades that are failed; waits for locks. One query."""
        return _trades(_CLAIM_FAILED, [*_ids_and_range(trade_ids)]) if trade_ids else []

    def find(self, *, trade_ids: Sequence[UUID]) -> list[TradeToSettle]:
        """Return the named trades. One query."""
        return _trades(_FIND, [*_ids_and_range(trade_ids)]) if trade_ids else []

    def parties(self, *, trade_ids: Sequence[UUID]) -> dict[UUID, TradeParties]:
        """Return buyer and seller of the named trades, with their orders. One query."""
        if not trade_ids:
            return {}
        with connection.cursor() as cursor:
            cursor.execute(_PARTIES, [*_ids_and_range(trade_ids)])
            return {trade_id: TradeParties(*row) for trade_id, *row in cursor.fetchall()}

    def mark(self, *, trade_ids: Sequence[UUID], status: str, at: datetime) -> None:
        """Set the settlement status of named trades, of which none may be closed yet. One query."""
        if not trade_ids:
            return
        with connection.cursor() as cursor:
            settled_at = at if status == "settled" else None
            cursor.execute(_MARK, [status, settled_at, *_ids_and_range(trade_ids)])
            assert cursor.rowcount == len(trade_ids), "Invariant: a closed trade is never marked again"

    def waiting_markets(self, *, older_than: datetime) -> list[int]:
        """Return the markets with pending trades executed before a moment. One query."""
        with connection.cursor() as cursor:
            cursor.execute(_WAITING_MARKETS, [uuid7_floor(ms_of(older_than))])
            return [market_id for (market_id,) in cursor.fetchall()]

    def backlog(self) -> list[Backlog]:
        """Return each market's waiting trades, and since when the oldest waits. One query, by index alone."""
        with connection.cursor() as cursor:
            cursor.execute(_BACKLOG)
            return [
                Backlog(symbol, trades, uuid7_time(oldest) if oldest else None)
                for symbol, trades, oldest in cursor.fetchall()
            ]


def _trades(statement: str, parameters: list[Any]) -> list[TradeToSettle]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [TradeToSettle(*row) for row in cursor.fetchall()]


def _ids_and_range(trade_ids: Sequence[UUID]) -> tuple[list[UUID], UUID, UUID]:
    return list(trade_ids), min(trade_ids), max(trade_ids)
