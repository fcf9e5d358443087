from base.routers import ResourceRouter
from marketdata.api.market_data import MarketDataViewSet

router = ResourceRouter()
router.register("markets", MarketDataViewSet, "market")

urlpatterns = router.urls
