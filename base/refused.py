"""What limits have refused, as Prometheus counts it."""

from prometheus_client import Counter

__all__ = ["REFUSED"]

REFUSED = Counter("trade_engine_refused_requests", "Requests that a limit refused", ["limit"])
