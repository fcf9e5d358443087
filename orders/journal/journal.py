"""The durable side of one market's engine: its lock, its recovery and its batches, all on one connection."""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog
from django.conf import settings
from psycopg import Connection

from exchange.ids import uuid7
from matching.engine import Engine
from matching.messages import MaintenanceRequest, Request
from matching.storage import BatchOutcome
from orders.engines.deposition import application_name, depose
from orders.journal.batch import PostgresBatch
from orders.journal.board import BoardState
from orders.journal.brackets import ready_brackets
from orders.journal.following import JournalFollower
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

_TRY_LOCK = "SELECT pg_try_advisory_lock(%s, %s), (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
# Its number may have been given to another session meanwhile.
_SESSION_LIVES = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND application_name = %s"


class LockLostError(Exception):
    """The session that held the market's lock is gone: nothing may be written before the lock is taken again."""


class PostgresJournal:
    """Implements `matching.storage.Journal` on PostgreSQL."""

    def __init__(self, symbol: str, process_id: str | None = None) -> None:
        self.locked_ms = 0
        self.warm_seq: int | None = None
        self.was_warm = False
        self._symbol = symbol
        self._process_id = process_id
        self._application_name = application_name(symbol, process_id)
        self._connection: Connection | None = None
        self._writer_pid = 0  # the session of the last batch
        self._market_id: int | None = None
        self._terms: MarketTerms | None = None
        self._follower: JournalFollower | None = None
        self._open_orders = OpenOrders()
        self._owed = OwedHolds()
        self._recent = RecentOrders()
        self._board = BoardState()

    # --- the lock -------------------------------------------------------------------------------------

    def try_lock(self) -> bool:
        """Connect if need be and try to take the market's lock; False while another engine has it."""
        connection = self._connect()
        if self.locked_ms:
            return True
        row = connection.execute(_TRY_LOCK, [LOCK_CLASS, self._lock_key(connection)]).fetchone()
        connection.commit()
        assert row is not None, "Invariant: the database answers"
        is_locked, now_ms = row
        self.locked_ms = now_ms if is_locked else 0
        return bool(is_locked)

    def depose(self) -> str | None:
        """End the session that has the lock if its process is suspended; return its name, None when nothing was done.

        See `orders.engines.deposition` for when that is. One query.
        """
        if self._process_id is None:
            return None
        connection = self._connect()
        deposed = depose(connection, (LOCK_CLASS, self._lock_key(connection)), self._process_id)
        connection.commit()
        return deposed

    def _lock_key(self, connection: Connection) -> int:
        if self._market_id is None:
            self._market_id = MarketTerms.read(connection, self._symbol).market_id
        return self._market_id

    # --- the book -------------------------------------------------------------------------------------

    def follow(self) -> bool:
        """Bring the warm copy closer to the journal; True when nothing is left to follow, or the market is new."""
        connection = self._connect()
        try:
            if self._follower is None:
                terms = MarketTerms.read(connection, self._symbol)
                connection.commit()
                self._follower = JournalFollower.start(connection, terms)
            is_done = self._follower is None or self._follower.step(connection)
        except Exception:
            self.forget()
            raise
        if self._follower is not None and (is_done or self.warm_seq is not None):
            self.warm_seq = self._follower.seq
        return is_done

    def forget(self) -> None:
        """Drop the warm copy."""
        self._follower = self.warm_seq = None

    def recover(self) -> Engine:
        """Return the engine as of the last committed batch, and give back what is still owed.

        Takes the warm copy if it is what the last batch left, else reads every open order of the market.
        """
        connection = self._locked()
        terms = self._terms = MarketTerms.read(connection, self._symbol)
        warm = self._finish_following(connection, terms)
        self.was_warm = warm is not None
        engine, self._open_orders, self._recent = warm or recover(connection, terms)
        self._board = BoardState()
        self._owed = OwedHolds.read(connection, terms)
        connection.commit()
        self._release_owed()
        return engine

    def _finish_following(
        self, connection: Connection, terms: MarketTerms
    ) -> tuple[Engine, OpenOrders, RecentOrders] | None:
        follower = self._follower
        self.forget()
        if follower is None:
            return None
        try:
            return follower.finish(connection, terms)
        except Exception as error:  # the stored book is there in any case
            log.error("warm_copy_refused", market=self._symbol, error=f"{type(error).__name__}: {error}")
            connection.rollback()
            return None

    # --- batches --------------------------------------------------------------------------------------

    @contextmanager
    def begin(self, requests: Sequence[Request], engine: Engine, now_ms: int) -> Iterator[PostgresBatch]:
        """Open the transaction of a batch; it is rolled back unless the batch commits.

        Raises LockLostError when the session with the lock has ended.
        """
        connection = self._locked()
        self._writer_pid = connection.info.backend_pid
        brackets = list[int]()
        if any(isinstance(request, MaintenanceRequest) for request in requests):
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
                board=self._board,
                requests=requests,
                ready_brackets=brackets,
                engine=engine,
                now_ms=now_ms,
            )
        finally:
            if not connection.closed:
                connection.rollback()

    def committed(self, batch_id: bytes) -> bool | None:
        """Tell whether a batch is stored; None while the session that sent its commit may still be at it.

        Asks the journal itself: others may have written since. Needs no lock. Two queries.
        """
        connection = self._connect()
        if connection.info.backend_pid != self._writer_pid and self._is_writer_alive(connection):
            return None
        row = connection.execute("SELECT 1 FROM orders_journalbatch WHERE id = %s", [UUID(bytes=batch_id)]).fetchone()
        connection.commit()
        return row is not None

    def _is_writer_alive(self, connection: Connection) -> bool:
        """A session leaves this view after its commit is visible, so what is asked after this is final."""
        row = connection.execute(_SESSION_LIVES, [self._writer_pid, self._application_name]).fetchone()
        connection.commit()
        return row is not None

    def is_changed(self, engine: Engine) -> bool:
        """Tell whether the engine has something to do: the stored market differs from what it goes by, a bracket's
        entry is settled, or something is owed. One query, two while brackets wait.
        """
        connection = self._locked()
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

    def board(self, engine: Engine, now_ms: int, stamp: str) -> bytes:
        """Return the packed board (orders.board) as of the last batch. Queries after a recovery and once a minute."""
        connection = self._connection
        assert connection is not None and self._terms is not None, "Invariant: a market is locked before it is shown"
        try:
            return self._board.board(connection, self._terms, engine, now_ms).packed(stamp)
        finally:
            if not connection.closed:
                connection.rollback()  # ends what was only read; does nothing if nothing was

    def _release_owed(self) -> list[tuple[str, dict[str, Any]]]:
        """Give back what is owed; what fails stays owed until after the next batch."""
        if not self._owed or self._connection is None or self._terms is None:
            return []
        try:
            return self._owed.release(self._connection, self._terms)
        except Exception as error:  # nothing of the batch is in danger, and whoever waits for its answer goes first
            log.error("release_failed", market=self._symbol, error=f"{type(error).__name__}: {error}")
            return []

    def is_transient(self, error: Exception) -> bool:
        """Tell whether it was the database or the connection that failed."""
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | LockLostError)

    def close(self) -> None:
        """Give the lock back and disconnect. The warm copy stays."""
        if self._connection is not None:
            with contextlib.suppress(psycopg.Error):  # closing does the same, only a moment later
                self._connection.rollback()
                self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._connection.close()
        self._connection = None
        self.locked_ms = 0
        self._open_orders = OpenOrders()
        self._owed = OwedHolds()

    def _locked(self) -> Connection:
        """Return the session that has the lock. One that was lost is not replaced here: the lock went with it."""
        if self._connection is None or self._connection.closed or not self.locked_ms:
            raise LockLostError(f"the session that held the lock of {self._symbol} has ended")
        return self._connection

    def _connect(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self.locked_ms = 0
            self._connection = psycopg.connect(
                settings.ENGINE_DATABASE_URL,
                connect_timeout=5,
                options=_SESSION,
                application_name=self._application_name,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        return self._connection
