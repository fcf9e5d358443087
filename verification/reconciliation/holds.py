"""What an order has to hold, worked out from how it is stored and not from how it came about."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from base.scaling import MarketScale, fee_units
from orders.lifecycle import OPEN_STATUSES, PENDING
from verification.replay.stored_rows import StoredOrder

_LIMIT_LEGS = ("oco_limit", "take_profit")


class HoldProblem(NamedTuple):
    """An order that holds more or less than it needs, in units of what it holds."""

    order: StoredOrder
    least_units: int
    most_units: int


def hold_problems(
    orders: Iterable[StoredOrder], scale: MarketScale, fills_of: Callable[[bytes], int]
) -> Iterator[HoldProblem]:
    """Yield the orders whose hold is not what they need; ended orders need nothing.

    All open orders of a group must be among them. A partly filled buy may hold up to one unit less per fill,
    because each fill rounds its fee up.
    """
    orders = list(orders)
    groups = defaultdict(list)
    for order in orders:
        if order.status in OPEN_STATUSES and order.group_id and order.group_role != "entry":
            groups[order.group_id].append(order)
    for order in orders:
        legs = groups[order.group_id] if order.group_id else []
        most = needed_units(order, legs, scale)
        rounding = fills_of(order.id) if order.side == "buy" and order.filled_lots else 0
        least = max(0, most - rounding)
        if not least <= order.held_units <= most:
            yield HoldProblem(order, least, most)


def needed_units(order: StoredOrder, legs: list[StoredOrder], scale: MarketScale) -> int:
    """Return what an order needs; `legs` are the open exits or legs of its group, itself included if it is one."""
    if order.status not in OPEN_STATUSES:
        return 0
    if len(legs) < 2 or order.group_role == "entry":
        return _needed_alone(order, scale)
    limit = next(leg for leg in legs if leg.group_role in _LIMIT_LEGS)
    waits_for_entry = limit.group_role == "take_profit" and limit.status == PENDING
    if order.id != limit.id or waits_for_entry:
        return 0
    return max(_needed_alone(leg, scale) for leg in legs)


def _needed_alone(order: StoredOrder, scale: MarketScale) -> int:
    rest = order.quantity_lots - order.filled_lots
    if order.side == "sell":
        return rest * scale.lot_units
    cost = order.price_ticks * rest * scale.tick_lot_units
    return cost + fee_units(cost, max(order.maker_fee_ppm, order.taker_fee_ppm))
