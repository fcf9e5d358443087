"""What the subscribers of `/ws/markets` see of a market, rendered once for all viewers at the same place.

A viewer is not sent a queue of updates but brought from where it is to the present, whenever it is its turn: by one
update that merges what it missed (absolute volumes, the checksum of now), or by a snapshot when it missed more than
the ring keeps. So a client that is slow, asked for an interval, or was away for a while costs nothing but its place.

Viewers with the same interval share a lane. A lane serves when something has changed, but rests after each round as
long as the round took: when serving a thousand clients takes longer than the next batch is away, batches are merged,
and the loop has time for other things.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import structlog

from exchange.models import Market
from marketdata import messages
from marketdata.background_tasks import BackgroundTasks
from marketdata.batches import Candle
from marketdata.book import LiveBook
from marketdata.metrics import CONFLATIONS
from marketdata.payload import Payload, joined
from marketdata.replica import BookReplica
from marketdata.send_queue import SendQueue

log = structlog.get_logger(__name__)

INTERVALS_MS = (0, 100, 250, 500, 1_000)
SLICE = 250  # viewers that are served without a pause
CANDLES_KEPT = 3  # of each timeframe
RENDERED_MAX = 64  # places that are kept rendered; nearly always all viewers are at one


class Subscription(NamedTuple):
    """What a client wants of a market."""

    book: bool = True
    ticker: bool = True
    timeframes: tuple[str, ...] = ()
    interval_ms: int = 0


class Place(NamedTuple):
    """What a viewer was sent last; None = it needs a beginning."""

    seq: int | None = None
    ticker: int = 0
    candle: int = 0


BEGINNING = Place()


class KeptCandle(NamedTuple):
    """A candle as it was last sent: under which number, and by the batch that ended with `seq`."""

    number: int
    seq: int
    text: Payload


NO_CANDLE = KeptCandle(0, 0, messages.NOTHING)


@dataclass(slots=True, eq=False)
class Viewer:
    queue: SendQueue
    subscription: Subscription
    place: Place = BEGINNING
    is_resuming: bool = False
    render: Callable[[], Payload | None] = lambda: None


class MarketView:
    """The viewers of one market and what is rendered for them."""

    def __init__(self, market: Market, tasks: BackgroundTasks, on_book: Callable[[], None] = lambda: None) -> None:
        """`on_book` is called after each change of the book, before viewers are sent anything."""
        self._market = market
        self.book = LiveBook(market, tasks, self._moved)
        self._on_book = on_book
        self._viewers: dict[SendQueue, Viewer] = {}
        self._lanes: dict[int, _Lane] = {}
        self._ticker = (0, messages.NOTHING)
        self._candles: dict[tuple[str, int], KeptCandle] = {}
        self._gone: dict[str, KeptCandle] = {}  # of each timeframe, the last that was not kept any longer
        self._candle_number = 0
        self._rendered: dict[tuple[Subscription, Place], Payload] = {}

    def __bool__(self) -> bool:
        return bool(self._viewers)

    def serves(self, queue: SendQueue) -> bool:
        return queue in self._viewers

    def add(self, queue: SendQueue, subscription: Subscription, from_seq: int | None = None) -> None:
        """Serve a client, or serve it differently; from the sequence number it is at, else from a snapshot."""
        if not self.wants_tickers:
            self._ticker = (self._ticker[0], messages.NOTHING)  # it was not kept up to date
        viewer = self._viewers.get(queue)
        if viewer is None or viewer.subscription != subscription:
            self.remove(queue)
            viewer = self._viewers[queue] = Viewer(queue, subscription)
            viewer.render = partial(self._render, viewer)
            interval_ms = subscription.interval_ms
            lane = self._lanes.setdefault(interval_ms, _Lane(self, interval_ms / 1_000))
            lane.viewers[viewer] = None
        queue.drop(self)
        viewer.place, viewer.is_resuming = self._place_at(subscription, from_seq), from_seq is not None
        self.update(viewer)

    def rows_since(self, subscription: Subscription, from_seq: int | None = None) -> int:
        """Return how many levels it takes, at most, to bring a client to the present; 0 while there is no book."""
        if self.book.replica is None or not subscription.book:
            return 0
        seq = self._place_at(subscription, from_seq).seq
        if seq is not None and self.book.ring.covers(seq):
            return self.book.ring.changes_since(seq)
        return self.book.replica.level_count

    def remove(self, queue: SendQueue) -> None:
        """Serve a client no longer."""
        if viewer := self._viewers.pop(queue, None):
            queue.drop(self)
            lane = self._lanes[viewer.subscription.interval_ms]
            del lane.viewers[viewer]
            if not lane.viewers:
                del self._lanes[viewer.subscription.interval_ms]

    def update(self, viewer: Viewer) -> None:
        """Bring a viewer to the present, as soon as it takes that."""
        if not viewer.queue.put_latest(self, viewer.render):
            CONFLATIONS.inc()

    def has(self, viewer: Viewer) -> bool:
        return self._viewers.get(viewer.queue) is viewer

    @property
    def wants_tickers(self) -> bool:
        return any(viewer.subscription.ticker for viewer in self._viewers.values())

    @property
    def wants_candles(self) -> bool:
        return any(viewer.subscription.timeframes for viewer in self._viewers.values())

    @property
    def knows_ticker(self) -> bool:
        """Tell whether a new viewer is sent a ticker at once."""
        return bool(self._ticker[1].texts)

    def set_ticker(self, fields: Mapping[str, object]) -> None:
        self._ticker = (self._ticker[0] + 1, messages.ticker(fields))
        self._changed()

    def set_candle(self, candle: Candle, seq: int) -> None:
        """Take a candle as it is after the batch that ended with `seq`. The last few of each timeframe are kept."""
        timeframe, opened_ms = candle[0], candle[1]
        if self._candles.get((timeframe, opened_ms), NO_CANDLE).seq >= seq:  # what was read was further
            return
        self._candle_number += 1
        self._candles.pop((timeframe, opened_ms), None)
        text = messages.candle(self._market, candle)
        self._candles[timeframe, opened_ms] = KeptCandle(self._candle_number, seq, text)
        kept = sorted(key for key in self._candles if key[0] == timeframe)
        for key in kept[:-CANDLES_KEPT]:
            self._gone[timeframe] = max(self._candles.pop(key), self._gone.get(timeframe, NO_CANDLE), key=_number)

    def set_last_candles(self, candles: Iterable[tuple[Candle, int]]) -> None:
        """Take candles that were read, each with the number of its last trade."""
        for candle, seq in candles:
            self.set_candle(candle, seq)
        self._changed()

    def begin_again(self) -> None:
        """Forget what is not known to be complete, because batches were lost: all viewers get a beginning again."""
        self._candles.clear()
        if self.book.replica:
            self.book.restart()

    def _moved(self) -> None:
        self._on_book()
        self._changed()

    def _changed(self) -> None:
        self._rendered.clear()
        for lane in self._lanes.values():
            lane.wake()

    def _place_at(self, subscription: Subscription, from_seq: int | None) -> Place:
        """Return where a client is that has everything up to a sequence number, which no candle may have gone after."""
        gone = self._gone_by(subscription)
        return Place(from_seq, candle=gone.number) if from_seq is not None and gone.seq <= from_seq else BEGINNING

    def _gone_by(self, subscription: Subscription) -> KeptCandle:
        """Return the last candle that a subscription is about and that could not be sent any more."""
        gone = (self._gone.get(timeframe, NO_CANDLE) for timeframe in subscription.timeframes)
        return max(gone, key=_number, default=NO_CANDLE)

    # --- Rendering --------------------------------------------------------------------------------

    def _render(self, viewer: Viewer) -> Payload | None:
        replica = self.book.replica
        if replica is None or not self.has(viewer):
            return None
        place = viewer.place
        is_kept = place.seq is not None and self.book.ring.covers(place.seq)
        if not is_kept or place.candle < self._gone_by(viewer.subscription).number:
            place = BEGINNING
        text = self._rendered.get((viewer.subscription, place))
        if text is None:
            if len(self._rendered) >= RENDERED_MAX:
                self._rendered.clear()
            text = self._rendered[viewer.subscription, place] = self._render_since(viewer.subscription, place)
        viewer.place = Place(replica.seq, self._ticker[0], self._candle_number)
        if viewer.is_resuming:
            viewer.is_resuming = False
            if place.seq is not None:
                return joined([messages.resumed(self._market, place.seq, replica.seq), text])
        return text if text.texts else None

    def _render_since(self, subscription: Subscription, place: Place) -> Payload:
        replica = self.book.replica
        assert replica, "Invariant: only a book that is there is rendered"
        parts: list[Payload] = []
        if subscription.book:
            parts += self._render_book(replica, place.seq)
        elif place.seq is None:
            parts.append(messages.subscribed({self._market.symbol: replica.seq}))
        if subscription.ticker and place.ticker != self._ticker[0]:
            parts.append(self._ticker[1])
        if subscription.timeframes:
            newer = (item for item in self._candles.items() if item[1].number > place.candle)
            parts += [kept.text for (timeframe, _), kept in newer if timeframe in subscription.timeframes]
        return joined(parts)

    def _render_book(self, replica: BookReplica, after_seq: int | None) -> list[Payload]:
        if after_seq == replica.seq:
            return []
        if after_seq is None:
            return [messages.snapshot(self._market, replica), messages.trading_state(self._market, replica)]
        bids, asks = self.book.ring.since(after_seq)
        update = messages.update(self._market, replica, after_seq=after_seq, bids=bids, asks=asks)
        return [update, messages.trading_state(self._market, replica)] if self.book.state_seq > after_seq else [update]


def _number(candle: KeptCandle) -> int:
    return candle.number


class _Lane:
    """Viewers that are served together: at most once in an interval, and at most half of the time."""

    def __init__(self, view: MarketView, interval_s: float) -> None:
        self.viewers: dict[Viewer, None] = {}
        self._view = view
        self._interval_s = interval_s
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._next_at = 0.0
        self._is_stale = False

    def wake(self) -> None:
        """Serve, as soon as it is time."""
        self._is_stale = True
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait_s = self._next_at - loop.time()
            self._timer = loop.call_later(wait_s, self._begin) if wait_s > 0 else loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._is_stale = False
        self._serve(list(self.viewers), asyncio.get_running_loop().time(), time.thread_time())

    def _serve(self, viewers: list[Viewer], began_at: float, worked_s: float) -> None:
        for viewer in viewers[:SLICE]:
            try:
                self._view.update(viewer)
            except Exception:  # a failure for one viewer must not end the lane for all
                log.exception("viewer_not_served")
        loop = asyncio.get_running_loop()
        if len(viewers) > SLICE:
            self._timer = loop.call_soon(self._serve, viewers[SLICE:], began_at, worked_s)
            return
        self._timer = None
        took_s = time.thread_time() - worked_s  # not what other processes took: resting longer would not help them
        self._next_at = max(began_at + self._interval_s, loop.time() + took_s)
        if self._is_stale:
            self.wake()
