from django.apps import AppConfig


class TradingPageConfig(AppConfig):
    name = "trading_page"
