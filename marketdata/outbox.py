"""What waits to be sent to one connection: bounded, so that a slow client costs nobody else anything."""

import asyncio
from collections import deque
from collections.abc import Callable, Hashable

Render = Callable[[], str | None]


class Outbox:
    """A queue of encoded messages. Synchronous to fill; one task empties it. Belongs to one event loop.

    Three kinds of entries: messages that must arrive (`put`), updates that their owner can replace by something
    newer (`offer`), and the latest state of something, rendered only when it is sent (`put_latest`).
    """

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self.is_overflown = False
        self._entries: deque[tuple[Hashable | None, str | Render]] = deque()
        self._latest: set[Hashable] = set()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, text: str) -> None:
        """Add a message that must arrive; a full queue overflows, which ends the connection."""
        if len(self._entries) >= self.limit:
            self.is_overflown = True
            self._entries.clear()
            self._latest.clear()
        else:
            self._entries.append((None, text))
        self._filled.set()

    def offer(self, owner: Hashable, text: str) -> bool:
        """Add an update; return False, nothing added, when the queue is full."""
        if len(self._entries) >= self.limit:
            return False
        self._entries.append((owner, text))
        self._filled.set()
        return True

    def put_latest(self, owner: Hashable, render: Render) -> None:
        """Add something that is rendered when its turn comes, unless the owner has one waiting. Never refused."""
        if owner not in self._latest:
            self._latest.add(owner)
            self._entries.append((owner, render))
            self._filled.set()

    def drop(self, owner: Hashable) -> None:
        """Take back everything of an owner. O(n)."""
        self._latest.discard(owner)
        self._entries = deque(entry for entry in self._entries if entry[0] != owner)

    async def get(self) -> str | None:
        """Wait for the next message; None once the queue has overflown."""
        while True:
            while self._entries:
                owner, content = self._entries.popleft()
                if isinstance(content, str):
                    return content
                self._latest.discard(owner)
                if (text := content()) is not None:
                    return text
            if self.is_overflown:
                return None
            self._filled.clear()
            await self._filled.wait()
