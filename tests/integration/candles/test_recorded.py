"""Real trades of another exchange give that exchange's own candles, minute by minute.

The recording is found in TAPE_DIR and is not part of the project; without it only the small one of our own is used.
"""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from exchange.models import Market
from marketdata.candle_rebuild import candles_check, candles_days
from marketdata.candles import CandleRow, Period, candles_of, candles_with_flat_ones
from settlement.services import ledger_deposit
from tests.fixtures import make_market, make_user
from tests.integration.candles.feeding import Deal, feeding

MINUTE_MS = 60_000
TRADES, OHLC = "kraken_XBTUSDT_trades.json.gz", "kraken_XBTUSDT_ohlc_1m.json.gz"
# Price, volume, time, side, type, misc, id; and time, open, high, low, close, vwap, volume, count. Made by hand.
SMALL_TRADES = [
    ["105433.60000", "0.00027625", 1762795433.9717445, "b", "l", "", 1],
    ["105410.10000", "0.00005000", 1762795437.8467374, "b", "m", "", 2],
    ["105410.10000", "1.00000000", 1762795438.0000001, "s", "m", "", 3],
    ["105500.00000", "0.50000000", 1762795499.9999, "b", "m", "", 4],
    ["105399.90000", "0.00000001", 1762795680.0, "s", "l", "", 5],
]
SMALL_OHLC = [
    [1762795380, "105433.6", "105433.6", "105410.1", "105410.1", "105410.1", "1.00032625", 3],
    [1762795440, "105500.0", "105500.0", "105500.0", "105500.0", "105500.0", "0.50000000", 1],
    [1762795500, "105500.0", "105500.0", "105500.0", "105500.0", "0.0", "0.00000000", 0],
    [1762795560, "105500.0", "105500.0", "105500.0", "105500.0", "0.0", "0.00000000", 0],
    [1762795620, "105500.0", "105500.0", "105500.0", "105500.0", "0.0", "0.00000000", 0],
    [1762795680, "105399.9", "105399.9", "105399.9", "105399.9", "105399.9", "0.00000001", 1],
]


@pytest.fixture
def wide_market() -> Market:
    """A market as fine as the recording: prices to 0.1, volumes to 8 decimals, and no price band."""
    market = make_market(tick_size=Decimal("0.1"), lot_size=Decimal("1e-8"), price_band_ppm=0)
    type(market.quote).objects.filter(pk=market.quote_id).update(decimals=9)
    return Market.objects.select_related("base", "quote").get(pk=market.pk)


def feed(market: Market, trades: list[list[Any]]) -> None:
    """Have recorded trades made, one after the other, at their times."""
    maker, taker = (make_user(role, assets=(market.base_id, market.quote_id)) for role in ("maker", "taker"))
    for user in (maker, taker):
        ledger_deposit(owner=user, asset=market.quote_id, amount=Decimal(10**8), reason="Funds of a test")
    deals = [
        Deal(int(Decimal(str(time)) * 1000), Decimal(price), Decimal(volume), taker_buys=side == "b")
        for price, volume, time, side, *_ in trades
    ]
    with feeding(market, maker, taker, start_ms=deals[0].time_ms) as running:
        running.run(deals)


def as_recorded(candle: CandleRow) -> list[Any]:
    """Return a candle as the recording has them, without the average price."""
    prices = [f"{price:.1f}" for price in (candle.open, candle.high, candle.low, candle.close)]
    return [candle.opened_ms // 1000, *prices, f"{candle.volume:.8f}", candle.trade_count]


def assert_equal(candles: list[CandleRow], recorded: list[list[Any]]) -> None:
    assert [as_recorded(candle) for candle in candles] == [[*row[:5], *row[6:]] for row in recorded]
    for candle, row in zip(candles, recorded, strict=True):
        average = candle.quote_volume / candle.volume if candle.trade_count else Decimal(0)
        assert abs(average - Decimal(row[5])) < Decimal("0.1")


def period(recorded: list[list[Any]]) -> Period:
    first, last = (row[0] * 1000 for row in (recorded[0], recorded[-1]))
    return Period("1m", first, last + MINUTE_MS, 1_000)


def test_a_small_recording_gives_its_candles(wide_market: Market) -> None:
    feed(wide_market, SMALL_TRADES)

    assert_equal(candles_of(wide_market, period(SMALL_OHLC)), [row for row in SMALL_OHLC if row[-1]])
    assert_equal(candles_with_flat_ones(wide_market, period(SMALL_OHLC)), SMALL_OHLC)


def test_hours_of_real_trades_give_the_candles_of_their_exchange(wide_market: Market) -> None:
    folder = Path(settings.TAPE_DIR)
    if not (folder / TRADES).exists():
        pytest.skip(f"no recorded trades in {folder} (TAPE_DIR)")
    trades, recorded = (
        json.loads(gzip.decompress((folder / name).read_bytes()))["result"]["XBTUSDT"] for name in (TRADES, OHLC)
    )
    first, last = (int(trade[2]) // 60 * 60 for trade in (trades[0], trades[-1]))

    feed(wide_market, trades)

    # The recording begins and ends in the middle of a minute.
    whole = [row for row in recorded if first < row[0] < last]
    traded = [row for row in whole if row[-1]]
    assert len(traded) == 272
    assert_equal(candles_of(wide_market, period(whole)), traded)
    assert_equal(candles_with_flat_ones(wide_market, period(whole)), whole)
    compared = candles_check(market=wide_market, days=candles_days(market=wide_market))
    assert compared.different == []
    assert compared.candles > 272 + 100
