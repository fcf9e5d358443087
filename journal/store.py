"""The SQL of a batch: COPY for what is new, set-based updates for what changed, one row that moves the market on.

Most orders are plain limit and market orders, of which only fills change. They have statements of their own; those with
extras, or whose price or quantity changed, have wider ones. Numbers are sent as text in exponent notation (`12345e-8`),
which PostgreSQL reads exactly and which costs no Decimal.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from psycopg import Cursor

from base.scaling import decimals_of
from exchange.streams import CandleMessage
from journal.candles import UPSERT, TradeSummary, candle_messages, upsert_parameters
from journal.live import LiveOrder
from journal.terms import MarketTerms
from matching.codec import encode_commands
from matching.engine import Command, Engine, Side
from orders.rows import SIDE_NAMES, STP_NAMES, TIF_NAMES, TYPE_NAMES, OrderExtras, TradeRow
from orders.timeframes import TIMEFRAMES

_NULL = r"\N"

_ORDER_COLUMNS = """id, market_id, user_id, client_order_id, side, type, time_in_force, post_only, price, quantity,
    quote_quantity, filled_quantity, filled_quote, fee_paid, held, maker_fee_ppm, taker_fee_ppm, status, reason,
    priority, created_at, updated_at"""
_EXTRA_COLUMNS = """stop_price, trailing_amount, trailing_ppm, display_quantity, visible_quantity, expire_at,
    self_trade_prevention, reprice, group_id, group_role, triggered_at"""
_COPY_ORDERS = f"COPY orders_order ({_ORDER_COLUMNS}) FROM STDIN"
_COPY_WIDE_ORDERS = f"COPY orders_order ({_ORDER_COLUMNS}, {_EXTRA_COLUMNS}) FROM STDIN"
_COPY_TRADES = """
COPY orders_trade (id, market_id, seq, price, quantity, buyer_id, seller_id, buyer_order_id, seller_order_id,
    taker_side, buyer_fee, seller_fee, buyer_hold, executed_at, settlement_status) FROM STDIN
"""
# Never prepared: a plan made while the table was small would stay for the session. PostgreSQL prunes the partitions
# while it runs; bounds on the id would tempt it to read all orders between them.
_UPDATE_ORDERS = """
UPDATE orders_order o SET filled_quantity = v.filled_quantity, filled_quote = v.filled_quote, fee_paid = v.fee_paid,
    held = v.held, status = v.status, reason = v.reason, updated_at = %s
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::text[])
    AS v (id, filled_quantity, filled_quote, fee_paid, held, status, reason)
WHERE o.id = v.id
"""
_UPDATE_WIDE_ORDERS = """
UPDATE orders_order o SET filled_quantity = v.filled_quantity, filled_quote = v.filled_quote, fee_paid = v.fee_paid,
    held = v.held, status = v.status, reason = v.reason, updated_at = %s, price = v.price, quantity = v.quantity,
    priority = v.priority, stop_price = v.stop_price, visible_quantity = v.visible_quantity,
    triggered_at = v.triggered_at
