"""How orders meet: a taker walks through the other side of the book, and what is left of it rests or is cancelled."""

from typing import Final

from matching.engine.cancellation import Cancellation
from matching.engine.commands import PLAIN, PlaceOrder
from matching.engine.event_log import EventLog
from matching.engine.events import IcebergRefilled, OrderCancelled, OrderDecremented, TradeExecuted
from matching.engine.levels import BookSide, PriceLevel
from matching.engine.links import Oco
from matching.engine.market import MarketState
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import RestingOrder, SpecialOrder
from matching.engine.rules import is_fillable, remainder_reason, would_meet
from matching.engine.types import CancelReason, OrderType, SelfTradePrevention, Side, TimeInForce

# Looking up an enum's member costs as much as comparing it, so what every command needs is looked up once.
_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC
_GTD: Final = TimeInForce.GTD
_FOK: Final = TimeInForce.FOK
_SELF_TRADE: Final = CancelReason.SELF_TRADE


class Taker:
    """An order on its way through the other side of the book.

    `decremented_lots` is what self-trade prevention took off it, `is_stopped` tells that it cancels what is left.
    """

    __slots__ = ("decremented_lots", "is_stopped", "order", "remaining_lots")

    def __init__(self, order: PlaceOrder, remaining_lots: int) -> None:
        self.order = order
        self.remaining_lots = remaining_lots
        self.decremented_lots = 0
        self.is_stopped = False


