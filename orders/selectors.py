"""Reading orders, trades and the book.

Lists run newest first along the index on (owner, id); the bounds in time become bounds on the UUIDv7 id, too, so
PostgreSQL opens no partition outside them. A trade's id has the time of the trade; an order's id is made before the
engine takes it, so its bounds are wider.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from base.errors import ApiError, ErrorCode
from base.ids import uuid7_floor, uuid7_time
from base.times import ms_of
from exchange.models import Market, User
from exchange.selectors import market_by_id
from matching.engine import DepthLevel
from matching.timing import HORIZON_MS
from orders.checksum import CHECKSUM_LEVELS, book_checksum
from orders.models import ClientOrderId, MarketSequence, Order, Trade
from orders.rejections import Limits
from orders.trailing import with_marks

_GROUP_MADE_WITHIN_MS = 10_000

__all__ = [
    "BookDepth",
    "book_depth",
    "last_price_ticks",
    "last_prices",
    "limits_of_rejection",
    "order_for_user",
    "order_for_user_by_client_id",
    "orders_of_group",
    "orders_of_user",
    "trade_by_id",
    "trades_of_market",
    "trades_of_order",
    "trades_of_user",
    "trades_public",
]


def orders_of_user(
    user: User,
    *,
    market: Market | None = None,
    statuses: Sequence[str] = (),
    side: str | None = None,
    order_type: str | None = None,
    group_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> QuerySet[Order]:
    """Return a user's orders, newest first, created from `since` on and before `until`."""
    conditions: dict[str, Any] = {"user_id": user.pk}
    if market is not None:
        conditions["market_id"] = market.pk
    if statuses:
        conditions["status__in"] = statuses
    if side is not None:
        conditions["side"] = side
    if order_type is not None:
        conditions["type"] = order_type
    orders = with_marks(Order.objects.filter(**conditions, **_created_between(since, until))).order_by("-id")
    return orders if group_id is None else orders.filter(_in_group(group_id))


def orders_of_group(user: User, group_id: UUID) -> QuerySet[Order]:
    """Return the orders of a user's OCO or bracket, the first one first."""
    return with_marks(Order.objects.filter(_in_group(group_id), user_id=user.pk)).order_by("id")


def _in_group(group_id: UUID) -> Q:
    """Find by the group and by ids near its own: its orders were made together, and the index is on ids."""
    latest = min(group_id.int + (_GROUP_MADE_WITHIN_MS << 80), (1 << 128) - 1)
    return Q(group_id=group_id, id__gte=group_id, id__lt=UUID(int=latest))


def order_for_user(user: User, order_id: UUID) -> Order:
    """Return a user's own order with its market. One query. Raises ORDER_NOT_FOUND, for somebody else's order too."""
    order = with_marks(Order.objects.filter(pk=order_id, user_id=user.pk)).first()
    if order is None:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
    order.market = market_by_id(order.market_id)
    return order


def order_for_user_by_client_id(user: User, client_order_id: str) -> Order:
    """Return the order that a user's own id belongs to. Two queries. Raises ORDER_NOT_FOUND."""
    order_ids = ClientOrderId.objects.filter(user_id=user.pk, client_order_id=client_order_id)
    order_id = order_ids.values_list("order_id", flat=True).first()
    if order_id is None:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
    return order_for_user(user, order_id)


def limits_of_rejection(order: Order) -> Limits:
    """Return the limits under which a rejected order was refused. One query.

    As they are now, and one query more, if the order has no client order id: only its own first answer can ask.
    """
    kept = ClientOrderId.objects.filter(user_id=order.user_id, client_order_id=order.client_order_id)
    limits = kept.values_list("rejected_under", flat=True).first()
    return Limits(*limits) if limits else Limits.stored(order.market, last_price_ticks(order.market))


def last_price_ticks(market: Market) -> int:
    """Return the price of the last trade, 0 before the first. One query."""
    last = MarketSequence.objects.filter(pk=market.pk).values_list("last_price", flat=True).first()
    return market.scale.price_ticks(last) if last else 0


def last_prices() -> dict[int, Decimal]:
    """Return the price of the last trade by market id; a market without a trade is left out. One query."""
    return dict(MarketSequence.objects.filter(last_price__gt=0).values_list("market_id", "last_price"))


def trades_public(
    *,
    market: Market | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
) -> QuerySet[Trade]:
    """Return the trades of one market or of all, newest first; those before the trade `before`."""
    conditions = {} if market is None else {"market_id": market.pk}
    trades = Trade.objects.filter(**conditions, **_between(since, until))
    return (trades if before is None else trades.filter(id__lt=before)).order_by("-id")


def trades_of_market(
    market: Market, *, since: datetime | None = None, until: datetime | None = None, before: UUID | None = None
) -> QuerySet[Trade]:
    """Return a market's trades, newest first, made from `since` on, before `until` and before the trade `before`.

    Any page is read by the index on (market, id), only its own rows. Given one market, the planner would rather take
    the primary key and read through all that other markets traded in a pause of this one; so it is given a range.
    """
    trades = Trade.objects.filter(market_id__gte=market.pk, market_id__lte=market.pk, **_between(since, until))
    if before is not None:
        trades = trades.filter(id__lt=before)
    return trades.order_by("-market_id", "-id")


