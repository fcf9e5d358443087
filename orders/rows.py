"""Orders and trades as integers: what the journal writes, replies carry and streams publish.

`OrderRow` and `OrderExtras` are the one definition of an order: each field with its type and with the column that keeps
it. The statements of the journal, the reading of a recovery, the rows on the wire and the model's fields follow from
it, so a field that is added here is stored, recovered and published.

A row travels by msgpack as a plain list, so the order of the fields is part of the protocol between processes of one
release. Ids are the 16 bytes of the UUID; `*_units` count 10^-decimals of the quote asset; times are milliseconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Annotated, Any, Final, NamedTuple, get_type_hints
from uuid import UUID

from base.scaling import MarketScale, to_units
from base.times import moment_of, ms_of
from exchange.models import Market
from matching.engine import Instructions
from orders.columns import Amount, Changes, Column, Flag, Key, Load, Moment, Step, Text, Whole, Word
from orders.models import Order, OrderStatus, SettlementStatus, Trade
from orders.vocabulary import ORDER_TYPES, SELF_TRADE_PREVENTIONS, SIDES, TIMES_IN_FORCE

_FILLS, _EVENTS = Changes.BY_FILLS, Changes.BY_EVENTS


class OrderExtras(NamedTuple):
    """What only few orders have: their instructions, and what came of them; 0, empty or None where an order has none.

    The instructions come first, in the engine's order.
    """

    stop_price_ticks: Annotated[int, Amount("stop_price", _EVENTS, True, step=Step.TICK)] = 0
    trail_ticks: Annotated[int, Amount("trailing_amount", is_optional=True, step=Step.TICK)] = 0
    trail_ppm: Annotated[int, Whole("trailing_ppm", is_optional=True)] = 0
    display_lots: Annotated[int, Amount("display_quantity", is_optional=True, step=Step.LOT)] = 0
    expire_ms: Annotated[int, Moment("expire_at", is_optional=True)] = 0
    self_trade_prevention: Annotated[int, Word("self_trade_prevention", words=SELF_TRADE_PREVENTIONS)] = 1
    reprice: Annotated[bool, Flag("reprice")] = False
    visible_lots: Annotated[int, Amount("visible_quantity", _EVENTS, True, step=Step.LOT)] = 0
    group_id: Annotated[bytes | None, Key("group_id", is_optional=True)] = None
    group_role: Annotated[str, Text("group_role")] = ""
    triggered_ms: Annotated[int, Moment("triggered_at", _EVENTS, True)] = 0

    @property
    def instructions(self) -> Instructions:
        asked: tuple[Any, ...] = self[: len(Instructions._fields)]
        return Instructions.of(asked)


@dataclass(slots=True, eq=False)
class OrderRow:
    """An order. `price_ticks` is the limit, or the protection price of a stop that becomes a market order; 0 = none.

    `seq` is that of the last event about it.
    """

    id: Annotated[bytes, Key("id")]
    market_id: Annotated[int, Whole("market_id")]
    user_id: Annotated[bytes, Key("user_id")]
    client_order_id: Annotated[str | None, Text("client_order_id", is_optional=True)]
    side: Annotated[int, Word("side", words=SIDES)]
    type: Annotated[int, Word("type", words=ORDER_TYPES)]
    time_in_force: Annotated[int, Word("time_in_force", words=TIMES_IN_FORCE)]
    post_only: Annotated[bool, Flag("post_only")]
    price_ticks: Annotated[int, Amount("price", _EVENTS, True, step=Step.TICK)]
    quantity_lots: Annotated[int, Amount("quantity", _EVENTS, True, step=Step.LOT)]
    budget_units: Annotated[int, Amount("quote_quantity", is_optional=True, step=Step.QUOTE)]
    maker_fee_ppm: Annotated[int, Whole("maker_fee_ppm")]
    taker_fee_ppm: Annotated[int, Whole("taker_fee_ppm")]
    created_ms: Annotated[int, Moment("created_at")]
    updated_ms: Annotated[int, Moment("updated_at", _FILLS)]
    filled_lots: Annotated[int, Amount("filled_quantity", _FILLS, step=Step.LOT)] = 0
    filled_units: Annotated[int, Amount("filled_quote", _FILLS, step=Step.QUOTE)] = 0
    fee_units: Annotated[int, Amount("fee_paid", _FILLS, step=Step.QUOTE)] = 0
    fee_fraction_ppm: Annotated[int, Whole("fee_fraction_ppm", _FILLS, True)] = 0
    held_units: Annotated[int, Amount("held", _FILLS, step=Step.HELD)] = 0
    status: Annotated[str, Text("status", _FILLS)] = OrderStatus.PENDING.value
    reason: Annotated[str, Text("reason", _FILLS)] = ""
    priority: Annotated[int, Whole("priority", _EVENTS)] = 0
    seq: Annotated[int, Whole("seq", _FILLS)] = 0
    extras: OrderExtras | None = None

    @classmethod
    def unpacked(cls, fields: Sequence[Any]) -> "OrderRow":
        """Return the row that a list off the wire is."""
        row = cls(*fields)
        if row.extras is not None:
            row.extras = OrderExtras._make(row.extras)
        return row

    def packed(self) -> tuple[Any, ...]:
        """Return the row as it travels."""
        packed: tuple[Any, ...] = _ALL_VALUES(self)
        return packed


class Field(NamedTuple):
    """A field of an order and the column that keeps it."""

    name: str
    column: Column


def _fields_of(row: type) -> tuple[Field, ...]:
    hints = get_type_hints(row, include_extras=True)
    return tuple(Field(name, hint.__metadata__[0]) for name, hint in hints.items() if hasattr(hint, "__metadata__"))


ORDER_FIELDS: Final = _fields_of(OrderRow)
EXTRA_FIELDS: Final = _fields_of(OrderExtras)
NO_EXTRAS: Final = OrderExtras()
_ALL_VALUES: Final = attrgetter(*OrderRow.__slots__)
assert OrderExtras._fields[: len(Instructions._fields)] == Instructions._fields, "Invariant: instructions come first"


class TradeRow(NamedTuple):
    id: bytes
    market_id: int
    seq: int
    price_ticks: int
    quantity_lots: int
    buyer_id: bytes
    seller_id: bytes
    buyer_order_id: bytes
    seller_order_id: bytes
    taker_side: int
    buyer_fee_units: int
    seller_fee_units: int
    buyer_hold_units: int
    executed_ms: int


def order_from_row(row: OrderRow | Sequence[Any], market: Market) -> Order:
    """Return an unsaved Order as the row describes it. No query; `market.scale` must be loaded."""
    if not isinstance(row, OrderRow):
        row = OrderRow.unpacked(row)
    order_values, extra_values = _loaders(market.scale, row.side)
    values = order_values(row) if row.extras is None else order_values(row) | extra_values(row.extras)
    return Order(**values | {"market": market})


@lru_cache(maxsize=256)
def _loaders(scale: MarketScale, side: int) -> tuple[Callable[[Any], dict[str, Any]], Callable[[Any], dict[str, Any]]]:
    return _loader(ORDER_FIELDS, scale, side), _loader(EXTRA_FIELDS, scale, side)


def _loader(fields: Sequence[Field], scale: MarketScale, side: int) -> Callable[[Any], dict[str, Any]]:
    loads: list[tuple[str, str, Load]] = [(name, column.name, column.load(scale, side)) for name, column in fields]
    return lambda row: {column: load(getattr(row, name)) for name, column, load in loads}


def trade_from_row(row: TradeRow | Sequence[Any], market: Market) -> Trade:
    """Return an unsaved Trade as the row describes it, pending settlement. No query."""
    row = TradeRow._make(row)
    scale = market.scale
    return Trade(
        id=UUID(bytes=row.id),
        market=market,
        seq=row.seq,
        price=scale.price(row.price_ticks),
        quantity=scale.quantity(row.quantity_lots),
        buyer_id=UUID(bytes=row.buyer_id),
        seller_id=UUID(bytes=row.seller_id),
        buyer_order_id=UUID(bytes=row.buyer_order_id),
        seller_order_id=UUID(bytes=row.seller_order_id),
        taker_side=SIDES.name[row.taker_side],
        buyer_fee=scale.quote(row.buyer_fee_units),
        seller_fee=scale.quote(row.seller_fee_units),
        buyer_hold=scale.quote(row.buyer_hold_units),
        executed_at=moment_of(row.executed_ms),
        settlement_status=SettlementStatus.PENDING.value,
    )


def trade_row(trade: Trade, market: Market) -> TradeRow:
    """Return a stored trade as a row. No query."""
    scale = market.scale
    return TradeRow(
        id=trade.id.bytes,
        market_id=trade.market_id,
        seq=trade.seq,
        price_ticks=scale.price_ticks(trade.price),
        quantity_lots=scale.quantity_lots(trade.quantity),
        buyer_id=trade.buyer_id.bytes,
        seller_id=trade.seller_id.bytes,
        buyer_order_id=trade.buyer_order_id.bytes,
        seller_order_id=trade.seller_order_id.bytes,
        taker_side=SIDES.number[trade.taker_side],
        buyer_fee_units=to_units(trade.buyer_fee, scale.quote_decimals),
        seller_fee_units=to_units(trade.seller_fee, scale.quote_decimals),
        buyer_hold_units=to_units(trade.buyer_hold, scale.quote_decimals),
        executed_ms=ms_of(trade.executed_at),
    )