class Matcher:
    """Lets orders trade with the other side of the book, and what is left of them rest in it.

    How far an order reaches is a key as `BookSide` defines them: it meets every level up to that one.
    """

    __slots__ = ("_cancellation", "_log", "_market", "_orders")

    def __init__(self, log: EventLog, market: MarketState, orders: OpenOrders, cancellation: Cancellation) -> None:
        self._log = log
        self._market = market
        self._orders = orders
        self._cancellation = cancellation

    def work(self, order: PlaceOrder, reach_key: int, lots: int, priority: int) -> None:
        """Let an accepted order trade, then let what is left of its `lots` rest or cancel it."""
        orders = self._orders
        book = orders.book
        own, other = (book.bids, book.asks) if order.side == _BUY else (book.asks, book.bids)
        if other.best_key <= reach_key:
            self._take(order, own, other, reach_key, lots, priority)
            return
        self._rest_or_cancel(order, own, lots, priority)
        if orders.links.by_order:
            self._follow(order, 0)

    def _take(
        self, order: PlaceOrder, own: BookSide, other: BookSide, reach_key: int, lots: int, priority: int
    ) -> None:
        taker = self._match(order, other, reach_key, lots)
        if taker.is_stopped:
            self._log.emit(OrderCancelled, order.order_id, _SELF_TRADE, taker.remaining_lots)
        elif taker.remaining_lots:
            reduced = order
            if taker.decremented_lots:
                reduced = order._replace(quantity_lots=order.quantity_lots - taker.decremented_lots)
            self._rest_or_cancel(reduced, own, taker.remaining_lots, priority)
        if self._orders.links.by_order:
            self._follow(order, lots - taker.remaining_lots - taker.decremented_lots)

    # --- a taker's way ------------------------------------------------------------------------------

    def _match(self, order: PlaceOrder, other: BookSide, reach_key: int, lots: int) -> Taker:
        taker = Taker(order, lots or order.budget // other.best_level.price_ticks)
        if order.time_in_force == _FOK and not self._is_fillable(order, other, reach_key):
            return taker
        if order.budget:
            self._match_budget(taker, other, reach_key)
        else:
            while taker.remaining_lots and other.best_key <= reach_key and not taker.is_stopped:
                self._match_level(taker, other.best_level)
        self._market.renew_band()
        return taker

    def _is_fillable(self, order: PlaceOrder, other: BookSide, reach_key: int) -> bool:
        has_own = order.account_id in self._orders.by_account
        return is_fillable(order, would_meet(order, other, reach_key, has_own=has_own))

    def _match_budget(self, taker: Taker, other: BookSide, reach_key: int) -> None:
        """Want at each level as many lots as the rest of the budget is worth there."""
        budget = taker.order.budget
        while other.best_key <= reach_key and not taker.is_stopped:
            level = other.best_level
            taker.remaining_lots = wanted = budget // level.price_ticks
            if not wanted:
                return
            self._match_level(taker, level)
            budget -= (wanted - taker.remaining_lots) * level.price_ticks

    def _match_level(self, taker: Taker, level: PriceLevel) -> None:
        """Trade with the front of a level's queue."""
        order, fill, emit, price = taker.order, self._orders.book.fill, self._log.emit, level.price_ticks
        taker_id, account_id, side = order.order_id, order.account_id, order.side
        wanted, has_traded = taker.remaining_lots, False
        while wanted and (maker := level.head) is not None:
            maker_account_id = maker.account_id
            if maker_account_id == account_id:
                taker.remaining_lots = wanted
                self._prevent_self_trade(taker, maker)
                wanted = taker.remaining_lots
                if taker.is_stopped:
                    break
                continue
            lots = min(wanted, maker.remaining_lots)
            fill(maker, lots)
            wanted -= lots
            has_traded = True
            left = maker.remaining_lots + maker.hidden_lots
            emit(TradeExecuted, price, lots, maker.order_id, taker_id, maker_account_id, account_id, side, left)
            if maker.is_special:
                self.after_fill(maker)
        taker.remaining_lots = wanted
        if has_traded:
            self._market.last_price_ticks = price
            stops = self._orders.stops
            if not stops.quiet_low < price < stops.quiet_high:
                stops.observe(price)

    # --- self-trade prevention ----------------------------------------------------------------------

    def _prevent_self_trade(self, taker: Taker, maker: RestingOrder) -> None:
        """Do as the taker chose."""
        mode = taker.order.instructions.self_trade_prevention
        if mode == SelfTradePrevention.DECREMENT:
            self._decrement(taker, maker)
            return
        if mode != SelfTradePrevention.CANCEL_NEWEST:
            self._cancellation.cancel(maker, _SELF_TRADE)
        taker.is_stopped = mode != SelfTradePrevention.CANCEL_OLDEST

    def _decrement(self, taker: Taker, maker: RestingOrder) -> None:
        """Take the smaller order off the larger one; the smaller one ends."""
        wanted, maker_lots = taker.remaining_lots, maker.total_lots
        lots = min(wanted, maker_lots)
        if maker_lots <= wanted:
            self._cancellation.cancel(maker, _SELF_TRADE)
        else:
            self._orders.book.reduce(maker, lots, min(lots, maker.hidden_lots))
            self._log.emit(OrderDecremented, maker.order_id, lots, maker.total_lots)
        if wanted <= maker_lots:
            taker.is_stopped = True
            return
        taker.decremented_lots += lots
        taker.remaining_lots = wanted - lots
        self._log.emit(OrderDecremented, taker.order.order_id, lots, taker.remaining_lots)

    # --- what is left -------------------------------------------------------------------------------

    def _rest_or_cancel(self, order: PlaceOrder, own: BookSide, remaining: int, priority: int) -> None:
        _, order_id, account_id, side, kind, time_in_force, post_only, price_ticks, lots, _, instructions = order
        orders = self._orders
        linked = orders.links.by_order
        if kind != _LIMIT or (time_in_force != _GTC and time_in_force != _GTD):
            self._log.emit(OrderCancelled, order_id, remainder_reason(order), remaining)
        elif instructions is PLAIN and not post_only and not (linked and order_id in linked):
            orders.book.add(RestingOrder(order_id, account_id, side, price_ticks, lots, remaining, priority), own)
        else:
            orders.book.add(SpecialOrder(order, remaining, priority), own)
            orders.schedule.add(order_id, instructions.expire_ms)

    # --- what follows -------------------------------------------------------------------------------

    def after_fill(self, maker: RestingOrder) -> None:
        """Refill an iceberg; let a fill have its consequences for the order's group."""
        orders = self._orders
        has_ended = maker.remaining_lots == 0
        if has_ended and maker.hidden_lots:
            self._refill(maker)
            return
        if has_ended:
            orders.schedule.discard(maker.order_id, maker.instructions.expire_ms)
        if has_ended or isinstance(orders.links.by_order.get(maker.order_id), Oco):
            self._cancellation.follow(maker.order_id, maker.filled_lots)

    def _refill(self, iceberg: RestingOrder) -> None:
        assert isinstance(iceberg, SpecialOrder), "Invariant: only special orders hide lots"
        visible_lots = min(iceberg.hidden_lots, iceberg.instructions.display_lots)
        priority = self._log.emit(IcebergRefilled, iceberg.order_id, visible_lots)
        book = self._orders.book
        book.refill(iceberg, book.side(iceberg.side), priority)

    def _follow(self, order: PlaceOrder, filled_lots: int) -> None:
        """Let an order that came just now have its consequences for its group."""
        orders = self._orders
        link = orders.links.by_order.get(order.order_id)
        if link is None:
            return
        has_ended = order.order_id not in orders.book.orders
        if has_ended or (filled_lots and isinstance(link, Oco)):
            self._cancellation.follow(order.order_id, filled_lots)
