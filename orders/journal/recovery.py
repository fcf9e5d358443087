"""The one way to start: read the open orders in priority order and go on from the last sequence number."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from psycopg import Connection

from exchange.ids import uuid7_floor
from matching.engine import (
    PLAIN,
    Engine,
    GroupRole,
    Instructions,
    OrderType,
    RestoredOrder,
    RestoredSpecial,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TradingState,
)
from matching.timing import REMEMBERED_MS
from orders.journal.live import LiveOrder
from orders.journal.open_orders import OpenOrders
from orders.journal.recent import RecentOrders
from orders.journal.terms import MarketTerms
from orders.lifecycle import PENDING
from orders.rows import SIDE_NAMES, TIF_NAMES, TYPE_NAMES, OrderExtras

_FIRST_START = """
INSERT INTO orders_marketsequence
    (market_id, last_seq, last_price, state_hash, trading_state, price_band_ppm, reference_price)
VALUES (%s, 0, 0, '', 'continuous', 0, 0) ON CONFLICT DO NOTHING
"""
_SEQUENCE = """
SELECT last_seq, last_price, state_hash, trading_state, price_band_ppm, reference_price, max_orders, max_stops,
    trailing_marks, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM orders_marketsequence WHERE market_id = %s
"""
# Sorting what the index of the book gives is cheaper than an index kept in priority order would be to write.
_COLUMNS = """
SELECT uuid_send(id), uuid_send(user_id), client_order_id, side, type, time_in_force, post_only,
    coalesce(price / %(tick)s, 0)::bigint, coalesce(quantity / %(lot)s, 0)::bigint,
    coalesce(quote_quantity * %(quote)s, 0)::bigint, (filled_quantity / %(lot)s)::bigint,
    (filled_quote * %(quote)s)::bigint, (fee_paid * %(quote)s)::bigint,
    (held * CASE side WHEN 'buy' THEN %(quote)s ELSE %(base)s END)::bigint,
    maker_fee_ppm, taker_fee_ppm, status, reason, priority,
    (extract(epoch FROM created_at) * 1000)::bigint, (extract(epoch FROM updated_at) * 1000)::bigint,
    CASE WHEN stop_price IS NOT NULL OR display_quantity IS NOT NULL OR expire_at IS NOT NULL OR reprice
        OR self_trade_prevention <> 'cancel_newest' OR group_id IS NOT NULL THEN jsonb_build_array(
            coalesce(stop_price / %(tick)s, 0)::bigint, coalesce(trailing_amount / %(tick)s, 0)::bigint,
            coalesce(trailing_ppm, 0), coalesce(display_quantity / %(lot)s, 0)::bigint,
            coalesce(visible_quantity / %(lot)s, 0)::bigint,
            coalesce(extract(epoch FROM expire_at) * 1000, 0)::bigint, self_trade_prevention, reprice,
            group_id, group_role, coalesce(extract(epoch FROM triggered_at) * 1000, 0)::bigint
        ) END
