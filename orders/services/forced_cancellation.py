"""What staff do with orders of users: cancel them. The audit trail has it before the engine is asked."""

from uuid import UUID

from base.errors import ApiError, ErrorCode
from exchange.audit import audit_record
from exchange.models import Market, User
from orders.models import Order
from orders.services.cancellation import order_cancel, orders_cancel_all

__all__ = ["order_force_cancel", "orders_force_cancel"]


def order_force_cancel(*, actor: User, order_id: UUID, note: str) -> Order:
    """Cancel an open order of anybody and wait for the commit. Writes an audit entry before.

    Must not run inside a transaction. Raises ORDER_NOT_FOUND, and what `order_cancel` raises.
    """
    order = Order.objects.select_related("user").filter(pk=order_id).first()
    if order is None:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
    audit_record(
        actor=actor,
        action="order.cancel",
        target=order,
        old={"status": order.status},
        new={"user": order.user.username},
        note=note,
    )
    return order_cancel(user=order.user, order_id=order_id)


def orders_force_cancel(*, actor: User, user: User, market: Market | None = None, note: str) -> int:
    """Cancel all open and pending orders of a user, in one market or in all; return how many.

    Writes an audit entry before and, once all markets have answered, one with the number. Must not run inside a
    transaction. Raises what `orders_cancel_all` raises: the others are cancelled then.
    """
    where = {"market": market.symbol if market else "all"}
    audit_record(actor=actor, action="user.cancel_orders", target=user, new=where, note=note)
    cancelled = orders_cancel_all(user=user, market=market)
    audit_record(actor=actor, action="user.orders_cancelled", target=user, new={**where, "cancelled": cancelled})
    return cancelled