def trades_of_user(
    user: User,
    *,
    at_most: int,
    market: Market | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: UUID | None = None,
    side: str | None = None,
    role: str | None = None,
    order: Order | None = None,
) -> QuerySet[Trade]:
    """Return the newest trades a user took part in, newest first; those before the trade `before`.

    Side and role are the user's own, and the order is one of the user's.
    """
    trades = trades_public(market=market, since=since, until=until, before=before)
    if order is not None:
        trades, side = trades.filter(**_time_of(order)), order.side
    # One index each for buyer and seller, and a limit for each: anything else reads and sorts all trades of the user.
    first, *others = [
        _as_party(trades, user, own, role, order)[:at_most] for own in Order.Side.values if side in (None, own)
    ]
    return first.union(*others, all=True).order_by("-id")[:at_most] if others else first


def _as_party(trades: QuerySet[Trade], user: User, side: str, role: str | None, order: Order | None) -> QuerySet[Trade]:
    """Return trades on one side. A trade with oneself is on the taker's, as it is shown."""
    own, other, opposite = ("buyer", "seller", "sell") if side == Order.Side.BUY else ("seller", "buyer", "buy")
    conditions: dict[str, Any] = {f"{own}_id": user.pk}
    if order is not None:
        conditions[f"{own}_order_id"] = order.pk
    if role is not None:
        conditions["taker_side"] = side if role == "taker" else opposite
    return trades.filter(**conditions).exclude(**{f"{other}_id": user.pk, "taker_side": opposite})


def trades_of_order(order: Order) -> list[Trade]:
    """Return an order's trades, oldest first. Reads the user's trades between its arrival and its last change."""
    if not order.filled_quantity:
        return []
    party = "buyer" if order.side == Order.Side.BUY else "seller"
    conditions: dict[str, Any] = {f"{party}_id": order.user_id, f"{party}_order_id": order.pk}
    return list(Trade.objects.filter(**conditions, **_time_of(order)).order_by("id"))


def _time_of(order: Order) -> dict[str, UUID]:
    """Return bounds of the ids of an order's trades: between its arrival and its last change."""
    since = min(order.created_at, uuid7_time(order.pk))
    return _between(since, order.updated_at + timedelta(milliseconds=1))


def trade_by_id(trade_id: UUID) -> Trade:
    """Return one trade. Raises TRADE_NOT_FOUND."""
    trade = Trade.objects.filter(pk=trade_id).first()
    if trade is None:
        raise ApiError(ErrorCode.TRADE_NOT_FOUND, "There is no such trade")
    return trade


def _between(since: datetime | None, until: datetime | None) -> dict[str, UUID]:
    bounds = {"id__gte": since, "id__lt": until}
    return {name: uuid7_floor(ms_of(at)) for name, at in bounds.items() if at is not None}


def _created_between(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Return the bounds of orders by when the engine took them, and of their ids.

    An id is made by another clock and a little earlier; the engine refuses what is further apart than HORIZON_MS.
    """
    bounds: dict[str, Any] = {"created_at__gte": since, "created_at__lt": until}
    near = {
        "id__gte": since and uuid7_floor(max(0, ms_of(since) - HORIZON_MS)),
        "id__lt": until and uuid7_floor(ms_of(until) + HORIZON_MS),
    }
    return {name: bound for name, bound in (bounds | near).items() if bound is not None}


@dataclass(frozen=True, slots=True)
class BookDepth:
    """The order book as of `seq`, best level first on both sides; the checksum covers the best 10 of each."""

    seq: int
    time: datetime
    trading_state: str
    bids: Sequence[DepthLevel]
    asks: Sequence[DepthLevel]
    checksum: int


# One statement is one snapshot: the levels are exactly those after batch `last_seq`. Each side walks the partial
# index order_book from its best price and stops at the limit.
_SIDE_SQL = """
    (SELECT side, price, sum(coalesce(visible_quantity, quantity - filled_quantity)) AS quantity,
            count(*) AS order_count
     FROM orders_order
     WHERE market_id = %(market_id)s AND side = '{side}' AND status IN ('open', 'partially_filled')
     GROUP BY market_id, side, price ORDER BY price {direction} LIMIT %(limit)s)
"""
_BOOK_SQL = f"""
WITH levels AS ({_SIDE_SQL.format(side="buy", direction="DESC")}
    UNION ALL {_SIDE_SQL.format(side="sell", direction="ASC")})
SELECT sequence.last_seq, sequence.updated_at, sequence.trading_state,
       levels.side, levels.price, levels.quantity, levels.order_count
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
    levels = {side: _levels(rows, side, market) for side in (Order.Side.BUY, Order.Side.SELL)}
    bids = sorted(levels[Order.Side.BUY], key=lambda level: -level.price_ticks)
    asks = sorted(levels[Order.Side.SELL], key=lambda level: level.price_ticks)
    checksum = book_checksum(_pairs(asks), _pairs(bids), market.scale)
    seq, time, trading_state = rows[0][0] or 0, rows[0][1] or timezone.now(), rows[0][2] or market.trading_state
    return BookDepth(seq, time, trading_state, bids[:depth], asks[:depth], checksum)


def _levels(rows: list[tuple[Any, ...]], side: str, market: Market) -> list[DepthLevel]:
    scale = market.scale
    return [
        DepthLevel(scale.price_ticks(price), scale.quantity_lots(quantity), count)
        for *_, row_side, price, quantity, count in rows
        if row_side == side
    ]


def _pairs(levels: Sequence[DepthLevel]) -> list[tuple[int, int]]:
    return [(level.price_ticks, level.quantity_lots) for level in levels[:CHECKSUM_LEVELS]]
