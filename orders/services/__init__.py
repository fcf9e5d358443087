"""What traders do with orders: one service per operation, each answered after its commit.

placement            order_place, orders_place (a batch)
groups               oco_place, bracket_place
amendment            order_amend
cancellation         order_cancel, orders_cancel_all, cancel_after_set
forced_cancellation  order_force_cancel, orders_force_cancel: what staff do with orders of users

They check against the market's filters (`filters`), send to its engine (`dispatch`) and say what came of it; all of
them raise ApiError (`refusals`).
"""

from orders.services.amendment import AmendedOrder, order_amend
from orders.services.cancellation import (
    CancelAfter,
    cancel_after_set,
    commands_for,
    order_cancel,
    orders_cancel_all,
)
from orders.services.forced_cancellation import order_force_cancel, orders_force_cancel
from orders.services.groups import PlacedGroup, bracket_place, oco_place
from orders.services.placement import PlacedOrder, order_place, orders_place, replay_meta
from orders.services.tickets import BracketTicket, OcoTicket, OrderTicket

__all__ = [
    "AmendedOrder",
    "BracketTicket",
    "CancelAfter",
    "OcoTicket",
    "OrderTicket",
    "PlacedGroup",
    "PlacedOrder",
    "bracket_place",
    "cancel_after_set",
    "commands_for",
    "oco_place",
    "order_amend",
    "order_cancel",
    "order_force_cancel",
    "order_place",
    "orders_cancel_all",
    "orders_force_cancel",
    "orders_place",
    "replay_meta",
]
