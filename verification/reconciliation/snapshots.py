"""The connection of a reconciliation: read-only, without a time limit, one run at a time."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings
from psycopg import Connection

from base.advisory_locks import ExchangeLock

_SESSION = (
    "-c statement_timeout=0 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=600000 -c jit=off "
    "-c work_mem=64MB -c default_transaction_read_only=on"
)


class AlreadyRunningError(Exception):
    """Another reconciliation is running."""


@contextmanager
def reading() -> Iterator[Connection]:
    """Open the connection of a run, not in one snapshot: see `snapshot`. Raises AlreadyRunningError."""
    connection = psycopg.connect(
        settings.ENGINE_DATABASE_URL,  # a session lock, like the engine's, must not go through a pooler
        autocommit=True,
        connect_timeout=5,
        options=_SESSION,
        application_name="reconcile",
    )
    try:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [ExchangeLock.RECONCILIATION]).fetchone()
        if not (row and row[0]):
            raise AlreadyRunningError("Another reconciliation is running")
        try:
            yield connection
        finally:  # closing does it a moment later, and the next run may begin before that
            with contextlib.suppress(psycopg.Error):
                connection.execute("SELECT pg_advisory_unlock_all()")
    finally:
        connection.close()


@contextmanager
def snapshot(connection: Connection) -> Iterator[None]:
    """Let all statements of the block see one and the same moment."""
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    try:
        with connection.transaction():
            yield
    finally:
        if not connection.closed:
            connection.isolation_level = None
            connection.read_only = None


def rows(connection: Connection, statement: str, parameters: Any) -> list[tuple[Any, ...]]:
    """Return all rows of a statement that gives few."""
    return connection.execute(statement, parameters, prepare=False).fetchall()
