"""The matching engine: pure, deterministic, in whole ticks and lots.

    engine = Engine()
    events = engine.execute(PlaceOrder(...))

It imports nothing but the standard library and sortedcontainers.
"""

from matching.engine.commands import CancelOrder, Command, PlaceOrder, SetPriceBand, SetTradingState
from matching.engine.engine import Engine
from matching.engine.events import (
    CancelRejected,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    PriceBandChanged,
    TradeExecuted,
    TradingStateChanged,
)
from matching.engine.levels import DepthLevel
from matching.engine.orders import RestingOrder, RestoredOrder
from matching.engine.types import (
    CancelReason,
    OrderType,
    RejectReason,
    Side,
    TimeInForce,
    TradingState,
)

__all__ = [
    "CancelOrder",
    "CancelReason",
    "CancelRejected",
    "Command",
    "DepthLevel",
    "Engine",
    "Event",
    "LevelChanged",
    "OrderAccepted",
    "OrderCancelled",
    "OrderRejected",
    "OrderType",
    "PlaceOrder",
    "PriceBandChanged",
    "RejectReason",
    "RestingOrder",
    "RestoredOrder",
    "SetPriceBand",
    "SetTradingState",
    "Side",
    "TimeInForce",
    "TradeExecuted",
    "TradingState",
    "TradingStateChanged",
]
