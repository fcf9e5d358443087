"""Whether parts, scheduler and engine processes work, and how far partitions reach, for Prometheus."""

from django.conf import settings
from django.db.models import Max
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from prometheus_client.core import GaugeMetricFamily, Metric

from base.health import run_checks
from operations.engines.selectors import engine_fleet
from operations.partitions import partition_days_ahead
from operations.schedules import switched_off

__all__ = ["engine_gauges", "partition_gauges", "readiness_gauges", "scheduler_gauges"]


def readiness_gauges() -> list[Metric]:
    """Return what /ready says, 1 or 0 for each check. Bounded in time as /ready is."""
    ready = GaugeMetricFamily("trade_engine_ready", "Whether a part of the exchange works", labels=["check"])
    for result in run_checks():
        ready.add_metric([result.name], result.error is None)
    return [ready]


def scheduler_gauges() -> list[Metric]:
    """Return how long ago the scheduler last started a task, which it notes every few minutes, and which are on.

    Two queries.
    """
    enabled = GaugeMetricFamily("trade_engine_task_enabled", "Whether beat starts a task", labels=["task"])
    off = switched_off()
    for name in settings.CELERY_BEAT_SCHEDULE:
        enabled.add_metric([name], name not in off)
    age = GaugeMetricFamily("trade_engine_scheduler_age_seconds", "Seconds since the scheduler last started a task")
    newest = PeriodicTask.objects.aggregate(newest=Max("last_run_at"))["newest"]
    if newest is not None:
        age.add_metric([], (timezone.now() - newest).total_seconds())
    return [age, enabled]


def partition_gauges() -> list[Metric]:
    """Return for how many days ahead each partitioned table can take rows. One query of the catalogue."""
    gauge = GaugeMetricFamily(
        "trade_engine_partition_days_ahead", "Days after today that have a partition already", labels=["table"]
    )
    for table, days in partition_days_ahead(today=timezone.now().date()).items():
        gauge.add_metric([table], days)
    return [gauge]


def engine_gauges() -> list[Metric]:
    """Return the gauges about engine processes. Four queries of a row per process and market."""
    fleet = engine_fleet()
    engines = GaugeMetricFamily("trade_engine_engines", "Engine processes that are alive", value=len(fleet.live))
    unserved = GaugeMetricFamily(
        "trade_engine_markets_unserved",
        "Markets that are not closed and that no engine serves",
        value=sum(market.is_unserved for market in fleet.markets),
    )
    standbys = GaugeMetricFamily(
        "trade_engine_market_standbys", "Processes that keep a market's book warm", labels=["market"]
    )
    for market in fleet.markets:
        standbys.add_metric([market.symbol], market.warm_standbys)
    return [engines, unserved, standbys]
