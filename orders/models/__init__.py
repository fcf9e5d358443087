from orders.models.journal import CancelAfter, JournalBatch, MarketSequence, OwedHold
from orders.models.order import ClientOrderId, Order, OrderStatus
from orders.models.trade import SettlementStatus, Trade

__all__ = [
    "CancelAfter",
    "ClientOrderId",
    "JournalBatch",
    "MarketSequence",
    "Order",
    "OrderStatus",
    "OwedHold",
    "SettlementStatus",
    "Trade",
]
