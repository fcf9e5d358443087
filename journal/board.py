"""What a market's board shows beside the book: the last trades and the day, read once and updated by each batch."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from psycopg import Connection

from base.times import ms_of
from journal.candles import TradeSummary
from journal.terms import MarketTerms
from matching.engine import Engine, Side
from orders.board import BOARD_LEVELS, BOARD_TRADES, TRADES_COUNTED, Board, BoardTrade
from orders.day import DAY_SQL, DaySums, day_parameters, day_start_ms
from orders.rows import TradeRow

_LAST = "SELECT updated_at FROM orders_marketsequence WHERE market_id = %s"
# A range of one market, so that the planner does not take the primary key: see trades_of_market.
_TRADES = """
SELECT uuid_send(id), (price / %(tick)s)::bigint, (quantity / %(lot)s)::bigint,
    CASE taker_side WHEN 'buy' THEN 1 ELSE 2 END, (extract(epoch FROM executed_at) * 1000)::bigint
FROM orders_trade WHERE market_id BETWEEN %(market_id)s AND %(market_id)s ORDER BY market_id DESC, id DESC
LIMIT %(limit)s
"""
_COUNT = "SELECT count(*) FROM (SELECT FROM orders_trade WHERE market_id = %(market_id)s LIMIT %(most)s) AS counted"
_SIDES = (Side.BUY, Side.SELL)


class BoardState:
    """One market's board since a recovery. The database is read when the first board is asked for."""

    def __init__(self) -> None:
        self._time_ms = 0
        self._trades: deque[BoardTrade] | None = None  # newest first
        self._trade_count = 0
        self._since_ms = 0
        self._day: DaySums | None = None

    def add(self, trades: Sequence[TradeRow], terms: MarketTerms, time_ms: int) -> None:
        """Take note of a committed batch."""
        self._time_ms = time_ms
        if self._trades is None or not trades:
            return
        self._trades.extendleft(_public(trade) for trade in trades[-BOARD_TRADES:])
        self._trade_count = min(self._trade_count + len(trades), TRADES_COUNTED)
        sums = _sums(TradeSummary.of(trades), terms)
        self._day = sums if self._day is None else self._day.plus(sums)

    def board(self, connection: Connection, terms: MarketTerms, engine: Engine, now_ms: int) -> Board:
        """Return the board as of the last batch. Four queries the first time, then one a minute."""
        trades = self._trades if self._trades is not None else self._read(connection, terms)
        since_ms = day_start_ms(now_ms)
        if since_ms != self._since_ms:
            self._day, self._since_ms = _read_day(connection, terms, since_ms), since_ms
        bids, asks = (engine.depth(side, BOARD_LEVELS + 1) for side in _SIDES)
        return Board(
            seq=engine.seq,
            time_ms=self._time_ms or now_ms,
            trading_state=engine.trading_state.name.lower(),
            bids=bids[:BOARD_LEVELS],
            asks=asks[:BOARD_LEVELS],
            has_all_levels=max(len(bids), len(asks)) <= BOARD_LEVELS,
            trades=list(trades),
            trade_count=self._trade_count,
            since_ms=since_ms,
            day=self._day,
        )

    def _read(self, connection: Connection, terms: MarketTerms) -> deque[BoardTrade]:
        row = connection.execute(_LAST, [terms.market_id]).fetchone()
        updated_at: datetime | None = row[0] if row else None
        self._time_ms = self._time_ms or (ms_of(updated_at) if updated_at else 0)
        parameters = {
            "market_id": terms.market_id,
            "tick": terms.tick_size,
            "lot": terms.lot_size,
            "limit": BOARD_TRADES,
            "most": TRADES_COUNTED,
        }
        (self._trade_count,) = connection.execute(_COUNT, parameters).fetchone() or (0,)
        rows = connection.execute(_TRADES, parameters, binary=True).fetchall()
        found = (BoardTrade(*row) for row in rows)
        self._trades = deque(found, maxlen=BOARD_TRADES)
        return self._trades


def _read_day(connection: Connection, terms: MarketTerms, since_ms: int) -> DaySums | None:
    row = connection.execute(DAY_SQL, day_parameters(terms.market_id, since_ms)).fetchone()
    return DaySums(*row) if row and row[0] is not None else None


def _public(trade: TradeRow) -> BoardTrade:
    return BoardTrade(
        trade.id,
        trade.price_ticks,
        trade.quantity_lots,
        trade.taker_side,
        trade.executed_ms,
    )


def _sums(summary: TradeSummary, terms: MarketTerms) -> DaySums:
    scale = terms.scale
    return DaySums(
        scale.price(summary.open_ticks),
        scale.price(summary.high_ticks),
        scale.price(summary.low_ticks),
        scale.quantity(summary.lots),
        scale.quote(summary.tick_lots * terms.tick_lot_units),
        summary.count,
    )
