"""`/ws/markets/{symbol}`: resume, intervals, channels and candles."""

import asyncio
import os
import random
from typing import Any

import pytest

from base.times import iso_ms_of
from marketdata import ring, view
from marketdata.hub import hub
from matching.engine import Side
from tests.integration.marketdata.clients import Book, Client, Message, book_levels, follow
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_books import subscribe

LONG_SEQ = f"from_seq={'9' * 5_000}"
CANDLE: list[Any] = ["1m", 1_762_795_380_000, 1_000, 1_003, 999, 1_001, 12, "0.12", 3]


async def answer(client: Client) -> list[Message]:
    """Return what comes before the answer to a ping."""
    await client.send({"op": "ping"})
    messages = []
    while (message := await client.receive())["type"] != "pong":
        messages.append(message)
    return messages


@pytest.mark.parametrize("run", range(3))
async def test_resume_sends_what_was_missed_as_one_update(script: ScriptedMarket, run: int) -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(f"{os.environ['TEST_SEED']} {run}")
    stays, stays_book = await subscribe(script.market)
    gone, left_at = Book(), rng.randint(0, 20)
    for step in range(21):
        if step == left_at:
            gone.seq, gone.bids, gone.asks = stays_book.seq, dict(stays_book.bids), dict(stays_book.asks)
        for _ in range(rng.randint(1, 4)):
            script.anything(rng)
        await script.publish()
        await follow(stays, stays_book, script.seq)

    client = await Client(f"/ws/markets/{script.market.slug}?from_seq={gone.seq}").open()
    missed = [message for message in await answer(client) if message["type"] != "ticker"]

    assert [message["type"] for message in missed] == ["resumed", "update"]
    assert (missed[0]["from_seq"], missed[0]["seq"]) == (gone.seq, script.seq)
    for message in missed:
        gone.take(message)
    assert gone.levels == stays_book.levels == book_levels(script)
    await client.leave()
    await stays.leave()


async def test_resume_on_the_connection_repairs_a_gap_and_updates_go_on(script: ScriptedMarket) -> None:
    client, book = await subscribe(script.market)
    for price in (999, 998, 997):
        script.place(Side.BUY, price, 5)
        await script.publish()
        await client.receive()  # and it is not taken

    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": 0})
    resumed = await client.receive()
    await follow(client, book, 3)
    script.place(Side.BUY, 996, 5)
    await script.publish()
    await follow(client, book, 4)

    assert resumed["type"] == "resumed"
    assert (book.snapshots, book.updates, book.levels) == (1, 2, book_levels(script))
    await client.leave()


async def test_who_is_up_to_date_is_told_so(script: ScriptedMarket) -> None:
    client, _ = await subscribe(script.market)
    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": 0})

    assert await answer(client) == [{"type": "resumed", "symbol": script.market.symbol, "from_seq": 0, "seq": 0}]
    await client.leave()


@pytest.mark.parametrize("from_seq", [None, 0, 7_000])
async def test_what_is_too_old_or_unknown_is_answered_by_a_fresh_snapshot(
    script: ScriptedMarket, from_seq: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring.UpdateRing.__init__, "__kwdefaults__", {"levels_max": 2, "batches_max": 100})
    client, _ = await subscribe(script.market)
    for price in (999, 998, 997):
        script.place(Side.BUY, price, 5)
        await script.publish()
        await client.receive()

    await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": from_seq})

    assert [message["type"] for message in await answer(client)] == ["snapshot", "market"]
    await client.leave()


@pytest.mark.usefixtures("quick")
async def test_after_everybody_left_for_long_a_resume_is_a_snapshot_that_fits(script: ScriptedMarket) -> None:
    client, book = await subscribe(script.market)
    await client.leave()
    script.place(Side.BUY, 999, 5)
    await script.publish()
    await asyncio.sleep(1)

    client = await Client(f"/ws/markets/{script.market.slug}?from_seq={book.seq}").open()
    await follow(client, book, 1)

    assert book.levels == book_levels(script)
    await client.leave()


