"""What all streams have in common: bad messages, limits, heartbeats, slow clients."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from exchange.models import Market
from marketdata.consumers import TradesConsumer
from marketdata.wire import LeftError
from matching.engine import Side
from tests.integration.marketdata.clients import Book, Client, application, follow
from tests.integration.marketdata.scripted import ScriptedMarket

BAD = [
    "{",
    "[]",
    "17",
    '{"op": "dance"}',
    '{"op": 5}',
    "{}",
    '{"op": "subscribe"}',
    '{"op": "subscribe", "symbols": []}',
    '{"op": "subscribe", "symbols": [5]}',
    '{"op": "subscribe", "symbols": "BTC/USDT"}',
    '{"op": "ping", "x": NaN}',
]


@pytest.mark.parametrize("text", BAD, ids=[text[:40] for text in BAD])
async def test_the_third_bad_message_closes(market: Market, text: str) -> None:
    client = await Client(f"/ws/trades?symbol={market.slug}").open()
    for _ in range(3):
        await client.send(text)

    for _ in range(3):
        assert (await client.until("error"))["code"] == "VALIDATION_ERROR"
    assert await client.closed() == 4400


async def test_binary_is_a_bad_message_and_one_is_forgiven(market: Market) -> None:
    client = await Client(f"/ws/trades?symbol={market.slug}").open()
    await client.socket.send_to(bytes_data=b"\x00\xff")
    assert (await client.until("error"))["message"] == "Send JSON as text"

    await client.send({"op": "ping"})

    assert (await client.until("pong")) == {"type": "pong"}
    await client.leave()


async def test_silence_is_filled_with_heartbeats(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TradesConsumer, "heartbeat_s", 0.1)
    client = await Client(f"/ws/trades?symbol={market.slug}").open()
    await client.until("subscribed")

    assert [(await client.receive())["type"] for _ in range(2)] == ["heartbeat", "heartbeat"]
    await client.leave()


async def test_an_unknown_path_is_refused() -> None:
    accepted, _ = await Client("/ws/nothing").socket.connect()

    assert not accepted


class Stuck:
    """A server whose client does not read: `send` waits unless `may_send` is set."""

    def __init__(self) -> None:
        self.may_send = asyncio.Event()
        self.may_send.set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def slow_send(message: Any) -> None:
            if message["type"] == "websocket.send":
                await self.may_send.wait()
            await send(message)

        await application(scope, receive, slow_send)


async def test_a_slow_clients_book_is_conflated_and_others_do_not_notice(script: ScriptedMarket) -> None:
    path = f"/ws/markets/{script.market.slug}"
    server = Stuck()
    slow, slow_book = await Client(path, server).open(), Book()
    fast, fast_book = await Client(path).open(), Book()
    slow_book.take(await slow.until("snapshot"))
    fast_book.take(await fast.until("snapshot"))
    server.may_send.clear()

    for price in range(100):
        script.place(Side.BUY, 800 + price, 5)
        await script.publish()
        await follow(fast, fast_book, script.seq)
    server.may_send.set()
    await follow(slow, slow_book, script.seq)

    assert (fast_book.updates, fast_book.snapshots) == (100, 1)
    assert slow_book.snapshots == 1 <= slow_book.updates <= 2  # one may have been on its way when the others came
    assert slow_book.levels == fast_book.levels
    script.place(Side.BUY, 999, 5)
    await script.publish()
    assert (await slow.until("update"))["bids"] == [["9.99", "0.005"]]
    await slow.leave()
    await fast.leave()


async def test_a_client_too_slow_for_trades_is_closed_and_others_get_all(
    script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TradesConsumer, "queue_limit", 5)
    path = f"/ws/trades?symbol={script.market.slug}"
    server = Stuck()
    slow, fast = await Client(path, server).open(), await Client(path).open()
    for client in (slow, fast):
        await client.until("subscribed")
    server.may_send.clear()

    maker = script.place(Side.SELL, 1001, 100)
    for _ in range(20):
        script.trade(script.open[maker.id], 1)
        await script.publish()
        assert (await fast.receive())["type"] == "trade"
    server.may_send.set()

    assert await slow.closed() == 4408
    await fast.leave()


async def test_a_client_that_takes_nothing_at_all_is_closed(
    script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TradesConsumer, "stalled_s", 0.2)
    server = Stuck()
    client = await Client(f"/ws/trades?symbol={script.market.slug}", server).open()
    await client.until("subscribed")
    server.may_send.clear()
    script.trade(script.place(Side.SELL, 1001, 7), 5)
    await script.publish()

    assert await client.closed() == 4408


async def test_who_leaves_before_the_last_word_is_no_error(market: Market) -> None:
    """Daphne refuses to send to a connection that is closed already; that is the client's doing and not ours."""
    has_left = False

    async def server(scope: Any, receive: Any, send: Any) -> None:
        async def send_unless_gone(event: Any) -> None:
            if has_left:
                raise LeftError("Attempt to send on a closed protocol")
            await send(event)

        await application(scope, receive, send_unless_gone)

    client = await Client("/ws/orders", app=server).open()
    has_left = True
    with capture_logs() as logs:
        for _ in range(TradesConsumer.bad_messages_max + 1):
            await client.send("{")
        await client.leave()  # raises what the application raised

    assert logs == []
