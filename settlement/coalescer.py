"""Turn many calls into few: a daemon thread that passes on each key at most once per interval."""

import os
import threading
import time
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Coalescer:
    """Calls `send(key)` soon after `add(key)`, at most once per key and interval. `add` never blocks on `send`.

    A failure of `send` is logged and swallowed: what is sent are hints. A forked child starts its own thread.
    """

    def __init__(self, send: Callable[[int], object], *, interval_s: float) -> None:
        self._send = send
        self._interval_s = interval_s
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._waiting: set[int] = set()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, key: int) -> None:
        """Ask for `send(key)`; O(1). Safe to call from any thread."""
        with self._wake:
            self._waiting.add(key)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="coalescer", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting:
                    self._wake.wait()
                keys, self._waiting = self._waiting, set()
            for key in sorted(keys):
                self._send_safely(key)
            time.sleep(self._interval_s)

    def _send_safely(self, key: int) -> None:
        try:
            self._send(key)
        except Exception as error:  # a broker may fail in many ways
            log.warning("hint_not_sent", key=key, error=f"{type(error).__name__}: {error}")
