from base.routers import ResourceRouter
from orders.api.order_books import OrderBookViewSet
from orders.api.orders import OrderViewSet
from orders.api.trades import TradeViewSet

router = ResourceRouter()
router.register("orders", OrderViewSet, "order")
router.register("orderbook", OrderBookViewSet, "order-book")
router.register("trades", TradeViewSet, "trade")

urlpatterns = router.urls
