"""Requests for orders as what the engine is told and what the journal keeps: plain functions."""

from collections.abc import Sequence
from typing import Final

from journal.live import LiveOrder
from journal.terms import MarketTerms
from matching.engine import (
    PLAIN,
    GroupKind,
    Instructions,
    OrderType,
    PlaceOrder,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from matching.messages import GroupOrder, GroupRequest, PlaceRequest
from orders.lifecycle import PENDING
from orders.models import Order
from orders.rows import OrderExtras

_SIDES: Final = {side.value: side for side in Side}
_TYPES: Final = {order_type.value: order_type for order_type in OrderType}
_TIFS: Final = {time_in_force.value: time_in_force for time_in_force in TimeInForce}
_ROLES: Final = {
    GroupKind.OCO: (Order.GroupRole.OCO_LIMIT.value, Order.GroupRole.OCO_STOP.value),
    GroupKind.BRACKET: (
        Order.GroupRole.ENTRY.value,
        Order.GroupRole.TAKE_PROFIT.value,
        Order.GroupRole.STOP_LOSS.value,
    ),
}


def read_instructions(values: Sequence[int] | None) -> Instructions:
    """Return what came over the wire as the engine's instructions."""
    if values is None:
        return PLAIN
    instructions = Instructions._make(values)
    instructions = instructions._replace(
        self_trade_prevention=SelfTradePrevention(instructions.self_trade_prevention),
        reprice=bool(instructions.reprice),
    )
    return PLAIN if instructions == PLAIN else instructions


def place_command(request: PlaceRequest, terms: MarketTerms, now_ms: int) -> PlaceOrder:
    """Return the command of a request; of a budget the engine gets what is left after the fee."""
    budget = 0
    if request.budget_units:
        budget = terms.budget_tick_lots(request.budget_units, terms.rates_of(request.user_id)[1])
    return PlaceOrder(
        now_ms,
        int.from_bytes(request.order_id),
        int.from_bytes(request.user_id),
        _SIDES[request.side],
        _TYPES[request.type],
        _TIFS[request.time_in_force],
        request.post_only,
        request.price_ticks,
        request.quantity_lots,
        budget,
        PLAIN if request.instructions is None else read_instructions(request.instructions),
    )


def group_commands(request: GroupRequest, now_ms: int) -> list[PlaceOrder]:
    """Return the orders of a group as the engine is told of them."""
    return [
        PlaceOrder(
            now_ms,
            int.from_bytes(order.order_id),
            int.from_bytes(request.user_id),
            _SIDES[order.side],
            _TYPES[order.type],
            _TIFS[order.time_in_force],
            False,
            order.price_ticks,
            order.quantity_lots,
            0,
            read_instructions(order.instructions),
        )
        for order in map(GroupOrder._make, request.orders)
    ]


def new_order(request: PlaceRequest, command: PlaceOrder, terms: MarketTerms) -> LiveOrder:
    """Return an order that holds nothing yet and of which the engine does not know."""
    fields = (
        request.order_id,
        terms.market_id,
        request.user_id,
        request.client_order_id,
        request.side,
        request.type,
        request.time_in_force,
        request.post_only,
        request.price_ticks,
        request.quantity_lots,
        request.budget_units,
        0,
        0,
        0,
        0,
        *terms.rates_of(request.user_id),
        PENDING,
        "",
        0,
        command.time_ms,
        command.time_ms,
        0,
        None if command.instructions is PLAIN else _extras(command.instructions),
    )
    return LiveOrder(fields, is_stored=False)


def group_orders(request: GroupRequest, commands: Sequence[PlaceOrder], terms: MarketTerms) -> list[LiveOrder]:
    """Return the orders of a group; the client order id is the first one's, whose id is also the group's."""
    orders = list[LiveOrder]()
    for command, role in zip(commands, _ROLES[GroupKind(request.kind)], strict=True):
        single = PlaceRequest(
            request.correlation,
            request.deadline_ms,
            command.order_id.to_bytes(16),
            request.user_id,
            command.side.value,
            command.type.value,
            command.time_in_force.value,
            False,
            command.price_ticks,
            command.quantity_lots,
            0,
            None if orders else request.client_order_id,
            b"",
        )
        order = new_order(single, command, terms)
        order.extras = _extras(command.instructions)._replace(group_id=request.order_id, group_role=role)
        orders.append(order)
    return orders


def _extras(instructions: Instructions) -> OrderExtras:
    return OrderExtras(
        stop_price_ticks=instructions.stop_price_ticks,
        trail_ticks=instructions.trail_ticks,
        trail_ppm=instructions.trail_ppm,
        display_lots=instructions.display_lots,
        expire_ms=instructions.expire_ms,
        self_trade_prevention=instructions.self_trade_prevention.value,
        reprice=instructions.reprice,
    )
