"""Ticker, statistics and the history of trades over REST."""

import time
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client, override_settings
from django.urls import include, path

from base.times import iso_ms_of
from exchange.models import Market
from marketdata.statistics import day_statistics
from matching.engine import Side
from tests.integration.marketdata.scripted import ScriptedMarket

# WhiteNoise complains when static files were not collected, which no test needs.
pytestmark = pytest.mark.filterwarnings("ignore:No directory at")
urlpatterns = [path("api/v1/", include("marketdata.urls"))]
HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def _urls() -> Any:
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["testserver"]):
        yield


def get(url: str, *, status: int = 200) -> Any:
    response = Client().get(f"/api/v1/markets/{url}")
    assert response.status_code == status, response.content
    return response.json()


def trade_at(script: ScriptedMarket, time_ms: int, price_ticks: int, lots: int) -> None:
    """Write one trade as if it had happened at a time."""
    script.now_ms = time_ms
    script.trade(script.place(Side.SELL, price_ticks, lots), lots)
    async_to_sync(script.commit)()


def test_a_market_where_nothing_happened_yet_has_a_ticker_of_nothing(market: Market) -> None:
    assert get(f"{market.slug}/ticker")["data"] == {
        "symbol": market.symbol, "last": None, "last_volume": None, "bid": None, "bid_volume": None,
        "ask": None, "ask_volume": None, "spread": None, "open": None, "high": None, "low": None,
        "volume": "0", "quote_volume": "0", "change": None, "change_percent": None, "trade_count": 0,
    }  # fmt: skip


def test_ticker_and_statistics_cover_24_hours(script: ScriptedMarket) -> None:
    now_ms = int(time.time() * 1000)
    trade_at(script, now_ms - 25 * HOUR_MS, 5_000, 1_000)
    trade_at(script, now_ms - 23 * HOUR_MS, 1_000, 1_000)
    trade_at(script, now_ms - 2 * HOUR_MS, 1_200, 500)
    trade_at(script, now_ms - 1 * HOUR_MS, 900, 500)
    trade_at(script, now_ms, 1_100, 250)
    script.place(Side.BUY, 1_050, 30)
    script.place(Side.SELL, 1_150, 40)
    async_to_sync(script.commit)()

    ticker = get(f"{script.market.slug}/ticker")["data"]
    statistics = get(f"{script.market.slug}/stats")["data"]

    day = {
        "symbol": script.market.symbol, "last": "11.00", "open": "10.00", "high": "12.00", "low": "9.00",
        "volume": "2.250", "quote_volume": "23.25", "change": "1.00", "change_percent": "10.00", "trade_count": 4,
    }  # fmt: skip
    assert ticker == day | {
        "last_volume": "0.250", "bid": "10.50", "bid_volume": "0.030", "ask": "11.50", "ask_volume": "0.040",
        "spread": "1.00",
    }  # fmt: skip
    assert day.items() <= statistics.items()
    assert statistics["average_price"] == "10.333333333"


def test_the_day_moves_on_by_minutes(script: ScriptedMarket, monkeypatch: pytest.MonkeyPatch) -> None:
    start_ms = int(time.time() * 1000) // 60_000 * 60_000

    def count_at(minutes: int) -> tuple[int, str]:
        monkeypatch.setattr("marketdata.statistics.wall_clock_ms", lambda: start_ms + 60_000 * minutes)
        day = day_statistics(script.market).day
        return (day.trade_count, str(day.open.normalize())) if day else (0, "")

    trade_at(script, start_ms, 1_001, 1)
    assert count_at(0) == (1, "10.01")
    trade_at(script, start_ms + 1, 1_002, 1)
    trade_at(script, start_ms + 60_000, 1_003, 1)
    assert count_at(1) == (3, "10.01")
    assert count_at(24 * 60) == (3, "10.01")
    assert count_at(24 * 60 + 1) == (1, "10.03")
    assert count_at(24 * 60 + 2) == (0, "")


def test_history_is_paged_and_bounded_in_time(script: ScriptedMarket) -> None:
    now_ms = int(time.time() * 1000)
    for step in range(5):
        trade_at(script, now_ms + step * 1000, 1_000 + step, 1)
    url = f"{script.market.slug}/trades"

    page = get(f"{url}?limit=2&offset=1")
    period = get(f"{url}?from={iso_ms_of(now_ms + 1000)}&to={iso_ms_of(now_ms + 3000)}")

    assert [trade["price"] for trade in page["data"]] == ["10.03", "10.02"]
    assert page["pagination"] == {
        "total": 5, "limit": 2, "offset": 1, "has_more": True, "next_cursor": page["data"][-1]["id"],
    }  # fmt: skip
    assert [trade["price"] for trade in period["data"]] == ["10.02", "10.01"]


def test_a_cursor_goes_on_where_the_page_before_ended(script: ScriptedMarket) -> None:
    now_ms = int(time.time() * 1000)
    for step in range(5):
        trade_at(script, now_ms + step, 1_000 + step, 1)
    url = f"{script.market.slug}/trades"

    first = get(f"{url}?limit=2")
    trade_at(script, now_ms + 10, 1_100, 1)  # what comes meanwhile moves nothing
    second = get(f"{url}?limit=2&cursor={first['pagination']['next_cursor']}")
    third = get(f"{url}?limit=2&cursor={second['pagination']['next_cursor']}&from={iso_ms_of(now_ms)}")

    prices = [trade["price"] for page in (first, second, third) for trade in page["data"]]
    assert prices == ["10.04", "10.03", "10.02", "10.01", "10.00"]
    cursor = second["data"][-1]["id"]
    assert second["pagination"] == {
        "total": None, "limit": 2, "offset": None, "has_more": True, "next_cursor": cursor,
    }  # fmt: skip
    assert third["pagination"]["next_cursor"] is None
    assert third["pagination"]["has_more"] is False


@pytest.mark.parametrize(
    "query", ["from=yesterday", "to=2026-13-01T00:00:00Z", "limit=0", "since=1", "offset=-1", "cursor=1"]
)
def test_a_bad_query_is_named(market: Market, query: str) -> None:
    error = get(f"{market.slug}/trades?{query}", status=400)["error"]

    assert error["code"] == "VALIDATION_ERROR"
    assert list(error["details"]) == [query.partition("=")[0]]


@pytest.mark.parametrize("what", ["ticker", "stats", "trades"])
def test_an_unknown_market_is_not_found(what: str) -> None:
    assert get(f"NO-SUCH/{what}", status=404)["error"]["code"] == "MARKET_NOT_FOUND"
