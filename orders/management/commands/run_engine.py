import asyncio
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone
from prometheus_client import start_http_server

from exchange.models import Market
from matching.server import EngineServer
from orders.journal import PostgresJournal
from orders.partitions import create_partitions


class Command(BaseCommand):
    help = "Match orders: serve markets until SIGTERM. A second one for the same markets waits as hot standby."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--market",
            action="append",
            default=[],
            metavar="BTC-USDT",
            help="serve this market (may be repeated); without it, all markets",
        )
        parser.add_argument("--metrics-port", type=int, default=0, help="serve Prometheus metrics on this port")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = [text.upper().replace("-", "/").replace("_", "/") for text in options["market"]]
        self._check_known(wanted)
        create_partitions(today=timezone.now().date())
        if options["metrics_port"]:
            start_http_server(options["metrics_port"], addr="127.0.0.1")
        asyncio.run(self._serve(wanted))

    async def _serve(self, wanted: Sequence[str]) -> None:
        server = EngineServer(lambda: wanted or _all_markets(), PostgresJournal)
        server.stop_on_signals()
        await server.serve()

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
