"""What an engine process counts; `run_engine --metrics-port` serves it."""

from prometheus_client import Counter, Gauge, Histogram

_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)

_batch_seconds = Histogram("engine_batch_seconds", "From taking a batch to its commit", ["market"], buckets=_BUCKETS_S)
_batch_size = Histogram("engine_batch_requests", "Requests in a batch", ["market"], buckets=_SIZES)
_seq = Gauge("engine_seq", "Sequence number after the last batch", ["market"])
_failures = Counter("engine_batch_failures", "Batches that failed and led to a recovery", ["market"])


def observe_batch(market: str, requests: int, seconds: float, seq: int) -> None:
    """Count a committed batch."""
    _batch_seconds.labels(market).observe(seconds)
    _batch_size.labels(market).observe(requests)
    _seq.labels(market).set(seq)


def count_failure(market: str) -> None:
    """Count a batch that failed."""
    _failures.labels(market).inc()
