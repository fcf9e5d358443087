"""Brackets whose entry has ended: their exits can work as soon as what the entry bought or sold is settled."""

from psycopg import Connection

from base.ids import uuid7_floor
from base.sql import array_literal
from journal.open_orders import OpenOrders
from journal.terms import MarketTerms
from matching.engine import Engine

# Of the market's trades only those that wait for settlement are read, by the partial index `trade_unsettled`: a few,
# however many its accounts have made.
_UNSETTLED = """
SELECT uuid_send(buyer_order_id), uuid_send(seller_order_id) FROM orders_trade
WHERE market_id = %s AND settlement_status <> 'settled' AND id >= %s
    AND (buyer_order_id = ANY(%s::uuid[]) OR seller_order_id = ANY(%s::uuid[]))
"""


def ready_brackets(connection: Connection, terms: MarketTerms, engine: Engine, open_orders: OpenOrders) -> list[int]:
    """Return the entries of armed brackets all of whose trades are settled. One query, none without such brackets.

    A trade whose settlement has failed for good leaves its bracket waiting until staff mend it. One that was closed by
    an adjustment leaves it waiting until its owner cancels it: what the exits would sell may have been given back.
    """
    armed = list(engine.armed_brackets())
    if not armed:
        return []
    created = [order.created_ms for entry_id in armed for order in open_orders.exits_of(entry_id)]
    ids = array_literal(f"{entry_id:032x}" for entry_id in armed)
    rows = connection.execute(_UNSETTLED, [terms.market_id, uuid7_floor(min(created)), ids, ids], binary=True)
    unsettled = {int.from_bytes(order_id) for row in rows for order_id in row}
    return [entry_id for entry_id in armed if entry_id not in unsettled]
