"""What waits for settlement, what failed, and what was to be moved beyond a limit, for Prometheus."""

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from settlement.models import FailedSettlement
from settlement.ports import trade_outbox
from settlement.services.adjustments import beyond_limits

__all__ = ["settlement_gauges"]


def settlement_gauges() -> list[Metric]:
    """Return the gauges. Three queries, each by an index over nothing but what waits."""
    return [*_pending(), _failed(), _beyond_limits()]


def _pending() -> list[Metric]:
    trades = GaugeMetricFamily(
        "trade_engine_pending_trades", "Trades that wait for settlement or for its next attempt", labels=["market"]
    )
    age = GaugeMetricFamily(
        "trade_engine_oldest_pending_trade_seconds", "How long the oldest of them has waited", labels=["market"]
    )
    now = timezone.now()
    for backlog in trade_outbox().backlog():
        waited_s = (now - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0.0
        trades.add_metric([backlog.symbol], backlog.trades)
        age.add_metric([backlog.symbol], max(0.0, waited_s))
    return [trades, age]


def _beyond_limits() -> Metric:
    return GaugeMetricFamily(
        "trade_engine_hand_limit_refusals",
        "Movements by hand beyond a person's limit, refused in a day",
        value=beyond_limits(now=timezone.now()),
    )


def _failed() -> Metric:
    gauge = GaugeMetricFamily("trade_engine_failed_settlements", "Failed settlements", labels=["state"])
    waiting = (FailedSettlement.State.RETRYING, FailedSettlement.State.DEAD)
    counts = dict.fromkeys((str(state) for state in waiting), 0)
    rows = FailedSettlement.objects.filter(state__in=waiting).values_list("state").annotate(count=Count("*"))
    for state, count in {**counts, **dict(rows)}.items():
        gauge.add_metric([state], count)
    return gauge
