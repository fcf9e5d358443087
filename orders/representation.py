"""Orders and trades as the public interface shows them: plain functions without queries, for REST and streams."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from base.scaling import plain
from base.times import iso_ms
from exchange.models import Market
from orders.models import Order, Trade
from orders.rows import EXTRA_FIELDS, ORDER_FIELDS
from orders.trailing import stop_price_now

# Types whose price the client names; the price of the others is a protection that the engine sets.
_PRICED = frozenset(kind.value for kind in (Order.Type.LIMIT, Order.Type.STOP_LIMIT, Order.Type.TAKE_PROFIT_LIMIT))

# What is for the exchange alone, or shown under another name or in another unit.
_HIDDEN = frozenset(
    {
        "market_id",
        "price",
        "maker_fee_ppm",
        "taker_fee_ppm",
        "fee_paid",
        "fee_fraction_ppm",
        "held",
        "priority",
        "stop_price",
        "trailing_ppm",
        "visible_quantity",
    }
)
_SHOWN = [
    (field.column.name, field.column) for field in (*ORDER_FIELDS, *EXTRA_FIELDS) if field.column.name not in _HIDDEN
]

__all__ = ["order_as_json", "own_trade_as_json", "public_trade_as_json", "trade_as_json"]


def order_as_json(order: Order, market: Market) -> dict[str, Any]:
    """Return an order; the market must be the order's, with its assets loaded.

    Columns are shown under their own names, but for the price, which is the client's limit or a protection.
    """
    scale = market.scale
    price = _fixed(order.price, scale.price_decimals)
    is_priced = order.type in _PRICED
    return {name: column.show(getattr(order, name), scale) for name, column in _SHOWN} | {
        "symbol": market.symbol,
        "price": price if is_priced else None,
        "protection_price": None if is_priced else price,
        "stop_price": _fixed(stop_price_now(order, market), scale.price_decimals),
        "trailing_percent": _percent(order.trailing_ppm),
        "remaining_quantity": _fixed(order.remaining_quantity, scale.quantity_decimals),
        "average_price": scale.average_price_text(order.filled_quote, order.filled_quantity),
        "fee": plain(order.fee_paid, scale.quote_decimals),
        "fee_asset": market.quote_id,
    }


def public_trade_as_json(trade: Trade, market: Market) -> dict[str, Any]:
    """Return a trade as lists show it to everybody: what never changes, and nothing that tells a party's fee tier."""
    scale = market.scale
    return {
        "id": str(trade.id),
        "symbol": market.symbol,
        "price": plain(trade.price, scale.price_decimals),
        "quantity": plain(trade.quantity, scale.quantity_decimals),
        "taker_side": trade.taker_side,
        "executed_at": iso_ms(trade.executed_at),
    }


def trade_as_json(trade: Trade, market: Market) -> dict[str, Any]:
    """Return a trade without its parties; the market must be the trade's, with its assets loaded."""
    return public_trade_as_json(trade, market) | {"seq": trade.seq, "settlement_status": trade.settlement_status}


def own_trade_as_json(trade: Trade, market: Market, user_id: UUID) -> dict[str, Any]:
    """Return a trade as one of its parties sees it; a user who traded with themselves sees the taker's side."""
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


def _fixed(value: Decimal | None, decimals: int) -> str | None:
    return None if value is None else plain(value, decimals)
