"""Notice that a client does not read.

An ASGI server may make `send` wait while the client's buffers are full. Daphne does not: it keeps every message in
memory for as long as the client likes. But its transport tells a registered producer to pause and to resume, so the
gate here is that producer.
"""

import asyncio
from functools import partial
from typing import Any


class Gate:
    """Open while the connection takes more data. Follows Twisted's IPushProducer."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()

    async def wait(self) -> None:
        await self._open.wait()

    def pauseProducing(self) -> None:  # noqa: N802  (the name is Twisted's)
        self._open.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._open.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._open.set()


def gate_of(send: Any) -> Gate:
    """Return the gate of an accepted connection, given its ASGI `send`; always open where `send` itself waits."""
    gate = Gate()
    protocol = send.args[0] if isinstance(send, partial) and send.args else None
    if transport := getattr(protocol, "transport", None):
        transport.unregisterProducer()  # of the HTTP request that the connection began as
        transport.registerProducer(gate, True)
    return gate
