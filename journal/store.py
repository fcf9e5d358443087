"""The SQL of a batch: COPY for what is new, set-based updates for what changed, one row that moves the market on.

Orders have a module of their own, `order_table`. Numbers are sent as text in exponent notation (`12345e-8`), which
PostgreSQL reads exactly and which costs no Decimal.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Cursor

from base.sql import array_literal
from base.times import moment_of
from exchange.streams import CandleMessage
from journal.candles import UPSERT, TradeSummary, candle_messages, upsert_parameters
from journal.terms import MarketTerms
from matching.engine import Engine
from orders.columns import moment_text, step_parts
from orders.rows import TradeRow
from orders.timeframes import TIMEFRAMES
from orders.vocabulary import SIDES

_COPY_TRADES = """
COPY orders_trade (id, market_id, seq, price, quantity, buyer_id, seller_id, buyer_order_id, seller_order_id,
    taker_side, buyer_fee, seller_fee, buyer_hold, executed_at, settlement_status) FROM STDIN
"""
_DROP_SWITCHES = "DELETE FROM orders_cancelafter WHERE market_id = %s AND user_id = ANY(%s::uuid[])"
_SET_SWITCHES = """
INSERT INTO orders_cancelafter (market_id, user_id, due_at)
SELECT %s, * FROM unnest(%s::uuid[], %s::timestamptz[])
ON CONFLICT (market_id, user_id) DO UPDATE SET due_at = excluded.due_at
"""
# The row must stand where this engine believes it stands: a second writer changes nothing and fails.
_MOVE = """
    UPDATE orders_marketsequence SET last_seq = %(last_seq)s, last_price = %(last_price)s,
        state_hash = %(state_hash)s, batch_id = %(batch_id)s, updated_at = %(now)s,
        trading_state = %(trading_state)s, price_band_ppm = %(band_ppm)s, reference_price = %(reference_price)s,
        max_orders = %(max_orders)s, max_stops = %(max_stops)s, trailing_marks = %(trailing_marks)s,
        edition = %(edition)s, unfinished = %(unfinished)s, journal_hash = %(hash)s
    WHERE market_id = %(market_id)s AND last_seq = %(first_seq)s - 1 RETURNING market_id
"""
_KEEP = """
INSERT INTO orders_journalbatch (id, market_id, first_seq, last_seq, commands, state_hash, hash, created_at)
SELECT %(batch_id)s, %(market_id)s, %(first_seq)s, %(last_seq)s, %(commands)s, %(state_hash)s, %(hash)s, %(now)s
FROM moved
"""
_JOURNAL = f"WITH moved AS ({_MOVE}) {_KEEP}"
_JOURNAL_AND_CANDLES = f"""
WITH moved AS ({_MOVE}), kept AS ({_KEEP}), candles AS ({UPSERT}) SELECT * FROM candles
"""  # noqa: S608  (nothing from outside is formatted in)


def insert_trades(cursor: Cursor[Any], trades: Sequence[TradeRow], terms: MarketTerms) -> None:
    """Write trades, pending settlement."""
    if trades:
        with cursor.copy(_COPY_TRADES) as copy:
            copy.write("".join([_trade_line(trade, terms) for trade in trades]))


def write_switches(cursor: Cursor[Any], switches: Mapping[int, int], terms: MarketTerms) -> None:
    """Write dead man's switches as account id -> due time in ms; 0 takes one away. No query without any."""
    off = [f"{account_id:032x}" for account_id, due_ms in switches.items() if not due_ms]
    on = {f"{account_id:032x}": moment_text(due_ms) for account_id, due_ms in switches.items() if due_ms}
    if off:
        cursor.execute(_DROP_SWITCHES, [terms.market_id, array_literal(off)])
    if on:
        cursor.execute(_SET_SWITCHES, [terms.market_id, array_literal(on), array_literal(on.values())])


def write_journal(
    cursor: Cursor[Any],
    *,
    batch_id: bytes,
    terms: MarketTerms,
    first_seq: int,
    engine: Engine,
    state_hash: str,
    commands: bytes,
    chained: bytes,
    traded: TradeSummary | None,
    now_ms: int,
) -> list[CandleMessage]:
    """Write the journal row and the candles, and move the market's sequence; fails when another writer has moved it.

    `chained` is the batch's hash. Returns the candles of a batch that has trades, one of each timeframe.
    """
    candles = {} if traded is None else upsert_parameters(traded, terms, now_ms)
    cursor.execute(
        _JOURNAL if traded is None else _JOURNAL_AND_CANDLES,
        {
            **candles,
            "batch_id": batch_id.hex(),
            "market_id": terms.market_id,
            "first_seq": first_seq,
            "last_seq": engine.seq,
            "last_price": engine.last_price_ticks * terms.tick_size,
            "trading_state": engine.trading_state.name.lower(),
            "band_ppm": engine.band_ppm,
            "reference_price": engine.reference_price_ticks * terms.tick_size,
            "max_orders": engine.max_orders,
            "max_stops": engine.max_stops,
            "trailing_marks": json.dumps(engine.trailing_marks()),
            "edition": engine.edition,
            "unfinished": json.dumps(engine.unfinished.packed()),
            "state_hash": state_hash,
            "commands": commands,
            "hash": chained,
            "now": moment_of(now_ms),
        },
    )
    assert cursor.rowcount == (len(TIMEFRAMES) if candles else 1), "Invariant: one writer per market"
    return candle_messages(cursor, now_ms) if candles else []


def _trade_line(trade: TradeRow, terms: MarketTerms) -> str:
    quote, (lot, lot_exponent), (tick, tick_exponent) = (
        f"e-{terms.quote_decimals}",
        step_parts(terms.lot_size),
        step_parts(terms.tick_size),
    )
    return (
        f"{trade.id.hex()}\t{trade.market_id}\t{trade.seq}\t{trade.price_ticks * tick}{tick_exponent}"
        f"\t{trade.quantity_lots * lot}{lot_exponent}\t{trade.buyer_id.hex()}\t{trade.seller_id.hex()}"
        f"\t{trade.buyer_order_id.hex()}\t{trade.seller_order_id.hex()}\t{SIDES.name[trade.taker_side]}"
        f"\t{trade.buyer_fee_units}{quote}\t{trade.seller_fee_units}{quote}\t{trade.buyer_hold_units}{quote}"
        f"\t{moment_text(trade.executed_ms)}\tpending\n"
    )
