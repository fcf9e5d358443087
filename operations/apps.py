from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"

    def ready(self) -> None:
        from base.health import register_check
        from base.metrics import install_collector, register_gauges
        from operations.health import check_engines
        from operations.metrics import engine_gauges, partition_gauges, readiness_gauges, scheduler_gauges

        register_check("engines", check_engines)
        for gauges in (readiness_gauges, scheduler_gauges, partition_gauges, engine_gauges):
            register_gauges(gauges)
        install_collector()
