"""One market's stream within one process: gap-free events, and what viewers see of the market (view.py, book.py).

The life of a feed: join the market's group, read the sequence number the market is at, and from then on every batch
must follow the one before. A batch that does not is a gap: subscribers of trades are told (`resync`), and the book
starts again from a fresh snapshot. Batches that arrive while the feed starts wait in a buffer.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog

from base.errors import ApiError, ErrorCode
from exchange.models import Market
from exchange.streams import market_group
from marketdata import messages, selectors
from marketdata.background_tasks import BackgroundTasks
from marketdata.batches import Batch
from marketdata.bus import Bus
from marketdata.database import in_database
from marketdata.metrics import RESYNCS
from marketdata.payload import joined
from marketdata.send_queue import SendQueue
from marketdata.ticker import LiveTicker
from marketdata.trade_ring import TradeRing
from marketdata.view import MarketView, Subscription
from orders.rows import TradeRow

log = structlog.get_logger(__name__)

LIVE_WAIT_S = 5.0  # how long a resume waits for the feed, which the broker may keep from starting


@dataclass(slots=True)
class _TradeSubscriber:
    """A connection that gets every trade after `live_since`; those of `waiting` follow older ones that are read."""

    live_since: int
    waiting: list[TradeRow] | None = None


class BatchListener(Protocol):
    """Takes the private part of a market's batches."""

    def market_live(self, market: Market, seq: int) -> None: ...
    def market_batch(self, market: Market, batch: Batch) -> None: ...
    def market_gap(self, market: Market, after_seq: int, seq: int) -> None: ...


