from orders.models.candle import Candle
from orders.models.engine import EngineProcess
from orders.models.journal import CancelAfter, JournalAnchor, JournalBatch, MarketSequence, OwedHold
from orders.models.order import ClientOrderId, Order, OrderStatus
from orders.models.reconciliation import Mismatch, ReconcileRun, ReplayCheckpoint
from orders.models.trade import SettlementStatus, Trade

__all__ = [
    "CancelAfter",
    "Candle",
    "ClientOrderId",
    "EngineProcess",
    "JournalAnchor",
    "JournalBatch",
    "MarketSequence",
    "Mismatch",
    "Order",
    "OrderStatus",
    "OwedHold",
    "ReconcileRun",
    "ReplayCheckpoint",
    "SettlementStatus",
    "Trade",
]
