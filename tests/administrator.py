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


def administrator_address(database: str = "") -> str:
    """Return the address of a database of this run, or of this process's, for the server's administrator."""
    server = os.environ[ADMINISTRATOR_URL].rpartition("/")[0]
    return f"{server}/{database or connections.settings['default']['NAME']}"


@contextmanager
def as_administrator() -> Iterator[None]:
    """Let this thread be the server's administrator, on a connection of its own, until the block ends.

    Within such a block it goes on with that connection and its transaction. In a process that has nobody's address but
    the application's it stays the application.
    """
    usual: Any = connections["default"]
    url = urlsplit(os.environ.get(ADMINISTRATOR_URL, ""))
    if url.username in (None, usual.settings_dict["USER"]):
        yield
        return
    own = copy.deepcopy(usual.settings_dict) | {"USER": url.username, "PASSWORD": url.password}
    own["OPTIONS"].pop("pool", None)
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
