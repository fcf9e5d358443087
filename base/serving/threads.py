"""The threads in which requests are answered."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

__all__ = ["Threads"]

log = structlog.get_logger(__name__)

Work = Callable[[], None]


class Threads:
    """A fixed number of threads that take one piece of work after the other, in the order in which it came."""

    def __init__(self, count: int) -> None:
        self._queue: SimpleQueue[Work] = SimpleQueue()
        for number in range(count):
            threading.Thread(target=self._work, name=f"request-{number + 1}", daemon=True).start()

    def start(self, work: Work) -> None:
        """Have a piece of work done. How much may wait is for the caller to bound."""
        self._queue.put(work)

    def _work(self) -> None:
        while True:
            work = self._queue.get()
            try:
                work()
            except Exception as error:  # the next one must be served all the same
                log.error("unhandled_error", exc_info=error)
            del work
