from marketdata.consumers.markets import MarketConsumer
from marketdata.consumers.orders import OrdersConsumer
from marketdata.consumers.trades import TradesConsumer
from marketdata.consumers.unknown import UnknownPathConsumer

__all__ = ["MarketConsumer", "OrdersConsumer", "TradesConsumer", "UnknownPathConsumer"]
