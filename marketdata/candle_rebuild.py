"""Candles from the stored trades: for the time before there were candles, and to prove that they are right.

The engine writes the current candles itself. A rebuild of past minutes does not disturb it; for the last minutes it
holds the row of the market's sequence, which every batch needs before it writes candles, for a moment.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from base.advisory_locks import MarketLock
from base.ids import uuid7_floor, uuid7_time
from base.times import moment_of, ms_of
from exchange.models import Market
from orders.models import Candle
from orders.selectors import trades_of_market
from orders.timeframes import FINEST, TIMEFRAMES, opening_ms

__all__ = ["Compared", "Rebuilt", "candles_check", "candles_days", "candles_rebuild"]

_LATE = timedelta(minutes=2)  # a batch that began in a minute is committed at most this long after it
_DAY, _WEEK = timedelta(days=1), timedelta(days=7)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
_FROM_TRADES = """
SELECT date_trunc('minute', executed_at, 'UTC') AS opened_at, (array_agg(price ORDER BY seq))[1] AS open,
    max(price) AS high, min(price) AS low, (array_agg(price ORDER BY seq DESC))[1] AS close,
    sum(quantity) AS volume, sum(price * quantity) AS quote_volume, count(*) AS trade_count,
    min(seq) AS first_seq, max(seq) AS last_seq
FROM orders_trade WHERE market_id = %(market_id)s AND id >= %(first_id)s AND id < %(end_id)s GROUP BY 1
"""
_FROM_MINUTES = """
SELECT date_bin(%(length)s, opened_at, %(monday)s) AS opened_at, (array_agg(open ORDER BY first_seq))[1] AS open,
    max(high) AS high, min(low) AS low, (array_agg(close ORDER BY first_seq DESC))[1] AS close,
    sum(volume) AS volume, sum(quote_volume) AS quote_volume, sum(trade_count)::bigint AS trade_count,
    min(first_seq) AS first_seq, max(last_seq) AS last_seq
FROM orders_candle
WHERE market_id = %(market_id)s AND timeframe = '1m' AND opened_at >= %(since)s AND opened_at < %(until)s GROUP BY 1
"""
_REPLACE = """
WITH summed AS ({source}),
removed AS (
    DELETE FROM orders_candle c WHERE market_id = %(market_id)s AND timeframe = %(timeframe)s
        AND opened_at >= %(since)s AND opened_at < %(until)s
        AND NOT EXISTS (SELECT FROM summed WHERE summed.opened_at = c.opened_at)
    RETURNING 1
),
written AS (
    INSERT INTO orders_candle AS c SELECT %(market_id)s, %(timeframe)s, summed.* FROM summed
    ON CONFLICT (market_id, timeframe, opened_at) DO UPDATE SET
        open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
        volume = excluded.volume, quote_volume = excluded.quote_volume, trade_count = excluded.trade_count,
        first_seq = excluded.first_seq, last_seq = excluded.last_seq
    WHERE c IS DISTINCT FROM excluded
    RETURNING 1
)
SELECT (SELECT count(*) FROM written), (SELECT count(*) FROM removed)
"""
# Unlike a rebuild, this makes each timeframe from the trades themselves. Trades and candles are read by one
# statement, so they are those of one moment, whatever the engine does meanwhile.
_COMPARE = """
WITH summed AS (
    SELECT date_bin(%(length)s, executed_at, %(monday)s) AS opened_at, (min(ARRAY[seq, price]))[2] AS open,
        max(price) AS high, min(price) AS low, (max(ARRAY[seq, price]))[2] AS close, sum(quantity) AS volume,
        sum(price * quantity) AS quote_volume, count(*) AS trade_count, min(seq) AS first_seq, max(seq) AS last_seq
    FROM orders_trade WHERE market_id = %(market_id)s AND id >= %(first_id)s AND id < %(end_id)s GROUP BY 1
), stored AS (
    SELECT opened_at, open, high, low, close, volume, quote_volume, trade_count, first_seq, last_seq FROM orders_candle
    WHERE market_id = %(market_id)s AND timeframe = %(timeframe)s AND opened_at >= %(since)s AND opened_at < %(until)s
)
SELECT count(*), array_agg(coalesce(summed.opened_at, stored.opened_at)) FILTER (WHERE summed IS DISTINCT FROM stored)
FROM summed FULL JOIN stored ON summed.opened_at = stored.opened_at
"""


@dataclass(slots=True)
class Rebuilt:
    """How many candles were written because they were missing or wrong, and removed because there are no trades."""

    written: int = 0
    removed: int = 0


@dataclass(slots=True)
class Compared:
    """How many candles there are or should be, and which differ from the trades, as `timeframe, opening time`."""

    candles: int = 0
    different: list[tuple[str, datetime]] = field(default_factory=list)


def candles_days(*, market: Market, since: date | None = None, until: date | None = None) -> list[date]:
    """Return the days, UTC, from a market's first trade to today, within bounds (`until` exclusive). One query."""
    first_day = _first_day(market)
    if first_day is None:
        return []
    today = datetime.now(UTC).date()
    first = max(first_day, since or date.min)
    count = (min(today + _DAY, until or date.max) - first).days
    return [first + timedelta(days=number) for number in range(count)]


