"""How far each market has come, how many of its trades wait for settlement, and how reconciliation stands."""

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from exchange.models import Market
from orders.engines.selectors import engine_fleet
from orders.models import Mismatch, ReconcileRun, SettlementStatus, Trade
from orders.partitions import partition_days_ahead

__all__ = ["engine_gauges", "order_gauges", "partition_gauges", "reconcile_gauges"]

_UNSETTLED = (SettlementStatus.PENDING, SettlementStatus.RETRYING, SettlementStatus.FAILED)


def order_gauges() -> list[Metric]:
    """Return the gauges. Two queries: one row per market, and an index-only look at unsettled trades."""
    seq = GaugeMetricFamily("trade_engine_market_seq", "Last sequence number of a market", labels=["market"])
    age = GaugeMetricFamily(
        "trade_engine_market_batch_age_seconds", "Seconds since a market's last batch", labels=["market"]
    )
    waiting = GaugeMetricFamily(
        "trade_engine_trades_unsettled", "Trades that are not settled", labels=["market", "status"]
    )
    symbols = dict(Market.objects.values_list("pk", "symbol"))
    rows = Market.objects.filter(sequence__isnull=False).values_list(
        "symbol", "sequence__last_seq", "sequence__updated_at"
    )
    now = timezone.now()
    for symbol, last_seq, updated_at in rows:
        seq.add_metric([symbol], last_seq)
        if updated_at is not None:
            age.add_metric([symbol], (now - updated_at).total_seconds())
    counts = (
        Trade.objects.filter(settlement_status__in=_UNSETTLED)
        .order_by()
        .values_list("market_id", "settlement_status")
        .annotate(count=Count("*"))
    )
    for market_id, status, count in counts:
        waiting.add_metric([symbols.get(market_id, str(market_id)), status], count)
    return [seq, age, waiting]


def partition_gauges() -> list[Metric]:
    """Return for how many days ahead each partitioned table can take rows. One query of the catalogue."""
    gauge = GaugeMetricFamily(
        "trade_engine_partition_days_ahead", "Days after today that have a partition already", labels=["table"]
    )
    for table, days in partition_days_ahead(today=timezone.now().date()).items():
        gauge.add_metric([table], days)
    return [gauge]


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


def engine_gauges() -> list[Metric]:
    """Return the gauges about engine processes. Four queries of a row per process and market."""
    fleet = engine_fleet()
    engines = GaugeMetricFamily("trade_engine_engines", "Engine processes that live", value=len(fleet.live))
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
