"""Stored orders and trades of a market as integers, by set-based reads that lock nothing."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from exchange.models import Market
from matching.engine import PLAIN, Instructions, PlaceOrder, SelfTradePrevention
from orders.vocabulary import ORDER_TYPES, SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE
from verification.replay.tracked_orders import TrackedOrder

READ_AT_ONCE: Final = 20_000
_EPOCH_MS: Final = "(extract(epoch FROM {}) * 1000)::bigint"
# A value that is no whole number of ticks, lots or units must not look like one because it was rounded.
_WHOLE: Final = """
    coalesce(price %% %(tick)s = 0, true) AND coalesce(quantity %% %(lot)s = 0, true)
    AND filled_quantity %% %(lot)s = 0 AND filled_quote %% %(unit)s = 0 AND fee_paid %% %(unit)s = 0
    AND coalesce(quote_quantity %% %(unit)s = 0, true) AND coalesce(stop_price %% %(tick)s = 0, true)
    AND coalesce(visible_quantity %% %(lot)s = 0, true)
"""
# Where the engine names an instruction otherwise than the table names its column.
_COLUMN_OF: Final = {
    "stop_price_ticks": "stop_price",
    "trail_ticks": "trailing_amount",
    "trail_ppm": "trailing_ppm",
    "display_lots": "display_quantity",
    "expire_ms": "expire_at",
}
_STATE_COLUMNS: Final = ("visible_quantity", "group_id", "group_role", "triggered_at")


def _instruction(field: str) -> tuple[str, str]:
    """Return how an instruction is read, by the unit in its name, and when there is one."""
    column, unit = _COLUMN_OF.get(field, field), field.rpartition("_")[2]
    default = Instructions._field_defaults[field]
    if unit in ("ticks", "lots"):
        return f"coalesce({column} / %({unit[:-1]})s, 0)::bigint", f"{column} IS NOT NULL"
    if unit == "ms":
        return f"coalesce({_EPOCH_MS.format(column)}, 0)", f"{column} IS NOT NULL"
    if isinstance(default, SelfTradePrevention):
        return column, f"{column} <> '{default.name.lower()}'"
    return (column, column) if isinstance(default, bool) else (f"coalesce({column}, 0)", f"{column} IS NOT NULL")


_INSTRUCTIONS: Final = [_instruction(field) for field in Instructions._fields]
EXTRA_COLUMNS: Final = (*(_COLUMN_OF.get(field, field) for field in Instructions._fields), *_STATE_COLUMNS)
"""The columns of what only few orders have, in the order in which they are read."""

NO_EXTRAS: Final = [
    *(value.name.lower() if isinstance(value, SelfTradePrevention) else value for value in PLAIN),
    *(0, "", "", 0),
]
"""What an order without any of them has."""

_HAS_EXTRAS: Final = f"""{" OR ".join(is_set for _, is_set in _INSTRUCTIONS)}
    OR visible_quantity IS NOT NULL OR group_id IS NOT NULL OR group_role <> '' OR triggered_at IS NOT NULL"""
_EXTRAS: Final = f"""{", ".join(expression for expression, _ in _INSTRUCTIONS)},
    coalesce(visible_quantity / %(lot)s, 0)::bigint, coalesce(replace(group_id::text, '-', ''), ''), group_role,
    coalesce({_EPOCH_MS.format("triggered_at")}, 0)"""
_ORDER_COLUMNS: Final = f"""
    uuid_send(id), uuid_send(user_id), side, type, time_in_force, post_only,
    coalesce(price / %(tick)s, 0)::bigint, coalesce(quantity / %(lot)s, 0)::bigint,
    (filled_quantity / %(lot)s)::bigint, least(filled_quote / %(unit)s, 9e18)::bigint, status, reason, priority,
    CASE WHEN {_HAS_EXTRAS} THEN jsonb_build_array({_EXTRAS}) END,
    {_WHOLE},
    least(fee_paid / %(unit)s, 9e18)::bigint, least(coalesce(quote_quantity / %(unit)s, 0), 9e18)::bigint,
    least(held / CASE side WHEN 'buy' THEN %(unit)s ELSE %(base_unit)s END, 9e18)::bigint,
    maker_fee_ppm, taker_fee_ppm, fee_fraction_ppm IS NOT NULL OR fee_paid = 0
