from django.urls import path

from trading_page.views import language_module, trading_page

urlpatterns = [
    path("", trading_page, name="trading"),
    path("trade/<str:symbol>", trading_page, name="trading-market"),
    path("languages/<slug:code>.<slug:digest>.js", language_module, name="language"),
]