FROM orders_order
WHERE market_id = %(market_id)s AND status IN ('open', 'partially_filled', 'pending')
"""
_OPEN_ORDERS = _COLUMNS + "ORDER BY priority"
# Never prepared: with the ids at hand the planner leaves out the partitions that cannot have them.
_SOME_ORDERS = _COLUMNS + "AND id = ANY(%(ids)s::uuid[])"
_SWITCHES = """
SELECT uuid_send(user_id), (extract(epoch FROM due_at) * 1000)::bigint FROM orders_cancelafter WHERE market_id = %s
"""
_RECENT = "SELECT uuid_send(id) FROM orders_order WHERE market_id = %s AND id >= %s"
_PIECE = 10_000
_SIDES = {side.value: side for side in Side}
_SIDE_VALUES = {name: value for value, name in SIDE_NAMES.items()}
_TYPE_VALUES = {name: value for value, name in TYPE_NAMES.items()}
_TIF_VALUES = {name: value for value, name in TIF_NAMES.items()}
_MODES = {mode.name.lower(): mode for mode in SelfTradePrevention}
_ROLES = {role.name.lower(): role for role in GroupRole}


class RecoveryError(Exception):
    """The stored orders are not the book that the last batch left."""


def recover(connection: Connection, terms: MarketTerms) -> tuple[Engine, OpenOrders, RecentOrders]:
    """Return the engine, its open orders and the ids of the last seconds, as of the last committed batch.

    Linear in the number of open orders. Raises RecoveryError when the engine's hash is not the stored one.
    """
    connection.execute(_FIRST_START, [terms.market_id])
    restored = restore(connection, terms)
    assert restored is not None, "Invariant: a market that was started has a sequence row"
    engine, open_orders, now_ms = restored
    return engine, open_orders, recent_orders(connection, terms, now_ms)


def restore(connection: Connection, terms: MarketTerms) -> tuple[Engine, OpenOrders, int] | None:
    """Return the engine, its open orders and the time in ms, as one snapshot has them; None before the first start.

    Only reads: in a transaction of one snapshot it needs no lock. Raises RecoveryError like `recover`.
    """
    sequence = connection.execute(_SEQUENCE, [terms.market_id]).fetchone()
    if sequence is None:
        return None
    last_seq, last_price, state_hash, trading_state, band_ppm, reference_price, *rest = sequence
    max_orders, max_stops, trailing_marks, now_ms = rest
    open_orders = OpenOrders(_open_orders(connection, terms))
    engine = Engine.restore(
        (_restored(order_id, order) for order_id, order in open_orders.by_id.items()),
        seq=last_seq,
        trading_state=TradingState[trading_state.upper()],
        band_ppm=band_ppm,
        reference_price_ticks=int(reference_price / terms.tick_size),
        last_price_ticks=int(last_price / terms.tick_size),
        max_orders=max_orders,
        max_stops=max_stops,
        trailing_marks=[(Side(side), first_priority, mark) for side, first_priority, mark in trailing_marks],
        cancel_after=switches(connection, terms),
    )
    _check_hash(engine, state_hash, terms)
    return engine, open_orders, now_ms


def _check_hash(engine: Engine, stored: str, terms: MarketTerms) -> None:
    found = f"{engine.state_hash():016x}"
    if stored and stored != found:
        raise RecoveryError(f"{terms.symbol}: the open orders give state hash {found}, the last batch left {stored}")


def _open_orders(connection: Connection, terms: MarketTerms) -> Iterator[LiveOrder]:
    # Read in pieces: the rows of a million orders need not be in memory beside the orders themselves.
    with connection.cursor(name="open_orders", binary=True) as cursor:
        cursor.itersize = _PIECE
        cursor.execute(_OPEN_ORDERS, _parameters(terms))
        for row in cursor:
            yield _live_order(row, terms.market_id)


def some_orders(connection: Connection, terms: MarketTerms, order_ids: Iterable[int]) -> list[LiveOrder]:
    """Return those of some orders that are open. One query, by primary key."""
    ids = "{" + ",".join(f"{order_id:032x}" for order_id in order_ids) + "}"
    with connection.cursor(binary=True) as cursor:
        cursor.execute(_SOME_ORDERS, {**_parameters(terms), "ids": ids}, prepare=False)
        return [_live_order(row, terms.market_id) for row in cursor]


def _parameters(terms: MarketTerms) -> dict[str, Any]:
    return {
        "market_id": terms.market_id,
        "tick": terms.tick_size,
        "lot": terms.lot_size,
        "quote": 10**terms.quote_decimals,
        "base": 10**terms.base_decimals,
    }


def _live_order(row: tuple[Any, ...], market_id: int) -> LiveOrder:
    order_id, user_id, client_order_id, side, order_type, time_in_force, *others, extras = row
    fields = (
        order_id,
        market_id,
        user_id,
        client_order_id,
        _SIDE_VALUES[side],
        _TYPE_VALUES[order_type],
        _TIF_VALUES[time_in_force],
        *others,
        others[12],  # its priority; nothing happened to it since
        None if extras is None else _extras(*extras),
    )
    return LiveOrder(fields, is_stored=True)


def _extras(
    stop_price_ticks: int,
    trail_ticks: int,
    trail_ppm: int,
    display_lots: int,
    visible_lots: int,
    expire_ms: int,
    mode: str,
    reprice: bool,
    group_id: str | None,
    group_role: str,
    triggered_ms: int,
) -> OrderExtras:
    return OrderExtras(
        stop_price_ticks,
        trail_ticks,
        trail_ppm,
        display_lots,
        visible_lots,
        expire_ms,
        _MODES[mode].value,
        reprice,
        UUID(group_id).bytes if group_id else None,
        group_role,
        triggered_ms,
    )


def _restored(order_id: int, order: LiveOrder) -> RestoredOrder:
    is_plain = order.extras is None and not order.post_only
    return RestoredOrder(
        order_id,
        int.from_bytes(order.user_id),
        _SIDES[order.side],
        order.price_ticks,
        order.quantity_lots,
        order.remaining_lots,
        order.priority,
        None if is_plain else _special(order, order.extras or OrderExtras()),
    )


def _special(order: LiveOrder, extras: OrderExtras) -> RestoredSpecial:
    instructions = Instructions(
        extras.stop_price_ticks,
        extras.trail_ticks,
        extras.trail_ppm,
        extras.display_lots,
        extras.expire_ms,
        SelfTradePrevention(extras.self_trade_prevention),
        extras.reprice,
    )
    return RestoredSpecial(
        OrderType(order.type),
        TimeInForce(order.time_in_force),
        order.post_only,
        PLAIN if instructions == PLAIN else instructions,
        extras.visible_lots,
        order.status != PENDING,
        int.from_bytes(extras.group_id) if extras.group_id else 0,
        _ROLES.get(extras.group_role),
    )


def switches(connection: Connection, terms: MarketTerms) -> dict[int, int]:
    """Return when each dead man's switch that is on falls, by account. One query."""
    rows = connection.execute(_SWITCHES, [terms.market_id], binary=True)
    return {int.from_bytes(user_id): due_ms for user_id, due_ms in rows}


def recent_orders(connection: Connection, terms: MarketTerms, now_ms: int) -> RecentOrders:
    """Return the ids of the orders of the last seconds, which may arrive a second time. One query."""
    since = uuid7_floor(now_ms - REMEMBERED_MS)
    rows = connection.execute(_RECENT, [terms.market_id, since], binary=True)
    return RecentOrders((order_id for (order_id,) in rows), now_ms)
