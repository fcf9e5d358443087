"""The durable side of one market's engine: its lock, its recovery and its batches, all on one connection."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog
from django.conf import settings
from psycopg import Connection

from exchange.ids import uuid7
from matching.engine import Engine
from matching.journal import BatchOutcome
from matching.messages import Request, TendRequest
from orders.journal.batch import PostgresBatch
from orders.journal.brackets import ready_brackets
from orders.journal.open_orders import OpenOrders
from orders.journal.owed import OwedHolds
from orders.journal.recent import RecentOrders
from orders.journal.recovery import recover
from orders.journal.terms import MarketTerms
from settlement.tasks import settle_market_soon

log = structlog.get_logger(__name__)

# First key of the two-part advisory lock; the second is the market's id.
LOCK_CLASS = 7_204

# A generic plan with a sequential scan over millions of orders would be a disaster: every statement of a batch has
# an index to go by, so the planner is told not to consider anything else.
_SESSION = (
    "-c synchronous_commit=on -c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c lock_timeout=5000 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
)


class PostgresJournal:
    """Implements `matching.journal.Journal` on PostgreSQL."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._connection: Connection | None = None
        self._terms: MarketTerms | None = None
        self._open_orders = OpenOrders()
        self._owed = OwedHolds()
        self._recent = RecentOrders()

    def try_lock(self) -> bool:
        """Connect if need be and try to take the market's lock; False while another engine has it."""
        connection = self._connect()
        self._terms = MarketTerms.read(connection, self._symbol)
        row = connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, self._terms.market_id]).fetchone()
        connection.commit()
        return bool(row and row[0])

    def recover(self) -> Engine:
        """Return the engine as of the last committed batch, and give back what is still owed.

        Reads every open order of the market.
        """
        connection = self._connect()
        terms = self._terms = MarketTerms.read(connection, self._symbol)
        engine, self._open_orders, self._recent = recover(connection, terms)
        self._owed = OwedHolds.read(connection, terms)
        connection.commit()
        self._release_owed()
        return engine

    @contextmanager
    def begin(self, requests: Sequence[Request], engine: Engine, now_ms: int) -> Iterator[PostgresBatch]:
        """Open the transaction of a batch; it is rolled back unless the batch commits."""
        connection = self._connect()
        brackets = list[int]()
        if any(isinstance(request, TendRequest) for request in requests):
            self._terms = MarketTerms.read(connection, self._symbol, self._terms)
            brackets = ready_brackets(connection, self._terms, engine, self._open_orders)
        assert self._terms is not None, "Invariant: a market is locked before it is written"
        try:
            yield PostgresBatch(
                connection=connection,
                batch_id=uuid7().bytes,
                terms=self._terms,
                open_orders=self._open_orders,
                owed=self._owed,
                recent=self._recent,
                requests=requests,
                ready_brackets=brackets,
                engine=engine,
                now_ms=now_ms,
            )
        finally:
            if not connection.closed:
                connection.rollback()

    def committed(self, batch_id: bytes) -> bool:
        """Tell whether this batch was the last one committed. Needs the lock, so nobody has written since."""
        connection = self._connect()
        assert self._terms is not None, "Invariant: a market is locked before it is asked for"
        row = connection.execute(
            "SELECT batch_id = %s FROM orders_marketsequence WHERE market_id = %s",
            [batch_id.hex(), self._terms.market_id],
        ).fetchone()
        connection.commit()
        return bool(row and row[0])

    def is_changed(self, engine: Engine) -> bool:
        """Tell whether the engine has something to do: the stored market differs from what it goes by, a bracket's
        entry is settled, or something is owed. One query, two while brackets wait.
        """
        connection = self._connect()
        terms = MarketTerms.read(connection, self._symbol, self._terms)
        brackets = ready_brackets(connection, terms, engine, self._open_orders)
        connection.commit()
        return bool(brackets or self._owed) or terms != self._terms or terms.differs_from(engine)

    def after_commit(self, outcome: BatchOutcome) -> None:
        """Give back what is owed, and have the batch's trades settled soon.

        Should the message to settlement be lost, the sweeper finds them.
        """
        outcome.publications += self._release_owed()
        if outcome.trades and self._terms is not None:
            settle_market_soon(market_id=self._terms.market_id)

    def _release_owed(self) -> list[tuple[str, dict[str, Any]]]:
        """Give back what is owed; what fails stays owed until after the next batch."""
        if not self._owed or self._connection is None or self._terms is None:
            return []
        try:
            return self._owed.release(self._connection, self._terms)
        except Exception as error:  # nothing of the batch is in danger, and whoever waits for its answer goes first
            log.error("release_failed", market=self._symbol, error=f"{type(error).__name__}: {error}")
            return []

    def close(self) -> None:
        """Give the lock back and disconnect."""
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):  # closing does the same, only a moment later
                self._connection.rollback()
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
        self._connection = None
        self._open_orders = OpenOrders()
        self._owed = OwedHolds()

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                settings.ENGINE_DATABASE_URL,
                connect_timeout=5,
                options=_SESSION,
                application_name=f"engine {self._symbol} {os.getpid()}",
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        return self._connection
