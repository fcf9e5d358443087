"""Settlements that failed, for Prometheus."""

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily, Metric

from settlement.models import FailedSettlement

__all__ = ["settlement_gauges"]


def settlement_gauges() -> list[Metric]:
    """Return the number of failed settlements that wait for a retry or, as dead letters, for a person. One query."""
    gauge = GaugeMetricFamily("trade_engine_failed_settlements", "Failed settlements", labels=["state"])
    waiting = (FailedSettlement.State.RETRYING, FailedSettlement.State.DEAD)
    counts = dict.fromkeys((str(state) for state in waiting), 0)
    rows = FailedSettlement.objects.filter(state__in=waiting).values_list("state").annotate(count=Count("*"))
    for state, count in {**counts, **dict(rows)}.items():
        gauge.add_metric([state], count)
    return [gauge]
