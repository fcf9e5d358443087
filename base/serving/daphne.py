"""The door of the `web` role: Daphne with limits on connections and bodies.

Daphne and Twisted take a body of any size, into a temporary file, before the application is asked. Here a request is
refused by the length that it announces, or as soon as its chunks exceed it, and cut off when it takes too long.
"""

from functools import partial
from http import HTTPStatus
from io import BytesIO
from typing import Any, Final

import daphne.server
from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings

from base.addresses import caller_of
from base.errors import ErrorCode
from base.serving.gates import Gate
from base.serving.refusals import SMALL_BODY, Refusal, headers_of, refuse_body
from base.serving.sockets import limit_unread

__all__ = ["guard_daphne"]

CONNECTIONS_MAX: Final = 4_000
LARGE_BODIES_MAX: Final = 32
_large_bodies = Gate(per_address=4, total=LARGE_BODIES_MAX)


def guard_daphne() -> None:
    """Have the Daphne of this process use this door. Does nothing under another server."""
    daphne.server.HTTPFactory = DoorFactory


class DoorFactory(HTTPFactory):  # type: ignore[misc]  # Daphne has no types
    """Accepts connections, so many of an address; behind a TLS proxy all come from one, and the proxy counts."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        per_address = CONNECTIONS_MAX if settings.TLS_PROXY else settings.CONNECTIONS_PER_ADDRESS
        self._connections = Gate(per_address=per_address, total=CONNECTIONS_MAX)

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802  (Twisted's name)
        address = caller_of(str(getattr(addr, "host", "")), "")
        if not self._connections.enter(address):
            return None  # it is closed at once
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = DoorRequest
        protocol.makeConnection = partial(self._connect, address, protocol.makeConnection)
        return protocol

    def _connect(self, address: str, make_connection: Any, transport: Any) -> None:
        """Count the connection until its transport is lost: a WebSocket takes it over from the protocol of HTTP."""
        lost = transport.connectionLost

        def connection_lost(*reason: Any) -> None:
            self._connections.leave(address)
            lost(*reason)

        transport.connectionLost = connection_lost
        limit_unread(transport.getHandle())
        make_connection(transport)


class DoorRequest(WebRequest):  # type: ignore[misc]  # as above
    """A request that is refused before its body is taken, or cut off when it is too large or too slow."""

    _deadline: Any = None
    _is_refused = False
    _large_of: str | None = None
    _taken = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802  (Twisted's name)
        self.content = BytesIO()
        if length == 0:
            return
        try:
            refuse_body(length or 0)
            self._count_large(length)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self._deadline = daphne.server.reactor.callLater(settings.BODY_SECONDS, self._refuse_late)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
        if self._is_refused:
            return
        self._taken += len(data)
        try:
            refuse_body(self._taken)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802  (Twisted's name)
        self._body_is_over()
        if not self._is_refused:
            super().requestReceived(command, path, version)

    def connectionLost(self, reason: Any) -> None:  # noqa: N802  (Twisted's name)
        self._body_is_over()
        super().connectionLost(reason)

    def _count_large(self, length: int | None) -> None:
        if length is not None and length <= SMALL_BODY:
            return
        address = self._address()
        if not _large_bodies.enter(address):
            raise Refusal(ErrorCode.RATE_LIMITED, "Too many large requests at once: wait for answers", retry_after=1)
        self._large_of = address

    def _address(self) -> str:
        forwarded = (self.requestHeaders.getRawHeaders(b"x-forwarded-for") or [b""])[-1]
        return caller_of(str(getattr(self.client, "host", "")), forwarded.decode("latin-1"))

    def _body_is_over(self) -> None:
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        if self._large_of is not None:
            _large_bodies.leave(self._large_of)
            self._large_of = None

    def _refuse_late(self) -> None:
        self._refuse(Refusal(ErrorCode.REQUEST_TIMEOUT, f"The body did not come within {settings.BODY_SECONDS:g} s"))

    def _refuse(self, refusal: Refusal) -> None:
        """Answer past Daphne, which knows no request before its body has come, and hang up."""
        self._is_refused = True
        self._body_is_over()
        status, body = HTTPStatus(refusal.status), refusal.body()
        head = [f"HTTP/1.1 {status.value} {status.phrase}", f"content-length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers_of(refusal)]
        self.channel.transport.write("\r\n".join([*head, "", ""]).encode() + body)
        self.channel.loseConnection()
