"""A connection to replay on: its own, because a replay may take longer than a request's statements may."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings
from psycopg import Connection


@contextmanager
def plain_reading() -> Iterator[Connection]:
    """Open a read-only connection on which each statement sees what is committed when it starts."""
    connection = psycopg.connect(
        settings.ENGINE_DATABASE_URL,
        autocommit=True,
        connect_timeout=5,
        options="-c default_transaction_read_only=on -c statement_timeout=60000",
        application_name="explain",
    )
    try:
        yield connection
    finally:
        connection.close()
