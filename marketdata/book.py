"""A market's book as one process follows it: a snapshot from the database, updated by the engine's batches.

Batches that arrive while a snapshot is read wait in a buffer; those the snapshot contains already are dropped. A batch
that does not follow, or after which the checksum differs from the engine's, throws the book away: it is read again.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from exchange.models import Market
from marketdata import selectors
from marketdata.background_tasks import FIRST_RETRY_S, BackgroundTasks
from marketdata.batches import Batch
from marketdata.database import in_database
from marketdata.metrics import RESYNCS
from marketdata.replica import BookReplica, ChecksumError, GapError
from marketdata.ring import UpdateRing

log = structlog.get_logger(__name__)

CALM_S = 5.0  # a book that needs another snapshot within this time waits for it


class LiveBook:
    """`replica` is None until a snapshot was read; `changed` is called after each change and each snapshot."""

    def __init__(self, market: Market, tasks: BackgroundTasks, changed: Callable[[], None]) -> None:
        self.replica: BookReplica | None = None
        self.ring = UpdateRing(0)
        self.state_seq = 0  # of the event that set the trading state
        self._market = market
        self._tasks = tasks
        self._changed = changed
        self._buffer: list[Batch] | None = None  # a list while a snapshot is being read
        self._last_load = float("-inf")

    def load(self) -> None:
        """Begin to follow the market, unless that has begun; calls `changed` in the end."""
        if self.replica is None and self._buffer is None:
            self._buffer = []
            self._tasks.start("book", self._load)

    def forget(self) -> None:
        """Stop following, until the next `load`."""
        self.replica = None

    def restart(self) -> None:
        """Throw the book away and read it again."""
        self.replica = None
        self.load()

    def receive(self, batch: Batch) -> None:
        if self._buffer is not None:
            self._buffer.append(batch)
        elif self.replica and not self._apply(self.replica, [batch]):
            self.restart()

    def _apply(self, replica: BookReplica, batches: Iterable[Batch]) -> bool:
        """Apply batches; return False when the book can no longer be trusted."""
        try:
            for batch in batches:
                if replica.apply(batch):
                    self.ring.add(batch)
                    self.state_seq = batch.last_seq if batch.trading_state else self.state_seq
        except (GapError, ChecksumError) as error:
            log.error("book_differs", market=self._market.symbol, error=str(error))
            RESYNCS.labels(self._market.symbol, type(error).__name__).inc()
            return False
        self._changed()
        return True

    async def _load(self) -> None:
        """Read snapshots until one fits the batches that arrived meanwhile; then serve the viewers."""
        loop = asyncio.get_running_loop()
        while True:
            if loop.time() - self._last_load < CALM_S:
                await asyncio.sleep(FIRST_RETRY_S)
            self._last_load = loop.time()
            buffer = self._buffer = []  # what arrived before this moment was committed before it, too
            replica = await self._tasks.retry(self._read)
            self.replica, self.ring, self.state_seq = replica, UpdateRing(replica.seq), replica.seq
            if self._apply(replica, buffer):
                self._buffer = None
                return
            self.replica = None

    async def _read(self) -> BookReplica:
        return await in_database(selectors.market_book, self._market)
