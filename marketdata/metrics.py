"""Counters of the streams, exported at /metrics."""

from prometheus_client import Counter, Gauge

RESYNCS = Counter("marketdata_resyncs_total", "Streams that started again after a gap", ["market", "reason"])
CONFLATIONS = Counter("marketdata_conflations_total", "Updates that a slow client got merged with the next")
SLOW_CLOSED = Counter("marketdata_slow_clients_closed_total", "Connections closed with 4408")
REFUSED = Counter("marketdata_clients_refused_total", "Connections closed for what they sent", ["reason"])
CONNECTIONS = Gauge("marketdata_connections", "Open WebSocket connections", ["stream"])
