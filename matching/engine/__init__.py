"""The matching engine: pure, deterministic, in whole ticks and lots.

    engine = Engine()
    events = engine.execute(PlaceOrder(...))

It imports nothing but the standard library and sortedcontainers.
"""

from matching.engine.commands import (
    PLAIN,
    ActivateBracket,
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    Instructions,
    PlaceGroup,
    PlaceOrder,
    SetCancelAfter,
    SetRules,
    SetTradingState,
)
from matching.engine.editions import (
    CURRENT_EDITION,
    FIRST_EDITION,
)
from matching.engine.engine import (
    Engine,
)
from matching.engine.events import (
    AmendRejected,
    AuctionHeld,
    BracketArmed,
    CancelAfterSet,
    CancelRejected,
    Event,
    ExitPlaced,
    IcebergRefilled,
    LevelChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderExpired,
    OrderRejected,
    OrderRepriced,
    RulesChanged,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
    TradingStateChanged,
)
from matching.engine.levels import (
    DepthLevel,
)
from matching.engine.orders import (
    RestingOrder,
    RestoredOrder,
    RestoredSpecial,
    WaitingOrder,
)
from matching.engine.trailing_stops import (
    Mark,
)
from matching.engine.types import (
    LIMIT_TYPES,
    STOP_TYPES,
    TAKE_PROFIT_TYPES,
    CancelReason,
    GroupKind,
    GroupRole,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TradingState,
)
from matching.engine.unfinished import (
    FINISHED,
    Unfinished,
)

__all__ = [
    "CURRENT_EDITION",
    "FINISHED",
    "FIRST_EDITION",
    "LIMIT_TYPES",
    "PLAIN",
    "STOP_TYPES",
    "TAKE_PROFIT_TYPES",
    "ActivateBracket",
    "AmendOrder",
    "AmendRejected",
    "AuctionHeld",
    "BracketArmed",
    "CancelAfterSet",
    "CancelAll",
    "CancelOrder",
    "CancelReason",
    "CancelRejected",
    "Command",
    "DepthLevel",
    "Engine",
    "Event",
    "ExitPlaced",
    "ExpireDue",
    "GroupKind",
    "GroupRole",
    "IcebergRefilled",
    "Instructions",
    "LevelChanged",
    "Mark",
    "OrderAccepted",
    "OrderAmended",
    "OrderCancelled",
    "OrderDecremented",
    "OrderExpired",
    "OrderRejected",
    "OrderRepriced",
    "OrderType",
    "PlaceGroup",
    "PlaceOrder",
    "RejectReason",
    "RestingOrder",
    "RestoredOrder",
    "RestoredSpecial",
    "RulesChanged",
    "SelfTradePrevention",
    "SetCancelAfter",
    "SetRules",
    "SetTradingState",
    "Side",
    "StopMoved",
    "StopPlaced",
    "StopTriggered",
    "TimeInForce",
    "TradeExecuted",
    "TradingState",
    "TradingStateChanged",
    "Unfinished",
    "WaitingOrder",
]
