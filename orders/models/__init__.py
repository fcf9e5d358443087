from orders.models.journal import JournalBatch, MarketSequence
from orders.models.order import ClientOrderId, Order, OrderStatus
from orders.models.trade import SettlementStatus, Trade

__all__ = [
    "ClientOrderId",
    "JournalBatch",
    "MarketSequence",
    "Order",
    "OrderStatus",
    "SettlementStatus",
    "Trade",
]
