"""What is answered about orders that were placed or amended, groups of them, and switches."""

from typing import Any

from base.responses import EnvelopeResponse
from base.times import iso_ms
from exchange.models import Market
from exchange.selectors import market_by_id
from orders.models import Order
from orders.representation import order_as_json, trade_as_json
from orders.services import AmendedOrder, CancelAfter, PlacedGroup, PlacedOrder, replay_meta

__all__ = [
    "amended_as_json",
    "group_answer",
    "order_of_its_market",
    "placed_answer",
    "placed_as_json",
    "switch_as_json",
]


def order_of_its_market(order: Order) -> dict[str, Any]:
    """Return an order as the public interface shows it, its market looked up. No query but for a new market."""
    return order_as_json(order, market_by_id(order.market_id))


def placed_answer(placed: PlacedOrder, market: Market) -> EnvelopeResponse:
    """Return the answer to a placed order: 201, and 200 for a replay."""
    answer, meta = placed_as_json(placed, market)
    return EnvelopeResponse(answer, status=_status(placed), meta=meta)


def placed_as_json(placed: PlacedOrder, market: Market) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `data` and `meta` say about a placed order; a replay may be of an order in another market."""
    if placed.order.market_id != market.pk:
        market = market_by_id(placed.order.market_id)
    answer = {
        "order": order_as_json(placed.order, market),
        "trades": [trade_as_json(trade, market) for trade in placed.trades],
    }
    return answer, _replay_meta(placed)


def group_answer(placed: PlacedGroup) -> EnvelopeResponse:
    """Return the answer to an OCO or a bracket: 201, and 200 for a replay."""
    market = market_by_id(placed.orders[0].market_id)
    answer = {
        "group_id": None if placed.group_id is None else str(placed.group_id),
        "orders": [order_as_json(order, market) for order in placed.orders],
        "trades": [trade_as_json(trade, market) for trade in placed.trades],
    }
    return EnvelopeResponse(answer, status=_status(placed), meta=_replay_meta(placed))


def amended_as_json(amended: AmendedOrder) -> dict[str, Any]:
    """Return an amended order and what it traded at its new price."""
    trades = [trade_as_json(trade, amended.order.market) for trade in amended.trades]
    return {"order": order_of_its_market(amended.order), "trades": trades}


def switch_as_json(switch: CancelAfter) -> dict[str, Any]:
    """Return a dead man's switch as it is set now."""
    return {
        "timeout_ms": switch.timeout_ms,
        "cancel_at": None if switch.cancel_at is None else iso_ms(switch.cancel_at),
        "symbols": [market.symbol for market in switch.markets],
    }


def _status(placed: PlacedOrder | PlacedGroup) -> int:
    return 200 if placed.replayed else 201


def _replay_meta(placed: PlacedOrder | PlacedGroup) -> dict[str, Any]:
    return replay_meta(placed.payload_differs) if placed.replayed else {}
