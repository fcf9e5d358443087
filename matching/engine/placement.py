"""Placing single orders: how one that is accepted begins."""

from typing import Final

from matching.engine.admission import Admission
from matching.engine.commands import PLAIN, WHOLE_BITS, PlaceOrder, are_whole
from matching.engine.event_log import EventLog
from matching.engine.events import OrderRejected, OrderRepriced, StopPlaced
from matching.engine.levels import NO_REACH, BookSide
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import WaitingOrder
from matching.engine.rules import first_stop_price, may_have_budget, price_behind, waiting_price
from matching.engine.types import OrderType, Side

_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_MARKET: Final = OrderType.MARKET


class Placement:
    """Refuses a new order, or accepts it: then it is a taker at once, or a stop that waits for its trigger."""

    __slots__ = ("_admission", "_log", "_market", "_matcher", "_orders")

    def __init__(
        self, log: EventLog, market: MarketState, orders: OpenOrders, admission: Admission, matcher: Matcher
    ) -> None:
        self._log = log
        self._market = market
        self._orders = orders
        self._admission = admission
        self._matcher = matcher

    def place_order(self, order: PlaceOrder) -> None:
        _, order_id, _, side, kind, _, post_only, price_ticks, lots, budget, instructions = order
        if kind > _MARKET:
            self._place_stop(order)
            return
        assert lots | budget > 0, "Invariant: an order has a quantity or a budget"
        assert not (lots | budget) >> WHOLE_BITS, "Invariant: quantities and budgets have 64 bits"
        assert instructions is PLAIN or are_whole(instructions), "Invariant: instructions have 64 bits"
        assert not budget or may_have_budget(order), "Invariant: only a market buy by budget has a budget"
        market, book = self._market, self._orders.book
        other = book.asks if side == _BUY else book.bids
        if kind == _LIMIT and market.is_matching:  # what reach_key says, too; most orders are spared the call
            reach_key = other.sign * price_ticks
        else:
            reach_key = market.reach_key(order, other)
        would_trade = other.best_key <= reach_key
        reason = self._admission.order_refusal(order, other, would_trade)
        if reason is not None:
            self._log.emit(OrderRejected, order_id, reason)
            return
        priority = self._log.accept(order_id)
        if would_trade and (post_only or market.is_post_only):
            order, reach_key = self._reprice(order, other), NO_REACH
        self._matcher.work(order, other, reach_key, lots, priority)

    def wait(self, order: PlaceOrder, stop_price_ticks: int) -> WaitingOrder:
        """Let an accepted stop wait for its trigger."""
        price_ticks = waiting_price(order, stop_price_ticks, self._market.band_ppm)
        instructions = order.instructions._replace(stop_price_ticks=stop_price_ticks)
        priority = self._log.emit(StopPlaced, order.order_id, stop_price_ticks, price_ticks)
        waiting = WaitingOrder(order._replace(price_ticks=price_ticks, instructions=instructions), priority)
        self._orders.stops.add(waiting)
        self._orders.stops.watch(waiting, self._market.last_price_ticks)
        self._orders.schedule.add(order.order_id, instructions.expire_ms)
        return waiting

    def _place_stop(self, order: PlaceOrder) -> None:
        assert order.quantity_lots > 0, "Invariant: a stop has a quantity"
        assert are_whole((order.quantity_lots, order.price_ticks, *order.instructions)), "Invariant: 64 bits"
        stop_price_ticks = first_stop_price(order, self._market.last_price_ticks)
        reason = self._admission.stop_refusal(order, stop_price_ticks)
        if reason is None:
            self.wait(order, stop_price_ticks)
        else:
            self._log.emit(OrderRejected, order.order_id, reason)

    def _reprice(self, order: PlaceOrder, other: BookSide) -> PlaceOrder:
        order = order._replace(price_ticks=price_behind(other))
        self._log.emit(OrderRepriced, order.order_id, order.price_ticks)
        return order
