"""How a process of the exchange begins and ends: with its parent, with its server, and with what it has loaded."""

import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process
from typing import Any

from django.core.checks import Tags, run_checks
from django.urls import get_resolver

STOP_GRACE_S = 1.0
_PR_SET_PDEATHSIG = 1


def die_with_parent(signal_number: signal.Signals, parent: int | None = None) -> Callable[[], None]:
    """Return a `preexec_fn` with which a child gets a signal when its parent dies, however it dies (Linux only).

    `parent` is this process, unless the function is to be called in this process itself.
    """
    parent = parent or os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def before_exec() -> None:
        if libc is None:
            return
        libc.prctl(_PR_SET_PDEATHSIG, int(signal_number))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal_number)

    return before_exec


def die_with_server() -> None:
    """Have this process killed when the server that started it dies (Linux only). Does nothing if it is no worker.

    A server that is killed cannot end its workers. They share their port with their successors, so an orphan would
    serve some of the requests, with old code and its own database connections, for ever. Not a polite signal: a worker
    waits for its clients to hang up, and nobody would be there to lose patience with it.
    """
    parent = parent_process()
    if parent is not None and parent.pid == os.getppid():
        die_with_parent(signal.SIGKILL, parent=parent.pid)()


def freeze_loaded_objects() -> None:
    """Load every view, then exempt all that is loaded from garbage collection.

    It stays for good anyway; a full collection would look at it again and again, and stop all threads for a tenth of
    a second each time.
    """
    assert get_resolver().url_patterns, "Invariant: there are views to load"
    gc.collect()
    gc.freeze()


def end_soon_after_stop() -> None:
    """Have this process end at most STOP_GRACE_S after Daphne's reactor has stopped. Does nothing under another server.

    A request that is in a thread when the event loop ends waits for that loop for ever, and Python waits for the thread
    before it ends: under load the process would stay until somebody kills it, neither serving nor making room.
    """
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is not None:
        reactor.addSystemEventTrigger("after", "shutdown", _start_end)


def _start_end() -> None:
    threading.Thread(target=_end, name="end", daemon=True).start()


def _end() -> None:
    time.sleep(STOP_GRACE_S)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def start_only_if_safe() -> None:
    """End this process if the security checks find an error: a server must not run with what `check` refuses.

    Raises SystemExit with what is wrong and how to mend it.
    """
    errors = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
    if errors:
        raise SystemExit("\n".join(f"{error.id}: {error.msg} {error.hint}" for error in errors))
