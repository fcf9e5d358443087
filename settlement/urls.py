from base.routers import ResourceRouter
from settlement.api import BalanceViewSet

router = ResourceRouter()
router.register("balances", BalanceViewSet, "balance")

urlpatterns = router.urls
