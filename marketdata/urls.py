from django.urls import path

from marketdata.api.candles import MarketCandlesView
from marketdata.api.markets import MarketStatisticsView, MarketTickerView, MarketTradesView

urlpatterns = [
    path("markets/<str:symbol>/ticker", MarketTickerView.as_view(), name="market-ticker"),
    path("markets/<str:symbol>/stats", MarketStatisticsView.as_view(), name="market-statistics"),
    path("markets/<str:symbol>/candles", MarketCandlesView.as_view(), name="market-candles"),
    path("markets/<str:symbol>/trades", MarketTradesView.as_view(), name="market-trades"),
]
