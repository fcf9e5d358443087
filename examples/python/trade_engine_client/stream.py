"""What all streams have in common: a connection that comes back by itself."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

FIRST_PAUSE_S = 0.1
LAST_PAUSE_S = 10.0
SILENCE_S = 40.0  # the server sends a heartbeat after 15 s
FOR_GOOD = (4400, 4401, 4403, 4404)  # trying again would not help

Message = dict[str, Any]


class RefusedError(Exception):
    """The server closed the connection for good; `code` says why."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the stream was closed with {code}")
        self.code = code


class Stream:
    """Iterate over it for messages. A subclass says where to connect, what to say first, what to make of messages."""

    def __init__(self) -> None:
        self.reconnects = 0
        self.socket: ClientConnection | None = None
        self._messages = self._receive()

    def address(self) -> str:
        raise NotImplementedError

    async def greet(self) -> None:
        """Say what has to be said first on each new connection."""

    def ended(self, code: int) -> bool:
        """Take note of how the server closed; return whether trying again would not help."""
        return code in FOR_GOOD

    async def take(self, message: Message) -> None:
        """Make something of a message before the caller gets it."""

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send a message. Raises ConnectionClosed; what was sent just before a cut may be lost."""
        assert self.socket, "a stream is entered before it is used"
        await self.socket.send(json.dumps(message))

    def __aiter__(self) -> AsyncIterator[Message]:
        return self._messages

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._messages.aclose()
        if self.socket:
            await self.socket.close()

    async def _receive(self) -> AsyncGenerator[Message, None]:
        """Yield messages over as many connections as it takes, with a growing pause between vain attempts."""
        pause = FIRST_PAUSE_S
        while True:
            try:
                async with connect(self.address(), max_size=None) as self.socket:
                    await self.greet()
                    while True:
                        async with asyncio.timeout(SILENCE_S):
                            message = json.loads(await self.socket.recv())
                        if message["type"] != "error":  # who is refused must not come back at once
                            pause = FIRST_PAUSE_S
                        await self.take(message)
                        yield message
            except ConnectionClosed as closed:
                if closed.rcvd and self.ended(closed.rcvd.code):
                    raise RefusedError(closed.rcvd.code) from None
            except (OSError, InvalidHandshake, TimeoutError):
                pass
            self.reconnects += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1))
            pause = min(2 * pause, LAST_PAUSE_S)
