"""The one way to start: read the open orders in priority order and go on from the last sequence number."""

from collections.abc import Iterable, Iterator

from psycopg import Connection

from base.ids import uuid7_floor
from base.sql import array_literal
from journal.live_order import LiveOrder
from journal.open_orders import OpenOrders
from journal.order_table import READ_ORDERS, live_order, read_orders_parameters
from journal.recent_orders import RecentOrders
from journal.terms import MarketTerms
from matching.engine import (
    Engine,
    RestoredOrder,
    RestoredSpecial,
    Side,
    TradingState,
    Unfinished,
)
from matching.timing import REMEMBERED_MS
from orders.lifecycle import PENDING
from orders.rows import NO_EXTRAS, OrderExtras
from orders.vocabulary import GROUP_ROLES, ORDER_TYPES, SIDES, TIMES_IN_FORCE

_FIRST_START = """
INSERT INTO orders_marketsequence
    (market_id, last_seq, last_price, state_hash, trading_state, price_band_ppm, reference_price)
VALUES (%s, 0, 0, '', 'continuous', 0, 0) ON CONFLICT DO NOTHING
"""
_SEQUENCE = """
SELECT last_seq, last_price, state_hash, trading_state, price_band_ppm, reference_price, max_orders, max_stops,
    trailing_marks, edition, unfinished, (extract(epoch FROM clock_timestamp()) * 1000)::bigint
FROM orders_marketsequence WHERE market_id = %s
"""
# Sorting what the index of the book gives is cheaper than an index kept in priority order would be to write.
_OPEN_ORDERS = READ_ORDERS + "ORDER BY priority"
# Never prepared: with the ids at hand the planner leaves out the partitions that cannot have them.
_SOME_ORDERS = READ_ORDERS + "AND id = ANY(%(ids)s::uuid[])"
_SWITCHES = """
SELECT uuid_send(user_id), (extract(epoch FROM due_at) * 1000)::bigint FROM orders_cancelafter WHERE market_id = %s
"""
_RECENT = "SELECT uuid_send(id) FROM orders_order WHERE market_id = %s AND id >= %s"
_PIECE = 10_000
_SIDE = SIDES.member


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
    max_orders, max_stops, trailing_marks, edition, unfinished, now_ms = rest
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
        edition=edition,
        unfinished=Unfinished.unpacked(unfinished),
    )
    _check_hash(engine, state_hash, terms)
    return engine, open_orders, now_ms


def _check_hash(engine: Engine, stored: str, terms: MarketTerms) -> None:
    found = engine.state_hash_text()
    if stored and stored != found:
        raise RecoveryError(f"{terms.symbol}: the open orders give state hash {found}, the last batch left {stored}")


def _open_orders(connection: Connection, terms: MarketTerms) -> Iterator[LiveOrder]:
    # Read in pieces: the rows of a million orders need not be in memory beside the orders themselves.
    with connection.cursor(name="open_orders", binary=True) as cursor:
        cursor.itersize = _PIECE
        cursor.execute(_OPEN_ORDERS, read_orders_parameters(terms))
        for row in cursor:
            yield live_order(row)


def some_orders(connection: Connection, terms: MarketTerms, order_ids: Iterable[int]) -> list[LiveOrder]:
    """Return those of some orders that are open. One query, by primary key."""
    ids = array_literal(f"{order_id:032x}" for order_id in order_ids)
    with connection.cursor(binary=True) as cursor:
        cursor.execute(_SOME_ORDERS, {**read_orders_parameters(terms), "ids": ids}, prepare=False)
        return [live_order(row) for row in cursor]


def _restored(order_id: int, order: LiveOrder) -> RestoredOrder:
    is_plain = order.extras is None and not order.post_only
    return RestoredOrder(
        order_id=order_id,
        account_id=int.from_bytes(order.user_id),
        side=_SIDE[order.side],
        price_ticks=order.price_ticks,
        quantity_lots=order.quantity_lots,
        remaining_lots=order.remaining_lots,
        priority=order.priority,
        special=None if is_plain else _special(order, order.extras or NO_EXTRAS),
    )


def _special(order: LiveOrder, extras: OrderExtras) -> RestoredSpecial:
    return RestoredSpecial(
        type=ORDER_TYPES.member[order.type],
        time_in_force=TIMES_IN_FORCE.member[order.time_in_force],
        post_only=order.post_only,
        instructions=extras.instructions,
        visible_lots=extras.visible_lots,
        is_resting=order.status != PENDING,
        group_id=int.from_bytes(extras.group_id) if extras.group_id else 0,
        group_role=GROUP_ROLES.member_named.get(extras.group_role),
    )


def switches(connection: Connection, terms: MarketTerms) -> dict[int, int]:
    """Return when each dead man's switch goes off, by account. One query."""
    rows = connection.execute(_SWITCHES, [terms.market_id], binary=True)
    return {int.from_bytes(user_id): due_ms for user_id, due_ms in rows}


def recent_orders(connection: Connection, terms: MarketTerms, now_ms: int) -> RecentOrders:
    """Return the ids of the orders of the last seconds, which may arrive a second time. One query."""
    since = uuid7_floor(now_ms - REMEMBERED_MS)
    rows = connection.execute(_RECENT, [terms.market_id, since], binary=True)
    return RecentOrders((order_id for (order_id,) in rows), now_ms)
