"""The last 24 hours of a market, rolling by the minute, and its ticker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from base.scaling import plain
from base.times import moment_of, ms_of, wall_clock_ms
from exchange.models import Market
from matching.engine import DepthLevel
from orders.board import Board, board_of
from orders.day import DaySums, day_start_ms, day_sums
from orders.selectors import book_depth, trades_of_market

__all__ = [
    "DayStatistics",
    "MarketSummary",
    "Quote",
    "day_begins",
    "day_statistics",
    "market_summary",
    "statistics_fields",
    "ticker_fields",
]

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Quote:
    """The best level of each side: price_ticks, quantity_lots."""

    bid: Pair | None
    ask: Pair | None


@dataclass(frozen=True, slots=True)
class DayStatistics:
    """`day` is None without a trade in 24 hours, `last` without any trade ever."""

    since: datetime
    until: datetime
    day: DaySums | None
    last: Decimal | None
    last_volume: Decimal | None


@dataclass(frozen=True, slots=True)
class MarketSummary:
    """Quote and day as of one batch; another `version` means that something may have changed."""

    version: str
    statistics: DayStatistics
    quote: Quote


def market_summary(market: Market) -> MarketSummary:
    """Return what ticker and statistics show, at most 250 ms old. No query while the market's board is right."""
    now_ms = wall_clock_ms()
    board = board_of(market)
    return _from_database(market, now_ms) if board is None else _from_board(board, market, now_ms)


def day_statistics(market: Market) -> DayStatistics:
    """Return the last 24 hours as they are in the database. Two queries, by index."""
    return _day_statistics(market, wall_clock_ms())


def day_begins() -> datetime:
    """Return when the last 24 hours began."""
    return moment_of(day_start_ms(wall_clock_ms()))


def _from_board(board: Board, market: Market, now_ms: int) -> MarketSummary:
    scale, last = market.scale, board.trades[0] if board.trades else None
    statistics = DayStatistics(
        moment_of(board.since_ms),
        moment_of(now_ms),
        board.day,
        scale.price(last.price_ticks) if last else None,
        scale.quantity(last.quantity_lots) if last else None,
    )
    quote = Quote(_pair(board.bids), _pair(board.asks))
    return MarketSummary(f"{board.seq}-{board.time_ms}-{board.since_ms}", statistics, quote)


def _from_database(market: Market, now_ms: int) -> MarketSummary:
    depth = book_depth(market, 1)  # first: the version may be older than what it names, but not newer
    statistics = _day_statistics(market, now_ms)
    time_ms = ms_of(depth.time)
    quote = Quote(_pair(depth.bids), _pair(depth.asks))
    return MarketSummary(f"{depth.seq}-{time_ms}-{day_start_ms(now_ms)}", statistics, quote)


def _day_statistics(market: Market, now_ms: int) -> DayStatistics:
    since_ms = day_start_ms(now_ms)
    last = trades_of_market(market).values_list("price", "quantity").first()
    price, quantity = last or (None, None)
    return DayStatistics(moment_of(since_ms), moment_of(now_ms), day_sums(market, since_ms=since_ms), price, quantity)


def _pair(levels: Sequence[DepthLevel]) -> Pair | None:
    return (levels[0].price_ticks, levels[0].quantity_lots) if levels else None


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
    return {
        "symbol": market.symbol,
        "since": statistics.since,
        "until": statistics.until,
        "last": _price(market, statistics.last),
        "average_price": market.scale.average_price_text(day.quote_volume, day.volume) if day else None,
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
