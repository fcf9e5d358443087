"""The last 24 hours of a market, rolling by the minute, from its 1m candles."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from base.times import moment_of
from exchange.models import Market

__all__ = ["DAY_SQL", "DaySums", "day_parameters", "day_start_ms", "day_sums"]

_MINUTE_MS, _DAY_MS = 60_000, 86_400_000
# At most 1,441 rows by the primary key. Gives the fields of DaySums, all null without a trade.
DAY_SQL = """
SELECT (array_agg(open ORDER BY opened_at))[1], max(high), min(low), sum(volume), sum(quote_volume),
    sum(trade_count)::bigint
FROM orders_candle WHERE market_id = %(market_id)s AND timeframe = '1m' AND opened_at >= %(since)s
"""


class DaySums(NamedTuple):
    """The trades of a day, as one candle would show them."""

    open: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    quote_volume: Decimal
    trade_count: int

    def plus(self, later: "DaySums") -> "DaySums":
        """Return these and later trades as one."""
        return DaySums(
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            self.volume + later.volume,
            self.quote_volume + later.quote_volume,
            self.trade_count + later.trade_count,
        )


def day_start_ms(now_ms: int) -> int:
    """Return the beginning of the minute 24 hours ago: the trades since then are those of the day."""
    return (now_ms - _DAY_MS) // _MINUTE_MS * _MINUTE_MS


def day_parameters(market_id: int, since_ms: int) -> dict[str, Any]:
    return {"market_id": market_id, "since": moment_of(since_ms)}


def day_sums(market: Market, *, since_ms: int) -> DaySums | None:
    """Return what was traded since then; None without a trade. One query."""
    with connection.cursor() as cursor:
        cursor.execute(DAY_SQL, day_parameters(market.pk, since_ms))
        row = cursor.fetchone()
    return DaySums(*row) if row[0] is not None else None
