"""Placing single orders, one at a time or in a batch."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

import structlog
from django.db import DatabaseError

from base.errors import ApiError, ErrorCode
from exchange.models import Market, User
from matching.engine import PLAIN
from matching.messages import PlaceRequest, Reply, ReplyStatus
from orders.models import Order, OrderStatus, Trade
from orders.rows import order_from_row, trade_from_row
from orders.selectors import limits_of_rejection, order_for_user, trades_of_order
from orders.services import dispatch
from orders.services.filters import sizes
from orders.services.funding import order_fund, orders_answered
from orders.services.refusals import refusal, rejection, reply_refusal
from orders.services.tickets import OrderTicket, digest
from orders.vocabulary import ORDER_TYPES, SIDES, TIMES_IN_FORCE

__all__ = [
    "PlacedOrder",
    "checked",
    "order_place",
    "orders_place",
    "reading_back",
    "rejected_before",
    "replay_meta",
]

log = structlog.get_logger(__name__)

_FUNDING_S = 5.0  # after so long the rest of a batch is not funded any more


class PlacedOrder(NamedTuple):
    """An order that reached the engine, with the trades it made at once, all committed."""

    order: Order
    trades: list[Trade]
    replayed: bool
    payload_differs: bool


class _Attempt(NamedTuple):
    """A ticket on its way: what was sent for it, or why nothing was; and what was reserved for it at the wallet."""

    ticket: OrderTicket
    order_id: UUID
    sent: dispatch.Sent | ApiError
    reservations: Sequence[UUID] = ()


def order_place(*, user: User, market: Market, ticket: OrderTicket) -> PlacedOrder:
    """Place an order and wait for its commit.

    A known client order id gives the first order again (`replayed`). Raises ApiError: denied by a filter or for want of
    funds (nothing is stored), rejected by the engine, now or the first time (stored, `details.order_id`), or not
    confirmed in time.
    """
    (placed,) = orders_place(user=user, market=market, tickets=[ticket])
    if isinstance(placed, ApiError):
        raise placed
    return placed


def orders_place(*, user: User, market: Market, tickets: Sequence[OrderTicket]) -> list[PlacedOrder | ApiError]:
    """Place orders in one market, in order, and wait for the commit of all of them.

    Each has its own outcome, at its ticket's place: what `order_place` returns, or the error it raises. Orders whose
    client order id came earlier in the list replay that one. A query for each replayed order, one more for its trades.
    """
    until = time.monotonic() + _FUNDING_S
    attempts = [_attempt(user, market, ticket, until) for ticket in tickets]
    sent = [attempt.sent for attempt in attempts if not isinstance(attempt.sent, ApiError)]
    answers = iter(dispatch.await_replies(sent))
    orders_answered([reservation for attempt in attempts for reservation in attempt.reservations])
    return [
        attempt.sent if isinstance(attempt.sent, ApiError) else _outcome(user, market, attempt, next(answers))
        for attempt in attempts
    ]


def _attempt(user: User, market: Market, ticket: OrderTicket, until: float) -> _Attempt:
    order_id = dispatch.new_order_id()
    try:
        request = _request(user, market, ticket, order_id)
        reservations = order_fund(user=user, market=market, request=request, until=until)
    except ApiError as denied:
        return _Attempt(ticket, order_id, denied)
    if reservations:  # which took its time
        request = request._replace(deadline_ms=dispatch.deadline_ms())
    return _Attempt(ticket, order_id, dispatch.send(market, request), reservations)


def _request(user: User, market: Market, ticket: OrderTicket, order_id: UUID) -> PlaceRequest:
    amounts = sizes(market, ticket)
    return PlaceRequest(
        correlation=dispatch.correlation(),
        deadline_ms=dispatch.deadline_ms(),
        order_id=order_id.bytes,
        user_id=user.pk.bytes,
        side=SIDES.number[ticket.side],
        type=ORDER_TYPES.number[ticket.type],
        time_in_force=TIMES_IN_FORCE.number[ticket.time_in_force],
        post_only=ticket.post_only,
        price_ticks=amounts.price_ticks,
        quantity_lots=amounts.quantity_lots,
        budget_units=amounts.budget_units,
        client_order_id=ticket.client_order_id,
        payload_digest=digest(market, ticket),
        instructions=None if amounts.instructions == PLAIN else amounts.instructions,
    )


def _outcome(user: User, market: Market, attempt: _Attempt, answer: Reply | ApiError) -> PlacedOrder | ApiError:
    try:
        reply = checked(answer, market, attempt.order_id, attempt.ticket)
        if reply.status is ReplyStatus.REPLAYED:
            with reading_back(attempt.order_id):
                return _replayed(user, attempt, reply)
    except ApiError as error:
        return error
    trades = [trade_from_row(row, market) for row in reply.trades]
    return PlacedOrder(order_from_row(reply.order, market), trades, False, False)


def checked(answer: Reply | ApiError, market: Market, order_id: UUID, *legs: OrderTicket) -> Reply:
    """Return the reply to a placed order or group when it was executed or replayed; raises what it was refused for.

    `details.order_id` is there when the order is stored, or may be.
    """
    error = answer if isinstance(answer, ApiError) else _refused(answer, market, legs)
    if error is None:
        assert isinstance(answer, Reply), "Invariant: an answer is an error or a reply"
        return answer
    if error.code is ErrorCode.TIMEOUT or (isinstance(answer, Reply) and answer.status is ReplyStatus.EXECUTED):
        error.details["order_id"] = str(order_id)
    raise error


@contextmanager
def reading_back(order_id: UUID) -> Iterator[None]:
    """Read what the engine has answered with; should that fail, raise TIMEOUT: to try again would place it twice."""
    try:
        yield
    except DatabaseError as error:
        log.warning("replayed_order_not_read", error=str(error))
        raise refusal(ErrorCode.TIMEOUT, {"order_id": str(order_id)}) from error


def _refused(reply: Reply, market: Market, legs: Sequence[OrderTicket]) -> ApiError | None:
    return reply_refusal(reply, market, *legs) if reply.code else None


def _replayed(user: User, attempt: _Attempt, reply: Reply) -> PlacedOrder:
    """Return the order that is there already: an earlier one, or this one, whose first answer was lost."""
    order = order_for_user(user=user, order_id=UUID(bytes=reply.details["order_id"]))
    is_own, payload_differs = order.pk == attempt.order_id, reply.details["payload_differs"]
    if order.status == OrderStatus.REJECTED:
        raise rejected_before([order], {} if is_own else replay_meta(payload_differs))
    return PlacedOrder(order, trades_of_order(order), not is_own, payload_differs)


def rejected_before(orders: Sequence[Order], meta: Mapping[str, Any]) -> ApiError:
    """Return what was answered when the engine rejected an order, or the orders of a group, the first one first."""
    first = orders[0]
    error = rejection(ErrorCode(first.reason), first.market, limits_of_rejection(first), orders)
    error.details["order_id"] = str(first.pk)
    error.meta |= meta
    return error


def replay_meta(payload_differs: bool) -> dict[str, Any]:
    """Return what `meta` says about an answer that repeats an earlier one."""
    return {"idempotent_replay": True, "payload_differs": payload_differs}
