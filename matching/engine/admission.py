"""Whether a new order is accepted, and if not, the first of the rules that it breaks."""

from typing import Final

from matching.engine.commands import PLAIN, PlaceOrder
from matching.engine.levels import BookSide
from matching.engine.market import MarketState
from matching.engine.open_orders import OpenOrders
from matching.engine.rules import (
    is_expired,
    is_limit_far_from_stop,
    may_rest,
    may_wait_for_opening,
    price_behind,
)
from matching.engine.stops import is_reached
from matching.engine.types import OrderType, RejectReason, SelfTradePrevention

_LIMIT: Final = OrderType.LIMIT
_PRE_OPEN: Final = RejectReason.MARKET_PRE_OPEN


class Admission:
    """Says which rule refuses an order, None if it keeps them all. It changes nothing.

    Each method goes through the rules in the order of precedence of `RejectReason`.
    """

    __slots__ = ("_market", "_orders")

    def __init__(self, market: MarketState, orders: OpenOrders) -> None:
        self._market = market
        self._orders = orders

    def order_refusal(self, order: PlaceOrder, other: BookSide, would_trade: bool) -> RejectReason | None:
        """Judge a limit or market order that would trade with the other side at once, or would not."""
        order_id = order.order_id
        market, orders = self._market, self._orders
        refused = market.refused
        if refused is not None and not (refused is _PRE_OPEN and may_wait_for_opening(order)):
            return refused
        waiting = orders.stops.orders
        if order_id in orders.book.orders or (waiting and order_id in waiting):
            return RejectReason.DUPLICATE_ORDER_ID
        if market.max_orders and may_rest(order) and self._are_too_many_orders(order, 1):
            return RejectReason.TOO_MANY_ORDERS
        if order.instructions is not PLAIN and is_expired(order):
            return RejectReason.ALREADY_EXPIRED
        is_limit = order.type == _LIMIT
        if is_limit and not market.low_ticks <= order.price_ticks <= market.high_ticks:
            return RejectReason.PRICE_OUT_OF_BAND
        if would_trade:
            return self.taking_refusal(order, other)
        return None if is_limit else RejectReason.INSUFFICIENT_LIQUIDITY

    def taking_refusal(self, order: PlaceOrder, other: BookSide) -> RejectReason | None:
        """Judge that an order would trade with the other side at once."""
        if order.post_only or self._market.is_post_only:
            return None if self._may_reprice(order, other) else RejectReason.POST_ONLY_WOULD_TRADE
        first = other.best_level.head
        assert first is not None, "Invariant: a price level in the book has orders"
        is_own = first.account_id == order.account_id
        if is_own and order.instructions.self_trade_prevention == SelfTradePrevention.CANCEL_NEWEST:
            return RejectReason.SELF_TRADE
        return None

    def stop_refusal(self, order: PlaceOrder, stop_price_ticks: int) -> RejectReason | None:
        """Judge a stop that would begin to wait at this stop price."""
        market, is_trailing = self._market, order.type == OrderType.TRAILING_STOP
        if market.halted is not None:
            return market.halted
        if self._orders.knows(order.order_id):
            return RejectReason.DUPLICATE_ORDER_ID
        if self._are_too_many_orders(order, 1):
            return RejectReason.TOO_MANY_ORDERS
        if self._are_too_many_stops(order):
            return RejectReason.TOO_MANY_STOPS
        if is_expired(order):
            return RejectReason.ALREADY_EXPIRED
        if is_trailing and not market.last_price_ticks:
            return RejectReason.NO_LAST_PRICE
        if stop_price_ticks < 1 or is_limit_far_from_stop(order, market.band_ppm):
            return RejectReason.PRICE_OUT_OF_BAND
        around = market.around_ticks
        if around and not is_trailing and is_reached(order.type, order.side, stop_price_ticks, around):
            return RejectReason.STOP_WOULD_TRIGGER
        return None

    def oco_refusal(
        self, limit: PlaceOrder, stop: PlaceOrder, other: BookSide, would_trade: bool
    ) -> RejectReason | None:
        """Judge both legs of an OCO, of which the limit order must not trade at once."""
        return first_reason(
            self.order_refusal(limit, other, would_trade),
            RejectReason.POST_ONLY_WOULD_TRADE if would_trade else None,
            self.stop_refusal(stop, stop.instructions.stop_price_ticks),
            RejectReason.TOO_MANY_ORDERS if self._are_too_many_orders(limit, 2) else None,
        )

    def bracket_refusal(
        self, orders: tuple[PlaceOrder, ...], other: BookSide, would_trade: bool
    ) -> RejectReason | None:
        """Judge a bracket's entry as any order, and what its exits must keep while they wait for it."""
        entry, take_profit, stop_loss = orders
        is_known = self._orders.knows(take_profit.order_id) or self._orders.knows(stop_loss.order_id)
        is_far = is_limit_far_from_stop(stop_loss, self._market.band_ppm)
        return first_reason(
            self.order_refusal(entry, other, would_trade),
            RejectReason.DUPLICATE_ORDER_ID if is_known else None,
            RejectReason.TOO_MANY_ORDERS if self._are_too_many_orders(entry, 3) else None,
            RejectReason.TOO_MANY_STOPS if self._are_too_many_stops(stop_loss) else None,
            RejectReason.PRICE_OUT_OF_BAND if is_far else None,
        )

    def _may_reprice(self, order: PlaceOrder, other: BookSide) -> bool:
        price_ticks, market = price_behind(other), self._market
        return (
            order.type == _LIMIT and order.instructions.reprice and market.low_ticks <= price_ticks <= market.high_ticks
        )

    def _are_too_many_orders(self, order: PlaceOrder, new: int) -> bool:
        return 0 < self._market.max_orders < self._orders.count_of(order.account_id) + new

    def _are_too_many_stops(self, order: PlaceOrder) -> bool:
        return 0 < self._market.max_stops < self._orders.stops.counts.get(order.account_id, 0) + 1


def first_reason(*reasons: RejectReason | None) -> RejectReason | None:
    """Return the first of reasons in their order of precedence."""
    return min((reason for reason in reasons if reason is not None), default=None)
