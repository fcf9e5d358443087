"""Candles are written with the batch that made the trades, one of each timeframe."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from exchange.models import Market, User
from orders.models import Candle
from orders.timeframes import TIMEFRAMES
from settlement.services import settle_pending
from tests.integration.candles.feeding import deal, feeding, ms

# Wednesday, and the last minutes of a five-minute, an hourly, a four-hour and a daily candle.
START = "2026-04-01T23:58:00Z"


def candles(visitor: APIClient, market: Market, query: str) -> list[dict[str, Any]]:
    response = visitor.get(f"/api/v1/markets/{market.slug}/candles?{query}")
    assert response.status_code == 200, response.content
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def brief(rows: list[dict[str, Any]]) -> list[str]:
    """Return candles as lines: time, open, high, low, close, volume, quote volume, trades."""
    return [" ".join(str(value) for value in row.values()).replace(":00.000Z", "") for row in rows]


def test_each_timeframe_has_its_candles(market: Market, maker: User, taker: User, visitor: APIClient) -> None:
    with feeding(market, maker, taker, start_ms=ms(START)) as feed:
        feed.run(
            [
                deal("2026-04-01T23:58:10Z", "100.00", "1"),
                deal("2026-04-01T23:58:50Z", "101.00", "0.5", taker_buys=False),
                deal("2026-04-01T23:59:59.999Z", "99.50", "2"),
                deal("2026-04-02T00:00:00Z", "99.00", "0.001"),
                deal("2026-04-05T23:59:59.999Z", "105.00", "1"),
                deal("2026-04-06T00:00:00Z", "104.00", "1"),
            ]
        )

    since = "from=2026-04-01T00:00:00Z"
    assert brief(candles(visitor, market, f"timeframe=1m&{since}")) == [
        "2026-04-01T23:58 100.00 101.00 100.00 101.00 1.500 150.5 2",
        "2026-04-01T23:59 99.50 99.50 99.50 99.50 2.000 199 1",
        "2026-04-02T00:00 99.00 99.00 99.00 99.00 0.001 0.099 1",
        "2026-04-05T23:59 105.00 105.00 105.00 105.00 1.000 105 1",
        "2026-04-06T00:00 104.00 104.00 104.00 104.00 1.000 104 1",
    ]
    before_midnight = "100.00 101.00 99.50 99.50 3.500 349.5 3"
    openings = {"5m": "T23:55", "15m": "T23:45", "1h": "T23:00", "4h": "T20:00", "1d": "T00:00"}
    for timeframe, opening in openings.items():
        first = brief(candles(visitor, market, f"timeframe={timeframe}&{since}"))[0]
        assert first == f"2026-04-01{opening} {before_midnight}"
    assert brief(candles(visitor, market, "timeframe=1W&from=2026-03-01T00:00:00Z")) == [
        "2026-03-30T00:00 100.00 105.00 99.00 105.00 4.501 454.599 5",
        "2026-04-06T00:00 104.00 104.00 104.00 104.00 1.000 104 1",
    ]


def test_a_batch_of_several_trades_is_in_the_candle_in_their_order(market: Market, maker: User, taker: User) -> None:
    with feeding(market, maker, taker, start_ms=ms(START)) as feed:
        feed.deals(deal(START, "100.00", "1"), deal(START, "102.00", "1"), deal(START, "98.00", "1"))
        feed.deals(deal(START, "99.00", "1"), deal(START, "101.00", "2"))
        last_seq = feed.processor.seq

    found = {candle.timeframe: candle for candle in Candle.objects.filter(market=market)}
    assert set(found) == set(TIMEFRAMES)
    for candle in found.values():
        prices = [candle.open, candle.high, candle.low, candle.close]
        assert [str(price.normalize()) for price in prices] == ["1E+2", "102", "98", "101"]
        assert (candle.volume, candle.quote_volume, candle.trade_count) == (6, 601, 5)
        assert candle.first_seq < candle.last_seq <= last_seq


def test_a_candle_goes_on_after_a_restart_and_does_not_mind_settlement(
    market: Market, maker: User, taker: User, visitor: APIClient
) -> None:
    with feeding(market, maker, taker, start_ms=ms(START)) as feed:
        feed.deals(deal("2026-04-01T23:58:01Z", "100.00", "1"))
        feed.restart()
        feed.deals(deal("2026-04-01T23:58:02Z", "101.00", "1"))
    before = candles(visitor, market, "from=2026-04-01T00:00:00Z")
    while settle_pending(market_id=market.pk, limit=500).claimed:
        pass

    assert candles(visitor, market, "from=2026-04-01T00:00:00Z") == before
    assert brief(before) == ["2026-04-01T23:58 100.00 101.00 100.00 101.00 2.000 201 2"]


def test_a_batch_that_fails_leaves_no_candle(
    market: Market, maker: User, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with feeding(market, maker, taker, start_ms=ms(START)) as feed:
        feed.deals(deal(START, "100.00", "1"))
        monkeypatch.setattr("journal.batch.PostgresBatch.commit", lambda _: 1 / 0)
        with pytest.raises(Exception, match="ZeroDivisionError"):
            feed.deals(deal(START, "500.00", "1"))
        monkeypatch.undo()
        feed.restart()

    assert set(Candle.objects.filter(market=market).values_list("high", "trade_count")) == {(100, 1)}


def test_the_batch_tells_the_streams_its_candles(market: Market, maker: User, taker: User) -> None:
    with feeding(market, maker, taker, start_ms=ms(START)) as feed:
        feed.deals(deal(START, "100.00", "1"))
        feed.now_ms += 1_000
        outcome = feed.processor.process([*feed._both_sides(deal(START, "100.01", "0.002"))])
        idle = feed.processor.process([next(feed._both_sides(deal(START, "100.01", "0.002")))])

    (_, message), *_ = outcome.publications
    assert [candle[0] for candle in message["candles"]] == list(TIMEFRAMES)
    assert message["candles"][0] == ("1m", ms(START), 10_000, 10_001, 10_000, 10_001, 1_002, "100.20002", 2)
    assert message["candles"][6] == ("1w", ms("2026-03-30T00:00:00Z"), *message["candles"][0][2:])
    assert idle.publications[0][1]["candles"] == []
