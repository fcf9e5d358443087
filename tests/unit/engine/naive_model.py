"""The rules of the engine a second time, as slowly and plainly as possible: one list, searched from end to end.

It shares the commands, events and enums with the engine, and none of its code.
"""

from dataclasses import dataclass
from fractions import Fraction

from matching.engine import (
    CancelOrder,
    CancelReason,
    CancelRejected,
    Command,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderType,
    PlaceOrder,
    PriceBandChanged,
    RejectReason,
    SetPriceBand,
    SetTradingState,
    Side,
    TimeInForce,
    TradeExecuted,
    TradingState,
    TradingStateChanged,
)


@dataclass
class NaiveOrder:
    order_id: int
    account_id: int
    side: Side
    price: int
    quantity: int
    remaining: int
    priority: int


class NaiveModel:
    def __init__(self) -> None:
        self.seq = 0
        self.state = TradingState.CONTINUOUS
        self.band_ppm = 0
        self.reference = 0
        self.last_price = 0
        self.orders: list[NaiveOrder] = []

    def execute(self, command: Command) -> list[Event]:
        self.events: list[Event] = []
        self.touched: list[tuple[Side, int]] = []
        if isinstance(command, PlaceOrder):
            self.place(command)
        elif isinstance(command, CancelOrder):
            self.cancel(command)
        elif isinstance(command, SetTradingState):
            self.state = command.state
            self.events.append(TradingStateChanged(self.next_seq(), command.state))
        else:
            self.set_band(command)
        for side, price in self.touched:
            self.events.append(LevelChanged(self.next_seq(), side, price, *self.level(side, price)))
        return self.events

    def depth(self, side: Side) -> list[tuple[int, int, int]]:
        prices = sorted({o.price for o in self.orders if o.side == side}, reverse=side == Side.BUY)
        return [(price, *self.level(side, price)) for price in prices]

    def level(self, side: Side, price: int) -> tuple[int, int]:
        lots = [o.remaining for o in self.orders if (o.side, o.price) == (side, price)]
        return sum(lots), len(lots)

    def next_seq(self) -> int:
        self.seq += 1
        return self.seq

    def touch(self, order: NaiveOrder) -> None:
        if (order.side, order.price) not in self.touched:
            self.touched.append((order.side, order.price))

    def set_band(self, command: SetPriceBand) -> None:
        self.band_ppm, self.reference = command.band_ppm, command.reference_price_ticks
        self.events.append(PriceBandChanged(self.next_seq(), self.band_ppm, self.reference))

    def cancel(self, command: CancelOrder) -> None:
        for order in self.orders:
            if order.order_id == command.order_id and order.account_id == command.account_id:
                self.orders.remove(order)
                self.touch(order)
                reason = CancelReason.REQUESTED
                self.events.append(OrderCancelled(self.next_seq(), order.order_id, reason, order.remaining))
                return
        reason_not = RejectReason.ORDER_NOT_FOUND
        self.events.append(CancelRejected(self.next_seq(), command.order_id, reason_not))

    def place(self, command: PlaceOrder) -> None:
        makers = self.makers_within_reach(command)
        reason = self.reject_reason(command, would_trade=bool(makers))
        if reason is not None:
            self.events.append(OrderRejected(self.next_seq(), command.order_id, reason))
            return
        priority = self.next_seq()
        self.events.append(OrderAccepted(priority, command.order_id))
        if command.time_in_force == TimeInForce.FOK and not self.can_fill(command, makers):
            at_best = command.budget // makers[0].price if makers else 0
            self.end(command, CancelReason.FOK_NOT_FILLABLE, command.quantity_lots or at_best)
            return
        left = self.trade(command, makers)
        if left and command.type == OrderType.MARKET:
            self.end(command, CancelReason.MARKET_REMAINDER, left)
        elif left and command.time_in_force == TimeInForce.IOC:
            self.end(command, CancelReason.IOC_REMAINDER, left)
        elif left:
            self.rest(command, left, priority)

    def end(self, command: PlaceOrder, reason: CancelReason, left: int) -> None:
        self.events.append(OrderCancelled(self.next_seq(), command.order_id, reason, left))

    def rest(self, command: PlaceOrder, left: int, priority: int) -> None:
        order = NaiveOrder(
            command.order_id,
            command.account_id,
            command.side,
            command.price_ticks,
            command.quantity_lots,
            left,
            priority,
        )
        self.orders.append(order)
        self.touch(order)

    def in_band(self, price: int) -> bool:
        around = self.last_price or self.reference
        return not self.band_ppm or not around or abs(price - around) <= Fraction(around * self.band_ppm, 10**6)

    def makers_within_reach(self, command: PlaceOrder) -> list[NaiveOrder]:
        makers = [o for o in self.orders if o.side != command.side and self.reaches(command, o.price)]
        by_price = -1 if command.side == Side.SELL else 1
        return sorted(makers, key=lambda o: (o.price * by_price, o.priority))

    def reaches(self, command: PlaceOrder, price: int) -> bool:
        if command.type == OrderType.LIMIT:
            return price <= command.price_ticks if command.side == Side.BUY else price >= command.price_ticks
        if command.budget and price > command.budget:
            return False
        around = self.last_price or self.reference
        is_better_than_the_middle = price < around if command.side == Side.BUY else price > around
        return is_better_than_the_middle or self.in_band(price)

    def reject_reason(self, command: PlaceOrder, *, would_trade: bool) -> RejectReason | None:
        is_limit = command.type == OrderType.LIMIT
        is_post_only = command.post_only or self.state == TradingState.POST_ONLY
        refusals = {
            RejectReason.MARKET_CLOSED: self.state == TradingState.CLOSED,
            RejectReason.MARKET_HALTED: self.state in (TradingState.HALTED, TradingState.PRE_OPEN),
            RejectReason.DUPLICATE_ORDER_ID: command.order_id in [o.order_id for o in self.orders],
            RejectReason.PRICE_OUT_OF_BAND: is_limit and not self.in_band(command.price_ticks),
            RejectReason.POST_ONLY_WOULD_TRADE: is_post_only and would_trade,
            RejectReason.INSUFFICIENT_LIQUIDITY: not is_limit and not would_trade,
        }
        return min((reason for reason, applies in refusals.items() if applies), default=None)

    def can_fill(self, command: PlaceOrder, makers: list[NaiveOrder]) -> bool:
        if command.budget:
            return sum(o.remaining * o.price for o in makers) >= command.budget
        return sum(o.remaining for o in makers) >= command.quantity_lots

    def trade(self, command: PlaceOrder, makers: list[NaiveOrder]) -> int:
        """Trade one lot at a time, report each maker once, return the lots still wanted."""
        left, budget, price = command.quantity_lots, command.budget, 1
        for maker in makers:
            lots = 0
            if left or budget:
                price = maker.price
            while maker.remaining > lots and (lots < left or price * (lots + 1) <= budget):
                lots += 1
            if lots:
                left -= lots if left else 0
                budget -= lots * price if budget else 0
                self.report_trade(command, maker, lots)
        return left or budget // price

    def report_trade(self, command: PlaceOrder, maker: NaiveOrder, lots: int) -> None:
        maker.remaining -= lots
        self.last_price = maker.price
        self.touch(maker)
        if not maker.remaining:
            self.orders.remove(maker)
        self.events.append(
            TradeExecuted(
                self.next_seq(),
                maker.price,
                lots,
                maker.order_id,
                command.order_id,
                maker.account_id,
                command.account_id,
                command.side,
                maker.remaining,
            )
        )
