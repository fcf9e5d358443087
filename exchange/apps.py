from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "exchange"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from exchange import checks, schema  # noqa: F401  (both register what they define)
        from exchange.gauges import readiness_gauges, scheduler_gauges
        from exchange.metrics import install_collector, register_gauges

        register_gauges(readiness_gauges)
        register_gauges(scheduler_gauges)
        install_collector()
