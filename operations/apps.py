from django.apps import AppConfig, apps


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from base.health import register_check
        from base.metrics import install_collector, register_gauges
        from operations import checks  # noqa: F401  (registers what it defines)
        from operations.grants import grants_sync
        from operations.health import check_engines
        from operations.metrics import engine_gauges, partition_gauges, readiness_gauges, scheduler_gauges

        register_check("engines", check_engines)
        for gauges in (readiness_gauges, scheduler_gauges, partition_gauges, engine_gauges):
            register_gauges(gauges)
        install_collector()
        # Django tells only apps that have models; this is the last of them, and all tables are there.
        post_migrate.connect(grants_sync, sender=apps.get_app_config("marketdata"), dispatch_uid="grants_sync")
