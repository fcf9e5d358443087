"""A copy of a market's engine that follows the journal: what a warm standby keeps while another engine serves.

The book is read once, in one snapshot. From then on each new batch of the journal is executed on the copy, which
gives the engine as it is now. What the journal keeps beside the engine, order by order, is read again from the orders'
rows, but late: only when a good many changed, or when the market is taken over, and then only of orders that are
still open. An order's row may be ahead of the copy, when later batches are stored already; those change the order, so
it is read once more after them. Under the lock nothing is ahead, and the copy is compared with what the last batch
left.
"""

from collections.abc import Iterable
from typing import Final

import structlog
from psycopg import Connection

from base.ids import uuid7_floor
from journal.live_order import LiveOrder
from journal.open_orders import OpenOrders
from journal.recent_orders import RecentOrders
from journal.recovery import recent_orders, restore, some_orders, switches
from journal.terms import MarketTerms
from matching.codec import decode_commands
from matching.engine import (
    AmendRejected,
    AuctionHeld,
    BracketArmed,
    CancelAfterSet,
    CancelRejected,
    Engine,
    Event,
    ExitPlaced,
    IcebergRefilled,
    LevelChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderExpired,
    OrderRejected,
    OrderRepriced,
    PlaceGroup,
    RulesChanged,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
    TradingStateChanged,
)

log = structlog.get_logger(__name__)

STEP_BATCHES_MAX = 200
STALE_ORDERS_MAX = 5_000
CLOCK_SKEW_MS = 3_600_000  # between the hosts that give batches their ids

_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# The bound on the id leaves out the partitions of days gone by.
_BATCHES = """
SELECT first_seq, last_seq, commands, state_hash, (extract(epoch FROM created_at) * 1000)::bigint
FROM orders_journalbatch WHERE market_id = %s AND last_seq > %s AND id >= %s ORDER BY last_seq LIMIT %s
"""
_LAST = """
SELECT last_seq, state_hash, trailing_marks, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM orders_marketsequence WHERE market_id = %s
"""


class FollowerError(Exception):
    """The copy differs from the journal; the book has to be read again."""


