"""`/ws/markets/{symbol}`: a book that never has a silent gap."""

import asyncio
import os
import random
from typing import Any

import pytest
from prometheus_client import REGISTRY

from exchange.models import Market
from marketdata.database import in_database
from marketdata.hub import hub
from marketdata.selectors import last_seq
from matching.engine import Side
from tests import fixtures
from tests.engines import running_engine
from tests.integration.marketdata.clients import Book, Client, book_levels, follow
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.orders import buy, sell


async def subscribe(market: Market) -> tuple[Client, Book]:
    """Return a client that wants the book alone, and the book, the first snapshot and the trading state taken."""
    client, book = await Client(f"/ws/markets/{market.slug}?channels=book").open(), Book()
    book.take(await client.receive())
    assert (await client.receive())["type"] == "market"
    return client, book


def resyncs(market: Market, reason: str) -> float:
    labels = {"market": market.symbol, "reason": reason}
    return REGISTRY.get_sample_value("marketdata_resyncs_total", labels) or 0


async def test_an_empty_market_gives_an_empty_snapshot_and_then_updates(script: ScriptedMarket) -> None:
    client, book = await subscribe(script.market)
    assert (book.seq, book.levels) == (0, ([], []))

    script.place(Side.BUY, 999, 5)
    await script.publish()
    update = await client.receive()

    assert update == {
        "type": "update",
        "symbol": script.market.symbol,
        "first_seq": 1,
        "last_seq": 1,
        "bids": [["9.99", "0.005"]],
        "asks": [],
        "checksum": update["checksum"],
    }
    book.take(update)
    await client.leave()


@pytest.mark.parametrize("run", range(3))
async def test_snapshot_and_updates_equal_a_fresh_snapshot(script: ScriptedMarket, run: int) -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(f"{os.environ['TEST_SEED']} {run}")
    early, early_book = await subscribe(script.market)
    late: list[tuple[Client, Book]] = []
    for step in range(60):
        for _ in range(rng.randint(1, 6)):
            script.anything(rng)
        publishing = asyncio.create_task(script.publish())
        if step in (20, 40):  # in the middle of a batch
            late.append((await Client(f"/ws/markets/{script.market.slug}").open(), Book()))
        await publishing

    for client, book in [(early, early_book), *late, await subscribe(script.market)]:
        await follow(client, book, script.seq)
        assert book.levels == book_levels(script)
        assert book.snapshots == 1
        await client.leave()


async def test_a_lost_batch_brings_a_fresh_snapshot_to_all(script: ScriptedMarket) -> None:
    clients = [await subscribe(script.market) for _ in range(2)]
    script.place(Side.BUY, 999, 5)
    await script.commit()  # and nobody hears of it
    script.place(Side.SELL, 1001, 5)
    await script.publish()

    for client, book in clients:
        await follow(client, book, 2)
        assert (book.snapshots, book.levels) == (2, book_levels(script))
        await client.leave()
    assert resyncs(script.market, "gap") == 1


@pytest.mark.usefixtures("quick")
async def test_the_loss_of_the_last_batch_is_noticed_without_another_one(script: ScriptedMarket) -> None:
    client, book = await subscribe(script.market)
    script.place(Side.BUY, 999, 5)
    await script.commit()

    await follow(client, book, 1)

    assert (book.snapshots, book.levels) == (2, book_levels(script))
    assert resyncs(script.market, "silence") == 1
    await client.leave()


async def test_a_batch_that_comes_twice_or_late_changes_nothing(script: ScriptedMarket) -> None:
    client, book = await subscribe(script.market)
    script.place(Side.BUY, 999, 5)
    first = await script.publish()
    script.place(Side.BUY, 998, 5)
    await script.publish()
    await script.publish(first)
    script.place(Side.BUY, 997, 5)
    await script.publish()

    await follow(client, book, 3)

    assert (book.snapshots, book.levels) == (1, book_levels(script))
    await client.leave()


async def test_a_wrong_checksum_throws_the_book_away(script: ScriptedMarket) -> None:
    client, book = await subscribe(script.market)
    script.place(Side.BUY, 999, 5)
    message = await script.commit()
    await script.publish(message | {"bids": [(999, 4)]})

    await follow(client, book, 1)

    assert (book.snapshots, book.levels) == (2, book_levels(script))
    assert resyncs(script.market, "ChecksumError") == 1
    await client.leave()


