"""The hub: everything that the WebSocket connections of one process and event loop share.

It receives each published message once, keeps one feed per wanted market, and fans out to the connections' send queues.
It opens with the first subscriber and closes itself some time after the last one left.

Nothing relies on the pub/sub layer being reliable: every `WATCH_INTERVAL_S` the feeds are compared with the sequence
numbers in the database, so the end of a stream that was lost is noticed even when nothing follows it.
"""

import asyncio
from collections.abc import Callable
from uuid import UUID
from weakref import WeakKeyDictionary

import structlog

from base.errors import ApiError, ErrorCode
from exchange.models import Market
from exchange.selectors import markets
from exchange.streams import BALANCES_GROUP
from marketdata import selectors
from marketdata.batches import Batch
from marketdata.bus import Bus, Message
from marketdata.connections import Connections
from marketdata.database import in_database
from marketdata.feed import MarketFeed
from marketdata.keys import KeyWatch
from marketdata.private import PrivateStreams
from marketdata.send_queue import SendQueue
from marketdata.view import Subscription

log = structlog.get_logger(__name__)

WATCH_INTERVAL_S = 2.0
GRACE_S = 60.0  # how long a feed without subscribers is kept, for clients that come back


class Hub:
    """Belongs to one event loop. Subscribing is synchronous; what is subscribed to arrives in the queue."""

    watch_interval_s = WATCH_INTERVAL_S
    grace_s = GRACE_S

    def __init__(self) -> None:
        self._feeds: dict[int, MarketFeed] = {}
        self._everything: set[SendQueue] = set()  # of connections that get the trades of all markets
        self.connections = Connections()
        self.keys = KeyWatch()
        self._private = PrivateStreams(self._until_live)
        self._bus = Bus(self._deliver)
        self._is_interrupted = False
        self._has_balances = False
        self._watcher: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        return self._watcher is not None

    def subscribe_view(
        self, market: Market, queue: SendQueue, subscription: Subscription, from_seq: int | None = None
    ) -> int:
        """Send what is subscribed to. Returns how many rows that takes at once."""
        return self._feed(market).add_view(queue, subscription, from_seq)

    def subscribe_trades(self, market: Market, queue: SendQueue) -> None:
        self._feed(market).add_trades(queue)

    async def subscribe_all_trades(self, queue: SendQueue) -> None:
        """Send the trades of all markets, also of those that are made later. Queries."""
        self._everything.add(queue)
        for market in await in_database(markets):
            if queue in self._everything:  # it may have left meanwhile
                self._feed(market).add_trades(queue)

    async def subscribe_private(
        self, user_id: UUID, queue: SendQueue, on_taken: Callable[[], None], session: str = "", seq: int = 0
    ) -> None:
        """Send the orders, fills and balances of a user: what a session missed, or a snapshot first. Queries.

        `on_taken` is called when another connection takes the session over.
        """
        for market in await in_database(markets):
            self._feed(market)
        self._private.attach(user_id, queue, on_taken, session, seq)
        await self._join_balances()

    async def resume_trades(self, market: Market, queue: SendQueue, from_seq: int) -> int:
        """Send the trades that were missed; return how many. Raises VALIDATION_ERROR when there is no subscription."""
        feed = self._feeds.get(market.id)
        if feed is None or not feed.serves(queue):
            raise ApiError(ErrorCode.VALIDATION_ERROR, f"Subscribe to {market.symbol} first")
        return await feed.resume_trades(queue, from_seq)

    def has_subscription(self, queue: SendQueue) -> bool:
        """Tell whether a connection is to be sent anything."""
        return queue in self._everything or any(feed.serves(queue) for feed in self._feeds.values())

    def unsubscribe(self, market: Market, queue: SendQueue) -> None:
        if feed := self._feeds.get(market.id):
            feed.remove(queue)

    def forget(self, queue: SendQueue, user_id: UUID | None = None) -> None:
        """End every subscription of a connection."""
        self._everything.discard(queue)
        if user_id:
            self._private.detach(user_id, queue)
        for feed in self._feeds.values():
            feed.remove(queue)

    async def close(self) -> None:
        """End every feed and task. The next subscriber opens the hub again."""
        watcher, self._watcher = self._watcher, None
        bus, self._bus = self._bus, Bus(self._deliver)
        feeds, self._feeds = list(self._feeds.values()), {}
        self._has_balances = self._is_interrupted = False
        if watcher and watcher is not asyncio.current_task():
            watcher.cancel()
            await asyncio.wait([watcher])
        await self.keys.close()
        await self._private.close()
        for feed in feeds:
            await feed.close()
        await bus.close()

    async def _until_live(self) -> None:
        """Return once every market's batches arrive here. Queries."""
        for market in await in_database(markets):
            await self._feed(market).live.wait()

    def _feed(self, market: Market) -> MarketFeed:
        if (feed := self._feeds.get(market.id)) is None:
            feed = self._feeds[market.id] = MarketFeed(market, self._bus, self._private)
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch(), name="stream-watcher")
        return feed

    def _deliver(self, message: Message) -> None:
        if message["type"] == "market.batch":
            if feed := self._feeds.get(message["market_id"]):
                feed.receive(Batch.from_message(message))
        elif message["type"] == "balances.changed":
            self._private.balances(message["balances"])

    # --- The watcher ------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Check everything now and then, until nobody is left."""
        while True:
            await asyncio.sleep(self.watch_interval_s)
            try:
                self._private.check()
                await self._retire_feeds()
                if not self._feeds and not self.keys:
                    break
                await self._check_bus()
                await self._check_sequences()
            except Exception as error:  # database or broker are away: next time, then
                log.warning("stream_check_failed", error=repr(error))
        await self.close()

    async def _retire_feeds(self) -> None:
        now = asyncio.get_running_loop().time()
        for market_id, feed in list(self._feeds.items()):
            if feed.has_subscribers or self._private or self._everything:
                feed.idle_since = None
            elif feed.idle_since is None:
                feed.idle_since = now
            elif now - feed.idle_since >= self.grace_s:
                del self._feeds[market_id]
                await feed.close()

    async def _check_bus(self) -> None:
        """When messages did not come through for a time, balance changes may be missing: say so."""
        if not await self._bus.check():
            self._is_interrupted = True
        elif self._is_interrupted:
            self._is_interrupted = False
            log.warning("streams_resumed")
            self._private.interrupted()
        if self._private and not self._has_balances:
            await self._join_balances()

    async def _check_sequences(self) -> None:
        seqs = await in_database(selectors.last_seqs)
        for market_id, feed in list(self._feeds.items()):
            feed.check_sequence(seqs.get(market_id, 0))
        if self._private or self._everything:
            for market in await in_database(markets):
                if market.id not in self._feeds:
                    feed = self._feed(market)
                    for queue in self._everything:
                        feed.add_trades(queue)

    async def _join_balances(self) -> None:
        if not self._has_balances:
            try:
                await self._bus.join(BALANCES_GROUP, self)
            except Exception as error:  # the watcher tries again, and tells the clients once it worked
                log.warning("balances_not_joined", error=repr(error))
                self._is_interrupted = True
            else:
                self._has_balances = True


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """Return the hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
