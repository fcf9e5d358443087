"""Clients of the streams for tests: one that keeps a book as the documentation says, one that does not read."""

import asyncio
import json
from typing import Any
from zlib import crc32

from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator

from base.scaling import plain
from marketdata.routing import websocket_urlpatterns
from matching.engine import Side
from tests.integration.marketdata.scripted import ScriptedMarket

Message = dict[str, Any]
Levels = list[tuple[str, str]]
application = URLRouter(websocket_urlpatterns)


class Client:
    """A connection to one of the streams, without a server in between."""

    def __init__(self, path: str, app: Any = application) -> None:
        self.socket = WebsocketCommunicator(app, path)
        self.close_code: int | None = None

    async def open(self) -> "Client":
        accepted, _ = await self.socket.connect(timeout=3)
        assert accepted
        return self

    async def send(self, message: Any) -> None:
        await self.socket.send_to(text_data=message if isinstance(message, str) else json.dumps(message))

    async def receive(self, timeout: float = 5) -> Message:  # noqa: ASYNC109  (a test helper)
        event = await self.socket.receive_output(timeout)
        assert event["type"] == "websocket.send", event
        message: Message = json.loads(event["text"])
        return message

    async def until(self, kind: str, timeout: float = 5) -> Message:  # noqa: ASYNC109
        """Return the next message of a type; others are skipped."""
        async with asyncio.timeout(timeout):
            while True:
                message = await self.receive(timeout)
                if message["type"] == kind:
                    return message

    async def closed(self, timeout: float = 5) -> int:  # noqa: ASYNC109
        """Skip to the end of the connection and return its code."""
        async with asyncio.timeout(timeout):
            while True:
                event = await self.socket.receive_output(timeout)
                if event["type"] == "websocket.close":
                    return int(event.get("code", 1000))

    async def leave(self) -> None:
        await self.socket.disconnect(timeout=3)


class Book:
    """What a client knows of a market, from nothing but messages."""

    def __init__(self) -> None:
        self.seq = -1
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.snapshots = 0
        self.updates = 0

    def take(self, message: Message) -> None:
        """Apply a message; asserts that nothing is missing and that the checksum is right."""
        if message["type"] == "snapshot":
            self.snapshots += 1
            self.bids, self.asks = dict(message["bids"]), dict(message["asks"])
            assert message["seq"] >= self.seq
            self.seq = message["seq"]
        elif message["type"] == "update":
            self.updates += 1
            assert message["first_seq"] == self.seq + 1
            self.seq = message["last_seq"]
            for side, levels in ((self.bids, message["bids"]), (self.asks, message["asks"])):
                for price, volume in levels:
                    side.pop(price, None) if volume == "0" else side.update({price: volume})
        else:
            return
        assert self.checksum == message["checksum"]

    @property
    def levels(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Bids and asks, best first."""
        return (
            sorted(self.bids.items(), key=lambda level: -float(level[0])),
            sorted(self.asks.items(), key=lambda level: float(level[0])),
        )

    @property
    def checksum(self) -> int:
        bids, asks = self.levels
        numbers = [number for level in [*asks[:10], *bids[:10]] for number in level]
        return crc32("".join(number.replace(".", "").lstrip("0") for number in numbers).encode())


def book_levels(script: ScriptedMarket) -> tuple[Levels, Levels]:
    """Return the script's bids and asks as a client should see them."""
    scale = script.market.scale
    bids, asks = (
        [
            (plain(scale.price(price), scale.price_decimals), plain(scale.quantity(lots), scale.quantity_decimals))
            for price, lots in script.levels(side)
        ]
        for side in (Side.BUY, Side.SELL)
    )
    return bids, asks


async def follow(client: Client, book: Book, seq: int, timeout: float = 10) -> None:  # noqa: ASYNC109
    """Read until the book is at a sequence number."""
    async with asyncio.timeout(timeout):
        while book.seq < seq:
            book.take(await client.receive(timeout))
