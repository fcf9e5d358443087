from django.urls import path

from trading_page.views import trading_page

urlpatterns = [
    path("", trading_page, name="trading"),
    path("trade/<str:symbol>", trading_page, name="trading-market"),
]
