"""The messages to one client of `/ws/orders`: numbered without a gap, and kept a while for a client that comes back.

A session begins with a snapshot of open orders and balances. What happens from then on follows as messages, each with
the next `private_seq`. Whenever messages were lost before they got here, the next message is another snapshot. The
session outlives its connection, so that a client that returns in time gets exactly what it missed.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Collection
from typing import Any
from uuid import UUID

from exchange.models import Market
from marketdata import messages
from marketdata.payload import Payload
from marketdata.selectors import Balance, PrivateState, TrailingMarks
from marketdata.send_queue import SendQueue
from marketdata.trailing_orders import TrailingOrders
from orders.bookmarks import BEGINNING, Place
from orders.rows import OrderRow, TradeRow, order_from_row

KEPT_MESSAGES = 200  # some 100 KB
WAITING_MAX = 10_000
_Event = tuple[int, int, Callable[[], None]]  # the market, its sequence number then, what sends the message


class PrivateSession:
    """Belongs to one event loop. `is_lost` once a client that is away has missed more than is kept."""

    def __init__(self, user_id: UUID) -> None:
        self.id = secrets.token_urlsafe(12)
        self.user_id = user_id
        self.seq = 0
        self.detached_at: float | None = None
        self._detached_seq = 0
        self.is_lost = False
        self._queue: SendQueue | None = None
        self._on_taken: Callable[[], None] = lambda: None
        self._kept: deque[Payload] = deque(maxlen=KEPT_MESSAGES)
        self._snapshot: dict[int, Place] = {}
        self._read: dict[int, Place] = {}  # how far each market's orders were told
        self._balances: dict[str, Balance] = {}
        self._trailing = TrailingOrders()
        self._waiting: deque[_Event] | None = deque()  # None once there is a snapshot
        self._required: dict[int, int] = {}
        self.epoch = 0  # a balance that was read in another one may be older than the last snapshot

    @property
    def is_waiting(self) -> bool:
        """Tell whether a snapshot is still to come; what happens meanwhile waits."""
        return self._waiting is not None

    def needs(self, market_id: int, seq: int) -> bool:
        """Tell whether a new snapshot must be read, for a sequence number that the last one does not contain.

        One that is being read must contain it, too.
        """
        if self._waiting is not None:
            self._required[market_id] = seq
            return False
        return self._snapshot_seq(market_id) < seq

    def fits(self, state: PrivateState) -> bool:
        """Tell whether a snapshot contains what it must."""
        return all(state.places.get(market_id, BEGINNING).seq >= seq for market_id, seq in self._required.items())

    # --- The client -------------------------------------------------------------------------------

    def attach(self, queue: SendQueue, on_taken: Callable[[], None]) -> None:
        """Send to this connection from now on; another one that has the session is told by its `on_taken`."""
        self.end()
        self._queue, self._on_taken, self.detached_at = queue, on_taken, None

    def end(self) -> None:
        """Tell the connection that has the session, if there is one, that nothing more will come."""
        if self._queue is not None:
            self._on_taken()

    def detach(self, queue: SendQueue) -> None:
        """Keep what happens for the client's return; nothing when another connection has taken the session."""
        if self._queue is queue:
            self._queue, self.detached_at, self._detached_seq = None, time.monotonic(), self.seq

    def keeps(self, seq: int) -> bool:
        """Tell whether everything after a number can be sent again."""
        return not self.is_lost and self.seq - len(self._kept) <= seq <= self.seq

    def resume(self, seq: int) -> None:
        """Send again what came after a number."""
        assert self._queue is not None and self.keeps(seq), "Invariant: only what is kept is sent again"
        self._queue.put(messages.session_resumed(self.id, seq, self.seq))
        for message in list(self._kept)[len(self._kept) - (self.seq - seq) :]:
            self._queue.put(message)

    # --- What happens -----------------------------------------------------------------------------

    def expect_snapshot(self) -> None:
        """Let everything wait until a snapshot is there, which is read from now on."""
        self._waiting = deque()
        self._required.clear()
        self.epoch += 1

    def snapshot(self, state: PrivateState) -> None:
        """Send the state, then what has happened since."""
        self.epoch += 1
        self._snapshot, self._read = state.places, dict(state.places)
        self._balances = dict(state.balances)
        self._trailing = TrailingOrders(state.orders)
        self._tell(messages.private_snapshot(self.id, state))
        waiting, self._waiting = self._waiting, None
        for _, _, tell in waiting or ():
            tell()

    def order(self, market: Market, row: OrderRow, read_to: int) -> None:
        """Send an order; whoever has it has all orders of the market up to `read_to`."""
        if self._waiting is not None:
            self._wait(market.id, row.seq, lambda: self.order(market, row, read_to))
        elif row.seq > self._snapshot_seq(market.id):
            order = self._trailing.placed(order_from_row(row, market))
            self._read[market.id] = Place(read_to, row.updated_ms)
            self._tell(messages.order(market, order, self._read[market.id]))

    @property
    def trails_in(self) -> Collection[Market]:
        """The markets in which the user has trailing stops that wait; none while the client is away."""
        return () if self._queue is None else self._trailing.markets

    def trail(self, market: Market, marks: TrailingMarks) -> None:
        """Send the trailing stops that have moved; nothing for marks that are older than the last snapshot."""
        if self._queue is not None and self._waiting is None and marks.seq >= self._snapshot_seq(market.id):
            for order in self._trailing.moved(market, marks):
                self._tell(messages.order(market, order, self._read.get(market.id, BEGINNING)))

    def fill(self, market: Market, row: TradeRow) -> None:
        if self._waiting is not None:
            self._wait(market.id, row.seq, lambda: self.fill(market, row))
        elif row.seq > self._snapshot_seq(market.id):
            self._tell(messages.fill(market, row, self.user_id))

    def balance(self, asset: str, balance: Balance) -> None:
        """Send a balance that was read after the last snapshot, if it has changed."""
        if self._balances.get(asset) != balance:
            self._balances[asset] = balance
            self._tell(messages.balance(asset, balance))

    def _snapshot_seq(self, market_id: int) -> int:
        return self._snapshot.get(market_id, BEGINNING).seq

    def _wait(self, market_id: int, seq: int, tell: Callable[[], None]) -> None:
        """Keep what happens until there is a snapshot; when that is too much, the snapshot must contain it."""
        assert self._waiting is not None, "Invariant: only before a snapshot does anything wait"
        self._waiting.append((market_id, seq, tell))
        if len(self._waiting) > WAITING_MAX:
            for each_id, each_seq, _ in self._waiting:
                self._required[each_id] = max(each_seq, self._required.get(each_id, 0))
            self._waiting.clear()

    def _tell(self, fields: dict[str, Any]) -> None:
        self.seq += 1
        message = messages.numbered(fields, self.seq)
        if self._queue is not None:
            self._queue.put(message)
        elif self.seq - self._detached_seq > KEPT_MESSAGES:
            self.is_lost = True
        self._kept.append(message)
