from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from base.metrics import register_gauges
        from exchange.services import on_market_changed
        from orders.gateway import nudge_engine
        from orders.metrics import order_gauges

        register_gauges(order_gauges)
        on_market_changed(nudge_engine)
