"""A database of its own for tests that cannot share one with the others."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections

from tests.servers import copied_database


@contextmanager
def separate_database(suffix: str) -> Iterator[None]:
    """Use an empty database, named after this process's usual one, in this process and those it starts."""
    usual = connections.settings["default"]["NAME"], os.environ["DATABASE_URL"]
    name = f"{usual[0]}_{suffix}"
    _use(name, copied_database(name))
    try:
        yield
    finally:
        _use(*usual)


def _use(name: str, url: str) -> None:
    connections["default"].close()
    connections["default"].close_pool()  # type: ignore[attr-defined]  # PostgreSQL's has one
    connections.settings["default"]["NAME"] = name
    os.environ["DATABASE_URL"] = os.environ["ENGINE_DATABASE_URL"] = settings.ENGINE_DATABASE_URL = url
