from django.urls import path
from django_prometheus.exports import ExportToDjangoView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from exchange.api.api_keys import ApiKeyListView, ApiKeyView
from exchange.api.auth import RefreshView, RevokeView, TokenView
from exchange.api.health import health, ready
from exchange.api.markets import MarketDetailView, MarketListView

# Below /api/v1.
api_urlpatterns = [
    path("auth/token", TokenView.as_view()),
    path("auth/token/refresh", RefreshView.as_view()),
    path("auth/token/revoke", RevokeView.as_view()),
    path("api-keys", ApiKeyListView.as_view()),
    path("api-keys/<str:key_id>", ApiKeyView.as_view()),
    path("markets", MarketListView.as_view()),
    path("markets/<str:symbol>", MarketDetailView.as_view()),
]
# At the root.
urlpatterns = [
    path("health", health),
    path("ready", ready),
    path("metrics", ExportToDjangoView),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
]