async def test_a_trading_state_that_changed_meanwhile_follows_the_missed_updates(script: ScriptedMarket) -> None:
    watcher, _ = await subscribe(script.market)
    script.enter_state("halted")
    await script.publish()
    script.place(Side.BUY, 999, 5)
    await script.publish()
    while (await watcher.receive()).get("last_seq") != script.seq:
        pass
    client = await Client(f"/ws/markets/{script.market.slug}?from_seq=0").open()

    assert [message["type"] for message in await answer(client)] == ["resumed", "update", "market"]
    await client.leave()
    await watcher.leave()


async def test_an_interval_merges_updates_that_chain_and_are_right(script: ScriptedMarket) -> None:
    path = f"/ws/markets/{script.market.slug}"
    fast, fast_book = await subscribe(script.market)
    slow, slow_book = await Client(f"{path}?interval=250ms").open(), Book()
    slow_book.take(await slow.until("snapshot"))
    rng = random.Random(os.environ["TEST_SEED"])
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(60):
        script.anything(rng)
        await script.publish()
        await follow(fast, fast_book, script.seq)
    await follow(slow, slow_book, script.seq)
    took_s = loop.time() - began

    assert fast_book.updates == 60
    assert slow_book.updates <= took_s / 0.25 + 1
    assert (slow_book.levels, slow_book.snapshots) == (fast_book.levels, 1)
    for client in (fast, slow):
        await client.leave()


async def test_candles_come_with_the_batch_for_the_timeframes_asked_for(script: ScriptedMarket) -> None:
    client = await Client(f"/ws/markets/{script.market.slug}?channels=candles&timeframes=1m,1h").open()
    assert await client.receive() == {"type": "subscribed", "seq": {script.market.symbol: 0}}
    five_minutes, hour = ["5m", *CANDLE[1:]], ["1h", *CANDLE[1:]]
    script.place(Side.BUY, 999, 5)
    await script.publish(await script.commit() | {"candles": [CANDLE, five_minutes, hour]})

    first, second = await client.receive(), await client.receive()

    assert first == {
        "type": "candle", "symbol": script.market.symbol, "timeframe": "1m", "time": iso_ms_of(CANDLE[1]),
        "open": "10.00", "high": "10.03", "low": "9.99", "close": "10.01",
        "volume": "0.012", "quote_volume": "0.12", "trade_count": 3,
    }  # fmt: skip
    assert second == first | {"timeframe": "1h"}
    await client.leave()


async def test_a_conflated_candle_is_the_last_and_a_closed_one_is_not_skipped(script: ScriptedMarket) -> None:
    path = f"/ws/markets/{script.market.slug}"
    client = await Client(f"{path}?channels=candles&timeframes=1m&interval=1s").open()
    watcher, book = await subscribe(script.market)
    for count, opened_ms in ((1, 0), (2, 0), (3, 0), (1, 60_000), (2, 60_000)):
        script.place(Side.BUY, 999, 5)
        await script.publish(await script.commit() | {"candles": [["1m", opened_ms, *CANDLE[2:-1], count]]})
        await follow(watcher, book, script.seq)

    await client.until("subscribed")
    candles = [await client.receive() for _ in range(2)]
    while candles[-1]["trade_count"] != 2 or candles[-1]["time"] != iso_ms_of(60_000):
        candles.append(await client.receive())

    closed = [candle for candle in candles if candle["time"] == iso_ms_of(0)]
    assert closed[-1]["trade_count"] == 3
    assert len(candles) <= 4
    for each in (client, watcher):
        await each.leave()


@pytest.mark.parametrize(("minutes", "kind"), [(3, "resumed"), (4, "snapshot")])
async def test_who_missed_a_candle_that_is_not_kept_begins_again(
    script: ScriptedMarket, minutes: int, kind: str
) -> None:
    """What is resumed is whole: a chart would have a hole that nobody tells of."""
    watcher, book = await subscribe(script.market)
    for minute in range(minutes + 1):
        script.place(Side.BUY, 999, 5)
        await script.publish(await script.commit() | {"candles": [["1m", 60_000 * minute, *CANDLE[2:]]]})
        await follow(watcher, book, script.seq)

    client = await Client(f"/ws/markets/{script.market.slug}?timeframes=1m&from_seq=1").open()
    messages = await answer(client)

    assert messages[0]["type"] == kind
    candles = [message["time"] for message in messages if message["type"] == "candle"]
    assert candles == [iso_ms_of(60_000 * minute) for minute in range(minutes - 2, minutes + 1)]
    for each in (client, watcher):
        await each.leave()


