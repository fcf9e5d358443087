"""Cancel on disconnect: a session renews its user's dead man's switches while it lives; its end cancels everything.

The engines keep the switches (`orders.services.cancel_after_set`). So when this process dies they
are no longer renewed, and go off by themselves.

Each command to an engine counts as an order. What a client asks for is refused beyond the limit; what keeps a promise
that was made, a renewal or the end of a session, counts and is never refused.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import structlog
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from base.errors import ApiError, ErrorCode
from base.throttling import orders_may_be_sent
from exchange.models import Market, User
from orders.services import CancelAfter, cancel_after_set, commands_for, orders_cancel_all

log = structlog.get_logger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")

DISCONNECT_TIMEOUT_MS = (3_000, 60_000)
SWITCHES_MAX = 20  # of one session
RENEWALS = 3  # within one timeout

# A pool of its own: calls that wait for an engine must not keep the streams from the database.
_threads = ThreadPoolExecutor(8, thread_name_prefix="switches")
_ending: set[asyncio.Task[None]] = set()


async def in_engine(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call a service that waits for engines, in a thread."""

    def call() -> _T:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=False, executor=_threads)()


async def cancel_after_in_turn(*, user: User, timeout_ms: int, market: Market | None) -> CancelAfter:
    """Set a switch as `cancel_after_set` does, within the user's rate of orders. Raises RATE_LIMITED beyond it."""
    await in_engine(_require_rate, user, market)
    return await in_engine(cancel_after_set, user=user, timeout_ms=timeout_ms, market=market)


def _require_rate(user: User, market: Market | None) -> None:
    if not orders_may_be_sent(user.pk, commands_for(market)):
        raise ApiError(ErrorCode.RATE_LIMITED, "Too many orders and cancellations")


class DisconnectSwitches:
    """The switches of one session: one for each market, and one for all of them together (None)."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._switches: dict[int | None, _Switch] = {}

    async def turn_on(self, market: Market | None, timeout_ms: int) -> None:
        """Set the switch and renew it from now on. Raises ApiError; then it is off, or as it was if RATE_LIMITED."""
        key = market.pk if market else None
        if key not in self._switches and len(self._switches) >= SWITCHES_MAX:
            raise ApiError(
                ErrorCode.VALIDATION_ERROR, f"A session has at most {SWITCHES_MAX} switches for cancel on disconnect"
            )
        await in_engine(_require_rate, self._user, market)
        former, switch = self._switches.get(key), _Switch(self._user, market, timeout_ms)
        self._switches[key] = switch
        try:
            if former:
                await former.stop()
            await switch.set()
        except ApiError:
            await self._stop(key)
            with contextlib.suppress(ApiError):  # it may be set in some markets; what stays set goes off
                await switch.set(0)
            raise
        switch.renew()

    async def turn_off(self, market: Market | None) -> None:
        """Renew no more and turn the switch off. Raises ApiError; then it goes off by itself, unless RATE_LIMITED."""
        await in_engine(_require_rate, self._user, market)
        await self._stop(market.pk if market else None)
        await _Switch(self._user, market, 0).set()

    def end_session(self) -> None:
        """Have everything cancelled, without waiting for it: the connection is gone."""
        switches, self._switches = self._switches, {}
        for switch in switches.values():
            task = asyncio.create_task(switch.go_off(), name="cancel on disconnect")
            _ending.add(task)
            task.add_done_callback(_ending.discard)

    async def _stop(self, key: int | None) -> None:
        if switch := self._switches.pop(key, None):
            await switch.stop()


class _Switch:
    """One user's switch in one market or in all of them."""

    def __init__(self, user: User, market: Market | None, timeout_ms: int) -> None:
        self._user = user
        self._market = market
        self._timeout_ms = timeout_ms
        self._setting: asyncio.Future[Any] | None = None
        self._renewing: asyncio.Task[None] | None = None

    async def set(self, timeout_ms: int | None = None) -> None:
        """Start the time again. Goes on when the caller is cancelled: what reached an engine cannot be taken back."""
        timeout_ms = self._timeout_ms if timeout_ms is None else timeout_ms
        setting = in_engine(cancel_after_set, user=self._user, timeout_ms=timeout_ms, market=self._market)
        self._setting = asyncio.ensure_future(setting)
        self._setting.add_done_callback(_look_at)
        await asyncio.shield(self._setting)

    def renew(self) -> None:
        self._renewing = asyncio.create_task(self._renew(), name="renew a switch")

    async def stop(self) -> None:
        """Renew no more; return when no renewal is on its way."""
        if self._renewing:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])
        if self._setting:
            await asyncio.wait([self._setting])

    async def go_off(self) -> None:
        """Cancel everything now. When that fails the switch stays set, and the engine does it when its time is over."""
        await self.stop()
        if await self._succeeds(in_engine(orders_cancel_all, user=self._user, market=self._market)):
            await self._succeeds(self.set(0))
        await self._count()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._timeout_ms / 1_000 / RENEWALS)
            await self._succeeds(self.set())
            await self._count()

    async def _count(self) -> None:
        await self._succeeds(in_engine(lambda: orders_may_be_sent(self._user.pk, commands_for(self._market))))

    async def _succeeds(self, work: Awaitable[Any]) -> bool:
        try:
            await work
        except Exception as error:  # engine or database are away: the next renewal, or the switch itself, will do
            market = self._market.symbol if self._market else None
            log.warning("switch_failed", user=str(self._user.pk), market=market, error=repr(error))
            return False
        return True


def _look_at(done: asyncio.Future[Any]) -> None:
    """Retrieve an error that nobody waits for any more."""
    if not done.cancelled():
        done.exception()
