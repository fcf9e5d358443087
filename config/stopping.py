"""The `web` role ends when it is asked to."""

import os
import sys
import threading
import time
from typing import Any

GRACE_S = 1.0


def end_soon_after_stop() -> None:
    """Have this process end at most GRACE_S after Daphne's reactor has stopped. Does nothing under another server.

    A request that is in a thread when the event loop ends waits for that loop for ever, and Python waits for the thread
    before it ends: under load the process would stay until somebody kills it, neither serving nor making room.
    """
    reactor: Any = sys.modules.get("twisted.internet.reactor")
    if reactor is not None:
        reactor.addSystemEventTrigger("after", "shutdown", _start_end)


def _start_end() -> None:
    threading.Thread(target=_end, name="end", daemon=True).start()


def _end() -> None:
    time.sleep(GRACE_S)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
