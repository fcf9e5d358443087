from django.urls import path

from orders.api.market import OrderBookView, TradeDetailView, TradeListView
from orders.api.orders import CancelAfterView, OrderByClientIdView, OrderDetailView, OrderListView
from orders.api.several import BatchView, BracketView, OcoView

urlpatterns = [
    path("orders", OrderListView.as_view()),
    path("orders/batch", BatchView.as_view()),
    path("orders/oco", OcoView.as_view()),
    path("orders/bracket", BracketView.as_view()),
    path("orders/cancel-after", CancelAfterView.as_view()),
    path("orders/by-client-id/<str:client_order_id>", OrderByClientIdView.as_view()),
    path("orders/<str:order_id>", OrderDetailView.as_view()),
    path("orderbook/<str:symbol>", OrderBookView.as_view()),
    path("trades", TradeListView.as_view()),
    path("trades/<str:trade_id>", TradeDetailView.as_view()),
]
