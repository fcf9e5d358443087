"""The batches of one market: the engine recovered from them, and each new one made durable."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import Connection

from base.ids import uuid7
from journal.batch import PostgresBatch
from journal.board import BoardState
from journal.brackets import ready_brackets
from journal.chain import last_hash
from journal.owed_holds import OwedHolds
from journal.recovery import recover
from journal.session import EngineSession, LockLostError
from journal.terms import MarketTerms
from journal.warm_copy import PostgresWarmCopy
from journal.working_set import WorkingSet
from matching.engine import Engine
from matching.messages import MaintenanceRequest, Request
from matching.storage import BatchOutcome, RecoveredEngine
from settlement.tasks import settle_market_soon

log = structlog.get_logger(__name__)

# Its number may have been given to another session meanwhile.
_SESSION_LIVES = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND application_name = %s"


class PostgresBatchStore:
    """Implements `matching.storage.BatchStore`."""

    def __init__(self, session: EngineSession, warm_copy: PostgresWarmCopy, working_set: WorkingSet) -> None:
        self._session = session
        self._warm_copy = warm_copy
        self._working_set = working_set
        self._writer_pid = 0  # the server process of the last batch

    def recover(self) -> RecoveredEngine:
        """Return the engine as of the last committed batch, and give back what is still owed.

        Takes the warm copy if it is what the last batch left, else reads every open order of the market.
        """
        connection, kept = self._session.locked(), self._working_set
        terms = kept.terms = MarketTerms.read(connection, self._session.symbol)
        warm = self._warm_copy.take(connection, terms)
        engine, kept.open_orders, kept.recent = warm or recover(connection, terms)
        kept.board = BoardState()
        kept.journal_hash = last_hash(connection, terms)
        kept.owed = OwedHolds.read(connection, terms)
        connection.commit()
        self._release_owed()
        return RecoveredEngine(engine, warm is not None)

    @contextmanager
    def begin(self, requests: Sequence[Request], engine: Engine, now_ms: int) -> Iterator[PostgresBatch]:
        """Open the transaction of a batch; it is rolled back unless the batch commits.

        Raises LockLostError when the session with the lock has ended.
        """
        connection, kept = self._session.locked(), self._working_set
        self._writer_pid = connection.info.backend_pid
        try:
            brackets = list[int]()
            if any(isinstance(request, MaintenanceRequest) for request in requests):
                kept.terms = MarketTerms.read(connection, self._session.symbol, kept.terms)
                brackets = ready_brackets(connection, kept.terms, engine, kept.open_orders)
            yield PostgresBatch.open(
                connection=connection,
                batch_id=uuid7().bytes,
                working_set=kept,
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
        connection = self._session.connect()
        if connection.info.backend_pid != self._writer_pid and self._is_writer_alive(connection):
            return None
        row = connection.execute("SELECT 1 FROM orders_journalbatch WHERE id = %s", [UUID(bytes=batch_id)]).fetchone()
        connection.commit()
        return row is not None

    def _is_writer_alive(self, connection: Connection) -> bool:
        """A session leaves this view after its commit is visible, so what is asked after this is final."""
        row = connection.execute(_SESSION_LIVES, [self._writer_pid, self._session.application_name]).fetchone()
        connection.commit()
        return row is not None

    def is_changed(self, engine: Engine) -> bool:
        """Tell whether the engine has something to do: the stored market differs from the engine's, a bracket's entry
        is settled, or something is owed. One query, two while brackets wait.
        """
        connection, kept = self._session.locked(), self._working_set
        terms = MarketTerms.read(connection, self._session.symbol, kept.terms)
        brackets = ready_brackets(connection, terms, engine, kept.open_orders)
        connection.commit()
        return bool(brackets or kept.owed) or terms != kept.terms or terms.differs_from(engine)

    def after_commit(self, outcome: BatchOutcome) -> None:
        """Give back what is owed, and have the batch's trades settled soon.

        Should the message to settlement be lost, the sweeper finds them.
        """
        outcome.publications += self._release_owed()
        if outcome.trades:
            settle_market_soon(market_id=self._working_set.recovered_terms.market_id)

    def _release_owed(self) -> list[tuple[str, dict[str, Any]]]:
        """Give back what is owed; what fails stays owed until after the next batch."""
        connection, kept = self._session.connection, self._working_set
        if not kept.owed or connection is None:
            return []
        try:
            return kept.owed.release(connection, kept.recovered_terms)
        except Exception as error:  # the batch is safe, and its callers must not wait for this
            log.error("release_failed", market=self._session.symbol, error=f"{type(error).__name__}: {error}")
            return []

    def is_transient(self, error: Exception) -> bool:
        """Tell whether it was the database or the connection that failed."""
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | LockLostError)
