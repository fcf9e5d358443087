"""Whose trades wait for settlement: an order of such a user may be funded in a moment."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import Cursor

from base.ids import uuid7_floor
from orders.rows import TradeRow

LATELY_MS = 60_000

# By the indexes of each user's trades: those of the last minute, whether they are settled or not, are few.
_IS_WAITING = """
SELECT EXISTS (
    SELECT FROM orders_trade WHERE buyer_id = %(user)s AND id >= %(since)s
        AND settlement_status IN ('pending', 'retrying')
    UNION ALL
    SELECT FROM orders_trade WHERE seller_id = %(user)s AND id >= %(since)s
        AND settlement_status IN ('pending', 'retrying')
)
"""


class UnsettledTrades:
    """Tells for each user of a batch whether anything that they traded in the last minute is not settled yet.

    Asked after the batch has locked its accounts, so that what is settled is in the balances already.
    """

    def __init__(self, cursor: Cursor[Any], trades: Sequence[TradeRow], now_ms: int) -> None:
        self._cursor = cursor
        self._trades = trades  # of this batch
        self._since = uuid7_floor(now_ms - LATELY_MS)
        self._known: dict[bytes, bool] = {}

    def has(self, user_id: bytes) -> bool:
        """Tell whether a user may be about to get something. A query at the first call for a user, in any market."""
        if any(user_id in (trade.buyer_id, trade.seller_id) for trade in self._trades):
            return True
        if user_id not in self._known:
            found = self._cursor.execute(_IS_WAITING, {"user": UUID(bytes=user_id), "since": self._since}).fetchone()
            self._known[user_id] = bool(found and found[0])
        return self._known[user_id]
