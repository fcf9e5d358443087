"""Serves one market: takes what waits as one batch, has it committed in a thread of its own, then tells everybody."""

import asyncio
import contextlib
import json
import os
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import structlog
from channels.layers import BaseChannelLayer, get_channel_layer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from matching import metrics
from matching.journal import BatchOutcome
from matching.messages import (
    NOBODY,
    Request,
    TendRequest,
    engine_channel,
    heartbeat_key,
    pack_reply,
    unpack_request,
)
from matching.processor import BatchFailedError, MarketProcessor, Recovered, not_executed

log = structlog.get_logger(__name__)
_T = TypeVar("_T")

MAX_BATCH = 2_000
MAX_WAITING = 20_000
MAX_UNTOLD = 64  # batches
HEARTBEAT_SECONDS = 0.25
HEARTBEAT_TTL_MS = 1_000
POLL_SECONDS = 1.0
STANDBY_SECONDS = 0.2
RETRY_SECONDS = 0.5
CANCEL_SECONDS = 0.5
SEND_SECONDS = 2.0
DRAIN_SECONDS = 0.4  # longer than a gateway trusts a heartbeat it has seen


class MarketRunner:
    """The life of one market in this process: standby, recovery, service, and again after a failure.

    `listen` is the coroutine that feeds `receive` from the market's channel; it runs only while the market is served,
    so a standby takes no command from the active engine.
    """

    def __init__(
        self, processor: MarketProcessor, slug: str, redis: Redis, listen: Callable[[str], Awaitable[None]]
    ) -> None:
        self.slug = slug
        self._processor = processor
        self._redis = redis
        self._listen = listen
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"engine-{slug}")
        self._waiting: deque[Request] = deque()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._look_sooner = asyncio.Event()
        self._next_look = 0.0  # when the market is looked at, in the loop's time
        self._untold: asyncio.Queue[BatchOutcome | None] = asyncio.Queue(MAX_UNTOLD)
        self._since = 0.0

    async def receive(self, reply_to: str, requests: Sequence[Sequence[Any]]) -> None:
        """Queue the requests of one gateway message; refuse them at once when too much is waiting."""
        parsed = [unpack_request(fields, reply_to) for fields in requests]
        if len(self._waiting) + len(parsed) > MAX_WAITING:
            await self._tell(BatchOutcome([not_executed(r.correlation, "OVERLOADED") for r in parsed]))
            return
        self._waiting.extend(parsed)
        self._wake.set()

    def refresh(self) -> None:
        """Have the market tended with the next batch."""
        self._waiting.append(TendRequest())
        self._wake.set()

    def stop(self) -> None:
        """Finish what is waiting, answer everybody, give the market back."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Serve the market until `stop`; never raises for what storage or broker do."""
        teller = asyncio.create_task(self._tell_outcomes())
        try:
            while not self._stopping.is_set():
                if await self._recover():
                    await self._serve()
        finally:
            await self._untold.put(None)
            await teller
            await self._in_thread(self._processor.close)
            self._thread.shutdown(wait=False)

    # --- life cycle ---------------------------------------------------------------------------------

    async def _recover(self) -> bool:
        """Try to become the active engine; wait a little and return False when that is not possible now."""
        try:
            recovered = await self._in_thread(self._processor.try_recover)
            if recovered is None:
                await self._pause(STANDBY_SECONDS)
                return False
            outcome = await self._in_thread(self._processor.resolve_doubt)
        except Exception as error:  # whatever storage does, the market tries again until it is stopped
            log.error("recovery_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
            await self._in_thread(self._processor.close)
            await self._pause(RETRY_SECONDS)
            return False
        self._log_recovered(recovered)
        if outcome is not None:
            await self._untold.put(outcome)
        return True

    def _log_recovered(self, recovered: Recovered) -> None:
        log.info(
            "market_recovered",
            market=self.slug,
            open_orders=recovered.open_orders,
            seq=recovered.seq,
            state_hash=recovered.state_hash,
            seconds=round(recovered.seconds, 3),
        )

    async def _serve(self) -> None:
        self.refresh()
        self._since = time.time()
        heartbeat = asyncio.create_task(self._heartbeat())
        helpers = [heartbeat, asyncio.create_task(self._poll()), asyncio.create_task(self._keep_listening())]
        try:
            while not self._stopping.is_set():
                await self._wake.wait()
                await self._work_off()
            await self._drain(heartbeat)
        except BatchFailedError as error:
            metrics.count_failure(self.slug)
            log.error("batch_failed", market=self.slug, error=str(error), in_doubt=error.in_doubt)
        finally:
            await _end(helpers)
            await self._refuse(list(self._waiting))
            self._waiting.clear()
            await self._forget_heartbeat()

    async def _drain(self, heartbeat: asyncio.Task[None]) -> None:
        """Finish what is waiting and what gateways sent before they saw that this engine is leaving."""
        await _end([heartbeat])
        await self._forget_heartbeat()
        loop = asyncio.get_running_loop()
        end = loop.time() + DRAIN_SECONDS
        while (left := end - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), left)
            await self._work_off()

    async def _forget_heartbeat(self) -> None:
        with contextlib.suppress(RedisError):  # it expires by itself
            await self._redis.delete(heartbeat_key(self.slug))

    async def _work_off(self) -> None:
        self._wake.clear()
        while self._waiting:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            try:
                outcome, pause_s = await self._in_thread(self._process, taken)
            except BatchFailedError as error:
                if not error.in_doubt:
                    await self._refuse(taken)
                raise
            await self._untold.put(outcome)
            if asyncio.get_running_loop().time() + pause_s < self._next_look:
                self._look_sooner.set()

    def _process(self, taken: Sequence[Request]) -> tuple[BatchOutcome, float]:
        """Return the outcome of a batch, and how long nobody need look at the market after it."""
        return self._processor.process(taken), self._processor.pause_s(POLL_SECONDS)

    async def _refuse(self, requests: Sequence[Request]) -> None:
        if requests:
            await self._untold.put(BatchOutcome([not_executed(r.correlation) for r in requests]))

    # --- helpers while serving ----------------------------------------------------------------------

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen(engine_channel(self.slug))
            except Exception as error:  # the broker is away: the book stays, commands come when it is back
                log.warning("listen_failed", market=self.slug, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_SECONDS)

    async def _heartbeat(self) -> None:
        while True:
            seq, state_hash = self._processor.committed_state
            beat = {"pid": os.getpid(), "since": self._since, "seq": seq, "state_hash": state_hash}
            try:
                await self._redis.set(heartbeat_key(self.slug), json.dumps(beat), px=HEARTBEAT_TTL_MS)
            except RedisError as error:
                log.warning("heartbeat_failed", market=self.slug, error=str(error))
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def _poll(self) -> None:
        """Look whether the market needs tending. A lost connection shows itself as a failing batch."""
        while True:
            await self._wait_for_next_look()
            try:
                changed = await self._in_thread(self._processor.needs_tending)
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

    # --- telling ------------------------------------------------------------------------------------

    async def _tell_outcomes(self) -> None:
        """Tell the outcomes of batches one after the other, so that streams keep their order."""
        while (outcome := await self._untold.get()) is not None:
            await self._tell(outcome)

    async def _tell(self, outcome: BatchOutcome) -> None:
        by_gateway: dict[str, list[list[Any]]] = defaultdict(list)
        for reply in outcome.replies:
            if reply.correlation != NOBODY:
                by_gateway[reply.correlation[0]].append(pack_reply(reply))
        for channel, replies in by_gateway.items():
            await self._send(_pubsub().send, channel, {"type": "engine.replies", "replies": replies})
        for group, message in outcome.publications:
            await self._send(_pubsub().group_send, group, message)

    async def _send(
        self, send: Callable[[str, dict[str, Any]], Awaitable[None]], to: str, message: dict[str, Any]
    ) -> None:
        """Send; what is lost is found in the database by those who miss it.

        It is tried again once, because a connection shows only by failing that the broker was restarted. Who gets a
        message twice knows it by its numbers.
        """
        for is_last in (False, True):
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await send(to, message)
                return
            except Exception as error:
                if is_last:
                    log.warning("send_failed", market=self.slug, to=to, error=f"{type(error).__name__}: {error}")

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


def _pubsub() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("pubsub"))
