"""Requests for new orders as the commands that the engine is told: plain functions."""

from collections.abc import Sequence
from typing import Final

from base.scaling import PPM, MarketScale
from matching.engine import PLAIN, GroupKind, GroupRole, Instructions, PlaceOrder
from matching.messages import GroupOrder, GroupRequest, PlaceRequest
from orders.needs import FeeRates
from orders.vocabulary import GROUP_ROLES, ORDER_TYPES, SIDES, TIMES_IN_FORCE

__all__ = ["ROLES", "budget_tick_lots", "group_commands", "place_command", "time_ms_of"]

# What each order of a group is, in their order.
ROLES: Final = {
    GroupKind.OCO: (GROUP_ROLES.name[GroupRole.OCO_LIMIT], GROUP_ROLES.name[GroupRole.OCO_STOP]),
    GroupKind.BRACKET: (
        GROUP_ROLES.name[GroupRole.ENTRY],
        GROUP_ROLES.name[GroupRole.TAKE_PROFIT],
        GROUP_ROLES.name[GroupRole.STOP_LOSS],
    ),
}


def place_command(request: PlaceRequest, now_ms: int, rates: FeeRates, scale: MarketScale) -> PlaceOrder:
    """Return the command of a request; of a budget the engine gets what is left after the fee."""
    # By position: it is done for every order, and eleven keywords cost as much as the rest of it twice.
    return PlaceOrder(
        now_ms,
        int.from_bytes(request.order_id),
        int.from_bytes(request.user_id),
        SIDES.member[request.side],
        ORDER_TYPES.member[request.type],
        TIMES_IN_FORCE.member[request.time_in_force],
        request.post_only,
        request.price_ticks,
        request.quantity_lots,
        budget_tick_lots(request.budget_units, rates, scale) if request.budget_units else 0,
        _instructions(request.instructions),
    )


def group_commands(request: GroupRequest, now_ms: int) -> list[PlaceOrder]:
    """Return the orders of a group as the engine is told of them."""
    return [
        PlaceOrder(
            time_ms=now_ms,
            order_id=int.from_bytes(order.order_id),
            account_id=int.from_bytes(request.user_id),
            side=SIDES.member[order.side],
            type=ORDER_TYPES.member[order.type],
            time_in_force=TIMES_IN_FORCE.member[order.time_in_force],
            post_only=False,
            price_ticks=order.price_ticks,
            quantity_lots=order.quantity_lots,
            budget=0,
            instructions=_instructions(order.instructions),
        )
        for order in map(GroupOrder._make, request.orders)
    ]


def budget_tick_lots(budget_units: int, rates: FeeRates, scale: MarketScale) -> int:
    """Return how much price x quantity, in tick-lots, a budget buys when the taker fee is paid from it too."""
    return budget_units * PPM // (PPM + rates.taker_ppm) // scale.tick_lot_units


def time_ms_of(order_id: bytes) -> int:
    """Return the time that an order's id carries."""
    return int.from_bytes(order_id[:6])


def _instructions(values: Sequence[int] | None) -> Instructions:
    return PLAIN if values is None else Instructions.of(values)
