"""The life of one market in this process: standby, recovery, service, and again after a failure."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from redis.asyncio import Redis

from base.symbols import slug_of
from matching.batch_server import BatchServer
from matching.cancellation import cancel
from matching.distribution import Duty
from matching.lifecycle import ENDING, STANDING_BY, MarketEvent, MarketLifecycle, MarketState
from matching.listener import CommandListener
from matching.processor import MarketProcessor, Recovered
from matching.publisher import OutcomePublisher
from matching.requests import RequestQueue
from matching.roster import HOLDERS, MarketReport
from matching.standby import Standby
from matching.storage import MarketStorage
from matching.thread import MarketThread
from matching.timing import FLUSH_MS, seconds

log = structlog.get_logger(__name__)

RETRY_S = 0.5


class MarketRunner:
    """Takes a market through its states, and does the work of each.

    `listen` is the coroutine that feeds `receive` from the market's channel; it runs only while the market is served,
    so a standby takes no command from the active engine. `duty` says what to do while another process serves.
    """

    def __init__(
        self, storage: MarketStorage, symbol: str, redis: Redis, listen: Callable[[str], Awaitable[None]]
    ) -> None:
        self.symbol = symbol
        self.slug = slug = slug_of(symbol)
        self.duty = Duty()
        self._lock = storage.lock
        self._warm_copy = storage.warm_copy
        self._processor = MarketProcessor(storage, symbol)
        self._lifecycle = MarketLifecycle()
        self._thread = MarketThread(slug)
        self._publisher = OutcomePublisher(slug)
        self._requests = RequestQueue(slug, self._publisher)
        self._listener = CommandListener(slug, listen)
        self._standby = Standby(slug, storage, self._thread, self._lifecycle)
        self._server = BatchServer(
            slug,
            processor=self._processor,
            thread=self._thread,
            requests=self._requests,
            publisher=self._publisher,
            lifecycle=self._lifecycle,
            proceeds=storage.proceeds,
            redis=redis,
        )

    @property
    def state(self) -> MarketState:
        return self._lifecycle.state

    async def receive(self, reply_to: str, requests: Sequence[Any]) -> None:
        """Queue the requests of one gateway message; refuse them at once when too much is waiting."""
        await self._requests.receive(reply_to, requests)

    def refresh(self) -> None:
        """Have maintenance done with the next batch."""
        self._requests.add_maintenance()

    def stop(self) -> None:
        """Finish what is waiting, answer everybody, give the market back."""
        self._lifecycle.apply(MarketEvent.STOP)
        self._requests.wake()

    def hand_over(self) -> None:
        """Finish what is waiting, answer everybody, and let another process have the market; wait for it again."""
        if self.state is MarketState.SERVING:
            self._lifecycle.apply(MarketEvent.HAND_OVER)
            self.duty = Duty(contends=False, follows=self.duty.follows)
            self._requests.wake()

    def report(self, heir: str = "") -> MarketReport:
        """Return what this process is for the market."""
        role, processor = self._lifecycle.role, self._processor
        if role not in HOLDERS:
            return MarketReport(self.symbol, role, 0, self._warm_copy.seq or 0, heir)
        return MarketReport(
            self.symbol,
            role,
            self._lock.locked_ms,
            processor.seq,
            heir,
            processor.throughput(),
            processor.open_orders,
        )

    async def run(self) -> None:
        """Serve the market until `stop`; never raises errors of storage or broker."""
        publishing = asyncio.create_task(self._publisher.run())
        try:
            while self.state not in ENDING:
                await self._live()
        finally:
            await self._give_back()
            await cancel([publishing])
            self._thread.close()

    async def _live(self) -> None:
        """Take one step of the market's life."""
        try:
            if self.state in STANDING_BY:
                await self._stand_by()
            elif self.state is MarketState.HANDING_OVER:
                await self._give_back()
            else:
                await self._recover_and_serve()
        except (
            Exception
        ):  # a bug must not leave the market unserved: another engine may do better, or this one next time
            log.exception("runner_failed", market=self.slug)
            await self._give_up()

    async def _stand_by(self) -> None:
        """Try for the lock if that is this process's duty; while another engine has it, stand by."""
        self._standby.note_copy()
        try:
            if self.duty.contends and await self._standby.try_lock():
                return
            await self._resolve_doubt()
        except Exception as error:
            await self._note_failed_recovery(error)
            return
        await self._stop_listening()
        await self._standby.step(self.duty)

    async def _recover_and_serve(self) -> None:
        """Make the book, and serve until the market is left or a batch fails."""
        try:
            recovered = await self._thread.call(self._processor.try_recover)
            await self._resolve_doubt()
        except Exception as error:
            await self._note_failed_recovery(error)
            return
        if recovered is None:
            self._lifecycle.apply(MarketEvent.RELEASE)
            return
        self._announce(recovered)
        self._lifecycle.apply(MarketEvent.RECOVER)
        self._listener.start()
        await self._server.serve(recovered.since_ms)
        if self.state is MarketState.RECOVERING and self._server.needs_pause:
            await self._lifecycle.pause(RETRY_S)

    def _announce(self, recovered: Recovered) -> None:
        """Log what was recovered, and say it in one line for people."""
        how = " warm" if recovered.is_warm else ""
        found = f"{recovered.open_orders:,} open orders, seq {recovered.seq}, state hash {recovered.state_hash}"
        print(
            f"{'took over' if how else 'recovered'} {self.symbol}{how}: {found} in {recovered.seconds:.3f} s",
            flush=True,
        )
        log.info(
            "market_taken_over" if how else "market_recovered",
            market=self.slug,
            open_orders=recovered.open_orders,
            seq=recovered.seq,
            state_hash=recovered.state_hash,
            seconds=round(recovered.seconds, 3),
        )

    async def _resolve_doubt(self) -> None:
        """Publish what became of a batch whose commit was never answered, as soon as that is known."""
        outcome = await self._thread.call(self._processor.resolve_doubt)
        if outcome is not None:
            await self._publisher.put(outcome)

    async def _note_failed_recovery(self, error: Exception) -> None:
        """Whatever storage does, the market is tried for again until it is stopped."""
        log.error("recovery_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
        await self._give_up()

    async def _give_up(self) -> None:
        """Refuse what waits, drop the lock and all else, and wait before the next attempt."""
        await self._stop_listening()
        await self._thread.call(self._processor.close)
        self._lifecycle.apply(MarketEvent.RELEASE)
        await self._lifecycle.pause(RETRY_S)

    async def _give_back(self) -> None:
        """Let the next engine have the market once all that was committed is published: streams keep their order."""
        await self._stop_listening()
        await self._publisher.flush(seconds(FLUSH_MS))
        await self._thread.call(self._processor.close)
        self._lifecycle.apply(MarketEvent.RELEASE)

    async def _stop_listening(self) -> None:
        """Leave the market's commands to the engine that serves it, and refuse those that are here.

        Not after each failure: what is on its way while the book is read again would be lost.
        """
        await self._listener.stop()
        await self._server.refuse_all()
