"""How reconciliation stands, for Prometheus."""

from prometheus_client.core import GaugeMetricFamily, Metric

from orders.models import Mismatch, ReconcileRun

__all__ = ["reconcile_gauges"]


def reconcile_gauges() -> list[Metric]:
    """Return how reconciliation stands. Three queries by index; a time of 0 before the first clean run."""
    clean = ReconcileRun.objects.filter(status=ReconcileRun.Status.CLEAN).order_by("-id").first()
    finished = ReconcileRun.objects.filter(finished_at__isnull=False).order_by("-id").first()
    count = Mismatch.objects.filter(state=Mismatch.State.OPEN).count()
    clean_at = clean.finished_at.timestamp() if clean is not None and clean.finished_at is not None else 0
    gauges: list[Metric] = [
        GaugeMetricFamily("trade_engine_reconcile_open_mismatches", "Mismatches nobody has looked at", value=count),
        GaugeMetricFamily(
            "trade_engine_reconcile_last_success_timestamp_seconds", "End of the last clean run", value=clean_at
        ),
    ]
    if finished is not None and finished.finished_at is not None:
        seconds = (finished.finished_at - finished.started_at).total_seconds()
        name = "trade_engine_reconcile_last_duration_seconds"
        gauges.append(GaugeMetricFamily(name, "How long the last run took", value=seconds))
    return gauges