async def test_what_is_kept_rendered_is_bounded_while_nothing_changes(
    script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "RENDERED_MAX", 3)
    client, book = await subscribe(script.market)
    for price in range(990, 1_000):
        script.place(Side.BUY, price, 5)
        await script.publish()
    await follow(client, book, script.seq)
    for seq in range(script.seq):
        await client.send({"op": "resume", "symbol": script.market.symbol, "from_seq": seq})
        book.seq = seq
        await follow(client, book, script.seq)

    assert len(hub()._feeds[script.market.pk].view._rendered) <= 3
    await client.leave()


async def test_who_cannot_be_served_does_not_end_the_stream_of_the_others(
    script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, book = await subscribe(script.market)
    update, failures = view.MarketView.update, [RuntimeError("a bug")]

    def fail_once(self: view.MarketView, viewer: view.Viewer) -> None:
        if failures:
            raise failures.pop()
        update(self, viewer)

    monkeypatch.setattr(view.MarketView, "update", fail_once)
    for price in (998, 999):
        script.place(Side.BUY, price, 5)
        await script.publish()
        async with asyncio.timeout(5):
            while failures:  # noqa: ASYNC110  (until the first has failed)
                await asyncio.sleep(0.01)
    await follow(client, book, script.seq)

    assert book.levels == book_levels(script)
    await client.leave()


async def test_after_a_loss_a_stream_without_a_book_begins_again(script: ScriptedMarket) -> None:
    client = await Client(f"/ws/markets/{script.market.slug}?channels=candles").open()
    await client.until("subscribed")
    watcher, _ = await subscribe(script.market)
    script.place(Side.BUY, 999, 5)
    await script.commit()
    script.place(Side.BUY, 998, 5)
    await script.publish()

    assert await client.receive() == {"type": "subscribed", "seq": {script.market.symbol: 2}}
    for each in (client, watcher):
        await each.leave()


async def test_a_subscription_can_be_changed(script: ScriptedMarket) -> None:
    client, _ = await subscribe(script.market)
    symbols = {"symbols": [script.market.symbol]}
    await client.send({"op": "subscribe", **symbols, "channels": ["book"]})
    assert await answer(client) == []  # it is subscribed to that already

    await client.send({"op": "subscribe", **symbols, "channels": ["book"], "interval": "100ms"})

    assert [message["type"] for message in await answer(client)] == ["snapshot", "market"]
    await client.leave()


@pytest.mark.parametrize(
    "fields",
    [
        {"channels": "book"}, {"channels": []}, {"channels": ["trades"]}, {"channels": [5]},
        {"timeframes": ["2m"]}, {"interval": "90ms"}, {"interval": 100}, {"interval": None},
    ],
)  # fmt: skip
async def test_a_wish_that_cannot_be_met_is_refused(script: ScriptedMarket, fields: dict[str, Any]) -> None:
    client, _ = await subscribe(script.market)
    await client.send({"op": "subscribe", "symbols": [script.market.symbol], **fields})

    assert (await client.receive())["code"] == "VALIDATION_ERROR"
    await client.leave()


@pytest.mark.parametrize(
    "query",
    ["interval=1h", "channels=trades", "from_seq=x", "from_seq=-1", "timeframes=", pytest.param(LONG_SEQ, id="long")],
)
async def test_an_address_that_wishes_for_what_there_is_not_is_closed(script: ScriptedMarket, query: str) -> None:
    client = await Client(f"/ws/markets/{script.market.slug}?{query}").open()

    if query != "timeframes=":  # an empty field is none
        assert (await client.receive())["code"] == "VALIDATION_ERROR"
        assert await client.closed() == 4400
    await client.leave()
