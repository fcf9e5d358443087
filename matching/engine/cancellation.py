"""How orders end before they are filled, and what an end means for the other orders of a group."""

from dataclasses import replace
from typing import Final

from matching.engine.commands import CancelAll, CancelOrder, ExpireDue, SetCancelAfter
from matching.engine.event_log import EventLog
from matching.engine.events import BracketArmed, CancelAfterSet, CancelRejected, OrderExpired
from matching.engine.links import Bracket, Oco
from matching.engine.market import MarketState
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import OpenOrder, RestingOrder
from matching.engine.types import CancelReason, RejectReason

_REQUESTED: Final = CancelReason.REQUESTED


class Cancellation:
    """Ends orders before they are filled, and draws the consequences of an end for the order's group."""

    __slots__ = ("_log", "_market", "_orders")

    def __init__(self, log: EventLog, market: MarketState, orders: OpenOrders) -> None:
        self._log = log
        self._market = market
        self._orders = orders

    # --- commands -----------------------------------------------------------------------------------

    def cancel_order(self, command: CancelOrder) -> None:
        order = self._orders.find(command.order_id)
        if order is not None and order.account_id == command.account_id:
            self.cancel(order, _REQUESTED)
        else:
            self._log.emit(CancelRejected, command.order_id, RejectReason.ORDER_NOT_FOUND)

    def cancel_all(self, command: CancelAll) -> None:
        self._cancel_account(command.account_id, _REQUESTED)

    def set_cancel_after(self, command: SetCancelAfter) -> None:
        due_ms = command.time_ms + command.timeout_ms if command.timeout_ms else 0
        self._set_switch(command.account_id, due_ms)

    def expire_due(self, command: ExpireDue) -> None:
        """Expire what is due, as much as one command may; the rest stays due."""
        schedule = self._orders.schedule
        for order_id in schedule.due_orders(command.time_ms, self._market.work_max):
            order = self._orders.find(order_id)
            if order is not None and self._may_go_on:  # else its group has taken it along
                self._expire(order)
        for account_id in schedule.due_accounts(command.time_ms, self._market.work_max):
            if not self._may_go_on:
                return
            self._go_off(account_id)

    def _go_off(self, account_id: int) -> None:
        """Cancel an account's orders because its switch is due; it stays due unless the command can do all of them."""
        events = 2 * self._orders.count_of(account_id)  # at most: the end of an entry arms its bracket
        if events < self._market.work_max - self._log.count:
            self._set_switch(account_id, 0)
        self._cancel_account(account_id, CancelReason.CANCEL_AFTER)

    @property
    def _may_go_on(self) -> bool:
        return self._log.count < self._market.work_max

    def _set_switch(self, account_id: int, due_ms: int) -> None:
        self._orders.schedule.set_switch(account_id, due_ms)
        self._log.emit(CancelAfterSet, account_id, due_ms)

    def _cancel_account(self, account_id: int, reason: CancelReason) -> None:
        """Cancel an account's orders, as many as one command may."""
        for order in self._orders.of_account(account_id, self._market.work_max):
            if self._orders.find(order.order_id) is order and self._may_go_on:  # else its group has taken it along
                self.cancel(order, reason)

    # --- ends ---------------------------------------------------------------------------------------

    def cancel(self, order: OpenOrder, reason: CancelReason) -> None:
        """Cancel an order, with the consequences for its group."""
        if type(order) is RestingOrder:  # a plain one, so without a group
            self._orders.book.remove(order)
            self._log.cancel(order.order_id, reason, order.remaining_lots)
            return
        filled_lots = order.filled_lots
        self._orders.remove(order)
        self._log.cancel(order.order_id, reason, order.total_lots)
        self.follow(order.order_id, filled_lots)

    def _expire(self, order: OpenOrder) -> None:
        filled_lots = order.filled_lots
        self._orders.remove(order)
        self._log.emit(OrderExpired, order.order_id, order.total_lots)
        self.follow(order.order_id, filled_lots)

    # --- groups -------------------------------------------------------------------------------------

    def follow(self, order_id: int, filled_lots: int) -> None:
        """Draw the consequences for its group of an order's end, or of an OCO leg's fill or trigger."""
        link = self._orders.links.pop(order_id)
        if isinstance(link, Oco):
            self._cancel_linked(link.other(order_id))
        elif link is not None and order_id != link.entry_id:
            self._cancel_linked(next(exit_id for exit_id in link.exits if exit_id != order_id))
        elif link is not None and filled_lots:
            self._arm(link, filled_lots)
        elif link is not None:
            for exit_id in link.exits:
                self._cancel_linked(exit_id)

    def _cancel_linked(self, order_id: int) -> None:
        order = self._orders.find(order_id)
        assert order is not None, "Invariant: a group's orders are open"
        self.cancel(order, CancelReason.LINKED)

    def _arm(self, bracket: Bracket, filled_lots: int) -> None:
        stops = self._orders.stops
        for exit_id in bracket.exits:
            exit_order = stops.orders[exit_id]
            stops.change(exit_order, price_ticks=exit_order.order.price_ticks, quantity_lots=filled_lots)
        self._orders.links.add(replace(bracket, is_armed=True))
        self._log.emit(BracketArmed, bracket.entry_id, filled_lots)
