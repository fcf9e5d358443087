"""Changing an open order's price, quantity or both."""

from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from base.errors import ApiError, ErrorCode, ValidationError
from base.scaling import plain
from exchange.models import Market, User
from matching.messages import AmendRequest, Reply
from orders.models import Order, Trade
from orders.rows import order_from_row, trade_from_row
from orders.selectors import order_for_user
from orders.services import dispatch
from orders.services.filters import check_notional, check_quantity, has_too_many_parts, lots, ticks
from orders.services.funding import amendment_fund, orders_answered
from orders.services.refusals import refusal, reply_refusal
from orders.services.tickets import OrderTicket
from orders.trailing import keep_marks, marks_of

__all__ = ["AmendedOrder", "order_amend"]

_LIMIT_TYPES = (Order.Type.LIMIT, Order.Type.STOP_LIMIT, Order.Type.TAKE_PROFIT_LIMIT)


class AmendedOrder(NamedTuple):
    """An order as it is now, with the trades it made at its new price, all committed."""

    order: Order
    trades: list[Trade]


def order_amend(
    *, user: User, order_id: UUID, quantity: Decimal | None = None, price: Decimal | None = None
) -> AmendedOrder:
    """Give an open order another quantity (filled part included), limit price, or both, and wait for the commit.

    Raises ORDER_NOT_FOUND (also for somebody else's), a filter that the amended order fails, INSUFFICIENT_BALANCE,
    ORDER_NOT_AMENDABLE when it is not open any more, or why the engine refused; then the order is as it was.
    """
    order = order_for_user(user=user, order_id=order_id)
    market = order.market
    ticket = _amended(order, quantity, price)
    price_ticks = ticks(market, price, "price")
    quantity_lots = lots(market, quantity, "quantity")
    check_quantity(market, quantity)
    _check_parts(order, quantity)
    check_notional(market, ticket)
    reservations = amendment_fund(user=user, order=order, price_ticks=price_ticks, quantity_lots=quantity_lots)
    request = AmendRequest(
        correlation=dispatch.correlation(),
        deadline_ms=dispatch.deadline_ms(),
        order_id=order_id.bytes,
        user_id=user.pk.bytes,
        price_ticks=price_ticks,
        quantity_lots=quantity_lots,
    )
    (answer,) = dispatch.await_replies([dispatch.send(market, request)])
    orders_answered(reservations)
    if isinstance(answer, ApiError):
        raise _with_order(answer, order)
    if answer.code:
        raise _refused(answer, order, ticket)
    amended = keep_marks(order_from_row(answer.order, market), marks_of(order))
    return AmendedOrder(amended, _trades(answer, market))


def _check_parts(order: Order, quantity: Decimal | None) -> None:
    if quantity and order.display_quantity and has_too_many_parts(order.display_quantity, quantity):
        text = (
            f"The book shows {plain(order.display_quantity)} of it, which must be at least a hundredth of the quantity"
        )
        raise ValidationError({"quantity": [text]})


def _trades(reply: Reply, market: Market) -> list[Trade]:
    return [trade_from_row(row, market) for row in reply.trades]


def _amended(order: Order, quantity: Decimal | None, price: Decimal | None) -> OrderTicket:
    limit = order.price if order.type in _LIMIT_TYPES else None
    return OrderTicket(
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        quantity=order.quantity if quantity is None else quantity,
        price=limit if price is None else price,
        quote_quantity=order.quote_quantity,
        client_order_id=None,
        stop_price=order.stop_price,
    )


# --- refusals -------------------------------------------------------------------------------------


def _refused(reply: Reply, order: Order, ticket: OrderTicket) -> ApiError:
    code = ErrorCode(reply.code)
    if code in (ErrorCode.ORDER_NOT_FOUND, ErrorCode.ORDER_NOT_AMENDABLE):  # the engine has open orders only
        return _with_order(refusal(ErrorCode.ORDER_NOT_AMENDABLE), order)
    error = reply_refusal(reply, order.market, ticket)
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
