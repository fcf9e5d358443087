"""How a command reaches the engine of its market, and how the answer finds its way back.

One gateway per process, on the process's background loop: commands of one market that wait while a message is on
its way leave together in the next one. What an engine that died or hangs did not answer is sent to its successor.
"""

import asyncio
import json
from collections import defaultdict, deque
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, cast

import structlog
from channels.exceptions import ChannelFull
from channels.layers import BaseChannelLayer, get_channel_layer
from django.conf import settings
from redis.asyncio import Redis
from redis.exceptions import RedisError

from base.times import wall_clock_ms
from matching.errors import CommandTimeoutError, EngineUnavailableError, OverloadedError
from matching.messages import (
    ClientRequest,
    Reply,
    engine_channel,
    heartbeat_key,
    pack_request,
    unpack_reply,
)
from matching.pending_commands import PendingCommands
from matching.timing import GRACE_MS, LIVENESS_MS, PATIENCE_MS, seconds

log = structlog.get_logger(__name__)

WAITING_MAX = 5_000  # commands per market and process
MESSAGE_COMMANDS_MAX = 500
SEND_S = 1.0
LISTEN_AGAIN_S = 0.1
WATCH_S = 0.2

# The loop works for many requests: log context that is bound for one must not appear in lines about others.
_NOBODYS = Context()


@dataclass(slots=True)
class _Market:
    """What waits for one market in this process."""

    waiting: deque[tuple[int, list[Any]]] = field(default_factory=deque)
    is_sending: bool = False
    is_alive: bool = False
    looked_at: float = -1.0
    was_ever_alive: bool = False
    owner: int = 0  # the engine's time of taking over, which no other has
    seen_owner: int = 0  # to which all that was sent before was sent again
    gone_since: float = 0.0