def candles_rebuild(*, market: Market, days: list[date], on_day: Callable[[], object] = lambda: None) -> Rebuilt:
    """Rebuild the candles of some days, and of their weeks, from the trades; a transaction for each day and week.

    Minutes are made from trades, all others from minutes. Safe while the engine trades, and when interrupted.
    """
    done = Rebuilt()
    for day in days:
        since = _midnight(day)
        _rebuild(market, since, since + _DAY, {name: ms for name, ms in TIMEFRAMES.items() if name != "1w"}, done)
        on_day()
    for monday in _mondays(days):
        _rebuild(market, monday, monday + _WEEK, {"1w": TIMEFRAMES["1w"]}, done)
    return done


def candles_check(*, market: Market, days: list[date], on_day: Callable[[], object] = lambda: None) -> Compared:
    """Compare the candles of some days, and of their weeks, with the trades. Writes nothing; may run at any time.

    A week whose first trades are gone already cannot be compared, only its later days.
    """
    found = Compared()
    for day in days:
        for timeframe in TIMEFRAMES:
            if timeframe != "1w":
                _compare(market, timeframe, _midnight(day), _DAY, found)
        on_day()
    for monday in _mondays(days):
        if _is_partly_gone(market, monday):
            continue
        _compare(market, "1w", monday, _WEEK, found)
    return found


def _first_day(market: Market) -> date | None:
    first_id = trades_of_market(market).reverse().values_list("id", flat=True).first()
    return None if first_id is None else uuid7_time(first_id).date()


def _is_partly_gone(market: Market, monday: datetime) -> bool:
    """Tell whether a week has candles of days before the first trade that there is."""
    first_day = _first_day(market)
    if first_day is None:
        return False
    minutes = Candle.objects.filter(market_id=market.pk, timeframe=FINEST, opened_at__gte=monday)
    return minutes.filter(opened_at__lt=_midnight(first_day)).exists()


def _rebuild(market: Market, since: datetime, until: datetime, timeframes: dict[str, int], done: Rebuilt) -> None:
    """Rebuild a period; what the engine may be writing to comes last, while the engine waits."""
    over = _minute(min(until, datetime.now(UTC) - _LATE))
    if FINEST in timeframes and since < over < until:
        with _working_on(market) as cursor:
            _replace(cursor, market, FINEST, since, over, done)
    with _working_on(market) as cursor:
        if over < until:
            cursor.execute("SELECT FROM orders_marketsequence WHERE market_id = %s FOR UPDATE", [market.pk])
        for timeframe in timeframes:
            begin = max(since, over) if timeframe == FINEST and over < until else since
            _replace(cursor, market, timeframe, begin, until, done)


@contextmanager
def _working_on(market: Market) -> Iterator[CursorWrapper]:
    """Open a transaction without a time limit, while no other rebuild of the market runs."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [MarketLock.CANDLES, market.pk])
        yield cursor


def _replace(
    cursor: CursorWrapper, market: Market, timeframe: str, since: datetime, until: datetime, done: Rebuilt
) -> None:
    source = _FROM_TRADES if timeframe == FINEST else _FROM_MINUTES
    cursor.execute(_REPLACE.format(source=source), _parameters(market, timeframe, since, until))
    written, removed = cursor.fetchone()
    done.written += written
    done.removed += removed


def _compare(market: Market, timeframe: str, since: datetime, length: timedelta, found: Compared) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(_COMPARE, _parameters(market, timeframe, since, since + length))
        count, different = cursor.fetchone()
    found.candles += count
    found.different += [(timeframe, opened_at) for opened_at in sorted(different or [])]


def _parameters(market: Market, timeframe: str, since: datetime, until: datetime) -> dict[str, Any]:
    return {
        "market_id": market.pk,
        "timeframe": timeframe,
        "since": since,
        "until": until,
        "first_id": uuid7_floor(ms_of(since)),
        "end_id": uuid7_floor(ms_of(until)),
        "length": timedelta(milliseconds=TIMEFRAMES[timeframe]),
        "monday": _MONDAY,
    }


def _mondays(days: list[date]) -> Iterator[datetime]:
    openings = {opening_ms("1w", ms_of(_midnight(day))) for day in days}
    yield from map(moment_of, sorted(openings))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
