from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from exchange.metrics import register_gauges
        from orders.metrics import order_gauges

        register_gauges(order_gauges)