class JournalFollower:
    """The copy. Not thread-safe, needs no lock until `finish`."""

    def __init__(self, terms: MarketTerms, engine: Engine, open_orders: OpenOrders, time_ms: int) -> None:
        self._terms = terms
        self._engine = engine
        self._open_orders = open_orders
        self._stale: set[int] = set()  # orders whose rows are to be read again
        self._time_ms = time_ms  # of the last batch

    @property
    def seq(self) -> int:
        return self._engine.seq

    @classmethod
    def start(cls, connection: Connection, terms: MarketTerms) -> "JournalFollower | None":
        """Read the book in one snapshot; None when the market was never started. Linear in the open orders."""
        with connection.transaction():
            connection.execute(_SNAPSHOT)
            restored = restore(connection, terms)
        return cls(terms, *restored) if restored is not None else None

    def step(self, connection: Connection, limit: int = STEP_BATCHES_MAX) -> bool:
        """Execute at most `limit` new batches; True when there were no more. Raises FollowerError.

        One query, a second one when many orders changed.
        """
        since = uuid7_floor(max(0, self._time_ms - CLOCK_SKEW_MS))
        with connection.transaction(), connection.cursor(binary=True) as cursor:
            batches = cursor.execute(_BATCHES, [self._terms.market_id, self.seq, since, limit]).fetchall()
            for batch in batches:
                self._execute(*batch)
            if len(self._stale) > STALE_ORDERS_MAX:
                self._read_again(connection)
        return len(batches) < limit

    def finish(self, connection: Connection, terms: MarketTerms) -> tuple[Engine, OpenOrders, RecentOrders]:
        """Follow what is left and return what `recover` does. Needs the lock. Raises FollowerError.

        O(what was not followed yet) and the orders of the last seconds.
        """
        while not self.step(connection):
            pass
        self._terms = terms
        self._read_again(connection)
        row = connection.execute(_LAST, [terms.market_id]).fetchone()
        if row is None:
            raise FollowerError(f"{terms.symbol}: the market was never started")
        last_seq, state_hash, marks, now_ms = row
        self._check(last_seq, state_hash)
        if [list(mark) for mark in self._engine.trailing_marks()] != marks:
            raise FollowerError(f"{terms.symbol}: trailing stops stand elsewhere at {last_seq}")
        if dict(self._engine.cancel_after) != switches(connection, terms):
            raise FollowerError(f"{terms.symbol}: the stored dead man's switches differ at {last_seq}")
        if len(self._open_orders.by_id) != self._engine.open_order_count:
            raise FollowerError(f"{terms.symbol}: the open orders stored differ from the book at {last_seq}")
        return self._engine, self._open_orders, recent_orders(connection, terms, now_ms)

    def _execute(self, first_seq: int, last_seq: int, commands: bytes, state_hash: str, time_ms: int) -> None:
        if first_seq != self.seq + 1:
            raise FollowerError(f"{self._terms.symbol}: the journal has a gap between {self.seq} and {first_seq}")
        for command in decode_commands(commands):
            if isinstance(command, PlaceGroup):
                self._stale.update(order.order_id for order in command.orders)
            for event in self._engine.execute(command):
                fields = ORDER_FIELDS[type(event)]
                if fields:
                    self._touch([getattr(event, field) for field in fields])
        self._time_ms = max(self._time_ms, time_ms)
        self._check(last_seq, state_hash)

    def _check(self, last_seq: int, state_hash: str) -> None:
        found = self._engine.state_hash_text()
        if self.seq != last_seq or (state_hash and state_hash != found):
            raise FollowerError(
                f"{self._terms.symbol}: the copy is at {self.seq} with state hash {found},"
                f" the journal at {last_seq} with {state_hash}"
            )

    def _touch(self, order_ids: Iterable[int]) -> None:
        """Take note of orders an event is about, and of those linked to them, whose holds may change with theirs."""
        by_id = self._open_orders.by_id
        for order_id in order_ids:
            self._stale.add(order_id)
            order = by_id.get(order_id)
            if order is not None and order.extras is not None:
                self._stale.update(_ids(self._open_orders.group_of(order)))
            self._stale.update(_ids(self._open_orders.exits_of(order_id)))

    def _read_again(self, connection: Connection) -> None:
        """Read the orders that changed again; forget those that the engine no longer has."""
        engine, orders = self._engine, self._open_orders
        is_open = [order_id for order_id in self._stale if engine.find(order_id) or engine.find_waiting(order_id)]
        for order_id in self._stale:
            known = orders.by_id.get(order_id)
            if known is not None:
                orders.remove(order_id, known)
        if is_open:
            for order in some_orders(connection, self._terms, is_open):
                orders.add(int.from_bytes(order.id), order)
        self._stale.clear()


def _ids(orders: Iterable[LiveOrder]) -> list[int]:
    return [int.from_bytes(order.id) for order in orders]


# Which fields of an event name orders. Every event is listed, so that no order goes stale by accident.
ORDER_FIELDS: Final[dict[type[Event], tuple[str, ...]]] = {
    OrderAccepted: ("order_id",),
    OrderRejected: ("order_id",),
    OrderRepriced: ("order_id",),
    StopPlaced: ("order_id",),
    ExitPlaced: ("order_id",),
    StopTriggered: ("order_id",),
    BracketArmed: ("entry_id",),
    TradeExecuted: ("maker_order_id", "taker_order_id"),
    IcebergRefilled: ("order_id",),
    OrderDecremented: ("order_id",),
    OrderAmended: ("order_id",),
    StopMoved: ("order_id",),
    AmendRejected: ("order_id",),
    OrderCancelled: ("order_id",),
    OrderExpired: ("order_id",),
    CancelRejected: ("order_id",),
    CancelAfterSet: (),
    AuctionHeld: (),
    LevelChanged: (),
    TradingStateChanged: (),
    RulesChanged: (),
}
