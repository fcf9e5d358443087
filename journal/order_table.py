"""The stored orders: the statements that write and read them, made from the one definition in `orders.rows`.

Most orders are plain limit and market orders, of which only fills change. They have statements of their own; orders
with extras, and orders whose price or quantity changed, have longer ones.
"""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Final

from psycopg import Cursor

from base.scaling import MarketScale
from base.sql import array_literal
from journal.live_order import LiveOrder
from journal.terms import MarketTerms
from orders.columns import NULL, Changes, read_parameters
from orders.rows import EXTRA_FIELDS, NO_EXTRAS, ORDER_FIELDS, Field, OrderExtras, OrderRow

__all__ = ["READ_ORDERS", "insert_orders", "live_order", "read_orders_parameters", "update_orders"]

_KEY: Final = ORDER_FIELDS[:1]


def _changed(fields: Sequence[Field], *kinds: Changes) -> tuple[Field, ...]:
    return tuple(field for field in fields if field.column.changes in kinds)


_BY_FILLS: Final = _KEY + _changed(ORDER_FIELDS, Changes.BY_FILLS)
_BY_EVENTS: Final = _changed(ORDER_FIELDS, Changes.BY_EVENTS)
_EXTRAS_BY_EVENTS: Final = _changed(EXTRA_FIELDS, Changes.BY_EVENTS)


# --- SQL --------------------------------------------------------------------------------------------


def _copy(fields: Sequence[Field]) -> str:
    return f"COPY orders_order ({', '.join(field.column.name for field in fields)}) FROM STDIN"


def _update(fields: Sequence[Field]) -> str:
    names = [field.column.name for field in fields]
    changes = ", ".join(f"{name} = v.{name}" for name in names[1:])
    arrays = ", ".join(f"%s::{field.column.sql_type}[]" for field in fields)
    return f"UPDATE orders_order o SET {changes} FROM unnest({arrays}) AS v ({', '.join(names)}) WHERE o.id = v.id"  # noqa: S608  (names of our own columns)


def _read() -> str:
    columns = ", ".join(column.read() for _, column in ORDER_FIELDS)
    has_extras = " OR ".join(column.is_set() for _, column in EXTRA_FIELDS)
    extras = ", ".join(column.read_as_json() for _, column in EXTRA_FIELDS)
    return (
        f"SELECT {columns}, CASE WHEN {has_extras} THEN jsonb_build_array({extras}) END"  # noqa: S608  (as above)
        " FROM orders_order WHERE market_id = %(market_id)s AND status IN ('open', 'partially_filled', 'pending') "
    )


_COPY_PLAIN: Final = _copy(ORDER_FIELDS)
_COPY_WITH_EXTRAS: Final = _copy(ORDER_FIELDS + EXTRA_FIELDS)
# Never prepared: a plan made while the table was small would stay for the session. PostgreSQL prunes the partitions
# while it runs; bounds on the id would tempt it to read all orders between them.
_UPDATE_FILLED: Final = _update(_BY_FILLS)
_UPDATE_RESHAPED: Final = _update(_BY_FILLS + _BY_EVENTS + _EXTRAS_BY_EVENTS)
READ_ORDERS: Final = _read()
"""The open orders of a market as `live_order` takes them; needs `read_orders_parameters`."""


# --- writing ----------------------------------------------------------------------------------------


def _columns(
    orders: Sequence[LiveOrder], scale: MarketScale, fields: Sequence[Field], extra_fields: Sequence[Field] = ()
) -> list[list[str]]:
    """Return columns of orders, then columns of their extras, as texts."""
    sides = [order.side for order in orders]
    columns = _texts(orders, scale, sides, fields)
    if extra_fields:
        columns += _texts([order.extras or NO_EXTRAS for order in orders], scale, sides, extra_fields)
    return columns


def _texts(
    rows: Sequence[OrderRow | OrderExtras], scale: MarketScale, sides: Sequence[int], fields: Sequence[Field]
) -> list[list[str]]:
    values = zip(*map(attrgetter(*[field.name for field in fields]), rows), strict=True)
    return [field.column.write(column, scale, sides) for field, column in zip(fields, values, strict=True)]


def insert_orders(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms) -> None:
    """Write new orders in their state at the end of the batch."""
    plain = [order for order in orders if order.extras is None]
    others = [order for order in orders if order.extras is not None]
    if plain:
        _copy_in(cursor, _COPY_PLAIN, _columns(plain, terms.scale, ORDER_FIELDS))
    if others:
        _copy_in(cursor, _COPY_WITH_EXTRAS, _columns(others, terms.scale, ORDER_FIELDS, EXTRA_FIELDS))


def update_orders(cursor: Cursor[Any], orders: Sequence[LiveOrder], terms: MarketTerms) -> None:
    """Write what changed on orders that were stored before this batch."""
    filled = [order for order in orders if not order.is_reshaped]
    reshaped = [order for order in orders if order.is_reshaped]
    if filled:
        _execute(cursor, _UPDATE_FILLED, _columns(filled, terms.scale, _BY_FILLS))
    if reshaped:
        columns = _columns(reshaped, terms.scale, _BY_FILLS + _BY_EVENTS, _EXTRAS_BY_EVENTS)
        _execute(cursor, _UPDATE_RESHAPED, columns)


def _copy_in(cursor: Cursor[Any], statement: str, columns: Sequence[Sequence[str]]) -> None:
    with cursor.copy(statement) as copy:
        copy.write("\n".join([*map("\t".join, zip(*columns, strict=True)), ""]))


def _execute(cursor: Cursor[Any], statement: str, columns: Sequence[Sequence[str]]) -> None:
    cursor.execute(statement, [_array(column) for column in columns], prepare=False)
    assert cursor.rowcount == len(columns[0]), "Invariant: every order of the book is stored"


_ARRAY_WORDS: Final = {NULL: "NULL", "": '""'}


def _array(texts: Sequence[str]) -> str:
    """Return texts for COPY as an array; none of them has a character that would need a quote there."""
    return array_literal(map(_ARRAY_WORDS.get, texts, texts))


# --- reading ----------------------------------------------------------------------------------------

# Only some of the columns that are read have to be converted.
_PARSED: Final = [(n, parse) for n, (_, column) in enumerate(ORDER_FIELDS) if (parse := column.parser())]
_EXTRAS_PARSED: Final = [(n, parse) for n, (_, column) in enumerate(EXTRA_FIELDS) if (parse := column.json_parser())]


def read_orders_parameters(terms: MarketTerms) -> dict[str, Any]:
    """Return the parameters of READ_ORDERS."""
    return {"market_id": terms.market_id, **read_parameters(terms.scale)}


def live_order(fields: Sequence[Any]) -> LiveOrder:
    """Return a stored order. Under an earlier release its last event was not stored: it had its priority from one."""
    *values, extras = fields
    for place, parse in _PARSED:
        values[place] = parse(values[place])
    order = LiveOrder(*values)
    order.seq = order.seq or order.priority
    order.extras = None if extras is None else _extras(extras)
    order.is_stored = True
    return order


def _extras(values: list[Any]) -> OrderExtras:
    for place, parse in _EXTRAS_PARSED:
        values[place] = parse(values[place])
    return OrderExtras._make(values)
