from django.apps import AppConfig


class ProposalsConfig(AppConfig):
    name = "proposals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from base.metrics import register_gauges
        from proposals.metrics import proposal_gauges

        register_gauges(proposal_gauges)
