"""The service of a market: what waits is executed batch by batch, until the market is left or a batch fails."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from matching import metrics
from matching.board import BoardKeeper
from matching.cancellation import cancel
from matching.funding_waits import FundingWaits
from matching.heartbeat import Heartbeat
from matching.lifecycle import LEAVING, MarketEvent, MarketLifecycle, MarketState
from matching.maintenance import MaintenanceSchedule
from matching.messages import Request, request_ids
from matching.processor import BatchFailedError, MarketProcessor
from matching.publisher import OutcomePublisher
from matching.requests import RequestQueue
from matching.retries import BatchRetries
from matching.storage import BatchOutcome, ProceedsSettlement
from matching.thread import MarketThread
from matching.timing import DRAIN_MS, HEARTBEAT_MS, seconds

log = structlog.get_logger(__name__)


class BatchServer:
    """Executes the requests of one market while this process has the market's lock."""

    def __init__(
        self,
        slug: str,
        *,
        processor: MarketProcessor,
        thread: MarketThread,
        requests: RequestQueue,
        publisher: OutcomePublisher,
        lifecycle: MarketLifecycle,
        proceeds: ProceedsSettlement,
        redis: Redis,
    ) -> None:
        self._slug = slug
        self._processor = processor
        self._thread = thread
        self._requests = requests
        self._publisher = publisher
        self._lifecycle = lifecycle
        self._redis = redis
        self._retries = BatchRetries()
        self._funding = FundingWaits(slug, requests, publisher, proceeds)
        self._maintenance = MaintenanceSchedule(slug, processor, thread, requests)

    @property
    def needs_pause(self) -> bool:
        """Tell whether to wait before the next recovery, because the last ones led to nothing."""
        return self._retries.needs_pause

    async def serve(self, since_ms: int) -> None:
        """Serve until the market is to be left or a batch fails, whose remaining requests wait for the recovery."""
        self._requests.add_maintenance()
        heartbeat = Heartbeat(self._redis, self._slug, since_ms)
        beating = asyncio.create_task(self._beat(heartbeat))
        helpers = [beating, *(asyncio.create_task(work) for work in (self._maintenance.run(), self._board().run()))]
        try:
            await self._retry()
            while self._lifecycle.state is MarketState.SERVING:
                await self._requests.wait()
                await self._work_off()
            await self._drain(beating, heartbeat)
        except BatchFailedError:
            metrics.count_failure(self._slug)
            self._lifecycle.apply(MarketEvent.FAIL)
        finally:
            await cancel(helpers)
            if self._lifecycle.state in LEAVING:  # else it is back before the key expires, or that says so
                await heartbeat.forget()

    async def refuse_all(self) -> None:
        """Refuse what waits, and what was to be tried again."""
        await self._funding.end()
        await self._requests.refuse(self._retries.take_all())
        await self._requests.refuse_all()

    async def _drain(self, beating: asyncio.Task[None], heartbeat: Heartbeat) -> None:
        """Finish what is waiting and what gateways sent before they saw that this engine is leaving."""
        await cancel([beating])
        await heartbeat.forget()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds(DRAIN_MS)
        while (left := end - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._requests.wait(), left)
            await self._work_off()

    async def _work_off(self) -> None:
        while taken := self._requests.take_batch():
            await self._execute(taken)

    async def _retry(self) -> None:
        """Execute the requests of a batch that failed one by one."""
        while (request := self._retries.take()) is not None:
            await self._execute([request])

    async def _execute(self, requests: list[Request]) -> None:
        """Execute requests as one batch and have its outcome published.

        Raises BatchFailedError; then its requests are refused, or kept to be tried one by one.
        """
        try:
            outcome, pause_s = await self._thread.call(self._process, requests)
        except BatchFailedError as error:
            log.error(
                "batch_failed",
                market=self._slug,
                error=str(error),
                in_doubt=error.in_doubt,
                request_ids=request_ids(requests),
            )
            await self._note_failure(requests, error)
            raise
        self._retries.succeeded()
        self._funding.add(outcome.awaiting.values())
        self._requests.put_back(outcome.left)
        self._maintenance.look_within(pause_s)
        await self._publisher.put(outcome)

    async def _note_failure(self, requests: Sequence[Request], error: BatchFailedError) -> None:
        refused = self._retries.failed(requests, error)
        if refused:
            log.error("request_failed", market=self._slug, request=_described(refused[0]), error=str(error))
            await self._requests.refuse(refused, "ENGINE_UNAVAILABLE" if error.is_transient else "INTERNAL_ERROR")
        if self._retries.is_hopeless(error):
            await self.refuse_all()

    def _process(self, requests: list[Request]) -> tuple[BatchOutcome, float]:
        """Execute a batch; return its outcome and how long the market needs no maintenance.

        Logs of the batch, and the settlement that follows, have the ids of its requests.
        """
        with structlog.contextvars.bound_contextvars(request_ids=request_ids(requests)):
            return self._processor.process(requests), self._maintenance.pause_s()

    def _board(self) -> BoardKeeper:
        processor = self._processor
        return BoardKeeper(self._redis, self._slug, lambda: processor.stamp, lambda: self._thread.call(processor.board))

    async def _beat(self, heartbeat: Heartbeat) -> None:
        """Keep the heartbeat; if a successor has it, look at once whether the lock is still there."""
        while True:
            if not await heartbeat.beat(*self._processor.committed_state):
                log.warning("market_is_served_by_another", market=self._slug)
                self._requests.add_maintenance()
            await asyncio.sleep(seconds(HEARTBEAT_MS))


def _described(request: Request) -> dict[str, Any]:
    """Return what a log may say about a request: which order it was about, not how much."""
    ids = {
        name: value.hex() for name in ("order_id", "user_id") if type(value := getattr(request, name, None)) is bytes
    }
    return {"kind": type(request).__name__, "request_id": request.correlation.request_id, **ids}
