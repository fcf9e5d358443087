"""The candles of a market, as they are answered."""

from datetime import datetime
from typing import Any
from zlib import crc32

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from base.encoders import dumps
from base.etags import REVALIDATE, SETTLED, conditional
from base.times import wall_clock_ms
from exchange.models import Market
from marketdata.candles import Period, candle_as_json, candles_of, candles_with_flat_ones
from orders.timeframes import opening_ms

__all__ = ["candles_answer"]

_LATE_MS = 10_000  # a batch that began before the end of a period is written by then


def candles_answer(request: Request, market: Market, query: dict[str, Any]) -> HttpResponse:
    """Return the candles that a validated CandleQuery asks for. Reads the clock."""
    now_ms = wall_clock_ms()
    period = _period(query, now_ms)
    read = candles_with_flat_ones if query["fill"] == "true" else candles_of
    data = [candle_as_json(candle, market) for candle in read(market, period)]
    is_over = period.until_ms <= opening_ms(period.timeframe, now_ms - _LATE_MS)
    return conditional(
        request,
        f"{crc32(dumps(data)):08x}",
        lambda: Response(data),
        cache_control=SETTLED if is_over else REVALIDATE,
    )


def _period(query: dict[str, Any], now_ms: int) -> Period:
    """Return the period asked for; it ends now at the latest, because nothing is known about the future."""
    since_ms, until_ms = (_ms(query[name]) if name in query else None for name in ("from", "to"))
    end_ms = now_ms + 1
    return Period(query["timeframe"], since_ms, end_ms if until_ms is None else min(until_ms, end_ms), query["limit"])


def _ms(moment: datetime) -> int:
    return -(-round(moment.timestamp() * 1_000_000) // 1000)
