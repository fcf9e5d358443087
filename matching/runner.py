"""Serves one market: takes what waits as one batch, has it committed in a thread of its own, then tells everybody."""

import asyncio
import contextlib
import gc
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import structlog
from channels.layers import BaseChannelLayer, get_channel_layer
from redis.asyncio import Redis

from matching import metrics
from matching.board import BoardKeeper
from matching.distribution import Duty
from matching.heartbeat import Heartbeat
from matching.messages import MaintenanceRequest, Request, engine_channel, unpack_request
from matching.processor import BatchFailedError, MarketProcessor, Recovered, not_executed
from matching.publisher import OutcomePublisher
from matching.roster import MarketReport, Role
from matching.storage import BatchOutcome, MarketStorage

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

MAX_BATCH = 2_000
MAX_WAITING = 20_000
MAX_FAILURES = 3  # of storage, one after the other: then nobody waits any longer
HEARTBEAT_SECONDS = 0.25
POLL_SECONDS = 1.0
STANDBY_SECONDS = 0.2
RETRY_SECONDS = 0.5
FOLLOW_AGAIN_SECONDS = 5.0
CANCEL_SECONDS = 0.5
FLUSH_SECONDS = 1.0
DRAIN_SECONDS = 0.4  # longer than a gateway trusts a heartbeat it has seen


