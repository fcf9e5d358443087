from django.urls import path
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from exchange.api.api_keys import ApiKeyViewSet
from exchange.api.auth import RefreshView, RevokeView, TokenView
from exchange.api.health import health, ready
from exchange.api.markets import MarketViewSet
from exchange.api.routers import ResourceRouter

router = ResourceRouter()
router.register("api-keys", ApiKeyViewSet, "api-key")
router.register("markets", MarketViewSet, "market")

# Below /api/v1.
api_urlpatterns = [
    path("auth/token", TokenView.as_view()),
    path("auth/token/refresh", RefreshView.as_view()),
    path("auth/token/revoke", RevokeView.as_view()),
    *router.urls,
]
# At the root.
urlpatterns = [
    path("health", health),
    path("ready", ready),
    path("metrics", ExportToDjangoView),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
