"""The streams as the `web` role serves them: a real Daphne, real sockets, and what becomes of orders when these end."""

import asyncio
import contextlib
import json
import socket
import urllib.request
from functools import partial
from http.client import HTTPException
from typing import Any

import pytest
from django.conf import settings
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from marketdata.consumers import MarketConsumer
from marketdata.database import in_database
from matching.messages import engine_channel, heartbeat_key
from orders.checksum import book_checksum
from tests.engines import running_engine
from tests.fixtures import make_market, make_user
from tests.integration.marketdata.clients import Book
from tests.integration.marketdata.daphne import Server
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of
from tests.integration.marketdata.test_switches import order_of, until_cancelled


@pytest.mark.long
async def test_a_book_over_a_real_server_beside_a_client_that_does_not_read(
    script: ScriptedMarket, address: str
) -> None:
    """A client that reads nothing costs the server its queue and no more, and the others nothing at all."""
    url = f"ws://{address}/ws/markets/{script.market.slug}?channels=book"
    book, lazy_book = Book(), Book()
    async with (
        connect(url) as client,
        connect(url, sock=_small_socket(address), max_queue=1) as lazy,
    ):
        book.take(json.loads(await client.recv()))
        assert json.loads(await client.recv())["type"] == "market"
        lazy_book.take(json.loads(await lazy.recv()))
        for seq in range(1, MarketConsumer.queue_limit + 300):
            await script.publish(_large_batch(script, seq))
            book.take(json.loads(await client.recv()))
        while lazy_book.seq < book.seq:
            lazy_book.take(json.loads(await lazy.recv()))

    assert book.snapshots == 1
    assert lazy_book.snapshots > 1
    assert lazy_book.levels == book.levels


def _small_socket(address: str) -> socket.socket:
    """A connected socket that soon holds no more."""
    host, _, port = address.rpartition(":")
    small = socket.socket()
    small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    small.connect((host, int(port)))
    small.setblocking(False)
    return small


def _large_batch(script: ScriptedMarket, seq: int) -> dict[str, Any]:
    """A batch that changes 1,000 levels, to fill the buffers between server and client. It is not in the database."""
    bids = [(price, 1 + (price + seq) % 97) for price in range(1_000, 0, -1)]
    return {
        "type": "market.batch", "market_id": script.market.pk, "symbol": script.market.symbol,
        "first_seq": seq, "last_seq": seq, "time_ms": 0, "bids": bids, "asks": [],
        "checksum": book_checksum([], bids, script.market.scale), "state": None, "orders": [], "trades": [],
    }  # fmt: skip


async def test_close_codes_reach_the_client(address: str) -> None:
    async with connect(f"ws://{address}/ws/markets/NO-SUCH") as client:
        assert json.loads(await client.recv())["code"] == "MARKET_NOT_FOUND"
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404


@pytest.mark.parametrize("end", ["cut", "killed"])
async def test_orders_end_with_the_connection_or_when_the_process_died_by_the_engine(server: Server, end: str) -> None:
    market = await in_database(make_market)
    maker = await in_database(make_user, "maker", assets=(market.quote_id,))
    with running_engine(market):
        async with connect(f"ws://{server.address}/ws/orders") as client:
            await client.send(json.dumps({"op": "auth", "token": token_of(maker)}))
            guard = {"op": "cancel_on_disconnect", "timeout_ms": 3_000, "symbol": market.slug}
            await client.send(json.dumps(guard))
            while json.loads(await client.recv())["type"] != "cancel_on_disconnect":
                pass
            order = await order_of(maker, market)
            if end == "cut":
                client.transport.abort()
            else:
                server.process.kill()

        assert await until_cancelled(order, 10) == ("" if end == "cut" else "CANCEL_AFTER")


async def test_the_server_ends_when_it_is_asked_to_although_requests_wait(server: Server) -> None:
    """A thread that waits for the event loop which has just ended must not keep the process."""
    market = await in_database(make_market)
    maker = await in_database(make_user, "maker", assets=(market.quote_id,))
    queue = settings.CHANNEL_LAYERS["default"]["CONFIG"]["prefix"] + engine_channel(market.slug)
    async with Redis.from_url(settings.REDIS_URL) as redis:
        await redis.set(heartbeat_key(market.slug), "an engine that never answers", px=30_000)
        place = partial(_place, server.address, market.slug, token_of(maker))
        waiting = [asyncio.create_task(asyncio.to_thread(place)) for _ in range(8)]
        try:
            async with asyncio.timeout(20):
                while not await redis.zcard(queue):  # noqa: ASYNC110  (another process fills it)
                    await asyncio.sleep(0.02)
                server.process.terminate()
                await server.process.wait()
        finally:
            if server.process.returncode is None:
                server.process.kill()
        await redis.delete(heartbeat_key(market.slug), queue)
    await asyncio.wait(waiting)


def _place(address: str, slug: str, token: str) -> None:
    order = {"symbol": slug, "side": "buy", "type": "limit", "quantity": "1", "price": "100"}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://{address}/api/v1/orders", json.dumps(order).encode(), headers)
    with contextlib.suppress(OSError, HTTPException):
        urllib.request.urlopen(request, timeout=30).close()