class MarketRunner:
    """The life of one market in this process: standby, recovery, service, and again after a failure.

    `listen` is the coroutine that feeds `receive` from the market's channel; it runs only while the market is served,
    so a standby takes no command from the active engine. `duty` says what to do while another process serves.
    """

    def __init__(
        self, storage: MarketStorage, symbol: str, redis: Redis, listen: Callable[[str], Awaitable[None]]
    ) -> None:
        self.symbol = symbol
        self.slug = slug = symbol.replace("/", "-")
        self.duty = Duty()
        self._lock = storage.lock
        self._warm_copy = storage.warm_copy
        self._processor = MarketProcessor(storage, symbol)
        self._redis = redis
        self._listen = listen
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"engine-{slug}")
        self._publisher = OutcomePublisher(slug)
        self._listener: asyncio.Task[None] | None = None
        self._waiting: deque[Request] = deque()
        self._suspects: deque[Request] = deque()  # of a batch that failed: they run one by one
        self._failures = 0  # since the last batch that was committed
        self._is_stuck = False  # the last failure was no request's fault, so the next attempt may fail, too
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._is_leaving = False
        self._is_serving = False
        self._look_sooner = asyncio.Event()
        self._next_look = 0.0  # when the market is looked at, in the loop's time
        self._next_follow = 0.0

    async def receive(self, reply_to: str, requests: Sequence[Any]) -> None:
        """Queue the requests of one gateway message; refuse them at once when too much is waiting.

        A request that cannot be read is refused if its number can.
        """
        parsed = [request for fields in requests if (request := await self._read(reply_to, fields)) is not None]
        if len(self._waiting) + len(parsed) > MAX_WAITING:
            await self._refuse_now(parsed, "OVERLOADED")
            return
        self._waiting.extend(parsed)
        self._wake.set()

    def refresh(self) -> None:
        """Have the market tended with the next batch."""
        self._waiting.append(MaintenanceRequest())
        self._wake.set()

    def stop(self) -> None:
        """Finish what is waiting, answer everybody, give the market back."""
        self._stopping.set()
        self._wake.set()

    def hand_over(self) -> None:
        """Finish what is waiting, answer everybody, and let another process have the market; wait for it again."""
        if self._is_serving and not self._is_leaving:
            self._is_leaving = True
            self.duty = Duty(contends=False, follows=self.duty.follows)
            self._wake.set()

    def report(self, heir: str = "") -> MarketReport:
        """Return what this process is for the market."""
        since_ms, warm_seq = self._lock.locked_ms, self._warm_copy.seq
        if self._is_serving or since_ms:
            role = Role.ACTIVE if self._is_serving else Role.RECOVERING
            processor = self._processor
            return MarketReport(
                self.symbol, role, since_ms, processor.seq, heir, processor.throughput(), processor.open_orders
            )
        role = Role.COLD if warm_seq is None else Role.WARM
        return MarketReport(self.symbol, role, 0, warm_seq or 0, heir)

    async def run(self) -> None:
        """Serve the market until `stop`; never raises for what storage or broker do."""
        teller = asyncio.create_task(self._publisher.run())
        try:
            while not self._stopping.is_set():
                await self._live()
        finally:
            await self._give_back()
            await _end([teller])
            self._thread.shutdown(wait=False)

    async def _live(self) -> None:
        """Take over and serve, or take one step as a standby."""
        try:
            recovered = await self._take_over()
            if recovered is not None:
                await self._serve(recovered)
                await self._pause_after_failures()
        except Exception:  # a bug must not leave the market to nobody: another engine may do better, or we next time
            log.exception("runner_failed", market=self.slug)
            await self._give_up()

    # --- standing by --------------------------------------------------------------------------------

    async def _take_over(self) -> Recovered | None:
        """Try to become the active engine; when that is not possible now, do what a standby does, and wait a little."""
        recovered = None
        try:
            if self.duty.contends:
                recovered = await self._in_thread(self._processor.try_recover)
            outcome = await self._in_thread(self._processor.resolve_doubt)
        except Exception as error:  # whatever storage does, the market tries again until it is stopped
            log.error("recovery_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
            await self._give_up()
            return None
        if outcome is not None:
            await self._publisher.put(outcome)
        if recovered is None:
            await self._stop_listening()
            await self._stand_by()
            return None
        self._announce(recovered)
        return recovered

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

    async def _stand_by(self) -> None:
        """Depose a suspended holder, or follow the active one a step."""
        try:
            if self.duty.contends and (deposed := await self._in_thread(self._lock.depose)):
                log.warning("engine_deposed", market=self.slug, holder=deposed)
                return
        except Exception as error:
            log.warning("standby_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
        if await self._follow():
            await self._pause(STANDBY_SECONDS)

    async def _follow(self) -> bool:
        """Keep the book warm if that is this process's duty; return whether there is time to wait."""
        loop = asyncio.get_running_loop()
        try:
            if not self.duty.follows:
                await self._in_thread(self._warm_copy.forget)
            elif loop.time() >= self._next_follow:
                return await self._in_thread(self._follow_step)
        except Exception as error:  # a cold standby is one, too
            log.error("follower_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
            self._next_follow = loop.time() + FOLLOW_AGAIN_SECONDS
            await self._in_thread(self._warm_copy.forget)
        return True

    def _follow_step(self) -> bool:
        is_new = self._warm_copy.seq is None
        is_done = self._warm_copy.follow()
        if is_new and is_done:
            gc.freeze()  # a copy lives as long as a book
        return is_done

    async def _pause_after_failures(self) -> None:
        """Wait before the next recovery when the last ones led to nothing; a bad request is no reason to."""
        if self._failures > 1 and self._is_stuck:
            await self._pause(RETRY_SECONDS)

    async def _give_up(self) -> None:
        """Refuse what waits, drop the lock and whatever else is left, and wait before the next attempt."""
        await self._stop_listening()
        await self._in_thread(self._processor.close)
        await self._pause(RETRY_SECONDS)

    async def _give_back(self) -> None:
        """Let the next engine have the market once what was committed is told, so that streams keep their order."""
        await self._publisher.flush(FLUSH_SECONDS)
        await self._in_thread(self._processor.close)

    # --- serving ------------------------------------------------------------------------------------

    async def _serve(self, recovered: Recovered) -> None:
        """Serve until stopped, asked to leave, or a batch fails; what is left of that one waits for the recovery."""
        self._is_serving = True
        self.refresh()
        heartbeat = Heartbeat(self._redis, self.slug, recovered.since_ms)
        beating = asyncio.create_task(self._beat(heartbeat))
        helpers = [beating, *(asyncio.create_task(work) for work in (self._poll(), self._board_keeper().run()))]
        if self._listener is None:
            self._listener = asyncio.create_task(self._keep_listening())
        try:
            await self._work_off_suspects()
            while not (self._stopping.is_set() or self._is_leaving):
                await self._wake.wait()
                await self._work_off()
            await self._drain(beating, heartbeat)
        except BatchFailedError as error:
            metrics.count_failure(self.slug)
            log.error("batch_failed", market=self.slug, error=str(error), in_doubt=error.in_doubt)
            self._failures += 1
        finally:
            await _end(helpers)
            self._is_serving = False
            if self._is_leaving or self._stopping.is_set():  # else it is back before the key expires, or that says so
                await heartbeat.forget()
                await self._stop_listening()
            if self._is_leaving:
                self._is_leaving = False
                await self._give_back()

    async def _drain(self, beating: asyncio.Task[None], heartbeat: Heartbeat) -> None:
        """Finish what is waiting and what gateways sent before they saw that this engine is leaving."""
        await _end([beating])
        await heartbeat.forget()
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_SECONDS
        while (left := end - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)
            await self._work_off()

    async def _work_off(self) -> None:
        self._wake.clear()
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            await self._run_batch(taken)

    async def _work_off_suspects(self) -> None:
        """Run the requests of a batch that failed one by one, so that only the one to blame is refused."""
        while self._suspects:
            await self._run_batch([self._suspects.popleft()])

    async def _run_batch(self, requests: list[Request]) -> None:
        """Execute requests as one batch and have its outcome told.

        Raises BatchFailedError; then its requests are refused, or put back to be tried one by one.
        """
        try:
            outcome, pause_s = await self._in_thread(self._process, requests)
        except BatchFailedError as error:
            if not error.in_doubt:
                await self._suspect(requests, error)
            raise
        self._failures = 0
        if asyncio.get_running_loop().time() + pause_s < self._next_look:
            self._look_sooner.set()
        await self._publisher.put(outcome)

    async def _suspect(self, requests: list[Request], error: BatchFailedError) -> None:
        """Decide about the requests of a batch that failed: alone it is to blame, of many one of them may be.

        When storage failed nobody is, so they have a second chance.
        """
        asked = [request for request in requests if not isinstance(request, MaintenanceRequest)]
        self._is_stuck = error.is_transient or not asked
        if asked and (len(requests) > 1 or (error.is_transient and not self._failures)):
            self._suspects.extend(asked)
        elif asked:
            log.error("request_failed", market=self.slug, request=_described(asked[0]), error=str(error))
            await self._refuse(asked, "ENGINE_UNAVAILABLE" if error.is_transient else "INTERNAL_ERROR")
        if error.is_transient and self._failures >= MAX_FAILURES:
            await self._refuse_waiting()

    def _process(self, requests: list[Request]) -> tuple[BatchOutcome, float]:
        """Execute a batch; return its outcome and how long nobody need look after the market."""
        return self._processor.process(requests), self._processor.pause_s(POLL_SECONDS)

    # --- refusing -----------------------------------------------------------------------------------

    async def _read(self, reply_to: str, fields: Any) -> Request | None:
        try:
            return unpack_request(fields, reply_to)
        except (LookupError, TypeError, ValueError) as error:
            log.warning("request_unreadable", market=self.slug, error=f"{type(error).__name__}: {error}")
        if isinstance(fields, list) and len(fields) > 1 and type(fields[1]) is int:
            await self._publisher.put(BatchOutcome([not_executed((reply_to, fields[1]), "INTERNAL_ERROR")]))
        return None

    async def _refuse(self, requests: Sequence[Request], code: str = "ENGINE_UNAVAILABLE") -> None:
        """Tell after what was done before that these were not executed."""
        if requests:
            await self._publisher.put(BatchOutcome([not_executed(r.correlation, code) for r in requests]))

    async def _refuse_now(self, requests: Sequence[Request], code: str) -> None:
        await self._publisher.publish(BatchOutcome([not_executed(r.correlation, code) for r in requests]))

    async def _stop_listening(self) -> None:
        """Leave the market's commands to the engine that serves it, and refuse those that are here.

        Not after each failure: what is on its way while the book is read again would be lost.
        """
        if self._listener is not None:
            await _end([self._listener])
            self._listener = None
        await self._refuse_waiting()

    async def _refuse_waiting(self) -> None:
        await self._refuse([*self._suspects, *self._waiting])
        self._suspects.clear()
        self._waiting.clear()

    # --- helpers while serving ----------------------------------------------------------------------

    def _board_keeper(self) -> BoardKeeper:
        processor = self._processor
        return BoardKeeper(self._redis, self.slug, lambda: processor.stamp, lambda: self._in_thread(processor.board))

    async def _keep_listening(self) -> None:
        """Listen for ever. First a message of our own, for a predecessor that hangs and would swallow the next one."""
        await self._send_refresh()
        while True:
            try:
                await self._listen(engine_channel(self.slug))
            except Exception as error:  # the broker is away: the book stays, commands come when it is back
                log.warning("listen_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_SECONDS)

    async def _send_refresh(self) -> None:
        """The broker gives a message to who has waited longest, if that is a process that is suspended."""
        try:
            async with asyncio.timeout(RETRY_SECONDS):
                await cast(BaseChannelLayer, get_channel_layer("default")).send(
                    engine_channel(self.slug), {"type": "engine.refresh"}
                )
        except Exception as error:
            log.warning("refresh_not_sent", market=self.slug, error=f"{type(error).__name__}: {error}")

    async def _beat(self, heartbeat: Heartbeat) -> None:
        """Keep the heartbeat; if a successor has it, look at once whether the lock is still there."""
        while True:
            if not await heartbeat.beat(*self._processor.committed_state):
                log.warning("market_is_served_by_another", market=self.slug)
                self.refresh()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _poll(self) -> None:
        """Look whether the market needs tending. A lost connection shows itself as a failing batch."""
        while True:
            await self._wait_for_next_look()
            try:
                changed = await self._in_thread(self._processor.needs_maintenance)
            except Exception as error:
                log.warning("poll_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
                changed = True
            if changed:
                self.refresh()

    async def _wait_for_next_look(self) -> None:
        """Wait until something is due; a batch that makes something due sooner shortens the wait."""
        loop, is_early = asyncio.get_running_loop(), True
        while is_early:
            self._look_sooner.clear()
            pause_s = await self._in_thread(self._processor.pause_s, POLL_SECONDS)
            self._next_look = loop.time() + pause_s
            try:
                await asyncio.wait_for(self._look_sooner.wait(), pause_s)
            except TimeoutError:
                is_early = False

    # --- small tools --------------------------------------------------------------------------------

    async def _in_thread(self, function: Callable[..., _T], *args: Any) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than until `stop`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel tasks until they have ended: a library that turns a cancellation into its own error swallows it."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_SECONDS)


def _described(request: Request) -> dict[str, Any]:
    """Return what a log may say about a request: what it was about, not how much."""
    ids = {
        name: value.hex() for name in ("order_id", "user_id") if type(value := getattr(request, name, None)) is bytes
    }
    return {"kind": type(request).__name__, **ids}
