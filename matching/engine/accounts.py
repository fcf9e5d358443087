"""The open orders of each account."""

from matching.engine.orders import OpenOrder

OrdersByAccount = dict[int, dict[int, OpenOrder]]
"""Open orders by account id, then by priority.

An order knows its account's orders as `owned`: an account id has 128 bits, and looking it up costs more than all else.
"""


def register(by_account: OrdersByAccount, order: OpenOrder) -> None:
    """Add an order. O(1)."""
    owned = by_account.get(order.account_id)
    if owned is None:
        owned = by_account[order.account_id] = {}
    owned[order.priority] = order
    order.owned = owned


def unregister(by_account: OrdersByAccount, order: OpenOrder) -> None:
    """Remove an order. O(1)."""
    owned = order.owned
    del owned[order.priority]
    if not owned:
        del by_account[order.account_id]
