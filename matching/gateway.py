"""How a command reaches the engine of its market, and how the answer finds its way back.

One gateway per process, on the process's background loop: commands of one market that wait while a message is on
its way leave together in the next one.
"""

import asyncio
import itertools
from collections import defaultdict, deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from matching.errors import CommandTimeoutError, EngineUnavailableError, OverloadedError
from matching.messages import (
    ClientRequest,
    Reply,
    engine_channel,
    heartbeat_key,
    pack_request,
    unpack_reply,
)

log = structlog.get_logger(__name__)

MAX_WAITING = 5_000  # commands per market and process
MAX_MESSAGE = 500  # commands
LIVENESS_SECONDS = 0.1  # how long a look at the engine's heartbeat is good for
GRACE_SECONDS = 0.25  # how long after its deadline an answer may still arrive
SEND_SECONDS = 1.0


@dataclass(slots=True)
class _Market:
    """What waits for one market in this process."""

    waiting: deque[tuple[int, list[Any]]] = field(default_factory=deque)
    is_sending: bool = False
    is_alive: bool = False
    looked_at: float = -1.0


class Gateway:
    """Sends commands and resolves their answers. `submit` may be called from any thread; all else is on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._numbers = itertools.count(1)
        self._futures: dict[int, Future[Reply]] = {}
        self._markets: dict[str, _Market] = defaultdict(_Market)
        self._reply_channel: asyncio.Future[str] | None = None
        self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)

    def submit(self, slug: str, request: ClientRequest, *, timeout_s: float) -> Future[Reply]:
        """Send a command; the future holds the reply or a GatewayError."""
        future: Future[Reply] = Future()
        self._loop.call_soon_threadsafe(self._enqueue, slug, request, timeout_s, future)
        return future

    def nudge(self, slug: str) -> None:
        """Tell a market's engine that staff changed it. Lost nudges do no harm: the engine looks every second."""
        asyncio.run_coroutine_threadsafe(self._send_quietly(slug, {"type": "engine.refresh"}), self._loop)

    # --- on the loop --------------------------------------------------------------------------------

    def _enqueue(self, slug: str, request: ClientRequest, timeout_s: float, future: Future[Reply]) -> None:
        market = self._markets[slug]
        if len(market.waiting) >= MAX_WAITING:
            future.set_exception(OverloadedError(f"{MAX_WAITING} commands wait for {slug} already"))
            return
        number = next(self._numbers)
        self._futures[number] = future
        self._loop.call_later(timeout_s + GRACE_SECONDS, self._time_out, number)
        fields = pack_request(request)
        fields[1] = number
        market.waiting.append((number, fields))
        if not market.is_sending:
            market.is_sending = True
            self._loop.create_task(self._send_waiting(slug, market))

    async def _send_waiting(self, slug: str, market: _Market) -> None:
        """Send until nothing waits; what came in meanwhile leaves as one message."""
        try:
            reply_to = await self._replies_to()
            while market.waiting:
                count = min(len(market.waiting), MAX_MESSAGE)
                taken = [market.waiting.popleft() for _ in range(count)]
                await self._send(slug, market, reply_to, taken)
        except Exception as error:
            log.warning("gateway_failed", market=slug, error=f"{type(error).__name__}: {error}")
            self._fail([number for number, _ in market.waiting], EngineUnavailableError("the broker is away"))
            market.waiting.clear()
        finally:
            market.is_sending = False

    async def _send(self, slug: str, market: _Market, reply_to: str, taken: list[tuple[int, list[Any]]]) -> None:
        numbers = [number for number, _ in taken]
        if not await self._is_alive(slug, market):
            self._fail(numbers, EngineUnavailableError(f"no engine serves {slug}"))
            return
        requests = [fields for _, fields in taken]
        message = {"type": "engine.commands", "reply_to": reply_to, "requests": requests}
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await _commands().send(engine_channel(slug), message)
        except ChannelFull:
            self._fail(numbers, OverloadedError(f"the queue of {slug} is full"))
        except Exception as error:  # it may have been sent: only the deadline can tell
            log.warning("send_in_doubt", market=slug, error=f"{type(error).__name__}: {error}")

    async def _is_alive(self, slug: str, market: _Market) -> bool:
        now = self._loop.time()
        if now - market.looked_at > LIVENESS_SECONDS:
            try:
                market.is_alive = bool(await self._redis.exists(heartbeat_key(slug)))
            except (RedisError, OSError):
                market.is_alive = False
            market.looked_at = self._loop.time()
        return market.is_alive

    async def _send_quietly(self, slug: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await _commands().send(engine_channel(slug), message)
        except Exception as error:
            log.warning("nudge_failed", market=slug, error=f"{type(error).__name__}: {error}")

    # --- answers ------------------------------------------------------------------------------------

    async def _replies_to(self) -> str:
        """Return this process's reply channel; the first call subscribes it and starts the listener."""
        if self._reply_channel is None or (self._reply_channel.done() and self._reply_channel.exception()):
            self._reply_channel = self._loop.create_task(self._subscribe())
        return await self._reply_channel

    async def _subscribe(self) -> str:
        async with asyncio.timeout(SEND_SECONDS):
            channel = await _pubsub().new_channel()
        self._listener = self._loop.create_task(self._listen(channel))
        return channel

    async def _listen(self, channel: str) -> None:
        while True:
            message = await _pubsub().receive(channel)
            for fields in message["replies"]:
                reply = unpack_reply(fields)
                future = self._futures.pop(reply.correlation[1], None)
                if future is not None:
                    future.set_result(reply)

    def _time_out(self, number: int) -> None:
        self._fail([number], CommandTimeoutError("the engine did not answer in time"))

    def _fail(self, numbers: list[int], error: Exception) -> None:
        for number in numbers:
            future = self._futures.pop(number, None)
            if future is not None:
                future.set_exception(error)


def _commands() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("default"))


def _pubsub() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("pubsub"))
