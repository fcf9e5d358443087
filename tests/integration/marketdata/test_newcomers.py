"""`/ws/markets/{symbol}`: a client that comes to a quiet market is sent its ticker and its candles as they are."""

import asyncio
import time
from typing import Any

import pytest
from rest_framework.test import APIClient

from exchange.models import Market
from exchange.streams import CandleMessage
from marketdata import statistics
from marketdata.background_tasks import BackgroundTasks
from marketdata.database import in_database
from marketdata.view import MarketView
from matching.engine import Side
from orders.timeframes import TIMEFRAMES
from tests.integration.marketdata.clients import Client, Message
from tests.integration.marketdata.scripted import ScriptedMarket

CANDLE: CandleMessage = ("1m", 60_000, 1_000, 1_003, 999, 1_001, 12, "0.12", 3)


def over_rest(address: str) -> Any:
    return APIClient().get(f"/api/v1/markets/{address}").json()["data"]


async def next_of(client: Client, kind: str, symbol: str = "") -> Message:
    """Return the next message of a kind about a market, without what a stream adds to it."""
    while (message := await client.until(kind))["symbol"] != (symbol or message["symbol"]):
        pass
    return {name: value for name, value in message.items() if name != "type"}


async def traded(script: ScriptedMarket, *, is_published: bool = False) -> None:
    """Let the market have quotes on both sides and a trade."""
    script.place(Side.BUY, 990, 7)
    script.trade(script.place(Side.SELL, 1_001, 50), 10)
    await (script.publish() if is_published else script.commit())


@pytest.mark.parametrize("query", ["", "?channels=ticker", "?interval=1s", "?channels=ticker&interval=250ms"])
async def test_a_newcomer_is_told_the_ticker_though_nothing_happens(script: ScriptedMarket, query: str) -> None:
    await traded(script)
    client = await Client(f"/ws/markets/{script.market.slug}{query}").open()

    assert await next_of(client, "ticker") == await in_database(over_rest, f"{script.market.slug}/ticker")
    await client.leave()


async def test_each_newcomer_is_told_once_whoever_is_there_already(script: ScriptedMarket) -> None:
    await traded(script)
    first = await Client(f"/ws/markets/{script.market.slug}?channels=ticker").open()
    ticker = await next_of(first, "ticker")
    second = await Client(f"/ws/markets/{script.market.slug}?channels=ticker").open()

    assert await next_of(second, "ticker") == ticker
    await first.leave()
    await second.leave()
    third = await Client(f"/ws/markets/{script.market.slug}?channels=ticker").open()  # nobody was there
    assert await next_of(third, "ticker") == ticker
    await third.send({"op": "ping"})
    assert (await third.receive())["type"] == "pong"
    await third.leave()


async def test_one_connection_gets_the_tickers_of_all_its_markets(script: ScriptedMarket, other_market: Market) -> None:
    await traded(script)
    client = await Client(f"/ws/markets/{other_market.slug}?channels=ticker").open()
    assert (await next_of(client, "ticker"))["last"] is None

    await client.send({"op": "subscribe", "symbols": [script.market.symbol], "channels": ["ticker"], "interval": "1s"})

    assert (await next_of(client, "ticker", script.market.symbol))["last"] == "10.01"
    await client.leave()


async def test_the_ticker_follows_the_quote_without_a_trade(script: ScriptedMarket) -> None:
    await traded(script, is_published=True)
    client = await Client(f"/ws/markets/{script.market.slug}?channels=ticker").open()
    await next_of(client, "ticker")
    script.place(Side.BUY, 980, 5)  # not the best
    await script.publish()
    script.place(Side.BUY, 995, 3)
    await script.publish()

    ticker = await next_of(client, "ticker")

    assert (ticker["bid"], ticker["bid_volume"], ticker["ask"], ticker["spread"]) == ("9.95", "0.003", "10.01", "0.06")
    assert ticker == await in_database(over_rest, f"{script.market.slug}/ticker")
    await client.leave()


@pytest.mark.usefixtures("quick")
async def test_the_ticker_rolls_on_with_the_minute(script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    await traded(script)
    client = await Client(f"/ws/markets/{script.market.slug}?channels=ticker").open()
    assert (await next_of(client, "ticker"))["trade_count"] == 1

    tomorrow_ms = time.time_ns() // 1_000_000 + 86_460_000
    monkeypatch.setattr(statistics, "wall_clock_ms", lambda: tomorrow_ms)

    ticker = await next_of(client, "ticker")
    assert (ticker["trade_count"], ticker["open"], ticker["last"]) == (0, None, "10.01")
    await client.leave()


async def test_a_newcomer_is_told_the_last_candle_of_each_timeframe(script: ScriptedMarket) -> None:
    await traded(script)
    client = await Client(f"/ws/markets/{script.market.slug}?timeframes={','.join(TIMEFRAMES)}").open()

    candles = [await next_of(client, "candle") for _ in TIMEFRAMES]

    for candle in candles:
        shown = await in_database(over_rest, f"{script.market.slug}/candles?timeframe={candle['timeframe']}")
        assert [shown[-1] | {"symbol": script.market.symbol, "timeframe": candle["timeframe"]}] == [candle]
    assert {candle["timeframe"] for candle in candles} == set(TIMEFRAMES)
    await client.leave()


async def test_after_a_loss_ticker_and_candle_are_told_again(script: ScriptedMarket) -> None:
    await traded(script, is_published=True)
    client = await Client(f"/ws/markets/{script.market.slug}?timeframes=1d").open()
    assert (await next_of(client, "candle"))["trade_count"] == 1
    script.trade(next(row for row in script.open.values() if row.side == Side.SELL), 10)
    await script.commit()  # and nobody hears of it
    script.place(Side.BUY, 980, 5)
    await script.publish()

    await client.until("snapshot")
    counts = {"ticker": 0, "candle": 0}
    async with asyncio.timeout(5):
        while counts != {"ticker": 2, "candle": 2}:
            message = await client.receive()
            if message["type"] in counts:
                counts[message["type"]] = message["trade_count"]
    await client.leave()


async def test_a_late_batch_does_not_set_a_candle_back(market: Market) -> None:
    view = MarketView(market, BackgroundTasks(market.symbol))
    later = (*CANDLE[:-1], 4)
    view.set_last_candles([(later, 20)])
    view.set_candle(CANDLE, 19)
    view.set_candle(("1m", 0, *CANDLE[2:]), 19)

    assert [kept.seq for _, kept in sorted(view._candles.items())] == [19, 20]
    view.set_candle((*CANDLE[:-1], 5), 21)
    assert view._candles["1m", 60_000].seq == 21
