"""Reading orders, trades and the book.

Lists run newest first along the index on (owner, id); the bounds in time become bounds on the UUIDv7 id, so PostgreSQL
opens no partition outside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from exchange.errors import ApiError, ErrorCode
from exchange.ids import uuid7_floor
from exchange.models import Market, User
from orders.checksum import CHECKSUM_LEVELS, book_checksum
from orders.models import ClientOrderId, Order, Trade

__all__ = [
    "BookDepth",
    "DepthLevel",
    "book_depth",
    "order_for_user",
    "order_for_user_by_client_id",
    "orders_of_user",
    "trade_by_id",
    "trades_of_user",
    "trades_public",
]


def orders_of_user(
    user: User,
    *,
    market: Market | None = None,
    statuses: Sequence[str] = (),
    side: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Order]:
    """Return a user's orders, newest first, received from `since` on and before `until`."""
    conditions: dict[str, Any] = {"user_id": user.pk}
    if market is not None:
        conditions["market_id"] = market.pk
    if statuses:
        conditions["status__in"] = statuses
    if side is not None:
        conditions["side"] = side
    return Order.objects.filter(**conditions, **_between(since, until)).order_by("-id")


def order_for_user(user: User, order_id: UUID) -> Order:
    """Return a user's own order. Raises ORDER_NOT_FOUND, for somebody else's order too."""
    order = Order.objects.filter(pk=order_id, user_id=user.pk).first()
    if order is None:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
    return order


def order_for_user_by_client_id(user: User, client_order_id: str) -> Order:
    """Return the order that a user's own id belongs to. Two queries. Raises ORDER_NOT_FOUND."""
    order_ids = ClientOrderId.objects.filter(user_id=user.pk, client_order_id=client_order_id)
    order_id = order_ids.values_list("order_id", flat=True).first()
    if order_id is None:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
    return order_for_user(user, order_id)


def trades_public(
    *, market: Market | None = None, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Trade]:
    """Return the trades of one market or of all, newest first."""
    conditions = {} if market is None else {"market_id": market.pk}
    return Trade.objects.filter(**conditions, **_between(since, until)).order_by("-id")


def trades_of_user(
    user: User, *, market: Market | None = None, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Trade]:
    """Return the trades a user took part in, newest first."""
    trades = trades_public(market=market, since=since, until=until).order_by()
    # One index each for buyer and seller; an OR would read all trades of the user and sort them.
    bought = trades.filter(buyer_id=user.pk)
    sold = trades.filter(seller_id=user.pk).exclude(buyer_id=user.pk)
    return bought.union(sold, all=True).order_by("-id")


def trade_by_id(trade_id: UUID) -> Trade:
    """Return one trade. Raises TRADE_NOT_FOUND."""
    trade = Trade.objects.filter(pk=trade_id).first()
    if trade is None:
        raise ApiError(ErrorCode.TRADE_NOT_FOUND, "There is no such trade")
    return trade


def _between(since: datetime | None, until: datetime | None) -> dict[str, UUID]:
    bounds = {"id__gte": since, "id__lt": until}
    return {name: uuid7_floor(int(at.timestamp() * 1000)) for name, at in bounds.items() if at is not None}


@dataclass(frozen=True, slots=True)
class DepthLevel:
    price: Decimal
    quantity: Decimal
    order_count: int


@dataclass(frozen=True, slots=True)
class BookDepth:
    """The order book as of `seq`, best level first on both sides; the checksum covers the best 10 of each."""

    seq: int
    time: datetime
    bids: list[DepthLevel]
    asks: list[DepthLevel]
    checksum: int


# One statement is one snapshot: the levels are exactly those after batch `last_seq`. Each side walks the partial
# index order_book from its best price and stops at the limit.
_SIDE_SQL = """
    (SELECT side, price, sum(quantity - filled_quantity) AS quantity, count(*) AS order_count
     FROM orders_order
     WHERE market_id = %(market_id)s AND side = '{side}' AND status IN ('open', 'partially_filled')
     GROUP BY market_id, side, price ORDER BY price {direction} LIMIT %(limit)s)
"""
_BOOK_SQL = f"""
WITH levels AS ({_SIDE_SQL.format(side="buy", direction="DESC")}
    UNION ALL {_SIDE_SQL.format(side="sell", direction="ASC")})
SELECT sequence.last_seq, sequence.updated_at, levels.side, levels.price, levels.quantity, levels.order_count
FROM (SELECT 1) AS one
LEFT JOIN orders_marketsequence AS sequence ON sequence.market_id = %(market_id)s
LEFT JOIN levels ON true
"""  # noqa: S608  (nothing from outside is formatted in)


def book_depth(market: Market, depth: int | None = None) -> BookDepth:
    """Return the best `depth` levels of each side, or all. One query, linear in the orders on these levels."""
    limit = None if depth is None else max(depth, CHECKSUM_LEVELS)
    with connection.cursor() as cursor:
        cursor.execute(_BOOK_SQL, {"market_id": market.pk, "limit": limit})
        rows = cursor.fetchall()
    bids, asks = _side(rows, Order.Side.BUY), _side(rows, Order.Side.SELL)
    bids.sort(key=lambda level: level.price, reverse=True)
    asks.sort(key=lambda level: level.price)
    checksum = book_checksum(_in_steps(asks, market), _in_steps(bids, market), market.scale)
    return BookDepth(rows[0][0] or 0, rows[0][1] or timezone.now(), bids[:depth], asks[:depth], checksum)


def _side(rows: list[tuple[Any, ...]], side: str) -> list[DepthLevel]:
    return [DepthLevel(price, quantity, count) for _, _, of, price, quantity, count in rows if of == side]


def _in_steps(levels: list[DepthLevel], market: Market) -> list[tuple[int, int]]:
    scale = market.scale
    return [
        (scale.price_ticks(level.price), scale.quantity_lots(level.quantity)) for level in levels[:CHECKSUM_LEVELS]
    ]
