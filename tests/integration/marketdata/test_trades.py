"""`/ws/trades`: every public trade, once."""

import asyncio
from typing import Any

import pytest

from exchange.models import Market
from marketdata import feed as feeds
from marketdata import selectors
from marketdata.database import in_database
from marketdata.feed import MarketFeed
from matching.engine import Side
from tests.integration.marketdata.clients import Client
from tests.integration.marketdata.scripted import ScriptedMarket, make_market, make_user


async def test_a_trade_is_shown_without_its_parties(script: ScriptedMarket) -> None:
    client = await Client(f"/ws/trades?symbol={script.market.slug.lower()}").open()
    assert await client.receive() == {"type": "subscribed", "seq": {script.market.symbol: 0}}

    trade = script.trade(script.place(Side.SELL, 1001, 7), 5)
    await script.publish()

    message = await client.receive()
    assert message == {
        "type": "trade",
        "symbol": script.market.symbol,
        "seq": trade.seq,
        "id": message["id"],
        "price": "10.01",
        "quantity": "0.005",
        "taker_side": "buy",
        "executed_at": message["executed_at"],
    }
    await client.leave()


async def test_without_a_symbol_all_markets_come_new_ones_too(script: ScriptedMarket, quick: None) -> None:
    client = await Client("/ws/trades").open()
    while script.market.symbol not in (await client.until("subscribed"))["seq"]:
        pass
    script.trade(script.place(Side.SELL, 1001, 7), 5)
    await script.publish()
    assert (await client.until("trade"))["symbol"] == script.market.symbol

    new = await in_database(_new_script)
    while new.market.symbol not in (await client.until("subscribed"))["seq"]:
        pass
    new.trade(new.place(Side.SELL, 1001, 7), 5)
    await new.publish()

    assert (await client.until("trade"))["symbol"] == new.market.symbol
    await client.leave()


async def test_lost_trades_are_announced(script: ScriptedMarket) -> None:
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.until("subscribed")
    maker = script.place(Side.SELL, 1001, 7)
    script.trade(maker, 5)
    await script.commit()
    lost_seq = script.seq
    script.trade(script.open[maker.id], 1)
    await script.publish()

    resync = {"type": "resync", "symbol": script.market.symbol, "after_seq": 0, "seq": lost_seq}
    assert await client.receive() == resync
    assert (await client.receive())["type"] == "trade"
    await client.leave()


async def test_subscribe_and_unsubscribe(script: ScriptedMarket, other_market: Market) -> None:
    client = await Client(f"/ws/trades?symbol={other_market.slug}").open()
    await client.until("subscribed")
    await client.send({"op": "subscribe", "symbols": [script.market.symbol]})
    await client.until("subscribed")
    await client.send({"op": "unsubscribe", "symbols": [script.market.symbol]})
    assert (await client.receive())["symbols"] == [script.market.symbol]

    script.trade(script.place(Side.SELL, 1001, 7), 5)
    await script.publish()
    await client.send({"op": "ping"})

    assert (await client.receive())["type"] == "pong"
    await client.leave()


async def test_resume_sends_the_trades_that_were_missed_and_goes_on(script: ScriptedMarket) -> None:
    maker = script.place(Side.SELL, 1001, 50)
    seqs = []
    for _ in range(4):
        seqs.append(script.trade(script.open[maker.id], 5).seq)
        await script.publish()
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.until("subscribed")

    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": seqs[1]})
    resumed = await client.receive()
    missed = [await client.receive() for _ in range(2)]
    seqs.append(script.trade(script.open[maker.id], 5).seq)
    await script.publish()
    missed.append(await client.receive())

    assert resumed == {"type": "resumed", "symbol": script.market.symbol, "from_seq": seqs[1], "seq": seqs[3]}
    assert [(trade["type"], trade["seq"]) for trade in missed] == [("trade", seq) for seq in seqs[2:]]
    assert [trade["quantity"] for trade in missed] == ["0.005"] * 3
    await client.leave()


@pytest.mark.parametrize("is_lost", [False, True])
async def test_a_trade_between_subscription_and_resume_comes_once(script: ScriptedMarket, is_lost: bool) -> None:
    maker = script.place(Side.SELL, 1001, 50)
    await script.publish()
    known = script.trade(script.open[maker.id], 5).seq
    await script.publish()
    missed = script.trade(script.open[maker.id], 5).seq
    await script.publish()
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.until("subscribed")
    between = [script.trade(script.open[maker.id], 5).seq]
    await script.publish()
    if is_lost:  # a batch that nobody hears of; the next one tells
        between.append(script.trade(script.open[maker.id], 5).seq)
        await script.commit()
        between.append(script.trade(script.open[maker.id], 5).seq)
        await script.publish()

    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": between[0] if is_lost else known})
    last = script.trade(script.open[maker.id], 5).seq
    await script.publish()

    expected = [*between, last] if is_lost else [missed, *between, last]
    assert sorted([(await client.until("trade"))["seq"] for _ in expected]) == expected
    await client.send({"op": "ping"})
    assert (await client.receive())["type"] == "pong"
    await client.leave()


async def test_a_resume_before_the_first_batch_can_arrive_misses_nothing(
    script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restart of the web role, when a client asks at once and the feed has still to join its group."""
    may_join, join = asyncio.Event(), MarketFeed._join

    async def join_late(feed: MarketFeed) -> int:
        await may_join.wait()
        return await join(feed)

    monkeypatch.setattr(MarketFeed, "_join", join_late)
    maker = script.place(Side.SELL, 1001, 50)
    seqs = []
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": 0})
    for _ in range(3):
        seqs.append(script.trade(script.open[maker.id], 5).seq)
        await script.publish()
        await asyncio.sleep(0.1)
    may_join.set()
    await client.until("resumed")
    seqs.append(script.trade(script.open[maker.id], 5).seq)
    await script.publish()

    assert [(await client.until("trade"))["seq"] for _ in range(4)] == seqs
    await client.leave()


async def test_a_resume_that_cannot_be_served_says_so(script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "LIVE_WAIT_S", 0.1)
    monkeypatch.setattr(MarketFeed, "_join", lambda feed: asyncio.sleep(60))
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()

    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": 0})

    assert (await client.receive())["code"] == "SERVICE_UNAVAILABLE"
    await client.leave()


async def test_trades_too_old_to_be_sent_are_named(script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "TRADES_MAX", 2)
    maker = script.place(Side.SELL, 1001, 50)
    seqs = [script.trade(script.open[maker.id], 5).seq for _ in range(4)]
    await script.publish()
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.until("subscribed")

    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": 0})

    resync = {"type": "resync", "symbol": script.market.symbol, "after_seq": 0, "seq": seqs[2] - 1}
    assert await client.receive() == resync
    assert [(await client.receive())["seq"] for _ in range(2)] == seqs[2:]
    await client.leave()


@pytest.mark.parametrize("fields", [{}, {"from_seq": "1"}, {"from_seq": 1, "symbol": "other"}])
async def test_a_resume_that_makes_no_sense_is_refused(
    script: ScriptedMarket, other_market: Market, fields: dict[str, Any]
) -> None:
    client = await Client(f"/ws/trades?symbol={script.market.slug}").open()
    await client.until("subscribed")
    symbol = other_market.symbol if "symbol" in fields else script.market.symbol
    await client.send({"op": "resume", **fields, "symbol": symbol})

    assert (await client.receive())["code"] == "VALIDATION_ERROR"
    await client.leave()


def _new_script() -> ScriptedMarket:
    return ScriptedMarket(make_market(), make_user("maker"), make_user("taker"))
