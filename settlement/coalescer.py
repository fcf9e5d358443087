"""Turn many calls into few: a daemon thread that passes on each key at most once per interval."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import structlog

log = structlog.get_logger(__name__)

IDS_MAX = 20


class Coalescer:
    """Calls `send(key, ids)` soon after `add(key, ids)`, at most once per key and interval. `add` never blocks on it.

    The ids of all calls that were merged go along, at most IDS_MAX of them.
    A failure of `send` is logged and swallowed: what is sent are hints. A forked child starts its own thread.
    """

    def __init__(self, send: Callable[[int, Sequence[str]], object], *, interval_s: float) -> None:
        self._send = send
        self._interval_s = interval_s
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._waiting: dict[int, dict[str, None]] = {}
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, key: int, ids: Iterable[str] = ()) -> None:
        """Ask for `send(key, ids)`. Safe to call from any thread."""
        with self._wake:
            known = self._waiting.setdefault(key, {})
            for identity in ids:
                if len(known) == IDS_MAX:
                    break
                known[identity] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="coalescer", daemon=True)
                self._thread.start()
            self._wake.notify()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting:
                    self._wake.wait()
                waiting, self._waiting = self._waiting, {}
            for key, ids in sorted(waiting.items()):
                self._send_safely(key, list(ids))
            time.sleep(self._interval_s)

    def _send_safely(self, key: int, ids: Sequence[str]) -> None:
        try:
            self._send(key, ids)
        except Exception as error:  # a broker may fail in many ways
            log.warning("hint_not_sent", key=key, error=f"{type(error).__name__}: {error}")
