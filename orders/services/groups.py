"""Placing orders that belong together: all of them or none."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from exchange.models import Market, User
from matching.engine import PLAIN, GroupKind
from matching.messages import GroupOrder, GroupRequest, Reply, ReplyStatus
from orders.models import Order, OrderStatus, Trade
from orders.rows import order_from_row, trade_from_row
from orders.selectors import order_for_user, orders_of_group, trades_of_order
from orders.services import dispatch
from orders.services.filters import Names, sizes
from orders.services.funding import group_fund, orders_answered
from orders.services.placement import checked, reading_back, rejected_before, replay_meta
from orders.services.tickets import BracketTicket, OcoTicket, OrderTicket, digest
from orders.vocabulary import ORDER_TYPES, SIDES, TIMES_IN_FORCE

__all__ = ["PlacedGroup", "bracket_place", "oco_place"]

_OCO_NAMES: tuple[Names, ...] = ({}, {"price": "stop_limit_price"})
_BRACKET_NAMES: tuple[Names, ...] = (
    {},
    {"price": "take_profit.price"},
    {"price": "stop_loss.price", "stop_price": "stop_loss.stop_price"},
)


class PlacedGroup(NamedTuple):
    """Orders that reached the engine together, with the trades the first one made at once, all committed.

    A client order id that belongs to a single order replays that one: a group of one, whose `group_id` is None.
    """

    group_id: UUID | None
    orders: list[Order]
    trades: list[Trade]
    replayed: bool
    payload_differs: bool


class _Leg(NamedTuple):
    order_id: UUID
    ticket: OrderTicket
    names: Names


def oco_place(*, user: User, market: Market, ticket: OcoTicket) -> PlacedGroup:
    """Place a limit order and a stop of which one cancels the other, and wait for the commit.

    The limit order comes first and has the client order id. Raises ApiError as `order_place` does; what the engine
    rejects is stored as two rejected orders, the first named by `details.order_id`.
    """
    return _place(user, market, GroupKind.OCO, _legs(ticket.legs(), _OCO_NAMES), ticket.client_order_id)


def bracket_place(*, user: User, market: Market, ticket: BracketTicket) -> PlacedGroup:
    """Place an entry with its take-profit and its stop-loss, and wait for the commit.

    They come in this order, and the entry has the client order id. Raises ApiError as `oco_place` does.
    """
    return _place(user, market, GroupKind.BRACKET, _legs(ticket.legs(), _BRACKET_NAMES), ticket.entry.client_order_id)


def _legs(tickets: Sequence[OrderTicket], names: Sequence[Names]) -> list[_Leg]:
    return [_Leg(dispatch.new_order_id(), *leg) for leg in zip(tickets, names, strict=True)]


def _place(user: User, market: Market, kind: GroupKind, legs: Sequence[_Leg], client_id: str | None) -> PlacedGroup:
    tickets = [leg.ticket for leg in legs]
    group_id = legs[0].order_id
    request = GroupRequest(
        correlation=dispatch.correlation(),
        deadline_ms=0,  # once the money is there
        order_id=group_id.bytes,
        user_id=user.pk.bytes,
        kind=kind.value,
        orders=[_group_order(market, leg) for leg in legs],
        client_order_id=client_id,
        payload_digest=digest(market, *tickets),
    )
    reservations = group_fund(user=user, market=market, request=request)
    request = request._replace(deadline_ms=dispatch.deadline_ms())
    (answer,) = dispatch.await_replies([dispatch.send(market, request)])
    orders_answered(reservations)
    reply = checked(answer, market, group_id, *tickets)
    if reply.status is ReplyStatus.REPLAYED:
        with reading_back(group_id):
            return _replayed(user, group_id, reply)
    orders = [order_from_row(row, market) for row in (reply.order, *reply.others)]
    return PlacedGroup(group_id, orders, [trade_from_row(row, market) for row in reply.trades], False, False)


def _group_order(market: Market, leg: _Leg) -> GroupOrder:
    ticket = leg.ticket
    amounts = sizes(market, ticket, leg.names)
    return GroupOrder(
        order_id=leg.order_id.bytes,
        side=SIDES.number[ticket.side],
        type=ORDER_TYPES.number[ticket.type],
        time_in_force=TIMES_IN_FORCE.number[ticket.time_in_force],
        price_ticks=amounts.price_ticks,
        quantity_lots=amounts.quantity_lots,
        instructions=None if amounts.instructions == PLAIN else amounts.instructions,
    )


def _replayed(user: User, group_id: UUID, reply: Reply) -> PlacedGroup:
    first = order_for_user(user=user, order_id=UUID(bytes=reply.details["order_id"]))
    orders = [first] if first.group_id is None else list(orders_of_group(user, first.group_id))
    is_own = first.pk == group_id  # placed by this very request, whose first answer was lost
    payload_differs = reply.details["payload_differs"]
    if first.status == OrderStatus.REJECTED:
        raise rejected_before(orders, {} if is_own else replay_meta(payload_differs))
    trades = sorted((trade for order in orders for trade in trades_of_order(order)), key=lambda trade: trade.pk)
    return PlacedGroup(first.group_id, orders, trades, not is_own, payload_differs)
