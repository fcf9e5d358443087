"""When a served market needs maintenance: looked at once a second at least, and as soon as something is due."""

import asyncio

import structlog

from matching.processor import MarketProcessor
from matching.requests import RequestQueue
from matching.thread import MarketThread
from matching.timing import MAINTENANCE_MS, seconds

log = structlog.get_logger(__name__)


class MaintenanceSchedule:
    """Asks from time to time whether a market needs maintenance, and has it done with the next batch."""

    def __init__(self, slug: str, processor: MarketProcessor, thread: MarketThread, requests: RequestQueue) -> None:
        self._slug = slug
        self._processor = processor
        self._thread = thread
        self._requests = requests
        self._look_sooner = asyncio.Event()
        self._next_look = 0.0  # in the loop's time

    async def run(self) -> None:
        """Look until cancelled. A lost connection shows itself as a failing batch."""
        while True:
            await self._wait_for_next_look()
            try:
                is_needed = await self._thread.call(self._processor.needs_maintenance)
            except Exception as error:
                log.warning("poll_failed", market=self._slug, error=f"{type(error).__name__}: {error}")
                is_needed = True
            if is_needed:
                self._requests.add_maintenance()

    def pause_s(self) -> float:
        """Return how long no look is needed. To be called in the market's thread."""
        return self._processor.pause_s(seconds(MAINTENANCE_MS))

    def look_within(self, seconds: float) -> None:
        """Shorten the wait: a batch made something due sooner."""
        if asyncio.get_running_loop().time() + seconds < self._next_look:
            self._look_sooner.set()

    async def _wait_for_next_look(self) -> None:
        loop, is_early = asyncio.get_running_loop(), True
        while is_early:
            self._look_sooner.clear()
            pause_s = await self._thread.call(self.pause_s)
            self._next_look = loop.time() + pause_s
            try:
                await asyncio.wait_for(self._look_sooner.wait(), pause_s)
            except TimeoutError:
                is_early = False
