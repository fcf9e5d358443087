"""Whether the parts of the exchange work and whether the scheduler does, for Prometheus."""

from django.db.models import Max
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from prometheus_client.core import GaugeMetricFamily, Metric

from exchange.health import run_checks

__all__ = ["readiness_gauges", "scheduler_gauges"]


def readiness_gauges() -> list[Metric]:
    """Return what /ready says, 1 or 0 for each check. Bounded in time as /ready is."""
    ready = GaugeMetricFamily("trade_engine_ready", "Whether a part of the exchange works", labels=["check"])
    for result in run_checks():
        ready.add_metric([result.name], result.error is None)
    return [ready]


def scheduler_gauges() -> list[Metric]:
    """Return how long ago the scheduler last started a task; it notes that every few minutes. One query."""
    age = GaugeMetricFamily("trade_engine_scheduler_age_seconds", "Seconds since the scheduler last started a task")
    newest = PeriodicTask.objects.aggregate(newest=Max("last_run_at"))["newest"]
    if newest is not None:
        age.add_metric([], (timezone.now() - newest).total_seconds())
    return [age]
