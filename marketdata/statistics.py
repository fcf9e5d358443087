"""The last 24 hours of a market, rolling by the minute.

Adding up a day of trades takes seconds when there are millions, so each process does that once per market and then
only reads what came since: the day is kept as minutes, and minutes that are over 24 hours old fall off. That is
exact because a market's trades are committed in the order of their ids.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from exchange.ids import uuid7_floor
from exchange.models import Market
from exchange.scaling import plain
from orders.models import MarketSequence, Trade

__all__ = ["DayStatistics", "Quote", "day_statistics", "statistics_fields", "ticker_fields"]

DAY = timedelta(hours=24)
KEPT_S = 1.0
Pair = tuple[int, int]

_MINUTES = """
SELECT date_trunc('minute', executed_at) AS minute, (array_agg(price ORDER BY id))[1], max(price), min(price),
       sum(quantity), sum(price * quantity), count(*), max(id::text)
FROM orders_trade WHERE market_id = %s AND id > %s GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Quote:
    """The best level of each side: price_ticks, quantity_lots."""

    bid: Pair | None
    ask: Pair | None


@dataclass(frozen=True, slots=True)
class Minute:
    """The trades of one minute, or of several that were read one after the other."""

    start: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int

    def plus(self, later: "Minute") -> "Minute":
        return Minute(
            self.start,
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            self.volume + later.volume,
            self.quote_volume + later.quote_volume,
            self.trade_count + later.trade_count,
        )


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """`day` is None without a trade in 24 hours, `last` without any trade ever."""

    since: datetime
    until: datetime
    day: Minute | None
    last: Decimal | None
    last_volume: Decimal | None


class RollingDay:
    """One market's day in this process. Any thread may ask; one at a time reads."""

    def __init__(self, market: Market) -> None:
        self._market_id = market.id
        self._lock = threading.Lock()
        self._minutes: deque[Minute] = deque()
        self._last_id: UUID | None = None
        self._last_trade: tuple[Decimal, Decimal] | None = None
        self._statistics: DayStatistics | None = None
        self._read_at = float("-inf")

    def statistics(self, *, now: datetime, max_age_s: float) -> DayStatistics:
        """Return the statistics, at most `max_age_s` old. One or two queries when they are older."""
        with self._lock:
            if self._statistics is None or time.monotonic() - self._read_at >= max_age_s:
                read_at = time.monotonic()
                self._statistics = self._refresh(now)
                self._read_at = read_at
            return self._statistics

    def _refresh(self, now: datetime) -> DayStatistics:
        since = (now - DAY).replace(second=0, microsecond=0)
        floor = uuid7_floor(int(since.timestamp() * 1000))
        after = max(self._last_id, floor) if self._last_id else floor
        with connection.cursor() as cursor:
            cursor.execute(_MINUTES, [self._market_id, after])
            rows = cursor.fetchall()
        if rows:
            last_id = UUID(rows[-1][-1])
            self._last_trade = Trade.objects.values_list("price", "quantity").get(pk=last_id)
            self._last_id = last_id
            for row in rows:
                self._add(Minute(*row[:-1]))
        while self._minutes and self._minutes[0].start < since:
            self._minutes.popleft()
        last, volume = self._last_trade or (self._stored_last_price(), None)
        return DayStatistics(since, now, self._sum(), last, volume)

    def _add(self, minute: Minute) -> None:
        if self._minutes and self._minutes[-1].start == minute.start:
            minute = self._minutes.pop().plus(minute)
        self._minutes.append(minute)

    def _sum(self) -> Minute | None:
        minutes = self._minutes
        if not minutes:
            return None
        return Minute(
            minutes[0].start,
            minutes[0].open,
            max(minute.high for minute in minutes),
            min(minute.low for minute in minutes),
            sum((minute.volume for minute in minutes), Decimal(0)),
            sum((minute.quote_volume for minute in minutes), Decimal(0)),
            sum(minute.trade_count for minute in minutes),
        )

    def _stored_last_price(self) -> Decimal | None:
        return MarketSequence.objects.filter(pk=self._market_id).values_list("last_price", flat=True).first() or None


_days: dict[int, RollingDay] = {}
_days_lock = threading.Lock()


def day_statistics(market: Market, *, max_age_s: float = KEPT_S) -> DayStatistics:
    """Return the last 24 hours of a market. The first call of a process reads a whole day, later ones what is new."""
    with _days_lock:
        day = _days.setdefault(market.id, RollingDay(market))
    return day.statistics(now=datetime.now(UTC), max_age_s=max_age_s)


def ticker_fields(market: Market, statistics: DayStatistics, quote: Quote) -> dict[str, Any]:
    """Return the public ticker: strings, or None for what does not exist."""
    scale = market.scale

    def best(name: str, level: Pair | None) -> dict[str, str | None]:
        price = plain(scale.price(level[0]), scale.price_decimals) if level else None
        volume = plain(scale.quantity(level[1]), scale.quantity_decimals) if level else None
        return {name: price, f"{name}_volume": volume}

    spread = scale.price(quote.ask[0] - quote.bid[0]) if quote.ask and quote.bid else None
    return {
        "symbol": market.symbol,
        "last": _price(market, statistics.last),
        "last_volume": _quantity(market, statistics.last_volume),
        **best("bid", quote.bid),
        **best("ask", quote.ask),
        "spread": _price(market, spread),
        **_day_fields(market, statistics),
    }


def statistics_fields(market: Market, statistics: DayStatistics) -> dict[str, Any]:
    """Return the public 24 h statistics."""
    day = statistics.day
    average = day.quote_volume / day.volume if day else None
    return {
        "symbol": market.symbol,
        "since": statistics.since,
        "until": statistics.until,
        "last": _price(market, statistics.last),
        "average_price": _price(market, average),
        **_day_fields(market, statistics),
    }


def _day_fields(market: Market, statistics: DayStatistics) -> dict[str, Any]:
    day = statistics.day
    if day is None or statistics.last is None:
        nothing = dict.fromkeys(("open", "high", "low", "change", "change_percent"))
        return {**nothing, "volume": "0", "quote_volume": "0", "trade_count": 0}
    change = statistics.last - day.open
    return {
        "open": _price(market, day.open),
        "high": _price(market, day.high),
        "low": _price(market, day.low),
        "volume": _quantity(market, day.volume),
        "quote_volume": plain(day.quote_volume),
        "change": _price(market, change),
        "change_percent": plain(100 * change / day.open, 2),
        "trade_count": day.trade_count,
    }


def _price(market: Market, value: Decimal | None) -> str | None:
    return None if value is None else plain(value, market.scale.price_decimals)


def _quantity(market: Market, value: Decimal | None) -> str | None:
    return None if value is None else plain(value, market.scale.quantity_decimals)
