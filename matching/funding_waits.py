"""Orders that wait for the settlement of what their owners have just traded, instead of being denied at once."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

import structlog

from matching.cancellation import cancel
from matching.messages import Correlation
from matching.publisher import OutcomePublisher
from matching.requests import RequestQueue
from matching.storage import AwaitingSettlement, BatchOutcome, ProceedsSettlement
from matching.timing import FUNDING_MS, seconds

log = structlog.get_logger(__name__)

_KEPT_S = 5.0


class _Patience(NamedTuple):
    """Until when a user's first request waits, in the loop's time."""

    correlation: Correlation
    until: float


class FundingWaits:
    """Has settlement brought forward for users, and their requests executed after it. Belongs to the event loop.

    All requests of such a user wait meanwhile, so that they are executed in their order; those of others go on.
    """

    def __init__(
        self, slug: str, requests: RequestQueue, publisher: OutcomePublisher, proceeds: ProceedsSettlement
    ) -> None:
        self._slug = slug
        self._requests = requests
        self._publisher = publisher
        self._proceeds = proceeds
        self._patience: dict[bytes, _Patience] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, awaiting: Iterable[AwaitingSettlement]) -> None:
        """Let requests wait; from now on nothing of their users is executed before them."""
        for each in awaiting:
            self._requests.hold(each.user_id)
            task = asyncio.create_task(self._wait(each))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Wait no longer; the requests are where `RequestQueue.refuse_all` finds them."""
        await cancel(list(self._tasks))

    async def _wait(self, awaiting: AwaitingSettlement) -> None:
        requests, until = awaiting.requests, self._until(awaiting)
        try:
            left_s = until - asyncio.get_running_loop().time()
            if left_s > 0:
                settling = self._proceeds.settle_soon(awaiting.user_id, left_s)
                await asyncio.wait_for(asyncio.wrap_future(settling), left_s)
            else:
                requests = requests[1:]
                await self._publisher.put(BatchOutcome([awaiting.denial]))
        except TimeoutError:
            pass
        except Exception as error:  # they may be funded by now all the same
            log.warning("settlement_not_brought_forward", market=self._slug, error=f"{type(error).__name__}: {error}")
        finally:
            self._requests.release(awaiting.user_id, requests)

    def _until(self, awaiting: AwaitingSettlement) -> float:
        """Return until when the first of the requests waits: a while from the moment it was seen first."""
        now, first = asyncio.get_running_loop().time(), awaiting.requests[0].correlation
        patience = self._patience.get(awaiting.user_id)
        if patience is None or patience.correlation != first:
            self._patience = {user: known for user, known in self._patience.items() if known.until > now - _KEPT_S}
            patience = self._patience[awaiting.user_id] = _Patience(first, now + seconds(FUNDING_MS))
        return patience.until
