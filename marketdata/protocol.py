"""The way in from one client: one message at a time, paid for when it arrives, and whole within some seconds.

Left to itself, Daphne reads whatever a client sends and keeps it until the consumer has time. This protocol does not:
while a message is at work, or while the client does not read what it is sent, nothing is read from the socket. What
waits then waits with the client, by TCP, and costs this process at most what one read of the socket brings.

Every frame is paid for when its header is there, before its contents: messages, parts of messages and pings alike.
Who sends more than the allowance, or does not finish a message, is named to the consumer, which ends the connection
(`stream.refused`). Limits of size are Autobahn's, which closes with 1009 before it reads the contents.
"""

import asyncio
from enum import StrEnum
from typing import Any

from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from base.allowance import Allowance

__all__ = ["MESSAGE_BYTES_MAX", "Hold", "Refusal", "StreamProtocol", "install"]

MESSAGE_BYTES_MAX = 64 * 1024
MESSAGE_S = 10.0  # from the first byte of a message to its last
MESSAGES_PER_S, MESSAGES_AT_ONCE = 20.0, 100.0
BYTES_PER_MESSAGE = 1_024  # a frame counts as one message, and as one more for each of these
# A client that has not answered a close by then is cut off, and may lose the close code. Autobahn's own second is too
# short for a busy machine or a bad line.
CLOSING_S = 5
# Two reads of the socket, and what was left of a message. More comes only with a request for an upgrade that has a
# body, which Daphne hands on.
HELD_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
# What a client may still send after our close, so that it gets to read the code. In bytes; a frame counts as many.
AFTER_CLOSE_BYTES_MAX, AFTER_CLOSE_FRAME_BYTES = 4_000_000, 1_000
_CLOSE_FRAME = 8


class Hold(StrEnum):
    """Why nothing is read from a client."""

    WORK = "a message is at work"
    OUTPUT = "the client does not read"
    REFUSED = "the connection is about to be closed"


class Refusal(StrEnum):
    """Why a client is to be disconnected."""

    FLOOD = "flood"
    UNFINISHED = "unfinished"


class StreamProtocol(WebSocketProtocol):  # type: ignore[misc]  # Daphne and Autobahn have no types
    """A WebSocket connection as Daphne serves it, but for what comes in."""

    def connectionMade(self) -> None:  # noqa: N802  (the names are Twisted's and Autobahn's)
        super().connectionMade()
        self.maxFramePayloadSize = self.maxMessagePayloadSize = MESSAGE_BYTES_MAX
        self.failByDrop = False  # a close code says what was wrong
        self.closeHandshakeTimeout = CLOSING_S
        self._holds: set[Hold] = set()
        self._allowance = Allowance(MESSAGES_PER_S, MESSAGES_AT_ONCE)
        self._unfinished: asyncio.TimerHandle | None = None
        self._after_close = 0

    def hold(self, reason: Hold) -> None:
        """Read nothing until this reason, and every other one, is gone. Does nothing once the connection is closing."""
        if self.state in (self.STATE_CONNECTING, self.STATE_OPEN):
            self._holds.add(reason)
            self.transport.pauseProducing()
            self._watch_message()

    def release(self, reason: Hold) -> None:
        """Go on with what is here already, then with what the client sends, unless there is another reason not to."""
        if reason not in self._holds:
            return
        self._holds.discard(reason)
        if not self._holds:
            self.consumeData()
            self._watch_message()
        if not self._holds:
            self.transport.resumeProducing()

    # --- What comes in ----------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self.state == self.STATE_CLOSING:
            self._count_after_close(len(data))
        if len(self.data) + len(data) > HELD_BYTES_MAX:
            self.dropConnection(abort=True)
        elif self._holds:
            self.data += data  # it was under way when reading was stopped
            self.transport.pauseProducing()
        elif self.state != self.STATE_CLOSED:
            super().dataReceived(data)
            self._watch_message()

    def processData(self) -> bool:  # noqa: N802
        return not self._holds and super().processData()

    def onConnect(self, request: Any) -> Any:  # noqa: N802
        self.hold(Hold.WORK)  # the consumer's `connect`
        return super().onConnect(request)

    def onFrameBegin(self) -> None:  # noqa: N802
        super().onFrameBegin()  # which closes what is too large
        frame = self.current_frame
        if self.state == self.STATE_CLOSING:
            self._count_after_close(AFTER_CLOSE_FRAME_BYTES)
        elif frame.opcode != _CLOSE_FRAME and not self._allowance.take(1 + frame.length // BYTES_PER_MESSAGE):
            self._refuse(Refusal.FLOOD)

    def onMessage(self, payload: bytes, isBinary: bool) -> None:  # noqa: N802, N803
        if self.state == self.STATE_OPEN:
            self.hold(Hold.WORK)
            super().onMessage(payload, isBinary)

    def _watch_message(self) -> None:
        """Let a message that has begun be finished in time."""
        is_open = self.state == self.STATE_OPEN and not self._holds
        is_begun = is_open and bool(self.data or self.current_frame is not None or self.inside_message)
        if not is_begun:
            self._forget_message()
        elif self._unfinished is None:
            loop = asyncio.get_running_loop()
            self._unfinished = loop.call_later(MESSAGE_S, self._refuse, Refusal.UNFINISHED)

    def _forget_message(self) -> None:
        if self._unfinished is not None:
            self._unfinished.cancel()
            self._unfinished = None

    def _refuse(self, refusal: Refusal) -> None:
        self.hold(Hold.REFUSED)
        self.application_queue.put_nowait({"type": "stream.refused", "refusal": refusal})

    # --- The end ----------------------------------------------------------------------------------

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        """As in Daphne, but with 1011 and 1013 as well, which Autobahn leaves to itself."""
        self.sendCloseFrame(code=code or self.CLOSE_STATUS_CODE_NORMAL)

    def sendCloseFrame(self, *args: Any, **kwargs: Any) -> None:  # noqa: N802
        super().sendCloseFrame(*args, **kwargs)
        self.failedByMe = True  # nothing of what still comes is kept
        self._forget_message()
        if self._holds:  # the client's answer is still to be read, and may be here already
            self._holds.clear()
            asyncio.get_running_loop().call_soon(self.consumeData)
            self.transport.resumeProducing()

    def onClose(self, wasClean: bool, code: int | None, reason: str | None) -> None:  # noqa: N802, N803
        if hasattr(self, "server"):  # else it was cut before the handshake, and Daphne does not know it
            super().onClose(wasClean, code, reason)

    def connectionLost(self, *args: Any) -> None:  # noqa: N802
        self._forget_message()
        super().connectionLost(*args)

    def _count_after_close(self, length: int) -> None:
        self._after_close += length
        if self._after_close > AFTER_CLOSE_BYTES_MAX:
            self.dropConnection(abort=True)


def install() -> None:
    """Let Daphne serve WebSockets by this protocol, however it was started."""
    WebSocketFactory.protocol = StreamProtocol
