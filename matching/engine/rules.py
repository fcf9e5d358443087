"""The rules that depend on an incoming order, or the trading state, alone."""

from typing import Final

from matching.engine.commands import PlaceOrder
from matching.engine.levels import BookSide
from matching.engine.types import CancelReason, OrderType, RejectReason, Side, TimeInForce, TradingState

REFUSED_IN_STATE: Final = {
    TradingState.PRE_OPEN: RejectReason.MARKET_HALTED,
    TradingState.HALTED: RejectReason.MARKET_HALTED,
    TradingState.CLOSED: RejectReason.MARKET_CLOSED,
}
"""Why no order may be placed in a state; in the states not named orders may be placed."""


def may_have_budget(order: PlaceOrder) -> bool:
    return order.type == OrderType.MARKET and order.side == Side.BUY and not order.quantity_lots


def is_fillable(order: PlaceOrder, other: BookSide, reach_key: int) -> bool:
    """Tell whether an order's whole quantity, or its whole budget's worth, is within reach."""
    lots, value = other.sweep(reach_key, order.quantity_lots or None)
    return lots >= order.quantity_lots and value >= order.budget


def remainder_reason(order: PlaceOrder) -> CancelReason:
    """Return why the rest of an order that may not rest is cancelled."""
    if order.time_in_force == TimeInForce.FOK:
        return CancelReason.FOK_NOT_FILLABLE
    return CancelReason.IOC_REMAINDER if order.type == OrderType.LIMIT else CancelReason.MARKET_REMAINDER
