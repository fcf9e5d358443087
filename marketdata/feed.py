"""One market's stream within one process: gap-free events, and a replica of the book while somebody watches it.

The life of a feed: join the market's group, read the sequence number the market is at, and from then on every batch
must follow the one before. A batch that does not is a gap: subscribers of events are told (`resync`), and the book
starts again from a fresh snapshot. Batches that arrive while a snapshot is read wait in a buffer; those the
snapshot contains already are dropped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

import structlog

from exchange.models import Market
from exchange.streams import market_group
from marketdata import messages, selectors
from marketdata.batches import Batch
from marketdata.bus import Bus
from marketdata.database import in_database
from marketdata.metrics import CONFLATIONS, RESYNCS
from marketdata.outbox import Outbox
from marketdata.replica import BookReplica, ChecksumError, GapError
from marketdata.statistics import Quote, day_statistics
from orders.rows import TradeRow

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

FIRST_RETRY_S = 0.1
LAST_RETRY_S = 2.0
CALM_S = 5.0  # a book that needs another snapshot within this time waits for it
TICKER_INTERVAL_S = 0.25


class BatchListener(Protocol):
    """Who wants the private part of a market's batches."""

    def market_live(self, market: Market, seq: int) -> None: ...
    def market_batch(self, market: Market, batch: Batch) -> None: ...
    def market_gap(self, market: Market, after_seq: int, seq: int) -> None: ...


