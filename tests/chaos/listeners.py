"""Clients over WebSocket: they keep books, watch trades and their own orders, and note what should not be."""

import asyncio
import contextlib
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from typing import Any
from zlib import crc32

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from config.embedded.settings import LOOPBACK
from tests.chaos.cast import MARKETS
from tests.chaos.connections import Session
from tests.chaos.diary import Diary, Entry

Message = dict[str, Any]
SILENCE_S = 20.0  # a heartbeat comes after 15 s
RETRY_S = 0.3
GUARD_MS = 3_000


class Book:
    """What a client knows of a market from nothing but messages."""

    def __init__(self) -> None:
        self.seq = -1
        self.sides: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}

    def take(self, message: Message) -> str | None:
        """Apply a message; return what is wrong with it."""
        if message["type"] == "snapshot":
            self.sides = {side: dict(message[side]) for side in self.sides}
            self.seq = message["seq"]
        elif message["first_seq"] != self.seq + 1:
            return f"a gap: the book is at {self.seq} and the update begins at {message['first_seq']}"
        else:
            for side, levels in self.sides.items():
                for price, volume in message[side]:
                    levels.pop(price, None) if volume == "0" else levels.update({price: volume})
            self.seq = message["last_seq"]
        wrong = self._checksum() != message["checksum"]
        return f"the checksum at {self.seq} is not that of the book" if wrong else None

    def _checksum(self) -> int:
        asks = sorted(self.sides["asks"].items(), key=lambda level: float(level[0]))[:10]
        bids = sorted(self.sides["bids"].items(), key=lambda level: -float(level[0]))[:10]
        numbers = [number for level in (*asks, *bids) for number in level]
        return crc32("".join(number.replace(".", "").lstrip("0") for number in numbers).encode())


