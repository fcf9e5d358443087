import asyncio
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from prometheus_client import start_http_server

from base.metrics import remove_collector
from base.symbols import symbol_of
from exchange.models import Market
from journal import PostgresStorage
from matching.server import EngineServer
from operations.engines.roster import PostgresRoster
from operations.partitions import create_partitions

METRICS_PORTS = 32


class Command(BaseCommand):
    help = (
        "Match orders until SIGTERM. Processes share all markets evenly and keep copies of each other's books warm; "
        "with --market a process serves those markets and no others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--market",
            action="append",
            default=[],
            metavar="BTC-USDT",
            help="serve this market (may be repeated); without it, share all markets",
        )
        parser.add_argument(
            "--metrics-port",
            type=int,
            default=settings.ENGINE_METRICS_PORT,
            help="serve Prometheus metrics on this port or the next free one; 0: not at all",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = [symbol_of(text) for text in options["market"]]
        self._check_known(wanted)
        create_partitions(today=timezone.now().date())
        if options["metrics_port"]:
            self._serve_metrics(options["metrics_port"])
        asyncio.run(self._serve(wanted))

    async def _serve(self, wanted: Sequence[str]) -> None:
        roster = PostgresRoster(wanted or None)
        server = EngineServer(
            lambda: wanted or _all_markets(), lambda symbol: PostgresStorage(symbol, roster.process_id), roster
        )
        server.stop_on_signals()
        await server.serve()

    def _serve_metrics(self, first_port: int) -> None:
        """Serve what this process counts; engines on one host take ports side by side."""
        remove_collector()
        for port in range(first_port, first_port + METRICS_PORTS):
            try:
                start_http_server(port, addr=settings.ENGINE_METRICS_BIND)
            except OSError:
                continue
            self.stdout.write(f"metrics on port {port}")
            return
        self.stderr.write(f"no port for metrics from {first_port} to {first_port + METRICS_PORTS - 1}")

    def _check_known(self, wanted: Sequence[str]) -> None:
        unknown = set(wanted) - set(_all_markets())
        if unknown:
            raise CommandError(f"There is no market {', '.join(sorted(unknown))}")


def _all_markets() -> list[str]:
    """Return the symbols of all markets; runs in a thread of its own, so it leaves no connection behind."""
    try:
        return list(Market.objects.values_list("symbol", flat=True))
    finally:
        connection.close()
