"""Why commands are refused: all reasons that apply, of which the lowest is given."""

from matching.engine.commands import AmendOrder
from matching.engine.types import LIMIT_TYPES, OrderType, RejectReason, SelfTradePrevention, Side, TradingState
from tests.unit.engine.naive.state import NaiveOrder, Where
from tests.unit.engine.naive.triggers import Triggers


class Refusals(Triggers):
    def of_order(self, order: NaiveOrder, time_ms: int) -> set[RejectReason]:
        """Return the reasons against a new order but for those of how many its account has."""
        reasons = self.of_state() | (self.of_stop(order) if order.is_stop else self.of_taker(order))
        if self.find(order.order_id):
            reasons.add(RejectReason.DUPLICATE_ORDER_ID)
        if 0 < order.instructions.expire_ms <= time_ms:
            reasons.add(RejectReason.ALREADY_EXPIRED)
        return reasons

    def of_state(self) -> set[RejectReason]:
        if self.trading_state == TradingState.CLOSED:
            return {RejectReason.MARKET_CLOSED}
        return {RejectReason.MARKET_HALTED} if self.trading_state == TradingState.HALTED else set()

    def of_counts(self, account_id: int, orders: int, stops: int) -> set[RejectReason]:
        """Return the reasons against so many more orders and stops of an account; 0 are never too many."""
        mine = [o for o in self.orders if o.account_id == account_id]
        waiting = [o for o in mine if o.is_stop and o.where in (Where.STOPS, Where.QUEUE, Where.EXITS)]
        reasons = set()
        if orders and self.max_orders and len(mine) + orders > self.max_orders:
            reasons.add(RejectReason.TOO_MANY_ORDERS)
        if stops and self.max_stops and len(waiting) + stops > self.max_stops:
            reasons.add(RejectReason.TOO_MANY_STOPS)
        return reasons

    def of_taker(self, order: NaiveOrder) -> set[RejectReason]:
        reasons = self.of_trading_at_once(order)
        if self.trading_state == TradingState.PRE_OPEN and (order.post_only or not order.may_rest):
            reasons.add(RejectReason.MARKET_PRE_OPEN)
        if order.type == OrderType.LIMIT and not self.is_in_band(order.price, self.around):
            reasons.add(RejectReason.PRICE_OUT_OF_BAND)
        if order.type == OrderType.MARKET and not self.would_trade(order.side, self.reach(order)):
            reasons.add(RejectReason.INSUFFICIENT_LIQUIDITY)
        return reasons

    def reach(self, order: NaiveOrder) -> int:
        if order.has_limit:
            return order.price
        low, high = self.band(self.band_ppm, self.around)
        if order.side == Side.SELL:
            return low
        return min(high, order.budget) if order.is_by_budget else high

    def of_trading_at_once(self, order: NaiveOrder) -> set[RejectReason]:
        first = self.head(order.side.opposite)
        if first is None or not self.would_trade(order.side, self.reach(order)):
            return set()
        if order.post_only or self.trading_state == TradingState.POST_ONLY:
            return set() if self.price_behind(order) else {RejectReason.POST_ONLY_WOULD_TRADE}
        is_careful = order.instructions.self_trade_prevention == SelfTradePrevention.CANCEL_NEWEST
        return {RejectReason.SELF_TRADE} if is_careful and first.account_id == order.account_id else set()

    def price_behind(self, order: NaiveOrder) -> int:
        """Return the price that a post-only order which would trade is moved to, 0 if it is not moved."""
        first = self.head(order.side.opposite)
        is_post_only = order.post_only or self.trading_state == TradingState.POST_ONLY
        if first is None or not is_post_only or not self.would_trade(order.side, self.reach(order)):
            return 0
        price = first.price - 1 if order.side == Side.BUY else first.price + 1
        may_move = order.has_limit and order.instructions.reprice
        return price if may_move and price >= 1 and self.is_in_band(price, self.around) else 0

    def of_stop(self, order: NaiveOrder) -> set[RejectReason]:
        if order.type == OrderType.TRAILING_STOP and not self.last_price:
            return {RejectReason.NO_LAST_PRICE}
        reasons = self.of_stop_prices(order)
        if self.around and self.is_reached(order, self.around):
            reasons.add(RejectReason.STOP_WOULD_TRIGGER)
        return reasons

    def of_stop_prices(self, order: NaiveOrder) -> set[RejectReason]:
        stop_price = self.stop_price(order)
        is_far = order.has_limit and not self.is_in_band(order.price, stop_price)
        return {RejectReason.PRICE_OUT_OF_BAND} if is_far or stop_price < 1 else set()

    def of_amendment(self, order: NaiveOrder, wish: NaiveOrder) -> set[RejectReason]:
        """Return the reasons against an order that is there becoming what is wished for."""
        is_more = self.edition > 1 and wish.quantity > order.quantity
        is_other = wish.price != order.price or waits_anew(order, wish)
        reasons = self.of_amended_price(order, wish) if is_more or is_other else set()
        if order.where is Where.BOOK and is_moved(order, wish):
            reasons |= self.of_moving(order, wish)
        is_reached = self.around and self.is_reached(wish, self.around)
        if is_reached and waits_anew(order, wish) and order.where is not Where.EXITS:
            reasons.add(RejectReason.STOP_WOULD_TRIGGER)
        if wish.quantity <= order.filled:
            reasons.add(RejectReason.QUANTITY_BELOW_FILLED)
        return reasons

    def of_asking(self, command: AmendOrder, order: NaiveOrder) -> set[RejectReason]:
        """Return the reasons against asking for this at all."""
        reasons = set()
        is_exit_resized = order.where is Where.EXITS and command.quantity_lots not in (0, order.quantity)
        if self.is_linked(order) and (self.edition == 1 or is_exit_resized):
            reasons.add(RejectReason.ORDER_LINKED)
        if command.price_ticks and order.where is not Where.BOOK and order.type not in LIMIT_TYPES:
            reasons.add(RejectReason.PRICE_NOT_AMENDABLE)
        if command.stop_price_ticks and (order.where is Where.BOOK or not has_stop_price(order)):
            reasons.add(RejectReason.TRIGGER_NOT_AMENDABLE)
        return reasons

    def of_amended_price(self, order: NaiveOrder, wish: NaiveOrder) -> set[RejectReason]:
        if order.where is Where.BOOK:
            return set() if self.is_in_band(wish.price, self.around) else {RejectReason.PRICE_OUT_OF_BAND}
        return self.of_stop_prices(wish) if order.is_stop and order.has_limit else set()

    def of_moving(self, order: NaiveOrder, wish: NaiveOrder) -> set[RejectReason]:
        """Return the reasons against a place elsewhere in the book, where the limit order of a pair has to rest."""
        if self.edition > 1 and any(order in pair for pair in self.pairs):
            trades = self.would_trade(wish.side, wish.price)
            return {RejectReason.POST_ONLY_WOULD_TRADE} if trades else set()
        return self.of_trading_at_once(wish)


def is_moved(order: NaiveOrder, wish: NaiveOrder) -> bool:
    return wish.price != order.price or wish.remaining > order.remaining


def has_stop_price(order: NaiveOrder) -> bool:
    return order.is_stop and order.type != OrderType.TRAILING_STOP


def waits_anew(order: NaiveOrder, wish: NaiveOrder) -> bool:
    """Tell whether a stop, which is not triggered yet, is to wait for another price."""
    is_other = wish.instructions.stop_price_ticks != order.instructions.stop_price_ticks
    return is_other and order.where is not Where.BOOK
