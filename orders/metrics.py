"""How far each market has come, and how many of its trades wait for settlement."""

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from exchange.models import Market
from orders.models import SettlementStatus, Trade

__all__ = ["order_gauges"]

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
