from django.urls import path

from orders.api.market import OrderBookView, TradeDetailView, TradeListView
from orders.api.orders import OrderByClientIdView, OrderDetailView, OrderListView

urlpatterns = [
    path("orders", OrderListView.as_view()),
    path("orders/by-client-id/<str:client_order_id>", OrderByClientIdView.as_view()),
    path("orders/<str:order_id>", OrderDetailView.as_view()),
    path("orderbook/<str:symbol>", OrderBookView.as_view()),
    path("trades", TradeListView.as_view()),
    path("trades/<str:trade_id>", TradeDetailView.as_view()),
]
