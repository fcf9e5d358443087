"""What a taker does with the book."""

from copy import copy

from matching.engine.events import IcebergRefilled, OrderCancelled, OrderDecremented, TradeExecuted
from matching.engine.types import CancelReason, SelfTradePrevention, TimeInForce
from tests.unit.engine.naive.ends import Ends
from tests.unit.engine.naive.state import NaiveOrder, Where, queue_key, reaches, waits_for_rise

NEWEST, OLDEST = SelfTradePrevention.CANCEL_NEWEST, SelfTradePrevention.CANCEL_OLDEST
BOTH, DECREMENT = SelfTradePrevention.CANCEL_BOTH, SelfTradePrevention.DECREMENT


class Matching(Ends):
    def take(self, taker: NaiveOrder, reach: int) -> None:
        """Let an order, which is nowhere yet, trade; then rest it or end it."""
        best = self.head(taker.side.opposite)
        if best is None or not self.would_trade(taker.side, reach):
            left = taker.remaining
        elif taker.tif == TimeInForce.FOK and not self.is_fillable(taker, reach):
            left = taker.wanted(best.price)
        else:
            left = self.match(taker, reach)
        if left and taker.may_rest:
            self.rest(taker)
        elif left:
            self.emit(OrderCancelled, taker.order_id, remainder_reason(taker), left)
        if taker.where is Where.NOWHERE:
            self.order_has_ended(taker)
        elif taker.filled:
            self.cancel_sibling(taker)

    def rest(self, order: NaiveOrder) -> None:
        self.show(order)
        order.where = Where.BOOK
        self.orders.append(order)
        self.touch(order)

    def show(self, order: NaiveOrder) -> None:
        display = order.instructions.display_lots
        order.visible = min(display, order.remaining) if display else order.remaining

    def match(self, taker: NaiveOrder, reach: int) -> int:
        """Return the lots still wanted, 0 when the taker has been ended."""
        left = met = 0
        while (maker := self.head(taker.side.opposite)) and reaches(taker.side, reach, maker.price):
            left = taker.wanted(maker.price)
            if not left:
                break
            if met == self.most_fills:
                self.emit(OrderCancelled, taker.order_id, CancelReason.MATCH_LIMIT, left)
                return 0
            met += 1
            if maker.account_id != taker.account_id:
                self.trade(maker, taker, maker.price, min(left, maker.visible))
                self.after_fill(maker)
            elif self.prevent_self_trade(maker, taker, left):
                return 0
            left = taker.wanted(maker.price)
        return left

    def trade(self, maker: NaiveOrder, taker: NaiveOrder, price: int, lots: int) -> None:
        maker.filled += lots
        maker.visible -= lots
        taker.filled += lots
        if taker.is_by_budget:
            taker.budget -= lots * price
        self.touch(maker)
        ids = maker.order_id, taker.order_id, maker.account_id, taker.account_id
        self.emit(TradeExecuted, price, lots, *ids, taker.side, maker.remaining)
        self.observe(price)

    def after_fill(self, order: NaiveOrder) -> None:
        """Do what a fill of a resting order brings with it."""
        self.cancel_sibling(order)
        if not order.remaining:
            self.take_out(order)
            self.order_has_ended(order)
        elif not order.visible:
            self.show(order)
            order.priority = self.emit(IcebergRefilled, order.order_id, order.visible)

    def prevent_self_trade(self, maker: NaiveOrder, taker: NaiveOrder, wanted: int) -> bool:
        """Tell whether the taker has ended."""
        mode = taker.instructions.self_trade_prevention
        if mode == DECREMENT:
            return self.decrement_both(maker, taker, wanted)
        if mode in (OLDEST, BOTH):
            self.cancel(maker, CancelReason.SELF_TRADE)
        if mode in (NEWEST, BOTH):
            self.emit(OrderCancelled, taker.order_id, CancelReason.SELF_TRADE, wanted)
        return mode != OLDEST

    def decrement_both(self, maker: NaiveOrder, taker: NaiveOrder, wanted: int) -> bool:
        lots, price, maker_had = min(wanted, maker.remaining), maker.price, maker.remaining
        if lots == maker_had:
            self.cancel(maker, CancelReason.SELF_TRADE)
        else:
            maker.quantity -= lots
            maker.visible = min(maker.visible, maker.remaining)
            self.touch(maker)
            self.emit(OrderDecremented, maker.order_id, lots, maker.remaining)
        if lots == wanted:
            self.emit(OrderCancelled, taker.order_id, CancelReason.SELF_TRADE, wanted)
            return True
        if taker.is_by_budget:
            taker.budget -= lots * price
        else:
            taker.quantity -= lots
        self.emit(OrderDecremented, taker.order_id, lots, taker.wanted(price))
        return False

    def is_fillable(self, taker: NaiveOrder, reach: int) -> bool:
        """Play it through with a copy of the book and a taker that never has enough, up to what would stop it."""
        makers = [copy(o) for o in self.resting(taker.side.opposite) if reaches(taker.side, reach, o.price)]
        lots = value = met = 0
        while makers and met < self.most_fills:
            met += 1
            maker = min(makers, key=queue_key)
            is_own = maker.account_id == taker.account_id
            if is_own and taker.instructions.self_trade_prevention != OLDEST:
                break
            if not is_own:
                lots += maker.visible
                value += maker.visible * maker.price
                maker.filled += maker.visible
                self.show(maker)
                maker.priority = max(o.priority for o in makers) + 1
            if is_own or not maker.remaining:
                makers.remove(maker)
        return value >= taker.budget if taker.is_by_budget else lots >= taker.quantity

    def observe(self, price: int) -> None:
        """Queue the stops that wait for this price of a trade."""
        self.prints.append(price)
        reached = [o for o in self.orders if o.where is Where.STOPS and self.is_reached(o, price)]
        rising = [o for o in reached if waits_for_rise(o)]
        falling = [o for o in reached if not waits_for_rise(o)]
        rising.sort(key=lambda o: (self.stop_price(o), o.priority))
        falling.sort(key=lambda o: (-self.stop_price(o), o.priority))
        for order in rising + falling:
            self.put_in_queue(order, price)

    def put_in_queue(self, order: NaiveOrder, price: int) -> None:
        self.queue.append((order, self.stop_price(order), price))
        order.where = Where.QUEUE


def remainder_reason(taker: NaiveOrder) -> CancelReason:
    if taker.tif == TimeInForce.FOK:
        return CancelReason.FOK_NOT_FILLABLE
    return CancelReason.IOC_REMAINDER if taker.has_limit else CancelReason.MARKET_REMAINDER
