"""GET /markets/{symbol}/candles: bounds, limits, flat candles, what may be kept."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from exchange.models import Market, User
from orders.timeframes import TIMEFRAMES
from tests.fixtures import make_market, make_user
from tests.integration.candles.feeding import deal, feeding, ms

MINUTES = ("12:00", "12:01", "12:04", "12:10")


@pytest.fixture(scope="module")
def traded() -> Market:
    """A market that traded in four minutes of an hour, at 100, 101, 102 and 103."""
    market = make_market()
    maker, taker = (make_user(role, assets=(market.base_id, market.quote_id)) for role in ("maker", "taker"))
    with feeding(market, maker, taker, start_ms=ms("2026-04-01T12:00:00Z")) as feed:
        feed.run(deal(f"2026-04-01T{minute}:30Z", str(100 + number), "1") for number, minute in enumerate(MINUTES))
    return market


def ask(market: Market, query: str, *, status: int = 200, **headers: str) -> Any:
    response = APIClient(raise_request_exception=False).get(
        f"/api/v1/markets/{market.slug}/candles?{query}", headers=headers
    )
    assert response.status_code == status, response.content
    return response


def lines(market: Market, query: str) -> list[str]:
    """Return candles as `12:00 100.00 1`: when they opened, the close, how many trades."""
    data = ask(market, query).json()["data"]
    return [f"{row['time'][11:16]} {row['close']} {row['trade_count']}" for row in data]


def test_without_bounds_the_last_ones_come_oldest_first(traded: Market) -> None:
    assert lines(traded, "") == ["12:00 100.00 1", "12:01 101.00 1", "12:04 102.00 1", "12:10 103.00 1"]
    assert lines(traded, "limit=2") == ["12:04 102.00 1", "12:10 103.00 1"]
    assert lines(traded, "limit=2&to=2026-04-01T12:10:00Z") == ["12:01 101.00 1", "12:04 102.00 1"]


def test_from_is_inclusive_and_to_is_exclusive(traded: Market) -> None:
    period = "from=2026-04-01T12:01:00Z&to=2026-04-01T12:10:00Z"
    assert lines(traded, period) == ["12:01 101.00 1", "12:04 102.00 1"]
    assert lines(traded, f"{period}&limit=1") == ["12:01 101.00 1"]
    assert lines(traded, "from=2026-04-01T12:01:00.001Z") == ["12:04 102.00 1", "12:10 103.00 1"]
    assert lines(traded, f"from={ms('2026-04-01T12:04:00Z')}") == ["12:04 102.00 1", "12:10 103.00 1"]
    assert lines(traded, "to=2026-04-01T12:00:00.001Z") == ["12:00 100.00 1"]
    assert lines(traded, "to=0") == lines(traded, "from=2200-01-01T00:00:00Z") == []


def test_flat_candles_fill_the_minutes_between(traded: Market) -> None:
    period = "from=2026-04-01T11:58:00Z&to=2026-04-01T12:06:00Z"
    assert lines(traded, f"{period}&fill=true") == [
        "12:00 100.00 1", "12:01 101.00 1", "12:02 101.00 0", "12:03 101.00 0", "12:04 102.00 1", "12:05 102.00 0",
    ]  # fmt: skip
    flat = ask(traded, f"{period}&fill=true").json()["data"][2]
    assert flat == {
        "time": "2026-04-01T12:02:00.000Z", "open": "101.00", "high": "101.00", "low": "101.00", "close": "101.00",
        "volume": "0.000", "quote_volume": "0", "trade_count": 0,
    }  # fmt: skip


def test_a_flat_candle_at_the_beginning_takes_the_price_from_before(traded: Market) -> None:
    assert lines(traded, "from=2026-04-01T12:08:00Z&to=2026-04-01T12:11:00Z&fill=true") == [
        "12:08 102.00 0", "12:09 102.00 0", "12:10 103.00 1",
    ]  # fmt: skip
    assert lines(traded, "from=2026-04-01T13:00:00Z&fill=true&limit=2") == ["13:00 103.00 0", "13:01 103.00 0"]
    assert lines(traded, "to=2026-04-01T12:04:00Z&limit=3&fill=true") == [
        "12:01 101.00 1", "12:02 101.00 0", "12:03 101.00 0",
    ]  # fmt: skip


def test_flat_candles_from_long_before_the_first_trade_begin_with_it(traded: Market) -> None:
    """As they do without flat ones: the limit is of candles, and not of the periods in which there was nothing."""
    assert lines(traded, "from=2020-01-01T00:00:00Z&limit=3&fill=true") == [
        "12:00 100.00 1", "12:01 101.00 1", "12:02 101.00 0",
    ]  # fmt: skip
    assert lines(traded, "from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z&fill=true") == []


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_flat_candles_end_with_the_present_one(traded: Market, timeframe: str) -> None:
    before_ms = time.time_ns() // 1_000_000
    rows = ask(traded, f"timeframe={timeframe}&fill=true&limit=3").json()["data"]
    after_ms = time.time_ns() // 1_000_000

    last_ms = ms(rows[-1]["time"])
    assert before_ms - TIMEFRAMES[timeframe] < last_ms <= after_ms
    assert [ms(row["time"]) for row in rows] == [last_ms - TIMEFRAMES[timeframe] * back for back in (2, 1, 0)]
    future = ask(traded, f"timeframe={timeframe}&fill=true&limit=1000&from={last_ms}&to=2200-01-01").json()["data"]
    assert len(future) <= 2


def test_a_market_without_trades_has_no_candles_not_even_flat_ones(market: Market) -> None:
    assert lines(market, "") == lines(market, "fill=true") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("timeframe=2m", "timeframe"),
        ("timeframe=", "timeframe"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("from=yesterday", "from"),
        ("to=-5", "to"),
        ("from=2026-04-02&to=2026-04-01", "to"),
        ("from=2026-04-01&to=2026-04-01", "to"),
        ("fill=yes", "fill"),
        ("offset=1", "offset"),
    ],
)
def test_a_bad_query_is_named(traded: Market, query: str, field: str) -> None:
    error = ask(traded, query, status=400).json()["error"]

    assert (error["code"], list(error["details"])) == ("VALIDATION_ERROR", [field])


def test_an_unknown_market_is_not_found(visitor: APIClient) -> None:
    assert visitor.get("/api/v1/markets/NO-SUCH/candles").json()["error"]["code"] == "MARKET_NOT_FOUND"


def test_what_is_over_may_be_kept_and_what_may_change_is_asked_for_again(traded: Market) -> None:
    over = ask(traded, "from=2026-04-01T12:00:00Z&to=2026-04-01T12:10:00Z")
    present = ask(traded, "from=2026-04-01T12:00:00Z")
    unfinished = ask(traded, f"timeframe=1d&to={datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")

    assert over["Cache-Control"] == "public, max-age=60"
    assert present["Cache-Control"] == unfinished["Cache-Control"] == "no-cache"
    again = ask(traded, "from=2026-04-01T12:00:00Z", status=304, **{"if-none-match": present["ETag"]})
    assert again.content == b""


def test_an_etag_changes_with_the_candles(market: Market, maker: User, taker: User) -> None:
    with feeding(market, maker, taker, start_ms=ms("2026-04-01T12:00:00Z")) as feed:
        feed.run([deal("2026-04-01T12:00:10Z", "100", "1")])
        before = ask(market, "timeframe=1h")["ETag"]
        feed.run([deal("2026-04-01T12:00:20Z", "100", "1")])
        after = ask(market, "timeframe=1h")["ETag"]

    assert before != after


def test_a_rebuild_does_not_change_an_answer(traded: Market) -> None:
    before = ask(traded, "timeframe=15m")["ETag"]

    call_command("rebuild_candles", "--market", traded.slug, "--to", "2026-04-02")

    assert ask(traded, "timeframe=15m")["ETag"] == before
