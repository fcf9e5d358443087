"""What a batch adds to the candles. All its trades have one time, so they are in one candle of each timeframe.

The candles are written by the statement that moves the market's sequence: in one round trip, and after the lock on that
row, which is how a rebuild keeps a batch from writing in between (marketdata.candle_rebuild).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from base.scaling import plain
from base.sql import array_literal
from exchange.streams import CandleMessage
from journal.terms import MarketTerms
from orders.rows import TradeRow
from orders.timeframes import FINEST, TIMEFRAMES, opening_ms

# A part of a statement with a CTE `moved`, which has one row if the batch counts. Gives the candles as they are then.
UPSERT = """
INSERT INTO orders_candle AS c (market_id, timeframe, opened_at, open, high, low, close, volume, quote_volume,
    trade_count, first_seq, last_seq)
SELECT moved.market_id, period.timeframe, to_timestamp(period.opening_ms / 1000.0), %(open)s, %(high)s, %(low)s,
    %(close)s, %(volume)s, %(quote_volume)s, %(trade_count)s, %(first_trade)s, %(last_trade)s
FROM moved, unnest(%(timeframes)s::text[], %(openings)s::bigint[]) AS period (timeframe, opening_ms)
ON CONFLICT (market_id, timeframe, opened_at) DO UPDATE SET
    high = greatest(c.high, excluded.high), low = least(c.low, excluded.low), close = excluded.close,
    volume = c.volume + excluded.volume, quote_volume = c.quote_volume + excluded.quote_volume,
    trade_count = c.trade_count + excluded.trade_count, last_seq = excluded.last_seq
RETURNING timeframe, (open / %(tick)s)::bigint, (high / %(tick)s)::bigint, (low / %(tick)s)::bigint,
    (close / %(tick)s)::bigint, volume / %(lot)s, quote_volume, trade_count
"""
_TIMEFRAMES = array_literal(TIMEFRAMES)
_Row = tuple[str, int, int, int, int, Decimal, Decimal, int]


@dataclass(frozen=True, slots=True)
class TradeSummary:
    """One or more trades of a market, oldest first, as a candle shows them; `tick_lots` sums price x quantity."""

    open_ticks: int
    high_ticks: int
    low_ticks: int
    close_ticks: int
    lots: int
    tick_lots: int
    count: int
    first_seq: int
    last_seq: int

    @classmethod
    def of(cls, trades: Sequence[TradeRow]) -> "TradeSummary":
        """Sum up trades; there must be one. Linear."""
        prices = [trade.price_ticks for trade in trades]
        first, last = trades[0], trades[-1]
        return cls(
            first.price_ticks,
            max(prices),
            min(prices),
            last.price_ticks,
            sum([trade.quantity_lots for trade in trades]),
            sum([trade.price_ticks * trade.quantity_lots for trade in trades]),
            len(trades),
            first.seq,
            last.seq,
        )


def upsert_parameters(summary: TradeSummary, terms: MarketTerms, now_ms: int) -> dict[str, Any]:
    """Return the parameters of UPSERT for the trades of one moment."""
    scale = terms.scale
    return {
        "open": scale.price(summary.open_ticks),
        "high": scale.price(summary.high_ticks),
        "low": scale.price(summary.low_ticks),
        "close": scale.price(summary.close_ticks),
        "volume": scale.quantity(summary.lots),
        "quote_volume": scale.quote(summary.tick_lots * terms.tick_lot_units),
        "trade_count": summary.count,
        "first_trade": summary.first_seq,
        "last_trade": summary.last_seq,
        "timeframes": _TIMEFRAMES,
        "openings": array_literal(map(str, _openings(opening_ms(FINEST, now_ms)).values())),
        "tick": terms.tick_size,
        "lot": terms.lot_size,
    }


def candle_messages(rows: Iterable[_Row], now_ms: int) -> list[CandleMessage]:
    """Return what UPSERT gives as the streams carry it."""
    openings = _openings(opening_ms(FINEST, now_ms))
    return [
        (name, openings[name], open_ticks, high_ticks, low_ticks, close_ticks, int(lots), plain(quote_volume), count)
        for name, open_ticks, high_ticks, low_ticks, close_ticks, lots, quote_volume, count in rows
    ]


@lru_cache(maxsize=64)
def _openings(minute_ms: int) -> dict[str, int]:
    return {name: opening_ms(name, minute_ms) for name in TIMEFRAMES}
