"""How the streams, which live in an event loop, read the database: in threads of their own."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from channels.db import database_sync_to_async

_P = ParamSpec("_P")
_T = TypeVar("_T")


async def in_database(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call a function that queries, in a thread that others do not wait for, and give its connection back."""
    result: _T = await database_sync_to_async(function, thread_sensitive=False)(*args, **kwargs)
    return result
