"""Reading candles, and flat ones for periods without a trade."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from base.scaling import plain
from base.times import iso_ms_of, moment_of, ms_of
from exchange.models import Market
from orders.models import Candle
from orders.timeframes import TIMEFRAMES, opening_ms

__all__ = ["CandleRow", "Period", "candle_as_json", "candles_of", "candles_with_flat_ones"]

_FIELDS = ("opened_at", "open", "high", "low", "close", "volume", "quote_volume", "trade_count")
_NOTHING = Decimal(0)


class Period(NamedTuple):
    """Which candles: those that open from `since_ms` on (None: as many as fit before the end) and before `until_ms`."""

    timeframe: str
    since_ms: int | None
    until_ms: int
    limit: int


class CandleRow(NamedTuple):
    opened_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int


def candles_of(market: Market, period: Period) -> list[CandleRow]:
    """Return the first candles of a period, the last ones if it has no beginning; oldest first. One query."""
    bounds = {"opened_at__lt": _moment(period.until_ms)}
    if period.since_ms is not None:
        bounds["opened_at__gte"] = _moment(period.since_ms)
    is_backwards = period.since_ms is None
    rows = Candle.objects.filter(market_id=market.pk, timeframe=period.timeframe, **bounds)
    found = list(rows.order_by("-opened_at" if is_backwards else "opened_at").values_list(*_FIELDS)[: period.limit])
    return [_row(values) for values in (reversed(found) if is_backwards else found)]


def candles_with_flat_ones(market: Market, period: Period) -> list[CandleRow]:
    """Return a candle for each period since the market's first trade; without trades a flat one at the last price.

    Two queries at most; two more for what begins before the first trade.
    """
    openings = _openings(period)
    if not openings:
        return []
    span = period._replace(since_ms=openings[0], until_ms=openings[-1] + 1)
    candles = {candle.opened_ms: candle for candle in candles_of(market, span)}
    before = None if openings[0] in candles else _last_before(market, period.timeframe, openings[0])
    if before is None and openings[0] not in candles and period.since_ms is not None:  # the limit counts from then on
        first = candles_of(market, period._replace(limit=1))
        return candles_with_flat_ones(market, period._replace(since_ms=first[0].opened_ms)) if first else []
    return list(_filled(openings, candles, before))


def candle_as_json(candle: CandleRow, market: Market) -> dict[str, Any]:
    """Return a candle as the public interface shows it."""
    scale = market.scale
    return {
        "time": iso_ms_of(candle.opened_ms),
        "open": plain(candle.open, scale.price_decimals),
        "high": plain(candle.high, scale.price_decimals),
        "low": plain(candle.low, scale.price_decimals),
        "close": plain(candle.close, scale.price_decimals),
        "volume": plain(candle.volume, scale.quantity_decimals),
        "quote_volume": plain(candle.quote_volume),
        "trade_count": candle.trade_count,
    }


def _openings(period: Period) -> range:
    """Return when the candles of a period open, at most `limit` of them."""
    length = TIMEFRAMES[period.timeframe]
    last = opening_ms(period.timeframe, period.until_ms - 1)
    if period.since_ms is None:
        return range(last - (period.limit - 1) * length, last + 1, length)
    first = opening_ms(period.timeframe, period.since_ms + length - 1)
    return range(first, last + 1, length)[: period.limit]


def _filled(openings: Iterable[int], candles: Mapping[int, CandleRow], close: Decimal | None) -> Iterator[CandleRow]:
    for opened_ms in openings:
        if candle := candles.get(opened_ms):
            close = candle.close
            yield candle
        elif close is not None:
            yield CandleRow(opened_ms, close, close, close, close, _NOTHING, _NOTHING, 0)


def _last_before(market: Market, timeframe: str, opened_ms: int) -> Decimal | None:
    earlier = Candle.objects.filter(market_id=market.pk, timeframe=timeframe, opened_at__lt=_moment(opened_ms))
    return earlier.order_by("-opened_at").values_list("close", flat=True).first()


def _row(values: tuple[Any, ...]) -> CandleRow:
    opened_at, *amounts = values
    return CandleRow(ms_of(opened_at), *amounts)


def _moment(time_ms: int) -> datetime:
    return moment_of(max(time_ms, 0))
