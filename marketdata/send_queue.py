"""The messages to one connection: written at once, or kept, up to a limit, until a slow client takes them."""

import time
from collections import deque
from collections.abc import Callable, Hashable

from marketdata.payload import Payload

Render = Callable[[], Payload | None]


def _never(message: Payload) -> bool:
    return False


class SendQueue:
    """A queue that is empty as long as `write` takes everything. Synchronous; belongs to one event loop.

    Two kinds of entries: messages that must arrive (`put`), and the latest state of something, rendered only when it
    is sent (`put_latest`), so that it waits at most once however long it waits. When something begins to wait,
    `on_waiting` is called; the task that empties the queue sets `is_draining` meanwhile, so that nothing overtakes.
    """

    def __init__(
        self,
        *,
        limit: int,
        write: Callable[[Payload], bool] = _never,
        on_waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self.limit = limit
        self.is_overflown = False
        self.is_draining = False
        self.sent_at = time.monotonic()  # when the last message left
        self._write = write
        self._on_waiting = on_waiting
        self._entries: deque[tuple[Hashable | None, Payload | Render]] = deque()
        self._latest: set[Hashable] = set()
        self._weight = 0  # messages that wait

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, message: Payload) -> None:
        """Send a message that must arrive; a full queue overflows, which ends the connection.

        How much comes in one go is not the client's doing, so what finds room is kept whole: a batch of many trades,
        what a resume brings. So at most the limit and one such message wait.
        """
        if not self._entries and not self.is_draining and self._write(message):
            self.sent_at = time.monotonic()
        elif self._weight >= self.limit:
            self.is_overflown = True
            self._clear()
            self._on_waiting()
        elif not self.is_overflown:
            self._weight += len(message)
            self._wait(None, message)

    def put_latest(self, owner: Hashable, render: Render) -> bool:
        """Send what `render` gives, now or when its turn comes; return False when the owner has one waiting already."""
        if owner in self._latest or self.is_overflown:
            return False
        if self._entries or self.is_draining:
            self._latest.add(owner)
            self._wait(owner, render)
        elif (message := render()) is not None:
            if self._write(message):
                self.sent_at = time.monotonic()
            else:
                self._weight += len(message)
                self._wait(owner, message)
        return True

    def drop(self, owner: Hashable) -> None:
        """Take back what waits of an owner. O(n)."""
        self._latest.discard(owner)
        self._entries = deque(entry for entry in self._entries if entry[0] != owner)
        self._weight = sum(len(content) for _, content in self._entries if isinstance(content, Payload))

    def take(self) -> Payload | None:
        """Return the next message that waits; None when there is none."""
        while self._entries:
            owner, content = self._entries.popleft()
            if isinstance(content, Payload):
                self._weight -= len(content)
                self.sent_at = time.monotonic()
                return content
            self._latest.discard(owner)
            if (message := content()) is not None:
                self.sent_at = time.monotonic()
                return message
        return None

    def _wait(self, owner: Hashable | None, content: Payload | Render) -> None:
        self._entries.append((owner, content))
        if len(self._entries) == 1:
            self._on_waiting()

    def _clear(self) -> None:
        self._entries.clear()
        self._latest.clear()
        self._weight = 0
