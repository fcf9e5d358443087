"""What traders do with orders: one service per operation, each answered after its commit.

placing      order_place, orders_place (a batch)
groups       oco_place, bracket_place
amending     order_amend
cancelling   order_cancel, orders_cancel_all, cancel_after_set
forcing      order_force_cancel, orders_force_cancel: what staff do with orders of users
reconciling  mismatch_acknowledge, market_rebase: what staff do when stored things differ

They check against the market's filters (`filters`), send to its engine (`sending`) and say what came of it; all of them
raise ApiError (`refusals`).
"""

from orders.services.amending import AmendedOrder, order_amend
from orders.services.cancelling import CancelAfter, cancel_after_set, order_cancel, orders_cancel_all
from orders.services.forcing import order_force_cancel, orders_force_cancel
from orders.services.groups import PlacedGroup, bracket_place, oco_place
from orders.services.placing import PlacedOrder, order_place, orders_place
from orders.services.reconciling import market_rebase, mismatch_acknowledge
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
    "market_rebase",
    "mismatch_acknowledge",
    "oco_place",
    "order_amend",
    "order_cancel",
    "order_force_cancel",
    "order_place",
    "orders_cancel_all",
    "orders_force_cancel",
    "orders_place",
]
