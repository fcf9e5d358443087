"""An engine process that shares the markets of one test: those whose number is at least the first argument."""

import asyncio
import os
import sys

import django
from django.db import connection


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from exchange.models import Market
    from journal import PostgresStorage
    from matching.server import EngineServer
    from operations.engines.roster import PostgresRoster

    first = int(sys.argv[1])

    def list_markets() -> list[str]:
        try:
            return list(Market.objects.filter(pk__gte=first).values_list("symbol", flat=True))
        finally:
            connection.close()

    async def serve() -> None:
        roster = PostgresRoster(None)
        server = EngineServer(list_markets, lambda symbol: PostgresStorage(symbol, roster.process_id), roster)
        server.stop_on_signals()
        await server.serve()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
