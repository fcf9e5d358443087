"""Placing orders that belong together, and activating the exits of a bracket."""

from matching.engine.admission import Admission
from matching.engine.commands import ActivateBracket, PlaceGroup, PlaceOrder, are_whole
from matching.engine.event_log import EventLog
from matching.engine.events import ExitPlaced, OrderRejected
from matching.engine.levels import NO_REACH
from matching.engine.links import Bracket, Oco
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import WaitingOrder
from matching.engine.placement import Placement
from matching.engine.stops import is_reached
from matching.engine.types import CancelReason, GroupKind, RejectReason, TimeInForce


class GroupPlacement:
    """Places the orders of an OCO or a bracket, all or none, and the exits of a bracket when their time has come."""

    __slots__ = ("_admission", "_log", "_market", "_matcher", "_orders", "_placement")

    def __init__(
        self,
        log: EventLog,
        market: MarketState,
        orders: OpenOrders,
        admission: Admission,
        matcher: Matcher,
        placement: Placement,
    ) -> None:
        self._log = log
        self._market = market
        self._orders = orders
        self._admission = admission
        self._matcher = matcher
        self._placement = placement

    def place_group(self, command: PlaceGroup) -> None:
        assert len({order.account_id for order in command.orders}) == 1, "Invariant: a group has one account"
        for order in command.orders:
            numbers = order.quantity_lots, order.price_ticks, *order.instructions
            assert are_whole(numbers), "Invariant: prices and quantities have 64 bits"
        if command.kind == GroupKind.OCO:
            self._place_oco(command)
        else:
            self._place_bracket(command)

    def activate_bracket(self, command: ActivateBracket) -> None:
        links, stops = self._orders.links, self._orders.stops
        bracket = links.armed.get(command.entry_id)
        if bracket is None:
            return
        links.pop(bracket.take_profit_id)
        exits = [stops.orders[exit_id] for exit_id in bracket.exits]
        for waiting in exits:
            stops.remove(waiting)
        if command.funded:
            self._begin_exits(exits[0].order, exits[1].order)
            return
        for waiting in exits:
            self._log.cancel(waiting.order_id, CancelReason.NO_FUNDS, waiting.total_lots)

    def _place_oco(self, command: PlaceGroup) -> None:
        limit, stop = command.orders
        other = self._orders.book.other(limit.side)
        would_trade = other.best_key <= self._market.reach_key(limit, other)
        reason = self._admission.oco_refusal(limit, stop, other, would_trade)
        if reason is not None:
            self._reject(command.orders, reason)
            return
        self._orders.links.add(Oco(limit.order_id, stop.order_id))
        priority = self._log.accept(limit.order_id)
        self._matcher.work(limit, other, NO_REACH, limit.quantity_lots, priority)
        self._placement.wait(stop, stop.instructions.stop_price_ticks)

    def _place_bracket(self, command: PlaceGroup) -> None:
        entry, take_profit, stop_loss = command.orders
        other = self._orders.book.other(entry.side)
        reach_key = self._market.reach_key(entry, other)
        reason = self._admission.bracket_refusal(command.orders, other, other.best_key <= reach_key)
        if reason is not None:
            self._reject(command.orders, reason)
            return
        priority = self._log.accept(entry.order_id)
        for exit_order in (take_profit, stop_loss):
            exit_priority = self._log.emit(ExitPlaced, exit_order.order_id)
            self._orders.stops.add(WaitingOrder(exit_order, exit_priority))
        self._orders.links.add(Bracket(entry.order_id, take_profit.order_id, stop_loss.order_id))
        self._matcher.work(entry, other, reach_key, entry.quantity_lots, priority)

    def _reject(self, orders: tuple[PlaceOrder, ...], reason: RejectReason) -> None:
        for order in orders:
            self._log.emit(OrderRejected, order.order_id, reason)

    def _begin_exits(self, take_profit: PlaceOrder, stop_loss: PlaceOrder) -> None:
        """Make an OCO of the exits. A stop that the last price is past already has its turn before the other trades."""
        market = self._market
        stop_price_ticks, last = stop_loss.instructions.stop_price_ticks, market.last_price_ticks
        is_reached_now = last and is_reached(stop_loss.type, stop_loss.side, stop_price_ticks, last)
        is_late = market.is_continuous and is_reached_now
        self._orders.links.add(Oco(take_profit.order_id, stop_loss.order_id))
        waiting = self._placement.wait(stop_loss, stop_price_ticks)
        if is_late:
            self._orders.stops.trigger(waiting, stop_price_ticks, last)
        priority = self._log.accept(take_profit.order_id)
        may_trade = market.is_continuous and not is_late
        other = self._orders.book.other(take_profit.side)
        reach_key = market.reach_key(take_profit, other) if may_trade else NO_REACH
        take_profit = take_profit._replace(time_in_force=TimeInForce.GTC)
        self._matcher.work(take_profit, other, reach_key, take_profit.quantity_lots, priority)
