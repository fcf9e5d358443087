"""The database session of one market's engine: lock, recovery and batches share it, so all are lost together."""

import contextlib

import psycopg
from django.conf import settings
from psycopg import Connection

from journal.deposition import application_name

# A generic plan with a sequential scan over millions of orders would be a disaster: every statement of a batch has
# an index to go by, so the planner is told not to consider anything else.
_SESSION = (
    "-c synchronous_commit=on -c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off "
    "-c lock_timeout=5000 -c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
)


class LockLostError(Exception):
    """The session that held the market's lock is gone: nothing may be written before the lock is taken again."""


class EngineSession:
    """One connection, made when it is needed. `locked_ms` is when it took the market's lock, 0 without it."""

    def __init__(self, symbol: str, process_id: str | None) -> None:
        self.symbol = symbol
        self.process_id = process_id
        self.application_name = application_name(symbol, process_id)
        self.connection: Connection | None = None
        self.locked_ms = 0

    def connect(self) -> Connection:
        """Return the connection, a new one if the last was lost: then the lock went with it."""
        if self.connection is None or self.connection.closed:
            self.locked_ms = 0
            self.connection = psycopg.connect(
                settings.ENGINE_DATABASE_URL,
                connect_timeout=5,
                options=_SESSION,
                application_name=self.application_name,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        return self.connection

    def locked(self) -> Connection:
        """Return the connection that has the lock. One that was lost is not replaced: raises LockLostError."""
        if self.connection is None or self.connection.closed or not self.locked_ms:
            raise LockLostError(f"the session that held the lock of {self.symbol} has ended")
        return self.connection

    def close(self) -> None:
        """Give the lock back and disconnect."""
        if self.connection is not None:
            with contextlib.suppress(psycopg.Error):  # closing does the same, only a moment later
                self.connection.rollback()
                self.connection.execute("SELECT pg_advisory_unlock_all()")
            self.connection.close()
        self.connection = None
        self.locked_ms = 0