"""
_ORDERS_BY_ID: Final = (
    f"SELECT {_ORDER_COLUMNS} FROM orders_order WHERE id = ANY(%(ids)s) AND market_id = %(market_id)s"  # noqa: S608  (constants)
)
_OPEN_ORDERS: Final = f"""
SELECT {_ORDER_COLUMNS} FROM orders_order
WHERE market_id = %(market_id)s AND status IN ('open', 'partially_filled', 'pending') ORDER BY priority
"""  # noqa: S608
_TRADE_COLUMNS: Final = """
    uuid_send(id), seq, (price / %(tick)s)::bigint, (quantity / %(lot)s)::bigint, uuid_send(buyer_id),
    uuid_send(seller_id), uuid_send(buyer_order_id), uuid_send(seller_order_id),
    CASE taker_side WHEN 'buy' THEN 1 WHEN 'sell' THEN 2 ELSE 0 END,
    price %% %(tick)s = 0 AND quantity %% %(lot)s = 0 AND buyer_fee %% %(unit)s = 0 AND seller_fee %% %(unit)s = 0
        AND buyer_hold %% %(unit)s = 0,
    least(buyer_fee / %(unit)s, 9e18)::bigint, least(seller_fee / %(unit)s, 9e18)::bigint,
    least(buyer_hold / %(unit)s, 9e18)::bigint
"""
_TRADES_FROM: Final = f"""
SELECT {_TRADE_COLUMNS} FROM orders_trade
WHERE market_id = %(market_id)s AND id >= %(since)s AND id < %(until)s ORDER BY id LIMIT %(limit)s
"""  # noqa: S608
_TRADES_BY_ID: Final = (
    f"SELECT {_TRADE_COLUMNS} FROM orders_trade WHERE id = ANY(%(ids)s) AND market_id = %(market_id)s"  # noqa: S608
)
_ORDER_IDS_FROM: Final = """
SELECT uuid_send(id) FROM orders_order
WHERE market_id = %(market_id)s AND id >= %(since)s AND id < %(until)s ORDER BY id LIMIT %(limit)s
"""
_NEWEST: Final = "SELECT id FROM {} WHERE market_id = %s ORDER BY id DESC LIMIT 1"
# Where the oldest partition that is still attached begins: what is older cannot be compared.
_OLDEST: Final = r"""
SELECT substring(pg_get_expr(child.relpartbound, child.oid) FROM 'FROM \(''([0-9a-f-]+)''\)') AS since
FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = %s::regclass ORDER BY since NULLS LAST LIMIT 1
"""
END: Final = UUID(int=(1 << 128) - 1)


class StoredOrder(NamedTuple):
    """A stored order; `extras` are the values of EXTRA_COLUMNS, None for most orders. Units for all `*_units`."""

    id: bytes
    user_id: bytes
    side: str
    type: str
    time_in_force: str
    post_only: bool
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    filled_units: int
    status: str
    reason: str
    priority: int
    extras: list[Any] | None
    is_whole: bool
    fee_units: int
    budget_units: int
    held_units: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    is_fee_rounded_once: bool
    """False for an order that began to pay when the fee of each fill was rounded up."""

    @property
    def group_id(self) -> str:
        """The group's id in hexadecimal; empty without one."""
        return str(self.extras[-3]) if self.extras else ""

    @property
    def group_role(self) -> str:
        return str(self.extras[-2]) if self.extras else ""


class StoredTrade(NamedTuple):
    """A stored trade; its first nine fields are those of a replayed one."""

    id: bytes
    seq: int
    price_ticks: int
    quantity_lots: int
    buyer_id: bytes
    seller_id: bytes
    buyer_order_id: bytes
    seller_order_id: bytes
    taker_side: int
    is_whole: bool
    buyer_fee_units: int
    seller_fee_units: int
    buyer_hold_units: int


