"""The SQL of a batch: COPY for what is new, set-based updates for what changed, one row that moves the market on.

Numbers are sent as text in exponent notation (`12345e-8`), which PostgreSQL reads exactly and which costs no Decimal.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from psycopg import Cursor

from exchange.scaling import decimals_of
from matching.codec import encode_commands
from matching.engine import Command, Engine, Side
from orders.journal.live import LiveOrder
from orders.journal.terms import MarketTerms
from orders.rows import SIDE_NAMES, TIF_NAMES, TYPE_NAMES, TradeRow

_NULL = r"\N"

_COPY_ORDERS = """
COPY orders_order (id, market_id, user_id, client_order_id, side, type, time_in_force, post_only, price, quantity,
    quote_quantity, filled_quantity, filled_quote, fee_paid, held, maker_fee_ppm, taker_fee_ppm, status, reason,
    priority, created_at, updated_at) FROM STDIN
"""
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
# The row must stand where this engine believes it stands: a second writer changes nothing and fails.
_JOURNAL = """
WITH moved AS (
    UPDATE orders_marketsequence SET last_seq = %(last_seq)s, last_price = %(last_price)s,
        state_hash = %(state_hash)s, batch_id = %(batch_id)s, updated_at = %(now)s,
        trading_state = %(trading_state)s, price_band_ppm = %(band_ppm)s, reference_price = %(reference_price)s
    WHERE market_id = %(market_id)s AND last_seq = %(first_seq)s - 1 RETURNING 1
)
INSERT INTO orders_journalbatch (id, market_id, first_seq, last_seq, commands, state_hash, created_at)
SELECT %(batch_id)s, %(market_id)s, %(first_seq)s, %(last_seq)s, %(commands)s, %(state_hash)s, %(now)s FROM moved
"""


def timestamp(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)


def insert_orders(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms) -> None:
    """Write new orders in their state at the end of the batch."""
    if orders:
        with cursor.copy(_COPY_ORDERS) as copy:
            copy.write("".join([_order_line(order, terms) for order in orders]))


def insert_trades(cursor: Cursor[Any], trades: Sequence[TradeRow], terms: MarketTerms) -> None:
    """Write trades, pending settlement."""
    if trades:
        with cursor.copy(_COPY_TRADES) as copy:
            copy.write("".join([_trade_line(trade, terms) for trade in trades]))


def update_orders(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms, now_ms: int) -> None:
    """Write what changed on orders that were stored before this batch."""
    if not orders:
        return
    ids = [order.id.hex() for order in orders]
    quote, lot = f"e-{terms.quote_decimals}", _step(terms.lot_size)
    held = [f"{order.held_units}e-{_held_decimals(order, terms)}" for order in orders]
    cursor.execute(
        _UPDATE_ORDERS,
        [
            timestamp(now_ms),
            _array(ids),
            _array([f"{order.filled_lots * lot[0]}{lot[1]}" for order in orders]),
            _array([f"{order.filled_units}{quote}" for order in orders]),
            _array([f"{order.fee_units}{quote}" for order in orders]),
            _array(held),
            _array([order.status for order in orders]),
            _array([order.reason or '""' for order in orders]),
        ],
        prepare=False,
    )
    assert cursor.rowcount == len(orders), "Invariant: every order of the book is stored"


def write_journal(
    cursor: Cursor[Any],
    *,
    batch_id: bytes,
    terms: MarketTerms,
    first_seq: int,
    engine: Engine,
    state_hash: str,
    commands: Sequence[Command],
    now_ms: int,
) -> None:
    """Write the journal row and move the market's sequence; fails when another writer has moved it."""
    cursor.execute(
        _JOURNAL,
        {
            "batch_id": batch_id.hex(),
            "market_id": terms.market_id,
            "first_seq": first_seq,
            "last_seq": engine.seq,
            "last_price": engine.last_price_ticks * terms.tick_size,
            "trading_state": engine.trading_state.name.lower(),
            "band_ppm": engine.band_ppm,
            "reference_price": engine.reference_price_ticks * terms.tick_size,
            "state_hash": state_hash,
            "commands": encode_commands(commands),
            "now": timestamp(now_ms),
        },
    )
    assert cursor.rowcount == 1, "Invariant: one writer per market"


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
        f"\t{_time_text(order.created_ms)}\t{_time_text(order.updated_ms)}\n"
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
