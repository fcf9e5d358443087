from django.apps import AppConfig


class OrdersConfig(AppConfig):
    name = "orders"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from exchange.health import register_check
        from exchange.metrics import register_gauges
        from exchange.services import on_market_changed
        from orders.gateway import nudge_engine
        from orders.health import check_engines
        from orders.metrics import engine_gauges, order_gauges, partition_gauges, reconcile_gauges

        register_check("engines", check_engines)
        for gauges in (order_gauges, partition_gauges, reconcile_gauges, engine_gauges):
            register_gauges(gauges)
        on_market_changed(nudge_engine)
