"""The reference client's own judgement: what it does about messages that do not fit."""

import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from trade_engine_client import ChecksumError, GapError, MarketStream, OrderBook, PrivateStream, RefusedError
from trade_engine_client import stream as streams
from websockets.asyncio.server import ServerConnection, serve

Message = dict[str, Any]
SNAPSHOT: Message = {
    "type": "snapshot", "symbol": "BTC/USDT", "seq": 7, "bids": [["100.00", "1.5"], ["9.50", "2.0"]],
    "asks": [["100.05", "0.5"]], "checksum": 2094580217,
}  # fmt: skip


def update(book: OrderBook, first_seq: int, **sides: list[list[str]]) -> Message:
    """Return an update with the checksum that is right after it."""
    message = {"type": "update", "symbol": "BTC/USDT", "first_seq": first_seq, "last_seq": first_seq + 1,
               "bids": [], "asks": [], "checksum": 0, **sides}  # fmt: skip
    after = book.copy()
    after.seq = first_seq - 1
    with pytest.raises(ChecksumError):
        after.apply(message)
    return message | {"checksum": after.checksum}


def snapshot_book() -> OrderBook:
    book = OrderBook()
    try:
        book.apply(SNAPSHOT)
    except ChecksumError:
        SNAPSHOT["checksum"] = book.checksum
    return book


class Recorder(MarketStream):
    """Sends nothing, and remembers what it would have sent."""

    def __init__(self) -> None:
        super().__init__("ws://nowhere", "BTC/USDT")
        self.sent: list[Any] = []

    async def send(self, message: Any) -> None:
        self.sent.append(message)


def test_levels_are_sorted_as_numbers_and_removed_by_zero() -> None:
    book = snapshot_book()
    book.apply(update(book, 8, bids=[["9.50", "0"], ["99.00", "1.0"], ["101.00", "0"]], asks=[["1000.00", "1.0"]]))

    assert book.bids == [("100.00", "1.5"), ("99.00", "1.0")]
    assert book.asks == [("100.05", "0.5"), ("1000.00", "1.0")]
    assert (book.seq, book.best_bid, book.best_ask) == (9, ("100.00", "1.5"), ("100.05", "0.5"))


def test_random_updates_keep_both_sides_sorted() -> None:
    rng, book = random.Random(7), snapshot_book()
    for seq in range(8, 400, 2):
        prices = [f"{rng.randint(900, 1_100) / 10:.2f}" for _ in range(3)]
        levels = [[price, rng.choice(["0", "1.0", "2.0"])] for price in dict.fromkeys(prices)]
        book.apply(update(book, seq, **{rng.choice(["bids", "asks"]): levels}))

    assert book.bids == sorted(book.bids, key=lambda level: -Decimal(level[0]))
    assert book.asks == sorted(book.asks, key=lambda level: Decimal(level[0]))


def test_what_does_not_follow_is_a_gap_and_changes_nothing() -> None:
    book = snapshot_book()
    with pytest.raises(GapError):
        book.apply(update(book, 9))
    with pytest.raises(GapError):
        OrderBook().apply(update(book, 1))
    assert book.seq == 7


async def test_after_a_gap_the_client_asks_for_what_is_missing_and_waits_for_it() -> None:
    stream, book = Recorder(), snapshot_book()
    await stream.take(SNAPSHOT)
    await stream.take(update(book, 10))
    await stream.take(update(book, 12))
    assert stream.sent == [{"op": "resume", "symbol": "BTC/USDT", "from_seq": 7}]

    await stream.take({"type": "resumed", "symbol": "BTC/USDT", "from_seq": 7, "seq": 9})
    await stream.take(update(book, 8))

    assert (stream.book.seq, stream.repairs, stream.resumed) == (9, 1, 1)


async def test_after_a_wrong_checksum_the_client_asks_for_the_whole_book() -> None:
    stream, book = Recorder(), snapshot_book()
    await stream.take(SNAPSHOT)
    await stream.take(update(book, 8) | {"checksum": 1})
    assert stream.sent == [{"op": "resume", "symbol": "BTC/USDT"}]

    assert "from_seq" not in stream.address()  # should the connection be lost meanwhile
    await stream.take(SNAPSHOT | {"seq": 9})

    assert (stream.book.seq, stream.repairs) == (9, 1)


async def test_a_private_message_that_does_not_follow_ends_the_connection() -> None:
    stream = PrivateStream("ws://nowhere", lambda: "token")
    beginning = {"type": "snapshot", "session": "a", "private_seq": 1, "bookmark": "", "orders": [], "balances": []}
    await stream.take(beginning)
    await stream.take({"type": "balance", "private_seq": 2, "asset": "BTC", "available": "1"})

    with pytest.raises(ConnectionError):
        await stream.take({"type": "balance", "private_seq": 4, "asset": "BTC", "available": "2"})
    await stream.take(beginning | {"session": "b"})

    assert (stream.seq, stream.balances, stream.snapshots) == (1, {}, 2)


@asynccontextmanager
async def server(serve_one: Callable[[ServerConnection], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that does the same with every connection; gives its address."""
    async with serve(serve_one, "127.0.0.1", 0) as running:
        yield f"ws://127.0.0.1:{next(iter(running.sockets)).getsockname()[1]}"


async def test_who_is_turned_away_comes_back_more_and_more_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "FIRST_PAUSE_S", 0.02)

    async def turn_away(socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "error", "code": "RATE_LIMITED", "message": "Too many connections"}))
        await socket.close(4429)

    async with server(turn_away) as url, MarketStream(url, "BTC/USDT") as stream:
        began = time.monotonic()
        async for _ in stream:
            if stream.reconnects == 6:
                break
        assert time.monotonic() - began > 0.6  # 0.02 + 0.04 + ... 0.64, of which at least half


async def test_a_token_that_expired_is_followed_by_the_next_and_one_that_is_refused_is_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(streams, "FIRST_PAUSE_S", 0.01)
    tokens, greetings = ["first", "second", "refused"], []

    async def log_in(socket: ServerConnection) -> None:
        greetings.append(json.loads(await socket.recv()))
        if greetings[-1]["token"] != "refused":
            user_id, until = "01900000-0000-7000-8000-000000000001", "2026-01-01T00:00:00.000Z"
            snapshot = {"type": "snapshot", "session": "a", "private_seq": len(greetings), "seq": {},
                        "bookmark": "start", "orders": [], "orders_complete": True, "balances": []}  # fmt: skip
            await socket.send(json.dumps({"type": "authenticated", "user_id": user_id, "expires_at": until}))
            await socket.send(json.dumps(snapshot))
        await socket.close(4401)

    async with server(log_in) as url, PrivateStream(url, lambda: tokens.pop(0)) as stream:
        with pytest.raises(RefusedError):
            async for _ in stream:
                pass

    assert [each["token"] for each in greetings] == ["first", "second", "refused"]
    assert greetings[1:] == [
        {"op": "auth", "token": token, "session": "a", "private_seq": seq}
        for token, seq in (("second", 1), ("refused", 2))
    ]
