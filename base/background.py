"""One event loop in a daemon thread per process: how synchronous code talks to channel layers and waits for replies."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_T = TypeVar("_T")
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the process's background loop; the first call starts its thread. Safe to call from any thread."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="background-loop", daemon=True).start()
        return _loop


def run_in_background(coroutine: Coroutine[Any, Any, _T]) -> "Future[_T]":
    """Schedule a coroutine on the background loop and return its future at once."""
    return asyncio.run_coroutine_threadsafe(coroutine, background_loop())


def _forget_loop() -> None:
    """A forked child has no such thread: let it start its own."""
    global _loop
    _loop = None


os.register_at_fork(after_in_child=_forget_loop)
