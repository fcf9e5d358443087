"""The client in JavaScript, which pages use, run by Node: it keeps the same book as the one in Python."""

import asyncio
import json
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from exchange.models import User
from matching.engine import Side
from tests.contract.streams import StreamContract
from tests.integration.marketdata.clients import book_levels
from tests.integration.marketdata.daphne import PROJECT
from tests.integration.marketdata.proxies import Proxy
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of
from tests.node import node_program
from tests.unit.marketdata.test_client import SNAPSHOT, snapshot_book, update

HERE = Path(__file__).parent
MODULE = (PROJECT / "trading_page/static/streams/stream.js").as_uri()


@pytest.fixture(scope="module")
def node() -> list[str]:
    """Return how to run Node with a WebSocket: it has one by itself from 22 on."""
    return [node_program(), "--experimental-websocket", "--no-warnings"]


class Follower:
    """follow.mjs or account.mjs as a process."""

    def __init__(self, process: asyncio.subprocess.Process, contract: StreamContract, channel: str) -> None:
        self._process = process
        self._contract = contract
        self._channel = channel

    async def at(self, seq: int) -> dict[str, Any]:
        """Return the book once it is at a sequence number; what came until then must be as described."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{seq}\n".encode())
        async with asyncio.timeout(20):
            while True:
                found: dict[str, Any] = json.loads(await self._process.stdout.readline())
                if "received" not in found:
                    return found
                self._contract.check_message(self._channel, found["received"])


@pytest.fixture
async def proxy(address: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(f"ws://{address}")
    await proxy.start()
    yield proxy
    await proxy.cut()


@pytest.fixture
async def follower(
    node: list[str], proxy: Proxy, script: ScriptedMarket, stream_contract: StreamContract
) -> AsyncIterator[Follower]:
    pipe = asyncio.subprocess.PIPE
    command = [*node, str(HERE / "follow.mjs"), MODULE, proxy.url, script.market.symbol]
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    yield Follower(process, stream_contract, "markets")
    assert process.stdin
    process.stdin.close()
    await asyncio.wait_for(process.communicate(), 10)
    assert process.returncode == 0


async def test_cuts_lose_nothing(script: ScriptedMarket, proxy: Proxy, follower: Follower) -> None:
    rng = random.Random(os.environ["TEST_SEED"])
    await follower.at(0)
    for cut in range(4):
        for _ in range(15):
            for _ in range(rng.randint(1, 5)):
                script.anything(rng)
            await script.publish()
        book = await follower.at(script.seq)
        assert (book["resumed"], book["repairs"]) == (cut, 0)
        assert ([tuple(level) for level in book["bids"]], [tuple(level) for level in book["asks"]]) == book_levels(
            script
        )
        await proxy.cut()
        for _ in range(3):
            script.anything(rng)
            await script.publish()
        await proxy.start()


async def test_it_asks_for_what_is_missing_and_for_the_book_when_it_is_wrong(node: list[str]) -> None:
    book = snapshot_book()
    levels = {"bids": [["9.50", "0"], ["99.00", "1.0"]], "asks": [["1000.00", "1.0"], ["100.05", "0"]]}
    messages = [
        SNAPSHOT,
        update(book, 10),
        update(book, 12),  # it waits already
        {"type": "resumed", "symbol": "BTC/USDT", "from_seq": 7, "seq": 9},
        update(book, 8, **levels),
        update(book, 10) | {"checksum": 1},
        SNAPSHOT | {"seq": 20},
        update(book, 21, **levels),
    ]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*node, str(HERE / "repair.mjs"), MODULE, stdin=pipe, stdout=pipe)
    output, _ = await asyncio.wait_for(process.communicate(json.dumps(messages).encode()), 20)

    assert json.loads(output) == {
        "sent": [
            {"op": "resume", "symbol": "BTC/USDT", "from_seq": 7},
            {"op": "resume", "symbol": "BTC/USDT"},
        ],
        "seq": 22,
        "bids": [["100.00", "1.5"], ["99.00", "1.0"]],
        "asks": [["1000.00", "1.0"]],
        "repairs": 2,
    }


@pytest.fixture
async def account(
    node: list[str], proxy: Proxy, maker: User, stream_contract: StreamContract
) -> AsyncIterator[Follower]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *node, str(HERE / "account.mjs"), MODULE, proxy.url, stdin=pipe, stdout=pipe
    )
    assert process.stdin
    process.stdin.write(f"{token_of(maker)}\n".encode())
    yield Follower(process, stream_contract, "orders")
    process.stdin.close()
    assert await asyncio.wait_for(process.wait(), 10) == 0


async def test_an_account_is_followed_over_cuts_and_each_fill_comes_once(
    script: ScriptedMarket, proxy: Proxy, account: Follower, maker: User
) -> None:
    begun = await account.at(1)
    fills = []
    for cut in range(1, 4):
        order = script.place(Side.SELL, 1001 + cut, 7)
        await script.publish()
        await account.at(3 * cut - 1)
        await proxy.cut()
        fills.append(str(UUID(bytes=script.trade(order, 2).id)))
        await script.publish()
        await proxy.start()

        known = await account.at(3 * cut + 1)  # the order, the fill

        assert (known["session"], known["resumed"], known["fills"]) == (begun["session"], cut, fills)
        assert sorted(known["orders"]) == sorted(str(UUID(bytes=order_id)) for order_id in script.open)
        assert known["asked"] == cut + 1
