from django.urls import path

from base.routers import ResourceRouter
from exchange.api.api_keys import ApiKeyViewSet
from exchange.api.auth import RefreshView, RevokeView, TokenView
from exchange.api.fees import FeeViewSet
from exchange.api.markets import MarketViewSet

router = ResourceRouter()
router.register("api-keys", ApiKeyViewSet, "api-key")
router.register("fees", FeeViewSet, "fee")
router.register("markets", MarketViewSet, "market")

urlpatterns = [
    path("auth/token", TokenView.as_view()),
    path("auth/token/refresh", RefreshView.as_view()),
    path("auth/token/revoke", RevokeView.as_view()),
    *router.urls,
]
