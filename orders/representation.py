"""Orders and trades as the public interface shows them: plain functions without queries, for REST and streams."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from base.scaling import plain
from base.times import iso_ms
from exchange.models import Market
from orders.models import Order, Trade

# Types whose price the client names; the price of the others is a protection that the engine sets.
_PRICED = frozenset(kind.value for kind in (Order.Type.LIMIT, Order.Type.STOP_LIMIT, Order.Type.TAKE_PROFIT_LIMIT))

__all__ = ["order_as_json", "own_trade_as_json", "public_trade_as_json", "trade_as_json"]


def order_as_json(order: Order, market: Market) -> dict[str, Any]:
    """Return an order; the market must be the order's, with its assets loaded."""
    scale = market.scale
    price_decimals, quantity_decimals = scale.price_decimals, scale.quantity_decimals
    price = _fixed(order.price, price_decimals)
    is_priced = order.type in _PRICED
    return {
        "id": str(order.id),
        "client_order_id": order.client_order_id,
        "user_id": str(order.user_id),
        "symbol": market.symbol,
        "side": order.side,
        "type": order.type,
        "time_in_force": order.time_in_force,
        "post_only": order.post_only,
        "quantity": _fixed(order.quantity, quantity_decimals),
        "price": price if is_priced else None,
        "stop_price": _fixed(order.stop_price, price_decimals),
        "protection_price": None if is_priced else price,
        "trailing_amount": _fixed(order.trailing_amount, price_decimals),
        "trailing_percent": _percent(order.trailing_ppm),
        "display_quantity": _fixed(order.display_quantity, quantity_decimals),
        "quote_quantity": _fixed(order.quote_quantity, scale.quote_decimals),
        "filled_quantity": plain(order.filled_quantity, quantity_decimals),
        "remaining_quantity": _fixed(order.remaining_quantity, quantity_decimals),
        "average_price": _fixed(order.average_price, price_decimals),
        "status": order.status,
        "reason": order.reason or None,
        "self_trade_prevention": order.self_trade_prevention,
        "reprice": order.reprice,
        "group_id": str(order.group_id) if order.group_id else None,
        "group_role": order.group_role or None,
        "expire_at": _moment(order.expire_at),
        "triggered_at": _moment(order.triggered_at),
        "created_at": iso_ms(order.created_at),
        "updated_at": iso_ms(order.updated_at),
    }


def public_trade_as_json(trade: Trade, market: Market) -> dict[str, Any]:
    """Return a trade as lists show it to everybody: what never changes."""
    scale = market.scale
    return {
        "id": str(trade.id),
        "symbol": market.symbol,
        "price": plain(trade.price, scale.price_decimals),
        "quantity": plain(trade.quantity, scale.quantity_decimals),
        "buyer_fee": plain(trade.buyer_fee, scale.quote_decimals),
        "seller_fee": plain(trade.seller_fee, scale.quote_decimals),
        "taker_side": trade.taker_side,
        "executed_at": iso_ms(trade.executed_at),
    }


def trade_as_json(trade: Trade, market: Market) -> dict[str, Any]:
    """Return a trade without its parties; the market must be the trade's, with its assets loaded."""
    return public_trade_as_json(trade, market) | {"settlement_status": trade.settlement_status}


def own_trade_as_json(trade: Trade, market: Market, user_id: UUID) -> dict[str, Any]:
    """Return a trade as one of its parties sees it; who traded with themselves sees the taker's side."""
    is_buyer = trade.taker_side == Order.Side.BUY if trade.buyer_id == trade.seller_id else trade.buyer_id == user_id
    side = Order.Side.BUY if is_buyer else Order.Side.SELL
    fee = trade.buyer_fee if is_buyer else trade.seller_fee
    return trade_as_json(trade, market) | {
        "side": side.value,
        "role": "taker" if side == trade.taker_side else "maker",
        "fee": plain(fee, market.scale.quote_decimals),
        "order_id": str(trade.buyer_order_id if is_buyer else trade.seller_order_id),
    }


def _percent(ppm: int | None) -> str | None:
    return None if ppm is None else plain(Decimal(ppm).scaleb(-4))


def _moment(value: datetime | None) -> str | None:
    return None if value is None else iso_ms(value)


def _fixed(value: Decimal | None, decimals: int) -> str | None:
    return None if value is None else plain(value, decimals)
