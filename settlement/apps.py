from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "settlement"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from base.metrics import register_gauges
        from settlement import checks  # noqa: F401  (registers what it defines)
        from settlement.metrics import settlement_gauges
        from settlement.wallet.metrics import wallet_gauges
        from settlement.wallet_service import schema  # noqa: F401  (as above)

        register_gauges(settlement_gauges)
        register_gauges(wallet_gauges)

        from proposals.kinds import kind_register
        from settlement.services.adjustments import KINDS

        for kind in KINDS:
            kind_register(kind)