class MarketFeed:
    """Everything here runs in one event loop and between two awaits, so no lock is needed."""

    def __init__(self, market: Market, bus: Bus, listener: BatchListener) -> None:
        self.market = market
        self.seq: int | None = None
        self.live = asyncio.Event()  # set once `seq` is known and every later batch arrives
        self.idle_since: float | None = None
        self._tasks = BackgroundTasks(market.symbol)
        self.view = MarketView(market, self._tasks, self._moved)
        self._ticker = LiveTicker(market, self.view, self._tasks)
        self._has_candles = False  # the last ones were read, and every later one arrives
        self._bus = bus
        self._listener = listener
        self._trades: dict[SendQueue, _TradeSubscriber] = {}
        self._past: TradeRing | None = None  # read when somebody resumes
        self._reading_past = asyncio.Lock()
        self._arriving: list[TradeRow] | None = None  # while the past is read
        self._early: list[Batch] = []
        self._expected_seq = 0
        self._tasks.start("start", self._start)

    # --- Subscribers ------------------------------------------------------------------------------

    @property
    def has_subscribers(self) -> bool:
        return bool(self.view or self._trades)

    def serves(self, queue: SendQueue) -> bool:
        return queue in self._trades or self.view.serves(queue)

    def add_view(self, queue: SendQueue, subscription: Subscription, from_seq: int | None = None) -> int:
        """Send what is subscribed to as soon as it is there: from a sequence number on, or beginning with a snapshot.

        Then ticker and last candles as they are, though nothing happens. Returns how many rows that takes.
        """
        rows = self.view.rows_since(subscription, from_seq)
        self.view.add(queue, subscription, from_seq)
        if self.seq is not None:
            self.view.book.load()
        if subscription.ticker:
            self._ticker.wanted()
        if subscription.timeframes and not self._has_candles:
            self._tasks.start("candles", self._read_candles)
        return rows

    def add_trades(self, queue: SendQueue) -> None:
        """Send every trade; a `subscribed` message says after which sequence number."""
        self._trades.setdefault(queue, _TradeSubscriber(self.seq or 0))
        if self.seq is not None:
            queue.put(messages.subscribed({self.market.symbol: self.seq}))

    async def resume_trades(self, queue: SendQueue, from_seq: int) -> int:
        """Send the trades after a sequence number, or say which are too old to be sent, then go on.

        Those that were sent already, since the subscription or the last gap, are not sent again. Returns how many
        were sent. Queries when nobody has resumed for a while.

        Waits until every later batch arrives here, else what is traded between the query and then would be missing.
        Raises SERVICE_UNAVAILABLE when that takes too long.
        """
        await self._until_live()
        subscriber = self._trades.get(queue)
        if subscriber is None:
            return 0
        live_since, waiting = subscriber.live_since, list[TradeRow]()
        subscriber.waiting = waiting
        try:
            past = self._past or await self._read_past()
        finally:
            if subscriber.waiting is waiting:
                subscriber.waiting = None
        if self._trades.get(queue) is not subscriber:  # it has left meanwhile
            return 0
        trades = past.between(from_seq, live_since)
        last_seq = waiting[-1].seq if waiting else trades[-1].row.seq if trades else from_seq
        if from_seq >= past.missing_to:
            queue.put(messages.resumed(self.market, from_seq, last_seq))
        else:
            queue.put(messages.resync(self.market.symbol, after_seq=from_seq, seq=min(past.missing_to, live_since)))
        if trades or waiting:
            later = (messages.trade(self.market, row) for row in waiting)
            queue.put(joined([*past.texts(trades), *later]))
        return len(trades) + len(waiting)

    async def _read_past(self) -> TradeRing:
        """Return the last trades. Whoever asks while they are read gets the same. One query."""
        async with self._reading_past:
            while self._past is None:
                arriving = self._arriving = []
                rows = await in_database(selectors.last_trades, self.market)
                if self._arriving is arriving:  # no gap meanwhile
                    self._past = TradeRing(self.market, rows, at_most=selectors.TRADES_MAX)
                    self._past.add(arriving)
            self._arriving = None
            return self._past

    async def _until_live(self) -> None:
        try:
            async with asyncio.timeout(LIVE_WAIT_S):
                await self.live.wait()
        except TimeoutError:
            raise ApiError(
                ErrorCode.SERVICE_UNAVAILABLE, "Trades cannot be sent at the moment: try again later"
            ) from None

    def remove(self, queue: SendQueue) -> None:
        self._trades.pop(queue, None)
        self.view.remove(queue)

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
            for candle in batch.candles:
                self.view.set_candle(candle, batch.last_seq)
            self.view.book.receive(batch)
            if batch.trades:
                self._ticker.traded()

    def check_sequence(self, seq: int) -> None:
        """Compare with the database: a feed that was behind last time and still is has lost the end."""
        if self.seq is not None:
            book = self.view.book
            if self.seq < self._expected_seq:
                self._gap("silence", seq)
                self.seq = seq
            elif book.replica and book.replica.seq < self._expected_seq:
                book.restart()
            self._expected_seq = seq
            self._ticker.check()

    async def close(self) -> None:
        """End all tasks and leave the group."""
        await self._tasks.stop()
        await self._bus.leave(market_group(self.market.slug), self)

    async def _start(self) -> None:
        seq = await self._tasks.retry(self._join)
        self.seq = seq
        self._expected_seq = 0
        for queue, subscriber in self._trades.items():
            subscriber.live_since = seq
            queue.put(messages.subscribed({self.market.symbol: seq}))
        self.live.set()
        self._listener.market_live(self.market, seq)
        early, self._early = self._early, []
        for batch in early:
            self.receive(batch)
        if self.view:
            self.view.book.load()

    async def _join(self) -> int:
        await self._bus.join(market_group(self.market.slug), self)
        return await in_database(selectors.last_seq, self.market)

    def _publish_events(self, batch: Batch) -> None:
        self._listener.market_batch(self.market, batch)
        if batch.trades and (self._trades or self._past):
            self._publish_trades([TradeRow._make(row) for row in batch.trades])

    def _publish_trades(self, rows: list[TradeRow]) -> None:
        if self._past:
            self._past.add(rows)
        elif self._arriving is not None:
            self._arriving += rows
        if self._trades:
            trades = joined(messages.trade(self.market, row) for row in rows)
            for queue, subscriber in self._trades.items():
                if subscriber.waiting is None:
                    queue.put(trades)
                else:
                    subscriber.waiting += rows

    def _gap(self, reason: str, seq: int) -> None:
        assert self.seq is not None, "Invariant: only a live feed can have a gap"
        log.warning("stream_gap", market=self.market.symbol, reason=reason, after_seq=self.seq, seq=seq)
        RESYNCS.labels(self.market.symbol, reason).inc()
        message = messages.resync(self.market.symbol, after_seq=self.seq, seq=seq)
        self._past = self._arriving = None
        for queue, subscriber in self._trades.items():
            subscriber.live_since = seq
            queue.put(message)
        self._listener.market_gap(self.market, self.seq, seq)
        self.view.begin_again()
        self._ticker.traded()  # trades may have been lost
        self._has_candles = False
        if self.view.wants_candles:
            self._tasks.start("candles", self._read_candles)

    def _moved(self) -> None:
        self._ticker.moved()

    async def _read_candles(self) -> None:
        """Read the last candles once every later one arrives; again when batches were lost meanwhile."""
        await self.live.wait()
        while not self._has_candles:
            self._has_candles = True
            candles = await self._tasks.retry(lambda: in_database(selectors.last_candles, self.market))
            if self._has_candles:
                self.view.set_last_candles(candles)
