"""The turns of triggered stops: after the command whose trades triggered them, or in later ones."""

from matching.engine.cancellation import Cancellation
from matching.engine.event_log import EventLog
from matching.engine.events import StopTriggered
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.rules import is_in_band
from matching.engine.stops import Triggered
from matching.engine.types import CancelReason, OrderType


class Triggers:
    """Makes takers of triggered stops, one after the other."""

    __slots__ = ("_cancellation", "_log", "_market", "_matcher", "_orders")

    def __init__(
        self, log: EventLog, market: MarketState, orders: OpenOrders, cancellation: Cancellation, matcher: Matcher
    ) -> None:
        self._log = log
        self._market = market
        self._orders = orders
        self._cancellation = cancellation
        self._matcher = matcher

    def run(self, *, goes_on: bool) -> None:
        """Give triggered stops their turns, those that they trigger after them, until the command has done enough.

        What is left waits for a command that `goes_on` with it; until then no other gives turns, so that each stop has
        its turn before those that were triggered after it. Ends: a stop triggers once.
        """
        stops = self._orders.stops
        late = stops.take_late()
        if late is not None:
            self._trigger(late)
        if self._market.is_continuous and (goes_on or not stops.is_behind):
            while self._log.count < self._market.work_max and stops.has_turn():
                self._trigger(stops.take_turn())
        stops.is_behind = stops.has_turn()

    def _trigger(self, triggered: Triggered) -> None:
        waiting, stop_price_ticks, last_price_ticks = triggered
        order, market = waiting.order, self._market
        self._orders.remove(waiting)
        self._cancellation.follow(waiting.order_id, 0)
        priority = self._log.emit(StopTriggered, waiting.order_id, stop_price_ticks, last_price_ticks)
        if waiting.has_limit and not is_in_band(market.band_ppm, market.around_ticks, order.price_ticks):
            reason = CancelReason.PRICE_OUT_OF_BAND
            self._log.cancel(order.order_id, reason, order.quantity_lots)
            return
        other = self._orders.book.other(order.side)
        reach_key = other.sign * order.price_ticks
        if not waiting.has_limit:
            reach_key = min(reach_key, market.band_key(other))
        taker = order._replace(type=OrderType.LIMIT if waiting.has_limit else OrderType.MARKET)
        self._matcher.work(taker, other, reach_key, order.quantity_lots, priority)