class MarketFeed:
    """Everything here runs in one event loop and between two awaits, so no lock is needed."""

    def __init__(self, market: Market, bus: Bus, listener: BatchListener) -> None:
        self.market = market
        self.seq: int | None = None
        self.book: BookReplica | None = None
        self.idle_since: float | None = None
        self._bus = bus
        self._listener = listener
        self._trades: set[Outbox] = set()
        self._books: dict[Outbox, bool] = {}  # whether the subscriber has a snapshot and follows the updates
        self._early: list[Batch] = []
        self._book_buffer: list[Batch] | None = None  # a list while a snapshot is being read
        self._last_load = float("-inf")
        self._snapshot: tuple[int, str] = (-1, "")
        self._ticker = ""
        self._ticker_is_due = False
        self._expected_seq = 0
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._run("start", self._start)

    # --- Subscribers ------------------------------------------------------------------------------

    @property
    def has_subscribers(self) -> bool:
        return bool(self._books or self._trades)

    def add_book(self, outbox: Outbox) -> None:
        """Send snapshot and trading state, as soon as they are there, then every change. Again for a fresh snapshot."""
        outbox.drop(self)
        self._books[outbox] = False
        if self.book:
            self._offer_snapshot(outbox)
        elif self.seq is not None:
            self._load_book()

    def add_trades(self, outbox: Outbox) -> None:
        """Send every trade; a `subscribed` message says after which sequence number."""
        self._trades.add(outbox)
        if self.seq is not None:
            outbox.put(messages.subscribed({self.market.symbol: self.seq}))

    def remove(self, outbox: Outbox) -> None:
        self._trades.discard(outbox)
        if self._books.pop(outbox, None) is not None:
            outbox.drop(self)
            outbox.drop((self, "state"))
            outbox.drop((self, "ticker"))

    # --- Batches ----------------------------------------------------------------------------------

    def receive(self, batch: Batch) -> None:
        """Take the market's next batch."""
        if self.seq is None:
            self._early.append(batch)
        elif batch.last_seq > self.seq:
            if batch.first_seq != self.seq + 1:
                self._gap("gap", batch.first_seq - 1)
            self.seq = batch.last_seq
            self._publish_events(batch)
            self._move_book(batch)

    def check_sequence(self, seq: int) -> None:
        """Compare with the database: a feed that was behind last time and still is has lost the end."""
        if self.seq is not None:
            if self.seq < self._expected_seq:
                self._gap("silence", seq)
                self.seq = seq
            elif self.book and self.book.seq < self._expected_seq:
                self._restart_book()
            self._expected_seq = seq

    async def close(self) -> None:
        """End all tasks and leave the group."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._bus.leave(market_group(self.market.slug), self)

    async def _start(self) -> None:
        seq = await self._retry(self._join)
        self.seq = seq
        self._expected_seq = 0
        for outbox in self._trades:
            outbox.put(messages.subscribed({self.market.symbol: seq}))
        self._listener.market_live(self.market, seq)
        early, self._early = self._early, []
        for batch in early:
            self.receive(batch)
        if self._books:
            self._load_book()

    async def _join(self) -> int:
        await self._bus.join(market_group(self.market.slug), self)
        return await in_database(selectors.last_seq, self.market)

    def _publish_events(self, batch: Batch) -> None:
        self._listener.market_batch(self.market, batch)
        if self._trades:
            for row in batch.trades:
                text = messages.trade(self.market, TradeRow(*row))
                for outbox in self._trades:
                    outbox.put(text)

    def _gap(self, reason: str, seq: int) -> None:
        assert self.seq is not None, "Invariant: only a live feed can have a gap"
        log.warning("stream_gap", market=self.market.symbol, reason=reason, after_seq=self.seq, seq=seq)
        RESYNCS.labels(self.market.symbol, reason).inc()
        text = messages.resync(self.market.symbol, after_seq=self.seq, seq=seq)
        for outbox in self._trades:
            outbox.put(text)
        self._listener.market_gap(self.market, self.seq, seq)
        if self.book:
            self._restart_book()

    # --- The book ---------------------------------------------------------------------------------

    def _move_book(self, batch: Batch) -> None:
        if self._book_buffer is not None:
            self._book_buffer.append(batch)
        elif not self._books:
            self.book = None
        elif self.book:
            try:
                is_new = self.book.apply(batch)
            except (GapError, ChecksumError) as error:
                log.error("book_differs", market=self.market.symbol, error=str(error))
                RESYNCS.labels(self.market.symbol, type(error).__name__).inc()
                self._restart_book()
            else:
                if is_new:
                    self._publish_update(batch)

    def _publish_update(self, batch: Batch) -> None:
        assert self.book, "Invariant: what is published was applied to the book"
        texts = [messages.update(self.market, batch)]
        if batch.trading_state:
            texts.append(messages.trading_state(self.market, self.book))
        for outbox, follows in self._books.items():
            if follows and not all(outbox.offer(self, text) for text in texts):
                CONFLATIONS.inc()
                self._offer_snapshot(outbox)
        if batch.trades:
            self._ticker_is_due = True
            self._run("ticker", self._publish_tickers)

    def _offer_snapshot(self, outbox: Outbox) -> None:
        """Replace what waits for this subscriber by a snapshot and the trading state, rendered when they are sent."""
        outbox.drop(self)
        self._books[outbox] = False
        outbox.put_latest(self, lambda: self._render_snapshot(outbox))
        outbox.put_latest((self, "state"), lambda: self._render_state(outbox))

    def _render_snapshot(self, outbox: Outbox) -> str | None:
        if self.book is None or outbox not in self._books:
            return None
        self._books[outbox] = True
        if self._snapshot[0] != self.book.seq:
            self._snapshot = (self.book.seq, messages.snapshot(self.market, self.book))
        return self._snapshot[1]

    def _render_state(self, outbox: Outbox) -> str | None:
        return messages.trading_state(self.market, self.book) if self.book and outbox in self._books else None

    def _restart_book(self) -> None:
        self.book = None
        self._snapshot = (-1, "")
        for outbox in self._books:
            self._books[outbox] = False
            outbox.drop(self)
        self._load_book()

    def _load_book(self) -> None:
        if self._book_buffer is None and self._books:
            self._book_buffer = []
            self._run("book", self._load)

    async def _load(self) -> None:
        """Read snapshots until one fits together with what arrived meanwhile; then serve whoever waits."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._last_load < CALM_S:
            await asyncio.sleep(FIRST_RETRY_S)
        self._last_load = loop.time()
        self.book = await self._retry(self._read_book)
        self._book_buffer = None
        for outbox in self._books:
            self._offer_snapshot(outbox)

    async def _read_book(self) -> BookReplica:
        buffer = self._book_buffer = []  # what arrived before this moment was committed before it, too
        book = await in_database(selectors.market_book, self.market)
        for batch in buffer:
            book.apply(batch)
        return book

    # --- Ticker -----------------------------------------------------------------------------------

    async def _publish_tickers(self) -> None:
        while self._ticker_is_due and self._books:
            self._ticker_is_due = False
            try:
                statistics = await in_database(day_statistics, self.market, max_age_s=0)
            except Exception as error:  # the ticker comes with the next trade, or when the database is back
                log.warning("ticker_failed", market=self.market.symbol, error=repr(error))
                self._ticker_is_due = True
                await asyncio.sleep(LAST_RETRY_S)
                continue
            if self.book:
                quote = Quote(self.book.best_bid, self.book.best_ask)
                self._offer_ticker(messages.ticker(self.market, statistics, quote))
            await asyncio.sleep(TICKER_INTERVAL_S)

    def _offer_ticker(self, text: str) -> None:
        self._ticker = text
        for outbox in self._books:
            outbox.put_latest((self, "ticker"), lambda: self._ticker)

    # --- Tasks ------------------------------------------------------------------------------------

    def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start one of the feed's tasks, unless it runs already."""
        task = self._tasks.get(name)
        if task is None or task.done():
            self._tasks[name] = asyncio.create_task(work(), name=f"{name} {self.market.symbol}")

    async def _retry(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """Do it until it succeeds, with a growing pause: broker and database come back by themselves."""
        pause = FIRST_RETRY_S
        while True:
            try:
                return await work()
            except Exception as error:
                log.warning("stream_waits", market=self.market.symbol, step=work.__name__, error=repr(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, LAST_RETRY_S)
