"""Where a trailing stop is now: its stop price follows a mark, which the engine's market keeps and no order does.

After each batch the marks of a market are stored with its sequence number, one for each group of trailing stops. What
is read here comes in one statement with the orders, so order and mark are of one moment.
"""

from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, JSONField, OuterRef, QuerySet, Subquery, Value, When

from exchange.models import Market
from matching.engine import Instructions, Side
from matching.engine.trailing_stops import Mark, trail_offset
from orders.models import MarketSequence, Order, OrderStatus
from orders.vocabulary import SIDES

__all__ = ["is_trailing", "keep_marks", "marks_of", "stop_price_now", "with_marks"]

Marks = Sequence[Sequence[int]]
"""Side, first priority and price in ticks of each group of a market's trailing stops, as they are stored."""

_TRAILING, _PENDING = Order.Type.TRAILING_STOP.value, OrderStatus.PENDING.value
_STORED: Final = Subquery(MarketSequence.objects.filter(pk=OuterRef("market_id")).values("trailing_marks")[:1])
_MARKS: Final = Case(
    When(type=_TRAILING, status=_PENDING, then=_STORED), default=Value(None), output_field=JSONField(null=True)
)


def with_marks(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Have trailing stops that wait read with the marks of their market; costs other orders nothing."""
    return orders.annotate(trailing_marks=_MARKS)


def is_trailing(order: Order) -> bool:
    """Tell whether an order is a trailing stop that waits."""
    return order.type == _TRAILING and order.status == _PENDING


def keep_marks(order: Order, marks: Marks | None) -> Order:
    """Give an order the marks of its market as they were read otherwise."""
    order.__dict__["trailing_marks"] = marks
    return order


def marks_of(order: Order) -> Any:
    """Return the marks that an order was read with or was given; None without any."""
    return order.__dict__.get("trailing_marks")


def stop_price_now(order: Order, market: Market) -> Decimal | None:
    """Return the stop price of an order; of a trailing stop that waits, where its mark has taken it."""
    marks = marks_of(order)
    if not marks or not is_trailing(order):
        return order.stop_price
    side, scale = SIDES.number[order.side], market.scale
    own_side = [Mark._make(mark) for mark in marks if mark[0] == side]
    position = bisect_right(own_side, order.priority, key=lambda mark: mark.first_priority) - 1
    if position < 0:
        return order.stop_price
    mark_ticks = own_side[position].price_ticks
    offset = trail_offset(_distance(order, market), mark_ticks)
    return scale.price(mark_ticks - offset if side == Side.SELL else mark_ticks + offset)


def _distance(order: Order, market: Market) -> Instructions:
    ticks = market.scale.price_ticks(order.trailing_amount) if order.trailing_amount else 0
    return Instructions(trail_ticks=ticks, trail_ppm=order.trailing_ppm or 0)
