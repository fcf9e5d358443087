"""The way to one client: written to at once where that is possible, and noticed when the client does not read.

An ASGI server may make `send` wait while the client's buffers are full. Daphne does not: it keeps every message in
memory for as long as the client likes. But its transport tells a registered producer to pause and to resume, so the
wire is that producer.

And each `send` costs some 90 us there, most of it building a frame that is the same for everybody. So where the
transport is Twisted's plain TCP, nothing waits in it and the handshake is over, the finished frame goes to the socket
directly, for some 6 us. What the socket does not take goes through the transport, in order.

The kernel, too, would keep megabytes for a client that does not read, minutes of a market's life, before anybody
noticed. So it gets a small buffer.

Who does not read is not read either, and nobody's next message is read before the last is done (`protocol.py`).
"""

import asyncio
import socket
from functools import partial
from typing import Any

from autobahn.exception import Disconnected as LeftError  # raised by `send` when the client has left already
from twisted.internet.tcp import Connection

from marketdata.payload import Payload
from marketdata.protocol import Hold, StreamProtocol

__all__ = ["LeftError", "Wire"]

SEND_BUFFER_BYTES = 64 * 1024  # Linux takes twice this


class Wire:
    """Open while the connection takes more data. Follows Twisted's IPushProducer."""

    def __init__(self, send: Any = None) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self._protocol: Any = send.args[0] if isinstance(send, partial) and send.args else None
        self._transport: Any = None
        self._way_in = self._protocol if isinstance(self._protocol, StreamProtocol) else None
        if transport := getattr(self._protocol, "transport", None):
            transport.unregisterProducer()  # of the HTTP request that the connection began as
            transport.registerProducer(self, True)
            is_plain = isinstance(transport, Connection) and not transport.TLS and hasattr(transport, "_tempDataLen")
            if is_plain and transport.connected:  # a client that has left has no socket any more
                transport.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
                self._transport = transport

    def read_on(self) -> None:
        """Let the client's next message come: the last one is done."""
        if self._way_in is not None:
            self._way_in.release(Hold.WORK)

    async def wait(self) -> None:
        """Wait until the connection takes more data."""
        await self._open.wait()

    def write(self, message: Payload) -> bool:
        """Write at once; return False, nothing written, when that is not possible. Does not wait."""
        transport = self._transport
        if (
            transport is None
            or transport.dataBuffer
            or transport._tempDataLen
            or not transport.connected
            or transport.disconnecting
            or self._protocol.state != self._protocol.STATE_OPEN
        ):
            return False
        frames = message.frames
        sent = transport.writeSomeData(frames)
        if not isinstance(sent, int):
            return False  # the connection is lost; the transport will find out by itself
        if sent < len(frames):
            transport.write(frames[sent:])
        return True

    def pauseProducing(self) -> None:  # noqa: N802  (the name is Twisted's)
        self._open.clear()
        if self._way_in is not None:
            self._way_in.hold(Hold.OUTPUT)

    def resumeProducing(self) -> None:  # noqa: N802
        self._open.set()
        if self._way_in is not None:
            self._way_in.release(Hold.OUTPUT)

    def stopProducing(self) -> None:  # noqa: N802
        self._open.set()
