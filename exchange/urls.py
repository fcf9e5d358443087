from django.urls import path

from exchange.api.api_keys import ApiKeyListView, ApiKeyView
from exchange.api.auth import RefreshView, RevokeView, TokenView
from exchange.api.markets import MarketDetailView, MarketListView

urlpatterns = [
    path("auth/token", TokenView.as_view()),
    path("auth/token/refresh", RefreshView.as_view()),
    path("auth/token/revoke", RevokeView.as_view()),
    path("api-keys", ApiKeyListView.as_view()),
    path("api-keys/<str:key_id>", ApiKeyView.as_view()),
    path("markets", MarketListView.as_view()),
    path("markets/<str:symbol>", MarketDetailView.as_view()),
]
