"""The reference client against a real server: cuts, delays and restarts lose nothing, and it says what it did."""

import asyncio
import os
import random

import pytest
from trade_engine_client import MarketStream, PrivateStream, RefusedError

from exchange.models import User
from matching.engine import Side
from tests.integration.marketdata.clients import book_levels
from tests.integration.marketdata.daphne import Server, running_daphne
from tests.integration.marketdata.proxies import Proxy
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of
from tests.servers import free_port


async def follow(stream: MarketStream, seq: int, timeout_s: float = 20) -> None:
    """Read until the book is at a sequence number."""
    async with asyncio.timeout(timeout_s):
        async for _ in stream:
            if stream.book.seq == seq:
                return


async def busy(script: ScriptedMarket, rng: random.Random, batches: int) -> None:
    for _ in range(batches):
        for _ in range(rng.randint(1, 5)):
            script.anything(rng)
        await script.publish()


async def test_a_cut_connection_goes_on_where_it_was(script: ScriptedMarket, address: str) -> None:
    proxy = Proxy(f"ws://{address}")
    await proxy.start()
    rng = random.Random(os.environ["TEST_SEED"])
    async with MarketStream(proxy.url, script.market.symbol) as stream:
        await busy(script, rng, 20)
        await follow(stream, script.seq)
        for cut in range(1, 4):
            await proxy.cut()
            await busy(script, rng, 10)
            await proxy.start()
            await follow(stream, script.seq)
            assert (stream.resumed, stream.repairs) == (cut, 0)
        assert (stream.book.bids, stream.book.asks) == book_levels(script)
    await proxy.cut()


async def test_random_cuts_and_delays_under_flow_leave_the_book_right(script: ScriptedMarket, address: str) -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(os.environ["TEST_SEED"])
    proxy = Proxy(f"ws://{address}")
    await proxy.start()
    async with MarketStream(proxy.url, script.market.symbol, interval=rng.choice(["0ms", "100ms"])) as stream:
        reading = asyncio.create_task(follow(stream, -1, 60))
        for _ in range(8):
            proxy.delay_s = rng.random() / 20
            await busy(script, rng, rng.randint(1, 15))
            await proxy.cut()
            await busy(script, rng, rng.randint(0, 5))
            await proxy.start()
            await asyncio.sleep(rng.random() / 2)
        async with asyncio.timeout(20):
            while stream.book.seq != script.seq:  # noqa: ASYNC110  (the stream is read elsewhere)
                await asyncio.sleep(0.02)
        reading.cancel()
        await asyncio.wait([reading])
        assert (stream.book.bids, stream.book.asks) == book_levels(script)
        assert stream.repairs == 0
    await proxy.cut()


async def test_a_restarted_server_gives_a_snapshot_and_the_client_finds_back_by_itself(script: ScriptedMarket) -> None:
    port, rng = free_port(), random.Random(os.environ["TEST_SEED"])
    stream = MarketStream(f"ws://127.0.0.1:{port}", script.market.symbol)
    async with running_daphne(port):
        await busy(script, rng, 5)
        await follow(stream, script.seq)
    await busy(script, rng, 5)
    async with running_daphne(port):
        await follow(stream, script.seq)

    assert (stream.book.bids, stream.book.asks) == book_levels(script)
    assert stream.reconnects > 0
    assert (stream.resumed, stream.repairs) == (0, 0)
    await stream.__aexit__(None, None, None)


async def test_who_is_refused_does_not_try_again(server: Server) -> None:
    async with MarketStream(f"ws://{server.address}", "NO/SUCH") as stream:
        with pytest.raises(RefusedError) as refused:
            async for _ in stream:
                pass
    assert refused.value.code == 4404


async def test_an_account_is_followed_through_a_cut(script: ScriptedMarket, maker: User, address: str) -> None:
    proxy = Proxy(f"ws://{address}")
    await proxy.start()
    async with PrivateStream(proxy.url, lambda: token_of(maker)) as stream:
        messages = aiter(stream)
        while not stream.snapshots:
            await anext(messages)
        order = script.place(Side.SELL, 1001, 7)
        await script.publish()
        while not stream.orders:
            await anext(messages)
        await proxy.cut()
        script.trade(order, 5)
        await script.publish()
        await proxy.start()
        async with asyncio.timeout(20):
            while (await anext(messages))["type"] != "fill":
                pass

        assert [each["filled_quantity"] for each in stream.orders.values()] == ["0.005"]
        assert (stream.snapshots, stream.resumed) == (1, 1)
    await proxy.cut()
