"""How orders meet: a taker walks through the other side of the book, and what is left of it rests or is cancelled.

The engine's hottest code: a call costs a hundredth of a command, a lookup of an attribute a thousandth, so what a loop
needs is looked up before it.
"""

from typing import Final

from matching.engine.cancellation import Cancellation
from matching.engine.commands import PLAIN, PlaceOrder
from matching.engine.event_log import EventLog
from matching.engine.events import IcebergRefilled, OrderDecremented
from matching.engine.levels import BookSide
from matching.engine.links import Oco
from matching.engine.market import MarketState
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import PriceLevel, RestingOrder, SpecialOrder
from matching.engine.rules import is_fillable, remainder_reason, would_meet
from matching.engine.types import CancelReason, OrderType, SelfTradePrevention, Side, TimeInForce

# Looking up an enum's member costs as much as comparing it, so what every command needs is looked up once.
_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC
_GTD: Final = TimeInForce.GTD
_FOK: Final = TimeInForce.FOK
_SELF_TRADE: Final = CancelReason.SELF_TRADE
_MATCH_LIMIT: Final = CancelReason.MATCH_LIMIT


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

    def work(self, order: PlaceOrder, other: BookSide, reach_key: int, lots: int, priority: int) -> None:
        """Let an accepted order trade, then let what is left of its `lots` rest or cancel it."""
        if other.best_key <= reach_key:
            order, lots = self._trade(order, other, reach_key, lots)
        if lots:
            self._rest_or_cancel(order, lots, priority)
        if self._orders.links.by_order:
            self._follow(order, order.quantity_lots - lots)

    # --- a taker's way ------------------------------------------------------------------------------

    def _trade(self, order: PlaceOrder, other: BookSide, reach_key: int, lots: int) -> tuple[PlaceOrder, int]:
        """Let an order trade within its reach.

        Return it as self-trade prevention leaves it, and how many of its lots are still open.
        """
        budget, left = order.budget, self._market.fills_max
        if order.time_in_force == _FOK and not is_fillable(order, would_meet(order, other, reach_key, left)):
            return order, lots or budget // other.best_level.price_ticks
        while other.best_key <= reach_key:
            level = other.best_level
            if budget:
                lots = budget // level.price_ticks
            if not lots:
                break
            if not left:
                order, lots = self._stop(order, lots, _MATCH_LIMIT)
                break
            wanted = lots
            lots, left = self._match_level(order, level, wanted, left)
            if lots and left and (own := level.head) is not None:
                order, lots = self._prevent_self_trade(order, own, lots)
                left -= 1
            if budget:
                budget -= (wanted - lots) * level.price_ticks
        self._market.renew_band()
        return order, lots

    def _match_level(self, order: PlaceOrder, level: PriceLevel, wanted: int, most: int) -> tuple[int, int]:
        """Trade with the front of a level's queue, up to an order of the same account, at most `most` times.

        Return the lots still wanted, and how many times are left.
        """
        fill, trade, price, has_traded = self._orders.book.fill, self._log.trade, level.price_ticks, False
        taker_id, account_id, side = order.order_id, order.account_id, order.side
        while most and wanted and (maker := level.head) is not None:
            maker_account_id = maker.account_id
            if maker_account_id == account_id:
                break
            most -= 1
            lots = maker.remaining_lots
            if lots > wanted:  # a call of min() costs a fortieth of the whole command
                lots = wanted
            fill(maker, lots)
            wanted -= lots
            has_traded = True
            left = maker.remaining_lots + maker.hidden_lots
            trade(price, lots, maker.order_id, taker_id, maker_account_id, account_id, side, left)
            if maker.is_special:
                self.after_fill(maker)
        if has_traded:
            self._market.last_price_ticks = price
            stops = self._orders.stops
            if not stops.quiet_low < price < stops.quiet_high:
                stops.observe(price, self._log.seq)
        return wanted, most

    # --- self-trade prevention ----------------------------------------------------------------------

    def _prevent_self_trade(self, order: PlaceOrder, own: RestingOrder, wanted: int) -> tuple[PlaceOrder, int]:
        """Do as the taker chose; return it as it goes on, and the lots that it still wants."""
        mode = order.instructions.self_trade_prevention
        if mode == SelfTradePrevention.DECREMENT:
            return self._decrement(order, own, wanted)
        if mode != SelfTradePrevention.CANCEL_NEWEST:
            self._cancellation.cancel(own, _SELF_TRADE)
        return (order, wanted) if mode == SelfTradePrevention.CANCEL_OLDEST else self._stop(order, wanted, _SELF_TRADE)

    def _decrement(self, order: PlaceOrder, own: RestingOrder, wanted: int) -> tuple[PlaceOrder, int]:
        """Take the smaller order off the larger one; the smaller one ends."""
        own_lots = own.total_lots
        lots = min(wanted, own_lots)
        if own_lots <= wanted:
            self._cancellation.cancel(own, _SELF_TRADE)
        else:
            self._orders.book.reduce(own, lots, min(lots, own.hidden_lots))
            self._log.emit(OrderDecremented, own.order_id, lots, own.total_lots)
        if wanted <= own_lots:
            return self._stop(order, wanted, _SELF_TRADE)
        self._log.emit(OrderDecremented, order.order_id, lots, wanted - lots)
        return _without(order, lots), wanted - lots

    def _stop(self, order: PlaceOrder, wanted: int, reason: CancelReason) -> tuple[PlaceOrder, int]:
        """Cancel what a taker still wants."""
        self._log.cancel(order.order_id, reason, wanted)
        return _without(order, wanted), 0

    # --- what is left -------------------------------------------------------------------------------

    def _rest_or_cancel(self, order: PlaceOrder, remaining: int, priority: int) -> None:
        _, order_id, account_id, side, kind, time_in_force, post_only, price_ticks, lots, _, instructions = order
        orders = self._orders
        book, linked = orders.book, orders.links.by_order
        if kind != _LIMIT or (time_in_force != _GTC and time_in_force != _GTD):
            self._log.cancel(order_id, remainder_reason(order), remaining)
            return
        own = book.bids if side == _BUY else book.asks
        if instructions is PLAIN and not post_only and not (linked and order_id in linked):
            book.add(RestingOrder(order_id, account_id, side, price_ticks, lots, remaining, priority), own)
        else:
            book.add(SpecialOrder(order, remaining, priority), own)
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


def _without(order: PlaceOrder, lots: int) -> PlaceOrder:
    return order._replace(quantity_lots=order.quantity_lots - lots)
