from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "settlement"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from exchange.metrics import register_gauges
        from settlement.metrics import settlement_gauges

        register_gauges(settlement_gauges)
