"""What a process counts of its calls to the wallet, and what the database says is under way."""

from typing import Final

from django.conf import settings
from django.db.models import Count
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric

from settlement.models import WalletRelease, WalletReservation, WalletReversal

STATES: Final = {"closed": 0, "half-open": 1, "open": 2}

breaker_state = Gauge("trade_engine_wallet_breaker_state", "Breaker of the wallet: 0 closed, 1 half-open, 2 open")
_requests = Counter("trade_engine_wallet_requests", "Requests to the wallet", ["operation", "outcome"])
_seconds = Histogram("trade_engine_wallet_request_seconds", "Requests to the wallet, each try", ["operation"])


def count_request(operation: str, outcome: str, seconds: float | None = None) -> None:
    """Count a try: ok, refused, failed; or one that was not made: rejected by the breaker, busy."""
    _requests.labels(operation, outcome).inc()
    if seconds is not None:
        _seconds.labels(operation).observe(seconds)


def wallet_gauges() -> list[Metric]:
    """Return how many transfers to and from a remote wallet wait to be confirmed. Three queries by index, or none."""
    gauge = GaugeMetricFamily(
        "trade_engine_wallet_transfers_waiting", "Not yet confirmed by the wallet", labels=["kind"]
    )
    if settings.WALLET == "embedded":
        return [gauge]
    under_way = WalletReservation.objects.filter(state__in=("reserving", "reserved", "voiding"))
    counts = dict(under_way.values_list("state").annotate(count=Count("*")))
    gauge.add_metric(["reserve"], counts.get("reserving", 0))
    gauge.add_metric(["void"], counts.get("voiding", 0))
    gauge.add_metric(["release"], WalletRelease.objects.filter(state="sending").count())
    gauge.add_metric(["reverse"], WalletReversal.objects.filter(state="reversing").count())
    return [gauge]