class MarketRows:
    """Reads the rows of one market on one connection, in whatever transaction that is."""

    def __init__(self, connection: Connection, market: Market) -> None:
        scale = market.scale
        self._connection = connection
        self._parameters = {
            "market_id": market.pk,
            "tick": scale.tick_size,
            "lot": scale.lot_size,
            "unit": scale.quote(1),
            "base_unit": scale.base(1),
        }

    def orders(self, order_ids: Sequence[bytes]) -> dict[bytes, StoredOrder]:
        """Return those of the orders that exist. One query."""
        ids = [UUID(bytes=order_id) for order_id in order_ids]
        return {row[0]: StoredOrder._make(row) for row in self._fetch(_ORDERS_BY_ID, ids=ids)}

    def open_orders(self) -> list[StoredOrder]:
        """Return all open orders in order of priority. One query."""
        return [StoredOrder._make(row) for row in self._fetch(_OPEN_ORDERS)]

    def trades(self, since: UUID, until: UUID) -> Iterator[StoredTrade]:
        """Yield the trades of a range of ids in their order, READ_AT_ONCE per query."""
        while rows := self._fetch(_TRADES_FROM, since=since, until=until, limit=READ_AT_ONCE):
            yield from map(StoredTrade._make, rows)
            since = after(rows[-1][0])

    def trades_called(self, trade_ids: Sequence[bytes]) -> list[StoredTrade]:
        """Return those of the trades that exist. One query."""
        ids = [UUID(bytes=trade_id) for trade_id in trade_ids]
        return [StoredTrade._make(row) for row in self._fetch(_TRADES_BY_ID, ids=ids)]

    def order_ids(self, since: UUID, until: UUID) -> Iterator[bytes]:
        """Yield the ids of the orders in a range, in their order, READ_AT_ONCE per query. Reads an index only."""
        while rows := self._fetch(_ORDER_IDS_FROM, since=since, until=until, limit=READ_AT_ONCE):
            yield from (order_id for (order_id,) in rows)
            since = after(rows[-1][0])

    def end_of(self, table: str) -> UUID:
        """Return the id after the newest one of `orders_order` or `orders_trade`; 0 without any. One query."""
        row = self._connection.execute(_NEWEST.format(table), [self._parameters["market_id"]]).fetchone()
        return UUID(int=row[0].int + 1) if row else UUID(int=0)

    def beginning_of(self, table: str) -> UUID:
        """Return from which id on the rows of a table are still there. One query of the catalogue."""
        row = self._connection.execute(_OLDEST, [table]).fetchone()
        return UUID(row[0]) if row and row[0] else UUID(int=0)

    def _fetch(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        with self._connection.cursor(binary=True) as cursor:
            return cursor.execute(statement, {**self._parameters, **parameters}, prepare=False).fetchall()


def after(row_id: bytes) -> UUID:
    """Return the smallest id above a row's."""
    return UUID(int=int.from_bytes(row_id) + 1)


def tracked(stored: StoredOrder, *, tick_lot_units: int) -> TrackedOrder:
    """Return a stored open order as it is for a replay that did not see its life."""
    extras: list[Any] = stored.extras or NO_EXTRAS
    *instructions, visible_lots, group_id, group_role, triggered_ms = extras
    mode = Instructions._fields.index("self_trade_prevention")
    instructions[mode] = SELF_TRADE_PREVENTIONS.number[instructions[mode]]
    order = TrackedOrder(
        PlaceOrder(
            time_ms=0,
            order_id=int.from_bytes(stored.id),
            account_id=int.from_bytes(stored.user_id),
            side=SIDES.member_named[stored.side],
            type=ORDER_TYPES.member_named[stored.type],
            time_in_force=TIMES_IN_FORCE.member_named[stored.time_in_force],
            post_only=stored.post_only,
            price_ticks=stored.price_ticks,
            quantity_lots=stored.quantity_lots,
            budget=0,  # a market order with a budget is never open
            instructions=Instructions.of(instructions),
        )
    )
    order.status, order.reason, order.priority = stored.status, stored.reason, stored.priority
    order.filled_lots = order.fills = stored.filled_lots  # each fill is a lot or more
    order.filled_tick_lots = stored.filled_units // tick_lot_units
    order.fee_units, order.is_whole = stored.fee_units, False
    order.visible_lots, order.triggered_ms = visible_lots, triggered_ms
    order.group_id, order.group_role = int(group_id, 16) if group_id else 0, group_role
    return order
