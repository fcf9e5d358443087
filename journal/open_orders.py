"""The open orders of a market as the journal keeps them, and what an OCO holds."""

from collections.abc import Iterable

from journal.live_order import LiveOrder
from journal.terms import MarketTerms
from orders.lifecycle import PENDING
from orders.models import Order

_ENTRY = Order.GroupRole.ENTRY.value
_STOPS = (Order.GroupRole.OCO_STOP.value, Order.GroupRole.STOP_LOSS.value)
_TAKE_PROFIT = Order.GroupRole.TAKE_PROFIT.value


class OpenOrders:
    """Open orders by id, in ascending priority as recovery found them, and those of a group by the group's id.

    A bracket's exits wait for their entry as long as the take-profit is pending; they hold nothing then. As soon as
    they work they are an OCO, and an OCO holds once, on its limit order: what the more expensive of both needs.
    """

    __slots__ = ("_groups", "by_id")

    def __init__(self, orders: Iterable[LiveOrder] = ()) -> None:
        self.by_id: dict[int, LiveOrder] = {}
        self._groups: dict[bytes, list[LiveOrder]] = {}
        for order in orders:
            self.add(int.from_bytes(order.id), order)

    def add(self, order_id: int, order: LiveOrder) -> None:
        """Keep an order; one that is known already is left where it is."""
        if order_id not in self.by_id:
            self.by_id[order_id] = order
            if order.extras is not None and order.extras.group_id is not None:
                self._groups.setdefault(order.extras.group_id, []).append(order)

    def remove(self, order_id: int, order: LiveOrder) -> None:
        """Forget an order that has ended, unless it was never kept."""
        known = self.by_id.pop(order_id, None)
        if known is not None and order.extras is not None and order.extras.group_id is not None:
            members = self._groups[order.extras.group_id]
            members.remove(order)
            if not members:
                del self._groups[order.extras.group_id]

    def group_of(self, order: LiveOrder) -> list[LiveOrder]:
        """Return the open orders of an order's group, itself included if it is open."""
        if order.extras is None or order.extras.group_id is None:
            return []
        return self._groups.get(order.extras.group_id, [])

    def exits_of(self, entry_id: int) -> list[LiveOrder]:
        """Return the open exits of a bracket, take-profit first."""
        exits = [order for order in self._groups.get(entry_id.to_bytes(16), []) if _role(order) != _ENTRY]
        return sorted(exits, key=lambda order: _role(order) in _STOPS)

    def partner(self, order: LiveOrder) -> LiveOrder | None:
        """Return the other open order of an order's OCO, working or not; None for every other order."""
        if _role(order) == _ENTRY:
            return None
        others = [other for other in self.group_of(order) if other is not order and _role(other) != _ENTRY]
        return others[0] if others else None

    def holder(self, order: LiveOrder) -> LiveOrder:
        """Return the order that holds what an open order needs: of an OCO the limit order, else itself."""
        partner = self.partner(order)
        return partner if partner is not None and _role(order) in _STOPS else order

    def is_waiting_exit(self, order: LiveOrder) -> bool:
        """Tell whether an order is an exit that waits for its entry, so that it holds nothing."""
        holder = self.holder(order)
        return _role(holder) == _TAKE_PROFIT and holder.status == PENDING

    def required_units(self, order: LiveOrder, terms: MarketTerms) -> int:
        """Return what an open order has to hold, given those it is linked to."""
        partner = self.partner(order)
        if partner is None:
            return order.need_units(terms)
        if self.holder(order) is not order or self.is_waiting_exit(order):
            return 0
        return max(order.need_units(terms), partner.need_units(terms))


def _role(order: LiveOrder) -> str:
    return order.extras.group_role if order.extras is not None else ""