class Listeners:
    """All of them, on one event loop in a thread of its own. `problems` is what they saw go wrong."""

    def __init__(self, port: int, diary: Diary, own: list[Session], guarded: list[str]) -> None:
        self.problems: list[str] = []
        self.counts: Counter[str] = Counter()
        self.books: dict[str, dict[str, Book]] = defaultdict(dict)
        # (begin, end] of sequence numbers in which a listener was promised every trade, and the trades it saw.
        self.stretches: list[tuple[str, int, int, set[str]]] = []
        self.orders: dict[str, dict[str, Message]] = defaultdict(dict)
        self.since: dict[str, float] = {}  # when an account was last told that from now on it is told everything
        self.guards: set[str] = set()  # accounts whose session was told that it is guarded
        self._users: dict[str, str] = {}
        self._port = port
        self._diary = diary
        self._guarded = set(guarded)
        self._own = {session.name: session for session in own}
        self._loop = asyncio.new_event_loop()
        self._tasks: list[asyncio.Task[None]] = []
        self._sockets: dict[str, ClientConnection] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="listeners", daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Connect everybody."""
        names = [("book-1", self._watch_books), ("book-2", self._watch_books), ("trades", self._watch_trades)]
        names += [(name, self._watch_own) for name in self._own]

        async def begin() -> None:
            self._tasks = [asyncio.create_task(self._keep(name, watch), name=name) for name, watch in names]

        asyncio.run_coroutine_threadsafe(begin(), self._loop).result()

    def cut(self, name: str) -> None:
        """End a client's connection without a word."""

        def abort() -> None:
            self.guards.discard(name)
            if socket := self._sockets.get(name):
                socket.transport.abort()

        self._loop.call_soon_threadsafe(abort)

    def stop(self) -> None:
        """End all clients."""

        async def end() -> None:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    # --- connections ------------------------------------------------------------------------------

    async def _keep(self, name: str, watch: Any) -> None:
        """Connect, watch, and connect again, for ever."""
        while True:
            try:
                await watch(name)
            except (OSError, WebSocketException, TimeoutError) as error:
                self.counts[f"connections lost ({type(error).__name__})"] += 1
            self._sockets.pop(name, None)
            self.since.pop(name, None)
            self.guards.discard(name)
            await asyncio.sleep(RETRY_S)

    @contextlib.asynccontextmanager
    async def _connected(self, name: str, path: str) -> AsyncIterator[ClientConnection]:
        url = f"ws://{LOOPBACK}:{self._port}{path}"
        async with connect(url, open_timeout=5, ping_timeout=None, close_timeout=1, max_queue=1024) as socket:
            self._sockets[name] = socket
            self.counts["connections"] += 1
            yield socket

    async def _messages(self, socket: ClientConnection) -> AsyncIterator[Message]:
        while True:
            async with asyncio.timeout(SILENCE_S):
                message: Message = json.loads(await socket.recv())
            self.counts[message["type"]] += 1
            if message["type"] == "error":
                self.counts[f"error {message['code']}"] += 1
            yield message

    # --- books ------------------------------------------------------------------------------------

    async def _watch_books(self, name: str) -> None:
        self.books[name] = {}
        async with self._connected(name, "/ws/markets/BTC-USDT") as socket:
            await socket.send(json.dumps({"op": "subscribe", "symbols": list(MARKETS)[1:]}))
            async for message in self._messages(socket):
                if message["type"] in ("snapshot", "update"):
                    self._take(name, message)

    def _take(self, name: str, message: Message) -> None:
        book = self.books[name].get(message["symbol"])
        if book is None and message["type"] == "update":
            self.problems.append(f"{name}: an update of {message['symbol']} came before a snapshot")
            return
        book = self.books[name].setdefault(message["symbol"], Book())
        if wrong := book.take(message):
            self.problems.append(f"{name} {message['symbol']}: {wrong}")

    # --- trades -----------------------------------------------------------------------------------

    async def _watch_trades(self, name: str) -> None:
        """Between `subscribed`, `resync` and the end, every trade must come."""
        seen: dict[str, tuple[int, int, set[str]]] = {}
        try:
            async with self._connected(name, "/ws/trades") as socket:
                async for message in self._messages(socket):
                    self._follow_trades(seen, message)
        finally:
            for symbol in list(seen):
                self._end_stretch(seen, symbol)

    def _follow_trades(self, seen: dict[str, tuple[int, int, set[str]]], message: Message) -> None:
        if message["type"] == "subscribed":
            for symbol, seq in message["seq"].items():
                if symbol in seen:
                    self.problems.append(f"trades: {symbol} was subscribed twice")
                seen[symbol] = (seq, seq, set())
        elif message["type"] == "resync":
            self._end_stretch(seen, message["symbol"], message["after_seq"])
            seen[message["symbol"]] = (message["seq"], message["seq"], set())
        elif message["type"] == "trade":
            begin, last, ids = seen[message["symbol"]]
            if message["seq"] <= last and message["id"] in ids:
                self.problems.append(f"trades: trade {message['id']} came twice")
            ids.add(message["id"])
            seen[message["symbol"]] = (begin, message["seq"], ids)

    def _end_stretch(self, seen: dict[str, tuple[int, int, set[str]]], symbol: str, end: int = 0) -> None:
        if symbol in seen:
            begin, last, ids = seen.pop(symbol)
            self.stretches.append((symbol, begin, max(last, end), ids))

    # --- own orders -------------------------------------------------------------------------------

    async def _watch_own(self, name: str) -> None:
        self.orders[name] = {}
        async with self._connected(name, "/ws/orders") as socket:
            await socket.send(json.dumps({"op": "auth", "token": self._own[name].token}))
            async for message in self._messages(socket):
                self._follow_own(name, message)
                if name in self._guarded:
                    await self._stay_guarded(name, socket, message)

    async def _stay_guarded(self, name: str, socket: ClientConnection, message: Message) -> None:
        """Have everything cancelled when the session ends; asked again as long as that is refused."""
        if message["type"] == "cancel_on_disconnect":
            self.guards.add(name)
        elif message["type"] in ("authenticated", "error") and name not in self.guards:
            await asyncio.sleep(RETRY_S if message["type"] == "error" else 0)
            now = time.time()
            self._diary.add(Entry(name, "session", "web", now, {"timeout_ms": GUARD_MS}, answered=now, status=200))
            await socket.send(json.dumps({"op": "cancel_on_disconnect", "timeout_ms": GUARD_MS}))

    def _follow_own(self, name: str, message: Message) -> None:
        if message["type"] == "authenticated":
            self._users[name] = message["user_id"]
        elif message["type"] in ("resync", "subscribed"):
            self.since[name] = time.time()
            if message["type"] == "resync":
                self.orders[name].clear()
        elif message["type"] == "order":
            order = message["order"]
            if order["user_id"] != self._users.get(name):
                self.problems.append(f"{name} was shown an order of {order['user_id']}: {order['id']}")
            self.orders[name][order["id"]] = order
