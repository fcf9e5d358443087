"""What the application's role may not do, for tests that spoil what is stored or need the planner's statistics."""

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, connections, transaction
from django.db.backends.postgresql.base import DatabaseWrapper

from tests.servers import ADMINISTRATOR_URL


@contextmanager
def as_administrator() -> Iterator[None]:
    """Let this thread be the server's administrator, on a connection of its own, until the block ends.

    In a process that has nobody's address but the application's it stays the application.
    """
    usual: Any = connections["default"]
    if ADMINISTRATOR_URL not in os.environ:
        yield
        return
    url = urlsplit(os.environ[ADMINISTRATOR_URL])
    own = copy.deepcopy(usual.settings_dict) | {"USER": url.username, "PASSWORD": url.password}
    own["OPTIONS"].pop("pool")
    connections["default"] = DatabaseWrapper(own, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = usual


@contextmanager
def unguarded() -> Iterator[None]:
    """Let a transaction change what is append-only, as somebody could who has the whole server: no trigger fires."""
    with as_administrator(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
