"""Orders and trades as integers: what the journal writes, replies carry and streams publish.

A row travels by msgpack as a plain list, so the order of the fields is part of the protocol between processes of one
release. Ids are the 16 bytes of the UUID; `*_units` count 10^-decimals of the quote asset; times are milliseconds.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from base.scaling import to_units
from exchange.models import Market
from matching.engine import OrderType, SelfTradePrevention, Side, TimeInForce
from orders.models import Order, SettlementStatus, Trade

SIDE_NAMES = {side.value: side.name.lower() for side in Side}
_SIDES = {name: side for side, name in SIDE_NAMES.items()}
TYPE_NAMES = {order_type.value: order_type.name.lower() for order_type in OrderType}
TIF_NAMES = {time_in_force.value: time_in_force.name.lower() for time_in_force in TimeInForce}
STP_NAMES = {mode.value: mode.name.lower() for mode in SelfTradePrevention}


class OrderExtras(NamedTuple):
    """What few orders have; 0, empty or None where this one does not."""

    stop_price_ticks: int = 0
    trail_ticks: int = 0
    trail_ppm: int = 0
    display_lots: int = 0
    visible_lots: int = 0
    expire_ms: int = 0
    self_trade_prevention: int = 1
    reprice: bool = False
    group_id: bytes | None = None
    group_role: str = ""
    triggered_ms: int = 0


class OrderRow(NamedTuple):
    """`price_ticks` is the limit, or the protection price of a stop that becomes a market order; 0 = none."""

    id: bytes
    market_id: int
    user_id: bytes
    client_order_id: str | None
    side: int
    type: int
    time_in_force: int
    post_only: bool
    price_ticks: int
    quantity_lots: int
    budget_units: int
    filled_lots: int
    filled_units: int
    fee_units: int
    held_units: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    status: str
    reason: str
    priority: int
    created_ms: int
    updated_ms: int
    seq: int
    extras: OrderExtras | None = None


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
    row = OrderRow._make(row)
    scale = market.scale
    is_buy = row.side == Side.BUY
    extras = {} if row.extras is None else _extra_fields(OrderExtras._make(row.extras), market)
    return Order(
        id=UUID(bytes=row.id),
        market=market,
        user_id=UUID(bytes=row.user_id),
        client_order_id=row.client_order_id,
        side=SIDE_NAMES[row.side],
        type=TYPE_NAMES[row.type],
        time_in_force=TIF_NAMES[row.time_in_force],
        post_only=row.post_only,
        price=scale.price(row.price_ticks) if row.price_ticks else None,
        quantity=scale.quantity(row.quantity_lots) if row.quantity_lots else None,
        quote_quantity=scale.quote(row.budget_units) if row.budget_units else None,
        filled_quantity=scale.quantity(row.filled_lots),
        filled_quote=scale.quote(row.filled_units),
        fee_paid=scale.quote(row.fee_units),
        held=scale.quote(row.held_units) if is_buy else scale.base(row.held_units),
        maker_fee_ppm=row.maker_fee_ppm,
        taker_fee_ppm=row.taker_fee_ppm,
        status=row.status,
        reason=row.reason,
        priority=row.priority,
        created_at=_time(row.created_ms),
        updated_at=_time(row.updated_ms),
        **extras,
    )


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
        taker_side=SIDE_NAMES[row.taker_side],
        buyer_fee=scale.quote(row.buyer_fee_units),
        seller_fee=scale.quote(row.seller_fee_units),
        buyer_hold=scale.quote(row.buyer_hold_units),
        executed_at=_time(row.executed_ms),
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
        taker_side=_SIDES[trade.taker_side],
        buyer_fee_units=to_units(trade.buyer_fee, scale.quote_decimals),
        seller_fee_units=to_units(trade.seller_fee, scale.quote_decimals),
        buyer_hold_units=to_units(trade.buyer_hold, scale.quote_decimals),
        executed_ms=round(trade.executed_at.timestamp() * 1000),
    )


def _extra_fields(extras: OrderExtras, market: Market) -> dict[str, Any]:
    scale = market.scale
    return {
        "stop_price": scale.price(extras.stop_price_ticks) if extras.stop_price_ticks else None,
        "trailing_amount": scale.price(extras.trail_ticks) if extras.trail_ticks else None,
        "trailing_ppm": extras.trail_ppm or None,
        "display_quantity": scale.quantity(extras.display_lots) if extras.display_lots else None,
        "visible_quantity": scale.quantity(extras.visible_lots) if extras.visible_lots else None,
        "expire_at": _time(extras.expire_ms) if extras.expire_ms else None,
        "self_trade_prevention": STP_NAMES[extras.self_trade_prevention],
        "reprice": extras.reprice,
        "group_id": UUID(bytes=extras.group_id) if extras.group_id else None,
        "group_role": extras.group_role,
        "triggered_at": _time(extras.triggered_ms) if extras.triggered_ms else None,
    }


def _time(time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms / 1000, UTC)
