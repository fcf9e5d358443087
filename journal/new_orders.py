"""New orders as the journal keeps them, made from requests and commands: plain functions."""

from collections.abc import Sequence

from journal.live_order import LiveOrder
from journal.terms import MarketTerms
from matching.engine import PLAIN, GroupKind, PlaceOrder
from matching.messages import GroupRequest, PlaceRequest
from orders.needs import FeeRates
from orders.requests import ROLES
from orders.rows import OrderExtras


def new_order(request: PlaceRequest, command: PlaceOrder, rates: FeeRates, terms: MarketTerms) -> LiveOrder:
    """Return an order that holds nothing yet and of which the engine does not know."""
    return LiveOrder(
        id=request.order_id,
        market_id=terms.market_id,
        user_id=request.user_id,
        client_order_id=request.client_order_id,
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        post_only=request.post_only,
        price_ticks=request.price_ticks,
        quantity_lots=request.quantity_lots,
        budget_units=request.budget_units,
        maker_fee_ppm=rates.maker_ppm,
        taker_fee_ppm=rates.taker_ppm,
        created_ms=command.time_ms,
        updated_ms=command.time_ms,
        extras=None if command.instructions is PLAIN else OrderExtras(*command.instructions),
    )


def group_orders(
    request: GroupRequest, commands: Sequence[PlaceOrder], rates: FeeRates, terms: MarketTerms
) -> list[LiveOrder]:
    """Return the orders of a group; the client order id is the first one's, whose id is also the group's."""
    return [
        LiveOrder(
            id=command.order_id.to_bytes(16),
            market_id=terms.market_id,
            user_id=request.user_id,
            client_order_id=request.client_order_id if command is commands[0] else None,
            side=command.side.value,
            type=command.type.value,
            time_in_force=command.time_in_force.value,
            post_only=False,
            price_ticks=command.price_ticks,
            quantity_lots=command.quantity_lots,
            budget_units=0,
            maker_fee_ppm=rates.maker_ppm,
            taker_fee_ppm=rates.taker_ppm,
            created_ms=command.time_ms,
            updated_ms=command.time_ms,
            extras=OrderExtras(*command.instructions)._replace(group_id=request.order_id, group_role=role),
        )
        for command, role in zip(commands, ROLES[GroupKind(request.kind)], strict=True)
    ]
