"""What all streams share: one sender task with a bounded queue, heartbeats, and limits on what comes in.

A message is read when the one before is done (`marketdata.protocol`), and when what earlier ones cost has been earned
(`marketdata.charges`).

Close codes: 4400 bad messages, 4401 not authenticated, 4403 forbidden, 4404 no such market, 4408 too slow to read or
to finish a message, 4409 the session was taken over, 4410 subscribed to nothing, 4429 too many connections or
messages; 1009 for a message that is too large, 1013 (try again later) when the database cannot be reached, 1011 for
our own errors.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, ClassVar

import orjson
import structlog
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer

from base.errors import ApiError, ErrorCode, to_api_error
from exchange.models import Market
from exchange.selectors import market_by_symbol
from marketdata import messages
from marketdata.charges import Charges, rows_of_symbols
from marketdata.connections import client_address
from marketdata.database import in_database
from marketdata.hub import Hub, hub
from marketdata.metrics import CONNECTIONS, REFUSED, SLOW_CLOSED
from marketdata.payload import Payload
from marketdata.protocol import MESSAGE_S, Refusal
from marketdata.send_queue import SendQueue
from marketdata.wire import LeftError, Wire

log = structlog.get_logger(__name__)


class CloseCode(IntEnum):
    TOO_LARGE = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    BAD_MESSAGE = 4400
    UNAUTHENTICATED = 4401
    FORBIDDEN = 4403
    MARKET_NOT_FOUND = 4404
    TOO_SLOW = 4408
    TAKEN_OVER = 4409
    IDLE = 4410
    TOO_MANY = 4429


class BadMessageError(Exception):
    """What came in is not a message of this stream; the third one ends the connection."""


_REFUSALS = {
    Refusal.FLOOD: (CloseCode.TOO_MANY, ApiError(ErrorCode.RATE_LIMITED, "Too many messages")),
    Refusal.UNFINISHED: (
        CloseCode.TOO_SLOW,
        ApiError(ErrorCode.VALIDATION_ERROR, f"A message must be complete within {MESSAGE_S:.0f} s"),
    ),
}


class StreamConsumer(AsyncWebsocketConsumer):
    """Base of the streams. A subclass names its operations in `operations` and subscribes in `opened`."""

    channel_layer_alias = ""  # the hub listens for all connections, so none needs a channel of its own
    stream: ClassVar[str]
    queue_limit = 512
    heartbeat_s = 15.0
    stalled_s = 30.0
    idle_s = 60.0
    closing_s = 1.0
    bad_messages_max = 3
    symbols_max = 100

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.operations: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {"ping": self._ping}
        self.hub: Hub
        self.queue: SendQueue
        self._wire = Wire()
        self._drainer: asyncio.Task[None] | None = None
        self._heart: asyncio.TimerHandle | None = None
        self._is_open = False
        self._is_connected = False
        self._address = ""
        self._busy_at = float("inf")
        self._bad_messages = 0
        self.charges: Charges
        self._tasks: list[asyncio.Task[None]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # also when the server cancels this connection
            self._release()

    # --- For subclasses ---------------------------------------------------------------------------

    async def opened(self) -> None:
        """Subscribe; the connection is accepted and the sender runs."""
        raise NotImplementedError

    def is_subscribed(self) -> bool:
        """Tell whether anything is to be sent."""
        return self.hub.has_subscription(self.queue)

    def closed(self) -> None:
        """End every subscription."""
        self.hub.forget(self.queue)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the connection, until it ends."""
        self._tasks.append(asyncio.create_task(work))

    async def end(self, code: CloseCode, error: ApiError | None = None) -> None:
        """Close the connection, after an error message if there is one. Nothing is sent afterwards."""
        if self._is_open:
            self._is_open = False
            # A client that does not read gets nothing, not even this; nor does one that has left meanwhile.
            with contextlib.suppress(TimeoutError, LeftError):
                async with asyncio.timeout(self.closing_s):
                    if error:
                        await self._send(messages.error(error.code.value, error.message))
                    await self.close(code=int(code))

    def report(self, error: ApiError) -> None:
        self.queue.put(messages.error(error.code.value, error.message))

    async def find_market(self, symbol: Any) -> Market:
        """Return a market. Raises BadMessageError unless `symbol` is a string, ApiError for an unknown one."""
        if not isinstance(symbol, str):
            raise BadMessageError("A symbol is a string such as BTC/USDT")
        return await in_database(market_by_symbol, symbol)

    async def find_markets(self, message: dict[str, Any]) -> list[Market]:
        """Return the known markets of a message's `symbols` and report the others."""
        symbols = message.get("symbols")
        if not isinstance(symbols, list) or not 0 < len(symbols) <= self.symbols_max:
            raise BadMessageError(f"Give `symbols`, a list of 1 to {self.symbols_max} symbols")
        if not all(isinstance(symbol, str) for symbol in symbols):
            raise BadMessageError("A symbol is a string such as BTC/USDT")
        self.charges.add(rows_of_symbols(len(symbols)))
        found = await in_database(_known_or_refused, symbols)
        for refused in found:
            if isinstance(refused, ApiError):
                self.report(refused)
        return [market for market in found if isinstance(market, Market)]

    # --- Coming in --------------------------------------------------------------------------------

    async def connect(self) -> None:
        self.hub = hub()
        await self.accept()
        self._address = client_address(self.scope)
        self._wire = Wire(self.base_send)
        self.queue = SendQueue(limit=self.queue_limit, write=self._wire.write, on_waiting=self._drain_soon)
        self._is_open = True
        if not self.hub.connections.open(self._address):
            await self.end(CloseCode.TOO_MANY, ApiError(ErrorCode.RATE_LIMITED, "Too many connections"))
            return
        self._is_connected = True
        CONNECTIONS.labels(self.stream).inc()
        self.charges = Charges(self.hub.connections.rows_of(self._address))
        self._busy_at = asyncio.get_running_loop().time()
        self._beat()
        await self._guarded(self._open)

    async def _open(self) -> None:
        try:
            await self.charges.settle()
        except ApiError as error:
            await self.end(CloseCode.TOO_MANY, error)
        else:
            await self.opened()

    async def disconnect(self, code: int) -> None:
        self._release()

    async def websocket_disconnect(self, message: Any) -> None:
        """As in Channels, but without its query for stale database connections: a stream holds none."""
        await self.disconnect(message.get("code", 1005))
        raise StopConsumer

    async def dispatch(self, message: Any) -> None:
        """As in Channels, but without its hop to a thread for stale database connections."""
        try:
            await getattr(self, message["type"].replace(".", "_"))(message)
        finally:
            self._wire.read_on()

    async def stream_refused(self, event: Any) -> None:
        """End the connection: too much came in, or half a message."""
        REFUSED.labels(event["refusal"]).inc()
        await self.end(*_REFUSALS[event["refusal"]])

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self._is_open:
            await self._guarded(lambda: self._execute(text_data))

    async def _execute(self, text: str | None) -> None:
        message = self._decode(text)
        operation = message.get("op")
        if not isinstance(operation, str) or operation not in self.operations:
            raise BadMessageError(f"Give `op`, one of: {', '.join(self.operations)}")
        if operation != "ping":
            await self.charges.settle()
        await self.operations[operation](message)

    def _decode(self, text: str | None) -> dict[str, Any]:
        if text is None:
            raise BadMessageError("Send JSON as text")
        try:
            message = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadMessageError("This is not JSON") from None
        if not isinstance(message, dict):
            raise BadMessageError("A message is a JSON object")
        return message

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except BadMessageError as error:
            await self._count_bad(str(error))
        except ApiError as error:
            self.report(error)
        except Exception as error:
            await self._failed(error)

    async def _count_bad(self, text: str) -> None:
        self._bad_messages += 1
        error = ApiError(ErrorCode.VALIDATION_ERROR, text)
        if self._bad_messages >= self.bad_messages_max:
            await self.end(CloseCode.BAD_MESSAGE, error)
        else:
            self.report(error)

    async def _failed(self, error: Exception) -> None:
        api_error = to_api_error(error)
        is_ours = api_error.code is ErrorCode.INTERNAL_ERROR
        if is_ours:
            log.error("stream_failed", exc_info=error)
        else:
            log.warning("stream_refused", stream=self.stream, error=repr(error))
        await self.end(CloseCode.INTERNAL_ERROR if is_ours else CloseCode.TRY_AGAIN_LATER, api_error)

    async def _ping(self, message: dict[str, Any]) -> None:
        self.queue.put(messages.PONG)

    # --- Going out --------------------------------------------------------------------------------

    def _drain_soon(self) -> None:
        if self._is_open and self._drainer is None:
            self.queue.is_draining = True
            self._drainer = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        """Send what waits, as fast as the client takes it, until the queue is empty."""
        try:
            while self._is_open:
                async with asyncio.timeout(self.stalled_s):
                    await self._wire.wait()
                if self.queue.is_overflown:
                    raise TimeoutError
                message = self.queue.take()
                if message is None:
                    break
                await self._send(message)
        except LeftError:
            self._is_open = False
        except TimeoutError:
            SLOW_CLOSED.inc()
            await self.end(CloseCode.TOO_SLOW)
        except Exception:
            log.exception("stream_sender_failed", stream=self.stream)
            await self.end(CloseCode.INTERNAL_ERROR)
        self._drainer = None
        self.queue.is_draining = False

    async def _send(self, message: Payload) -> None:
        for text in message.texts:
            async with asyncio.timeout(self.stalled_s):
                await self.send(text_data=text.decode())

    def _beat(self) -> None:
        """Fill silence with a heartbeat, and look again when the next could be due."""
        loop = asyncio.get_running_loop()
        if self._is_idle(loop.time()):
            self.start(self.end(CloseCode.IDLE, ApiError(ErrorCode.VALIDATION_ERROR, "Subscribe to something")))
            return
        left_s = self.queue.sent_at + self.heartbeat_s - loop.time()
        if left_s <= 0:
            self.queue.put_latest("heartbeat", lambda: messages.heartbeat(datetime.now(UTC)))
            left_s = self.heartbeat_s
        self._heart = loop.call_later(left_s, self._beat)

    def _is_idle(self, now: float) -> bool:
        """Tell whether the connection has been subscribed to nothing for too long. Looked at with each heartbeat."""
        if self.is_subscribed():
            self._busy_at = now
        return now - self._busy_at >= self.idle_s

    def _release(self) -> None:
        """Release everything without waiting, because the loop may be ending, too."""
        if not self._is_connected:
            return
        self._is_open = self._is_connected = False
        CONNECTIONS.labels(self.stream).dec()
        self.hub.connections.close(self._address)
        self.closed()
        if self._heart:
            self._heart.cancel()
        tasks, self._tasks = self._tasks, []
        for task in [*tasks, *([self._drainer] if self._drainer else [])]:
            task.cancel()


def _known_or_refused(symbols: Iterable[str]) -> list[Market | ApiError]:
    """Return the market of each symbol, or why there is none."""
    return [_known_or_reason(symbol) for symbol in dict.fromkeys(symbols)]


def _known_or_reason(symbol: str) -> Market | ApiError:
    try:
        return market_by_symbol(symbol)
    except ApiError as error:
        return ApiError(error.code, f"{error.message}: {symbol[:32]}")
