"""The door of the `api` role: a WSGI application under granian's RSGI.

granian's own WSGI gives a request a thread as soon as its head has come, and that thread waits for the body, without
an end. Here a body is read by the event loop, within BODY_SECONDS, and then a thread takes the whole.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog
from django.conf import settings
from django.db import close_old_connections

from base.addresses import caller_of
from base.errors import ErrorCode
from base.serving.environ import Headers, Scope, environ_of
from base.serving.gates import Gate
from base.serving.refusals import BODY_MAX, SMALL_BODY, Refusal, headers_of, refuse_body, refuse_length
from base.serving.threads import Threads

__all__ = ["Door"]

log = structlog.get_logger(__name__)

REQUESTS_MAX: Final = 2_000
"""Requests under way in a process, unfinished and waiting ones among them."""
LARGE_BODIES_MAX: Final = 32
LARGE_BODIES_OF_ADDRESS: Final = 4
STREAM_SECONDS: Final = 30.0
"""How long a client may take for one part of a file."""
_SWEEP_S = 0.02

Header = tuple[str, str]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Any]


class Connection(Protocol):
    """The connection of one request, as granian gives it. Its answers may be sent by any thread."""

    def __aiter__(self) -> Any: ...
    async def __call__(self) -> bytes: ...
    def response_bytes(self, status: int, headers: list[Header], body: bytes) -> None: ...
    def response_stream(self, status: int, headers: list[Header]) -> Any: ...


class Door:
    """Serves a WSGI application; one for each process."""

    def __init__(self, application: WsgiApplication, *, threads: int, requests_per_address: int) -> None:
        self._application = application
        self._thread_count = threads
        self._requests = Gate(per_address=requests_per_address, total=REQUESTS_MAX)
        self._large_bodies = Gate(per_address=LARGE_BODIES_OF_ADDRESS, total=LARGE_BODIES_MAX)
        self._answered: deque[asyncio.Future[None]] = deque()
        self._is_sweeping = False

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._threads = Threads(self._thread_count)

    async def __rsgi__(self, scope: Scope, protocol: Connection) -> None:
        headers = scope.headers
        address = caller_of(scope.client.rpartition(":")[0], _forwarded(headers))
        if not self._requests.enter(address):
            _answer(protocol, _busy())
            return
        try:
            await self._serve(scope, protocol, address)
        except Refusal as refusal:
            _answer(protocol, refusal)
        finally:
            self._requests.leave(address)

    async def _serve(self, scope: Scope, protocol: Connection, address: str) -> None:
        headers = scope.headers
        if "content-length" in headers or "transfer-encoding" in headers:
            body = await self._read(headers, protocol, address)
        else:
            body = b""
        answered: asyncio.Future[Any] = self._loop.create_future()
        self._threads.start(lambda: self._answer(scope, protocol, body, answered))
        self._keep_sweeping()
        if (streamed := await answered) is not None:
            await self._stream(protocol, *streamed)

    async def _read(self, headers: Any, protocol: Connection, address: str) -> bytes:
        announced = headers.get("content-length")
        length = BODY_MAX if announced is None else refuse_length(announced)
        is_large = length > SMALL_BODY
        if is_large and not self._large_bodies.enter(address):
            raise _busy()
        try:
            async with asyncio.timeout(settings.BODY_SECONDS):
                return await (_read_chunks(protocol) if announced is None else protocol())
        except TimeoutError:
            raise Refusal(
                ErrorCode.REQUEST_TIMEOUT, f"The body did not come within {settings.BODY_SECONDS:g} s"
            ) from None
        finally:
            if is_large:
                self._large_bodies.leave(address)

    def _answer(self, scope: Scope, protocol: Connection, body: bytes, answered: "asyncio.Future[Any]") -> None:
        """Run the application, in a thread, and send what it says from there."""
        begun: list[Any] = []
        try:
            response = self._application(
                environ_of(scope, body), lambda status, headers: begun.extend((status, headers))
            )
            status, headers = int(begun[0][:3]), begun[1]
            if getattr(response, "streaming", False):
                self._loop.call_soon_threadsafe(_end, answered, (status, headers, response))
                return
            try:
                protocol.response_bytes(status, headers, b"".join(response))
            finally:
                response.close()
        except BaseException:
            self._settle(answered)  # granian answers 500
            raise
        self._settle(answered)

    def _settle(self, answered: "asyncio.Future[Any]") -> None:
        """Let the task of a request end soon. Its answer has gone, so waking the loop for each would be for nothing."""
        self._answered.append(answered)

    def _keep_sweeping(self) -> None:
        if not self._is_sweeping:
            self._is_sweeping = True
            self._loop.call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        self._is_sweeping = False
        while self._answered:
            _end(self._answered.popleft())
        if not self._requests.is_empty:
            self._keep_sweeping()

    async def _stream(self, protocol: Connection, status: int, headers: list[Header], response: Any) -> None:
        """Send a file part by part: a thread is taken to make a part, and none while the client takes it."""
        transport, parts = protocol.response_stream(status, headers), iter(response)
        try:
            while part := await self._in_thread(lambda: next(parts, b"")):
                async with asyncio.timeout(STREAM_SECONDS):
                    await transport.send_bytes(part)
        finally:
            await self._in_thread(response.close)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        done: asyncio.Future[Any] = self._loop.create_future()

        def run() -> None:
            try:
                result = work()
                close_old_connections()
            except Exception as error:
                self._loop.call_soon_threadsafe(_fail, done, error)
            else:
                self._loop.call_soon_threadsafe(_end, done, result)

        self._threads.start(run)
        return await done


async def _read_chunks(protocol: Connection) -> bytes:
    """Read a body of unknown length, no further than BODY_MAX. Raises Refusal."""
    parts, length = [], 0
    async for part in protocol:
        if not part:
            break
        parts.append(part)
        length += len(part)
        refuse_body(length)
    return b"".join(parts)


def _answer(protocol: Connection, refusal: Refusal) -> None:
    protocol.response_bytes(refusal.status, headers_of(refusal), refusal.body())


def _busy() -> Refusal:
    return Refusal(ErrorCode.RATE_LIMITED, "Too many requests at once: wait for answers", retry_after=1)


def _forwarded(headers: Headers) -> str:
    """Return X-Forwarded-For; of several such headers the last counts."""
    if not settings.TLS_PROXY:
        return ""
    return next((value for name, value in reversed(headers.items()) if name == "x-forwarded-for"), "")


def _end(future: "asyncio.Future[Any]", result: Any = None) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[Any]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
