from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "verification"

    def ready(self) -> None:
        from base.metrics import register_gauges
        from verification.metrics import reconcile_gauges

        register_gauges(reconcile_gauges)