class Gateway:
    """Sends commands and resolves their answers. `submit` may be called from any thread; all else is on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._pending = PendingCommands()
        self._is_watching = False
        self._markets: dict[str, _Market] = defaultdict(_Market)
        self._reply_channel: asyncio.Future[str] | None = None
        self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)

    def submit(self, slug: str, request: ClientRequest, *, timeout_s: float) -> Future[Reply]:
        """Send a command; the future holds the reply or a GatewayError."""
        future: Future[Reply] = Future()
        self._loop.call_soon_threadsafe(self._enqueue, slug, request, timeout_s, future, context=_NOBODYS)
        return future

    def nudge(self, slug: str) -> None:
        """Tell a market's engine that staff changed it. A lost nudge does no harm: the engine looks every second."""
        asyncio.run_coroutine_threadsafe(self._send_quietly(slug, {"type": "engine.refresh"}), self._loop)

    # --- on the loop --------------------------------------------------------------------------------

    def _enqueue(self, slug: str, request: ClientRequest, timeout_s: float, future: Future[Reply]) -> None:
        market = self._markets[slug]
        if len(market.waiting) >= WAITING_MAX:
            future.set_exception(OverloadedError(f"{WAITING_MAX} commands are already waiting for {slug}"))
            return
        fields = pack_request(request)
        number = self._pending.add(slug, fields, future)
        self._loop.call_later(timeout_s + seconds(GRACE_MS), self._time_out, number)
        market.waiting.append((number, fields))
        self._start_sending(slug, market)
        if not self._is_watching:
            self._is_watching = True
            self._loop.create_task(self._watch())

    def _start_sending(self, slug: str, market: _Market) -> None:
        if not market.is_sending:
            market.is_sending = True
            self._loop.create_task(self._send_waiting(slug, market))

    async def _send_waiting(self, slug: str, market: _Market) -> None:
        """Send until nothing waits; what came in meanwhile leaves as one message."""
        try:
            reply_to = await self._replies_to()
            while market.waiting:
                if not await self._has_engine(slug, market):
                    self._fail_waiting(market, EngineUnavailableError(f"no engine serves {slug}"))
                    return
                count = min(len(market.waiting), MESSAGE_COMMANDS_MAX)
                taken = [market.waiting.popleft() for _ in range(count)]
                await self._send(slug, market, reply_to, taken)
        except Exception as error:
            log.warning("gateway_failed", market=slug, error=f"{type(error).__name__}: {error}")
            self._fail_waiting(market, EngineUnavailableError("the broker is away"))
        finally:
            market.is_sending = False

    def _fail_waiting(self, market: _Market, error: Exception) -> None:
        self._pending.fail([number for number, _ in market.waiting], error)
        market.waiting.clear()

    async def _send(self, slug: str, market: _Market, reply_to: str, taken: list[tuple[int, list[Any]]]) -> None:
        numbers = [number for number, _ in taken]
        self._pending.sent(numbers, market.owner)
        requests = [fields for _, fields in taken]
        message = {"type": "engine.commands", "reply_to": reply_to, "requests": requests}
        try:
            async with asyncio.timeout(SEND_S):
                await _commands().send(engine_channel(slug), message)
        except ChannelFull:
            self._pending.fail(numbers, OverloadedError(f"the queue of {slug} is full"))
        except Exception as error:  # it may have been sent: only the deadline can tell
            log.warning("send_in_doubt", market=slug, error=f"{type(error).__name__}: {error}")

    async def _has_engine(self, slug: str, market: _Market) -> bool:
        """Tell whether commands can be sent; wait a little for the successor of an engine that has just gone.

        A market that has been without an engine for longer is refused at once.
        """
        while not await self._is_alive(slug, market):
            if not market.was_ever_alive or self._loop.time() - market.gone_since > _patience_s():
                return False
            await asyncio.sleep(seconds(LIVENESS_MS) / 2)
        return True

    async def _is_alive(self, slug: str, market: _Market) -> bool:
        now = self._loop.time()
        if not market.is_alive or now - market.looked_at > seconds(
            LIVENESS_MS
        ):  # no command is refused for an old look
            was_alive = market.is_alive
            try:
                beat = await self._redis.get(heartbeat_key(slug))
            except (RedisError, OSError):
                beat = None
            market.is_alive = beat is not None
            market.looked_at = self._loop.time()
            if beat is not None:
                market.was_ever_alive, market.owner = True, _owner_of(beat)
            elif was_alive:
                market.gone_since = market.looked_at
        return market.is_alive

    # --- sending again --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """While answers are missing, look whether another engine has taken a market over, and send to it again."""
        try:
            while self._pending:
                await asyncio.sleep(WATCH_S)
                for slug, market in list(self._markets.items()):
                    if await self._is_alive(slug, market) and market.owner != market.seen_owner:
                        self._send_again(slug, market)
        finally:
            self._is_watching = False

    def _send_again(self, slug: str, market: _Market) -> None:
        repeated = self._pending.repeat(slug, market.owner, wall_clock_ms())
        market.seen_owner = market.owner
        if repeated:
            log.info("commands_sent_again", market=slug, commands=len(repeated))
            market.waiting.extendleft(reversed(repeated))
            self._start_sending(slug, market)

    async def _send_quietly(self, slug: str, message: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(SEND_S):
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
        async with asyncio.timeout(SEND_S):
            channel = await _pubsub().new_channel()
        self._listener = self._loop.create_task(self._listen(channel))
        return channel

    async def _listen(self, channel: str) -> None:
        """Resolve answers for ever; those that cannot be read are logged and dropped."""
        while True:
            try:
                message = await _pubsub().receive(channel)
                replies = _replies_of(message, channel)
            except (LookupError, TypeError, ValueError) as error:
                log.warning("replies_unreadable", error=f"{type(error).__name__}: {error}")
                continue
            except Exception as error:
                log.warning("replies_interrupted", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(LISTEN_AGAIN_S)
                continue
            for fields in replies:
                self._resolve(fields)

    def _resolve(self, fields: Any) -> None:
        try:
            self._pending.resolve(unpack_reply(fields))
        except (LookupError, TypeError, ValueError) as error:
            log.warning("reply_unreadable", error=f"{type(error).__name__}: {error}")

    def _time_out(self, number: int) -> None:
        self._pending.fail([number], CommandTimeoutError("the engine did not answer in time"))


def _replies_of(message: dict[str, Any], channel: str) -> list[Any]:
    """Return the replies of a message to this gateway. Raises LookupError, TypeError or ValueError."""
    if message["to"] != channel:
        raise ValueError("these are replies to another gateway")
    return list(message["replies"])


def _owner_of(beat: bytes | str) -> int:
    """Return the owner of a heartbeat; 0 if it cannot be read."""
    try:
        return int(json.loads(beat)["since"])
    except (LookupError, TypeError, ValueError):
        return 0


def _patience_s() -> float:
    """How long commands wait for an engine: long enough for a standby to take over, with time left to execute."""
    return seconds(min(PATIENCE_MS, settings.COMMAND_TIMEOUT_MS // 2))


def _commands() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("default"))


def _pubsub() -> BaseChannelLayer:
    return cast(BaseChannelLayer, get_channel_layer("pubsub"))
