"""Order ids of the last seconds: a command may arrive twice, when its send was retried; it runs once."""

from collections import deque
from collections.abc import Iterable

from matching.timing import REMEMBERED_MS


class RecentOrders:
    """A set of order ids that forgets those that no command can have any more. All operations are O(1), amortised."""

    def __init__(self, order_ids: Iterable[bytes] = (), now_ms: int = 0) -> None:
        self._ids: set[bytes] = set()
        self._queue: deque[tuple[int, bytes]] = deque()
        for order_id in order_ids:
            self.add(order_id, now_ms)

    def __contains__(self, order_id: bytes) -> bool:
        return order_id in self._ids

    def add(self, order_id: bytes, now_ms: int) -> None:
        self._ids.add(order_id)
        self._queue.append((now_ms, order_id))
        while self._queue[0][0] < now_ms - REMEMBERED_MS:
            self._ids.discard(self._queue.popleft()[1])
