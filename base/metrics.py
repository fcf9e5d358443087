"""Gauges about the business for Prometheus, read from the database at each scrape; apps register in `ready()`."""

from collections.abc import Callable, Iterable, Iterator

import structlog
from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

__all__ = ["install_collector", "register_gauges", "remove_collector"]

log = structlog.get_logger(__name__)

_sources: list[Callable[[], Iterable[Metric]]] = []


def register_gauges(source: Callable[[], Iterable[Metric]]) -> None:
    """Add a function that returns metrics; it runs at each scrape, so it must read little, and by index."""
    if source not in _sources:
        _sources.append(source)


class _ExchangeCollector(Collector):
    def describe(self) -> list[Metric]:
        return []  # else registering would collect, and so query, while Django starts

    def collect(self) -> Iterator[Metric]:
        for source in _sources:
            try:
                yield from list(source())
            except Exception as error:  # a scrape must show what is left when the database is down
                log.warning("metrics_unavailable", source=source.__name__, error=str(error))


_collector = _ExchangeCollector()


def install_collector() -> None:
    """Register the collector with the process's registry, once."""
    if _collector not in REGISTRY._collector_to_names:
        REGISTRY.register(_collector)


def remove_collector() -> None:
    """Remove the gauges about the business, in a process that serves only what it counts itself."""
    if _collector in REGISTRY._collector_to_names:
        REGISTRY.unregister(_collector)
