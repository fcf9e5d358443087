"""The requests that wait for a market's next batch, and the answers to those that will not be executed."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import chain
from typing import Any

import structlog

from matching.messages import Correlation, MaintenanceRequest, Request, not_executed, unpack_request
from matching.publisher import OutcomePublisher
from matching.storage import BatchOutcome

log = structlog.get_logger(__name__)

BATCH_MAX = 2_000
WAITING_MAX = 20_000


class RequestQueue:
    """What one market was sent and has not executed yet. Belongs to the event loop."""

    def __init__(self, slug: str, publisher: OutcomePublisher) -> None:
        self._slug = slug
        self._publisher = publisher
        self._waiting: deque[Request] = deque()
        self._held: dict[bytes, list[Request]] = {}  # by user
        self._wake = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting) + sum(map(len, self._held.values()))

    async def receive(self, reply_to: str, requests: Sequence[Any]) -> None:
        """Queue the requests of one gateway message; refuse them at once when too much is waiting.

        A request that cannot be read is refused if its number can.
        """
        parsed = [request for fields in requests if (request := await self._read(reply_to, fields)) is not None]
        if len(self) + len(parsed) > WAITING_MAX:
            await self._publisher.publish(_refusal(parsed, "OVERLOADED"))
            return
        self._waiting.extend(parsed)
        self._wake.set()

    def add_maintenance(self) -> None:
        """Have maintenance done with the next batch."""
        self._waiting.append(MaintenanceRequest())
        self._wake.set()

    def wake(self) -> None:
        """End `wait`."""
        self._wake.set()

    async def wait(self) -> None:
        """Wait until a request comes, or `wake` is called."""
        await self._wake.wait()
        self._wake.clear()

    def take_batch(self) -> list[Request]:
        """Return the requests that wait, at most BATCH_MAX, without those of users that are held."""
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_MAX))]
        return [request for request in taken if not self._is_held(request)] if self._held else taken

    def hold(self, user_id: bytes) -> None:
        """Keep the requests of a user back, until `release`."""
        self._held.setdefault(user_id, [])

    def release(self, user_id: bytes, requests: Sequence[Request]) -> None:
        """Have requests of a user executed before all others, and after them those that were kept back."""
        self.put_back([*requests, *self._held.pop(user_id, ())])

    def _is_held(self, request: Request) -> bool:
        """Tell whether a request is kept back, and keep it."""
        if isinstance(request, MaintenanceRequest) or request.user_id not in self._held:
            return False
        self._held[request.user_id].append(request)
        return True

    def put_back(self, requests: Sequence[Request]) -> None:
        """Have requests of a batch that did not come to them executed before all others."""
        self._waiting.extendleft(reversed(requests))
        if requests:
            self._wake.set()

    async def refuse(self, requests: Sequence[Request], code: str = "ENGINE_UNAVAILABLE") -> None:
        """Answer, after all earlier outcomes, that these were not executed."""
        if requests:
            await self._publisher.put(_refusal(requests, code))

    async def refuse_all(self) -> None:
        """Refuse what waits."""
        refused = [*self._waiting, *chain.from_iterable(self._held.values())]
        self._waiting.clear()
        self._held.clear()
        await self.refuse(refused)

    async def _read(self, reply_to: str, fields: Any) -> Request | None:
        try:
            return unpack_request(fields, reply_to)
        except (LookupError, TypeError, ValueError) as error:
            log.warning("request_unreadable", market=self._slug, error=f"{type(error).__name__}: {error}")
        if isinstance(fields, list) and len(fields) > 1 and type(fields[1]) is int:
            await self._publisher.put(BatchOutcome([not_executed(Correlation(reply_to, fields[1]), "INTERNAL_ERROR")]))
        return None


def _refusal(requests: Sequence[Request], code: str) -> BatchOutcome:
    return BatchOutcome([not_executed(request.correlation, code) for request in requests])
