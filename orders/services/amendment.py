"""Changing an open order's price, quantity or stop price."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from base.errors import ApiError, ErrorCode, ValidationError
from base.scaling import plain
from exchange.models import Market, User
from matching.messages import AmendRequest, Reply
from orders.lifecycle import OPEN_STATUSES
from orders.models import Order, OrderStatus, Trade
from orders.rows import order_from_row, trade_from_row
from orders.selectors import order_for_user, orders_of_group
from orders.services import dispatch
from orders.services.filters import check_notional, check_quantity, has_too_many_parts, lots, ticks
from orders.services.funding import amendment_fund, orders_answered
from orders.services.refusals import refusal, reply_refusal
from orders.services.tickets import OrderTicket, are_in_order
from orders.trailing import keep_marks, marks_of

__all__ = ["AmendedOrder", "order_amend"]

_LIMIT_TYPES = (Order.Type.LIMIT, Order.Type.STOP_LIMIT, Order.Type.TAKE_PROFIT_LIMIT)
_STOP_ROLES = (Order.GroupRole.OCO_STOP, Order.GroupRole.STOP_LOSS)


class AmendedOrder(NamedTuple):
    """An order as it is now, with the trades it made at its new price, all committed."""

    order: Order
    trades: list[Trade]


class _Change(NamedTuple):
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None


def order_amend(
    *,
    user: User,
    order_id: UUID,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
    stop_price: Decimal | None = None,
) -> AmendedOrder:
    """Give an open order another quantity (filled part included), limit price, stop price, or several of them.

    Waits for the commit. A quantity is that of the order's whole group. Raises ORDER_NOT_FOUND (also for somebody
    else's), a filter that an amended order fails, INSUFFICIENT_BALANCE, ORDER_NOT_AMENDABLE when it is not open any
    more, or why the engine refused; then all is as it was.
    """
    order = order_for_user(user=user, order_id=order_id)
    market, change = order.market, _Change(quantity, price, stop_price)
    request = AmendRequest(
        correlation=dispatch.correlation(),
        deadline_ms=0,  # once the money is there
        order_id=order_id.bytes,
        user_id=user.pk.bytes,
        price_ticks=ticks(market, price, "price"),
        quantity_lots=lots(market, quantity, "quantity"),
        stop_price_ticks=ticks(market, stop_price, "stop_price"),
    )
    others = _others(user, order)
    tickets = _checked(order, others, change)
    reservations = amendment_fund(user=user, order=order, others=others, request=request)
    request = request._replace(deadline_ms=dispatch.deadline_ms())
    (answer,) = dispatch.await_replies([dispatch.send(market, request)])
    orders_answered(reservations)
    if isinstance(answer, ApiError):
        raise _with_order(answer, order)
    if answer.code:
        raise _refused(answer, order, tickets)
    amended = keep_marks(order_from_row(answer.order, market), marks_of(order))
    return AmendedOrder(amended, _trades(answer, market))


def _others(user: User, order: Order) -> list[Order]:
    """Return the other open orders of an order's group. One query, none without a group."""
    if order.group_id is None:
        return []
    group = orders_of_group(user, order.group_id)
    return [other for other in group if other.pk != order.pk and other.status in OPEN_STATUSES]


def _trades(reply: Reply, market: Market) -> list[Trade]:
    return [trade_from_row(row, market) for row in reply.trades]


# --- what is asked for ----------------------------------------------------------------------------


def _checked(order: Order, others: Sequence[Order], change: _Change) -> list[OrderTicket]:
    """Return the order and those of its group as they would be. Raises the first filter that one of them fails."""
    check_quantity(order.market, change.quantity)
    _check_parts(order, change.quantity)
    ticket = _amended(order, change)
    tickets = [ticket, *(_amended(other, _Change(change.quantity)) for other in others)]
    for leg in tickets if change.quantity else [ticket]:
        check_notional(order.market, leg)
    if change.price or change.stop_price:
        _check_sides(dict(zip([order, *others], tickets, strict=True)), change)
    return tickets


def _amended(order: Order, change: _Change) -> OrderTicket:
    limit = order.price if order.type in _LIMIT_TYPES else None
    trigger = order.stop_price if order.status == OrderStatus.PENDING else None
    return OrderTicket(
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        quantity=change.quantity or order.quantity,
        price=change.price or limit,
        quote_quantity=order.quote_quantity,
        client_order_id=None,
        stop_price=change.stop_price or trigger,
    )


def _check_parts(order: Order, quantity: Decimal | None) -> None:
    if quantity and order.display_quantity and has_too_many_parts(order.display_quantity, quantity):
        text = (
            f"The book shows {plain(order.display_quantity)} of it, which must be at least a hundredth of the quantity"
        )
        raise ValidationError({"quantity": [text]})


def _check_sides(legs: dict[Order, OrderTicket], change: _Change) -> None:
    """Check that the prices of a group stay in the order in which they were placed: a gain on one side, a loss on the
    other, and an entry that is still open between them.
    """
    stop = next((leg for order, leg in legs.items() if order.group_role in _STOP_ROLES), None)
    if stop is None or len(legs) == 1:
        return
    by_role = {order.group_role: leg.price for order, leg in legs.items() if leg is not stop}
    entry = by_role.pop(Order.GroupRole.ENTRY, None)
    prices = [*by_role.values(), *([] if entry is None else [entry]), stop.stop_price]
    if not are_in_order(stop.side, *(price for price in prices if price is not None)):
        word = "below" if stop.side == Order.Side.SELL else "above"
        text = f"The stop price of a {stop.side} is {word} the other order's price, and a limit entry is between them"
        raise ValidationError({"price" if change.stop_price is None else "stop_price": [text]})


# --- refusals -------------------------------------------------------------------------------------


def _refused(reply: Reply, order: Order, tickets: Sequence[OrderTicket]) -> ApiError:
    code = ErrorCode(reply.code)
    if code in (ErrorCode.ORDER_NOT_FOUND, ErrorCode.ORDER_NOT_AMENDABLE):  # the engine has open orders only
        return _with_order(refusal(ErrorCode.ORDER_NOT_AMENDABLE), order)
    error = reply_refusal(reply, order.market, *tickets)
    error.details |= _facts(code, order)
    return error


def _facts(code: ErrorCode, order: Order) -> dict[str, Any]:
    if code is ErrorCode.ORDER_LINKED:
        return {"group_id": str(order.group_id)}
    if code is ErrorCode.QUANTITY_BELOW_FILLED:
        order.refresh_from_db(fields=["filled_quantity"])
        return {"filled_quantity": plain(order.filled_quantity, order.market.scale.quantity_decimals)}
    return {"order_id": str(order.pk)} if code is ErrorCode.TIMEOUT else {}


def _with_order(error: ApiError, order: Order) -> ApiError:
    if error.code in (ErrorCode.TIMEOUT, ErrorCode.ORDER_NOT_AMENDABLE):
        error.details["order_id"] = str(order.pk)
    return error
