"""The WebSocket endpoints."""

from typing import Any

from django.urls import path

from marketdata.consumers import MarketConsumer, OrdersConsumer, TradesConsumer, UnknownPathConsumer

# Channels' consumers are ASGI applications, which Django's types for `path` do not know.
_market: Any = MarketConsumer.as_asgi()
_trades: Any = TradesConsumer.as_asgi()
_orders: Any = OrdersConsumer.as_asgi()
_unknown: Any = UnknownPathConsumer.as_asgi()

websocket_urlpatterns = [
    path("ws/markets/<str:symbol>", _market),
    path("ws/trades", _trades),
    path("ws/orders", _orders),
    path("<path:path>", _unknown),
]
