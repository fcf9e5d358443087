"""A process that waits for a market's lock: it tries for it, deposes a suspended holder, and keeps the book warm."""

import asyncio
import gc

import structlog

from matching.distribution import Duty
from matching.lifecycle import MarketEvent, MarketLifecycle
from matching.memory import LET_GO_MAX, let_go
from matching.storage import MarketStorage
from matching.thread import MarketThread
from matching.timing import STANDBY_MS, seconds

log = structlog.get_logger(__name__)

FOLLOW_AGAIN_S = 5.0


class Standby:
    """What is done about a market that another process serves, one step at a time."""

    def __init__(self, slug: str, storage: MarketStorage, thread: MarketThread, lifecycle: MarketLifecycle) -> None:
        self._slug = slug
        self._lock = storage.lock
        self._copy = storage.warm_copy
        self._thread = thread
        self._lifecycle = lifecycle
        self._next_follow = 0.0

    async def try_lock(self) -> bool:
        """Try to become the active engine. Raises what storage raises."""
        is_locked = await self._thread.call(self._lock.try_lock)
        if is_locked:
            self._lifecycle.apply(MarketEvent.LOCK)
        return is_locked

    async def step(self, duty: Duty) -> None:
        """Depose a suspended holder, or follow the active one a step, and wait a little when there is time."""
        try:
            if duty.contends and (deposed := await self._thread.call(self._lock.depose)):
                log.warning("engine_deposed", market=self._slug, holder=deposed)
                return
        except Exception as error:
            log.warning("standby_failed", market=self._slug, error=f"{type(error).__name__}: {error}")
        has_time = await self._follow(duty)
        self.note_copy()
        if has_time:
            await self._lifecycle.pause(seconds(STANDBY_MS))

    def note_copy(self) -> None:
        """Set the state by whether there is a copy that is up to date."""
        self._lifecycle.apply(MarketEvent.FORGET if self._copy.seq is None else MarketEvent.FOLLOW)

    async def _follow(self, duty: Duty) -> bool:
        """Keep the book warm if that is this process's duty; return whether there is time to wait."""
        loop = asyncio.get_running_loop()
        try:
            if not duty.follows:
                await self._thread.call(self._forget)
            elif loop.time() >= self._next_follow:
                return await self._thread.call(self._follow_step)
        except Exception as error:  # a cold standby will do
            log.error("follower_failed", market=self._slug, error=f"{type(error).__name__}: {error}")
            self._next_follow = loop.time() + FOLLOW_AGAIN_S
            await self._thread.call(self._forget)
        return True

    def _forget(self) -> None:
        if self._copy.seq is not None:
            let_go(LET_GO_MAX)  # how many orders it has is not known here
        self._copy.forget()

    def _follow_step(self) -> bool:
        is_new = self._copy.seq is None
        is_done = self._copy.follow()
        if is_new and is_done:
            gc.freeze()  # a copy lives as long as a book
        return is_done
