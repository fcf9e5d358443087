"""`/ws/markets/{symbol}` says what the market accepts: at first, at each change, and after a loss."""

import asyncio

from base.times import iso_ms_of
from matching.engine import Side
from tests.integration.marketdata.clients import Book, Client, Message, follow
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_protocol import Stuck


def state_message(script: ScriptedMarket) -> Message:
    return {
        "type": "market",
        "symbol": script.market.symbol,
        "seq": script.seq,
        "trading_state": script.trading_state,
        "timestamp": iso_ms_of(script.now_ms),
    }


async def test_the_first_snapshot_is_followed_by_the_trading_state(script: ScriptedMarket) -> None:
    script.enter_state("pre_open")
    await script.publish()

    client = await Client(f"/ws/markets/{script.market.slug}?channels=book").open()

    assert (await client.receive())["type"] == "snapshot"
    assert await client.receive() == state_message(script)
    await client.leave()


async def test_a_market_without_any_batch_has_the_state_that_staff_gave_it(script: ScriptedMarket) -> None:
    client = await Client(f"/ws/markets/{script.market.slug}?channels=book").open()

    state = await client.until("market")

    assert (state["seq"], state["trading_state"]) == (0, "continuous")
    await client.leave()


async def test_each_change_follows_its_update_and_other_batches_say_nothing(script: ScriptedMarket) -> None:
    client, book = await Client(f"/ws/markets/{script.market.slug}?channels=book").open(), Book()
    book.take(await client.receive())
    await client.receive()

    for state in ("halted", "pre_open"):
        script.place(Side.BUY, 999, 5)
        await script.publish()
        book.take(await client.receive())
        script.enter_state(state)
        await script.publish()
        book.take(await client.receive())
        assert await client.receive() == state_message(script)

    assert book.seq == script.seq
    await client.leave()


async def test_a_change_that_was_lost_comes_with_the_next_snapshot(script: ScriptedMarket) -> None:
    client, book = await Client(f"/ws/markets/{script.market.slug}?channels=book").open(), Book()
    book.take(await client.receive())
    await client.receive()
    script.enter_state("closed")
    await script.commit()  # and nobody hears of it
    script.place(Side.BUY, 999, 5)
    await script.publish()

    await follow(client, book, script.seq)

    assert book.snapshots == 2
    assert await client.receive() == state_message(script)
    await client.leave()


async def test_a_slow_client_hears_the_latest_state(script: ScriptedMarket) -> None:
    server = Stuck()
    client, book = await Client(f"/ws/markets/{script.market.slug}", server).open(), Book()
    book.take(await client.receive())
    await client.receive()
    server.may_send.clear()
    for state in ("halted", "post_only", "closed", "pre_open"):
        script.place(Side.BUY, 999, 5)
        script.enter_state(state)
        await script.publish()
    await asyncio.sleep(0.2)
    server.may_send.set()

    heard = state_message(script) | {"trading_state": ""}
    while heard["trading_state"] != script.trading_state:
        message = await client.receive()
        book.take(message)
        heard = message if message["type"] == "market" else heard

    assert heard == state_message(script)
    assert book.snapshots == 1
    await client.leave()