FROM unnest(%s::uuid[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::text[], %s::text[],
        %s::numeric[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[], %s::timestamptz[])
    AS v (id, filled_quantity, filled_quote, fee_paid, held, status, reason, price, quantity, priority, stop_price,
        visible_quantity, triggered_at)
WHERE o.id = v.id
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
        max_orders = %(max_orders)s, max_stops = %(max_stops)s, trailing_marks = %(trailing_marks)s
    WHERE market_id = %(market_id)s AND last_seq = %(first_seq)s - 1 RETURNING market_id
"""
_KEEP = """
INSERT INTO orders_journalbatch (id, market_id, first_seq, last_seq, commands, state_hash, created_at)
SELECT %(batch_id)s, %(market_id)s, %(first_seq)s, %(last_seq)s, %(commands)s, %(state_hash)s, %(now)s FROM moved
"""
_JOURNAL = f"WITH moved AS ({_MOVE}) {_KEEP}"
_JOURNAL_AND_CANDLES = f"""
WITH moved AS ({_MOVE}), kept AS ({_KEEP}), candles AS ({UPSERT}) SELECT * FROM candles
"""  # noqa: S608  (nothing from outside is formatted in)


def timestamp(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def insert_orders(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms) -> None:
    """Write new orders in their state at the end of the batch."""
    plain = [_order_line(order, terms) for order in orders if order.extras is None]
    wide = [_wide_line(order, order.extras, terms) for order in orders if order.extras is not None]
    for statement, lines in ((_COPY_ORDERS, plain), (_COPY_WIDE_ORDERS, wide)):
        if lines:
            lines.append("")
            with cursor.copy(statement) as copy:
                copy.write("\n".join(lines))


def insert_trades(cursor: Cursor[Any], trades: Sequence[TradeRow], terms: MarketTerms) -> None:
    """Write trades, pending settlement."""
    if trades:
        with cursor.copy(_COPY_TRADES) as copy:
            copy.write("".join([_trade_line(trade, terms) for trade in trades]))


def update_orders(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms, now_ms: int) -> None:
    """Write what changed on orders that were stored before this batch."""
    filled = [order for order in orders if not order.is_reshaped]
    reshaped = [order for order in orders if order.is_reshaped]
    if filled:
        _update(cursor, _UPDATE_ORDERS, filled, _fill_columns(filled, terms), now_ms)
    if reshaped:
        columns = _fill_columns(reshaped, terms) + _shape_columns(reshaped, terms)
        _update(cursor, _UPDATE_WIDE_ORDERS, reshaped, columns, now_ms)


def write_switches(cursor: Cursor[Any], switches: Mapping[int, int], terms: MarketTerms) -> None:
    """Write dead man's switches as account id -> due time in ms; 0 takes one away. No query without any."""
    off = [f"{account_id:032x}" for account_id, due_ms in switches.items() if not due_ms]
    on = {f"{account_id:032x}": f'"{_time_text(due_ms)}"' for account_id, due_ms in switches.items() if due_ms}
    if off:
        cursor.execute(_DROP_SWITCHES, [terms.market_id, _array(off)])
    if on:
        cursor.execute(_SET_SWITCHES, [terms.market_id, _array(list(on)), _array(list(on.values()))])


def write_journal(
    cursor: Cursor[Any],
    *,
    batch_id: bytes,
    terms: MarketTerms,
    first_seq: int,
    engine: Engine,
    state_hash: str,
    commands: Sequence[Command],
    traded: TradeSummary | None,
    now_ms: int,
) -> list[CandleMessage]:
    """Write the journal row and the candles, and move the market's sequence; fails when another writer has moved it.

    Returns the candles of a batch that has trades, one of each timeframe.
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
            "state_hash": state_hash,
            "commands": encode_commands(commands),
            "now": timestamp(now_ms),
        },
    )
    assert cursor.rowcount == (len(TIMEFRAMES) if candles else 1), "Invariant: one writer per market"
    return candle_messages(cursor, now_ms) if candles else []


def _update(cursor: Cursor[Any], statement: str, orders: Sequence[LiveOrder], columns: list[str], now_ms: int) -> None:
    cursor.execute(statement, [timestamp(now_ms), *columns], prepare=False)
    assert cursor.rowcount == len(orders), "Invariant: every order of the book is stored"


def _fill_columns(orders: Sequence[LiveOrder], terms: MarketTerms) -> list[str]:
    quote, lot = f"e-{terms.quote_decimals}", _step(terms.lot_size)
    return [
        _array([order.id.hex() for order in orders]),
        _array([f"{order.filled_lots * lot[0]}{lot[1]}" for order in orders]),
        _array([f"{order.filled_units}{quote}" for order in orders]),
        _array([f"{order.fee_units}{quote}" for order in orders]),
        _array([f"{order.held_units}e-{_held_decimals(order, terms)}" for order in orders]),
        _array([order.status for order in orders]),
        _array([order.reason or '""' for order in orders]),
    ]


def _shape_columns(orders: Sequence[LiveOrder], terms: MarketTerms) -> list[str]:
    lot, tick = _step(terms.lot_size), _step(terms.tick_size)
    extras = [order.extras or OrderExtras() for order in orders]
    return [
        _array([_steps(order.price_ticks, tick, "NULL") for order in orders]),
        _array([_steps(order.quantity_lots, lot, "NULL") for order in orders]),
        _array([str(order.priority) for order in orders]),
        _array([_steps(extra.stop_price_ticks, tick, "NULL") for extra in extras]),
        _array([_steps(extra.visible_lots, lot, "NULL") for extra in extras]),
        _array([f'"{_time_text(extra.triggered_ms)}"' if extra.triggered_ms else "NULL" for extra in extras]),
    ]


def _order_line(order: LiveOrder, terms: MarketTerms) -> str:
    quote, (lot, lot_exponent), (tick, tick_exponent) = (
        f"e-{terms.quote_decimals}",
        _step(terms.lot_size),
        _step(terms.tick_size),
    )
    price = f"{order.price_ticks * tick}{tick_exponent}" if order.price_ticks else _NULL
    quantity = f"{order.quantity_lots * lot}{lot_exponent}" if order.quantity_lots else _NULL
    budget = f"{order.budget_units}{quote}" if order.budget_units else _NULL
    return (
        f"{order.id.hex()}\t{order.market_id}\t{order.user_id.hex()}\t{order.client_order_id or _NULL}"
        f"\t{SIDE_NAMES[order.side]}\t{TYPE_NAMES[order.type]}\t{TIF_NAMES[order.time_in_force]}"
        f"\t{'t' if order.post_only else 'f'}\t{price}\t{quantity}\t{budget}"
        f"\t{order.filled_lots * lot}{lot_exponent}\t{order.filled_units}{quote}\t{order.fee_units}{quote}"
        f"\t{order.held_units}e-{_held_decimals(order, terms)}\t{order.maker_fee_ppm}\t{order.taker_fee_ppm}"
        f"\t{order.status}\t{order.reason}\t{order.priority}"
        f"\t{_time_text(order.created_ms)}\t{_time_text(order.updated_ms)}"
    )


def _wide_line(order: LiveOrder, extras: OrderExtras, terms: MarketTerms) -> str:
    lot, tick = _step(terms.lot_size), _step(terms.tick_size)
    return (
        f"{_order_line(order, terms)}\t{_steps(extras.stop_price_ticks, tick)}\t{_steps(extras.trail_ticks, tick)}"
        f"\t{extras.trail_ppm or _NULL}\t{_steps(extras.display_lots, lot)}\t{_steps(extras.visible_lots, lot)}"
        f"\t{_time_text(extras.expire_ms) if extras.expire_ms else _NULL}"
        f"\t{STP_NAMES[extras.self_trade_prevention]}\t{'t' if extras.reprice else 'f'}"
        f"\t{extras.group_id.hex() if extras.group_id else _NULL}\t{extras.group_role}"
        f"\t{_time_text(extras.triggered_ms) if extras.triggered_ms else _NULL}"
    )


def _trade_line(trade: TradeRow, terms: MarketTerms) -> str:
    quote, (lot, lot_exponent), (tick, tick_exponent) = (
        f"e-{terms.quote_decimals}",
        _step(terms.lot_size),
        _step(terms.tick_size),
    )
    return (
        f"{trade.id.hex()}\t{trade.market_id}\t{trade.seq}\t{trade.price_ticks * tick}{tick_exponent}"
        f"\t{trade.quantity_lots * lot}{lot_exponent}\t{trade.buyer_id.hex()}\t{trade.seller_id.hex()}"
        f"\t{trade.buyer_order_id.hex()}\t{trade.seller_order_id.hex()}\t{SIDE_NAMES[trade.taker_side]}"
        f"\t{trade.buyer_fee_units}{quote}\t{trade.seller_fee_units}{quote}\t{trade.buyer_hold_units}{quote}"
        f"\t{_time_text(trade.executed_ms)}\tpending\n"
    )


def _held_decimals(order: LiveOrder, terms: MarketTerms) -> int:
    return terms.quote_decimals if order.side == Side.BUY else terms.base_decimals


def _steps(count: int, step: tuple[int, str], none: str = _NULL) -> str:
    return f"{count * step[0]}{step[1]}" if count else none


def _array(values: Sequence[str]) -> str:
    return "{" + ",".join(values) + "}"


@lru_cache(maxsize=256)
def _step(step: Decimal) -> tuple[int, str]:
    """Split a tick or lot size into a whole factor and an exponent: 0.05 -> (5, "e-2")."""
    decimals = decimals_of(step)
    return int(step.scaleb(decimals)), f"e-{decimals}"


@lru_cache(maxsize=64)
def _time_text(time_ms: int) -> str:
    return timestamp(time_ms).isoformat()
