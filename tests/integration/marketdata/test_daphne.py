"""The streams as the `web` role serves them: a real Daphne, real sockets."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from marketdata.consumers import MarketConsumer
from orders.checksum import book_checksum
from tests.integration.marketdata.clients import Book
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.servers import free_port

PROJECT = Path(__file__).parents[3]
ORIGIN: Any = {"origin": "http://127.0.0.1"}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Start Daphne as a process of its own and return its address."""
    port = free_port()
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "config.asgi:application"]
    process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, env=dict(os.environ))
    try:
        await _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _wait_for(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


async def test_a_book_over_a_real_server_beside_a_client_that_does_not_read(
    script: ScriptedMarket, address: str
) -> None:
    """A client that reads nothing costs the server its queue and no more, and the others nothing at all."""
    url = f"ws://{address}/ws/markets/{script.market.slug}"
    book, lazy_book = Book(), Book()
    async with (
        connect(url, **ORIGIN) as client,
        connect(url, sock=_small_socket(address), max_queue=1, **ORIGIN) as lazy,
    ):
        book.take(json.loads(await client.recv()))
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
    async with connect(f"ws://{address}/ws/markets/NO-SUCH", **ORIGIN) as client:
        assert json.loads(await client.recv())["code"] == "MARKET_NOT_FOUND"
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4404
