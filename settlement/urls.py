from base.routers import ResourceRouter
from settlement.api import BalanceViewSet, LedgerViewSet

router = ResourceRouter()
router.register("balances", BalanceViewSet, "balance")
router.register("ledger", LedgerViewSet, "ledger")

urlpatterns = router.urls