async def test_a_ticker_follows_the_trades_at_most_every_250_ms(script: ScriptedMarket) -> None:
    maker = script.place(Side.SELL, 1001, 1_000)
    script.place(Side.BUY, 990, 7)
    await script.publish()
    client, book = await Client(f"/ws/markets/{script.market.slug}").open(), Book()
    book.take(await client.until("snapshot"))
    await client.until("ticker")  # the one of now
    tickers: list[dict[str, Any]] = []

    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(20):
        script.trade(script.open[maker.id], 10)
        await script.publish()
    while not tickers or tickers[-1]["trade_count"] < 20:
        message = await client.receive()
        book.take(message)
        if message["type"] == "ticker":
            tickers.append(message)
    took_s = loop.time() - began

    assert len(tickers) <= took_s / 0.25 + 1
    assert tickers[-1] == {
        "type": "ticker", "symbol": script.market.symbol, "last": "10.01", "last_volume": "0.010",
        "bid": "9.90", "bid_volume": "0.007", "ask": "10.01", "ask_volume": "0.800", "spread": "0.11",
        "open": "10.01", "high": "10.01", "low": "10.01", "volume": "0.200", "quote_volume": "2.002",
        "change": "0.00", "change_percent": "0.00", "trade_count": 20,
    }  # fmt: skip
    await client.leave()


async def test_one_connection_can_carry_several_markets_and_drop_them(
    script: ScriptedMarket, other_market: Market
) -> None:
    client, _ = await subscribe(script.market)
    await client.send({"op": "subscribe", "symbols": [other_market.symbol, "NO/SUCH"], "channels": ["book"]})
    error = await client.until("error")
    snapshot = await client.until("snapshot")
    await client.send({"op": "unsubscribe", "symbols": [script.market.slug]})
    await client.until("unsubscribed")
    script.place(Side.BUY, 999, 5)
    await script.publish()
    await client.send({"op": "ping"})

    assert error["code"] == "MARKET_NOT_FOUND"
    assert snapshot["symbol"] == other_market.symbol
    assert (await client.receive())["type"] == "pong"
    await client.leave()


async def test_an_unknown_market_is_named_and_closed(script: ScriptedMarket) -> None:
    client = await Client("/ws/markets/NO-SUCH").open()

    assert (await client.receive())["code"] == "MARKET_NOT_FOUND"
    assert await client.closed() == 4404


@pytest.mark.usefixtures("quick")
async def test_the_hub_ends_when_the_last_subscriber_has_left(script: ScriptedMarket) -> None:
    before = asyncio.all_tasks()
    clients = [(await subscribe(script.market))[0] for _ in range(3)]
    assert asyncio.all_tasks() > before
    for client in clients:
        await client.leave()

    async with asyncio.timeout(5):
        while {task for task in asyncio.all_tasks() - before if "_do_receiving" not in repr(task)}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    assert not hub().is_open
    client, book = await subscribe(script.market)  # and it opens again
    script.place(Side.BUY, 999, 5)
    await script.publish()
    await follow(client, book, 1)
    await client.leave()


async def test_a_book_goes_on_through_restarts_of_the_engine() -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(os.environ["TEST_SEED"])
    market = await in_database(fixtures.make_market)
    buyer, seller = [
        await in_database(fixtures.make_user, "maker", assets=(market.base_id, market.quote_id)) for _ in range(2)
    ]
    client, book = await subscribe(market)
    for _ in range(3):
        with running_engine(market):
            for _ in range(15):
                place, user = rng.choice([(buy, buyer), (sell, seller)])
                await in_database(place, user, market, str(rng.randint(1, 5)), str(rng.randint(96, 104)))
        await follow(client, book, await in_database(last_seq, market))

    other, fresh = await subscribe(market)

    assert (book.levels, book.seq, book.snapshots) == (fresh.levels, fresh.seq, 1)
    assert book.updates > 20
    for each in (client, other):
        await each.leave()
