"""The engine process: a dedicated Channels worker with one consumer per market."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from typing import Any, cast

import structlog
from channels.layers import BaseChannelLayer, get_channel_layer
from channels.worker import Worker
from django.conf import settings
from redis.asyncio import Redis

from base.symbols import slug_of
from matching.assignments import MarketAssignments
from matching.consumers import MatchingConsumer
from matching.messages import engine_channel
from matching.roster import Roster
from matching.runner import MarketRunner
from matching.storage import MarketStorage

log = structlog.get_logger(__name__)

MARKETS_POLL_S = 2.0


class EngineServer(Worker):
    """Serves markets until it is told to stop.

    `list_markets` returns the symbols to serve and is asked again from time to time, so that a new market is served
    without a restart. A market is listened to only while this process has its lock. With a `roster` the process shares
    its markets with others; without one it tries for each and keeps a warm book of those that others serve.
    """

    def __init__(
        self,
        list_markets: Callable[[], Sequence[str]],
        open_storage: Callable[[str], MarketStorage],
        roster: Roster | None = None,
    ) -> None:
        super().__init__(self._application, [], cast(BaseChannelLayer, get_channel_layer("default")))
        self._list_markets = list_markets
        self._open_storage = open_storage
        self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
        self._runners: dict[str, MarketRunner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._assignments = MarketAssignments(roster, self._runners) if roster is not None else None
        self._stopping = asyncio.Event()

    async def serve(self) -> None:
        """Serve until `stop`."""
        await self.arun()  # type: ignore[no-untyped-call]  # asgiref's

    async def handle(self) -> None:
        """Run every market's runner; return when all have stopped."""
        planning = asyncio.create_task(self._assignments.run()) if self._assignments is not None else None
        while not self._stopping.is_set():
            await self._start_new_markets()
            try:
                await asyncio.wait_for(self._stopping.wait(), MARKETS_POLL_S)
            except TimeoutError:
                continue
        if self._assignments is not None and planning is not None:
            planning.cancel()
            await asyncio.wait([planning])
            await self._assignments.leave()
        for runner in self._runners.values():
            runner.stop()
        await asyncio.gather(*self._tasks.values())
        await self._redis.aclose()

    def stop(self) -> None:
        """Stop gracefully: batches are finished and answered, locks given back."""
        self._stopping.set()

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT. Call from the main thread's running loop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)

    async def _start_new_markets(self) -> None:
        try:
            symbols = await asyncio.get_running_loop().run_in_executor(None, self._list_markets)
        except Exception as error:  # the database is away: running markets go on, new ones come later
            log.warning("markets_unknown", error=f"{type(error).__name__}: {error}")
            return
        for symbol in symbols:
            slug = slug_of(symbol)
            if slug not in self._runners:
                runner = MarketRunner(self._open_storage(symbol), symbol, self._redis, self.listener)
                if self._assignments is not None:
                    self._assignments.add(runner)
                self._runners[slug] = runner
                self._tasks[slug] = asyncio.create_task(runner.run())

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        slug = scope["channel"].removeprefix(engine_channel(""))
        await MatchingConsumer(self._runners[slug])(scope, receive, send)
