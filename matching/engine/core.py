"""How orders meet: a taker walks through the other side of the book, and what follows from each fill and each end."""

from dataclasses import replace
from typing import Final

from matching.engine.auction import find_auction_price
from matching.engine.band import band_limits
from matching.engine.book import Book
from matching.engine.commands import PLAIN, PlaceOrder
from matching.engine.events import (
    AuctionHeld,
    BracketArmed,
    Event,
    IcebergRefilled,
    OrderCancelled,
    OrderDecremented,
    StopTriggered,
    TradeExecuted,
    new_event,
)
from matching.engine.levels import BookSide, PriceLevel
from matching.engine.links import Bracket, Links, Oco
from matching.engine.orders import OpenOrder, RestingOrder, SpecialOrder, WaitingOrder
from matching.engine.rules import REFUSED_IN_STATE, is_fillable, is_in_band, remainder_reason, would_meet
from matching.engine.schedule import Schedule
from matching.engine.stops import Stops, Triggered
from matching.engine.types import (
    CancelReason,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    TradingState,
)

# Looking up an enum's member costs as much as comparing it, so what every command needs is looked up once.
BUY: Final = Side.BUY
LIMIT: Final = OrderType.LIMIT
MARKET: Final = OrderType.MARKET
GTC: Final = TimeInForce.GTC
_GTD: Final = TimeInForce.GTD
_FOK: Final = TimeInForce.FOK
_KEEPS_MAKER: Final = SelfTradePrevention.CANCEL_NEWEST
_DECREMENTS: Final = SelfTradePrevention.DECREMENT
_KEEPS_TAKER: Final = SelfTradePrevention.CANCEL_OLDEST
_SELF_TRADE: Final = CancelReason.SELF_TRADE
_LINKED: Final = CancelReason.LINKED


class MatchingCore:
    """The state of a market and how it changes when orders meet; `Engine` adds the commands."""

    def __init__(
        self,
        *,
        seq: int = 0,
        trading_state: TradingState = TradingState.CONTINUOUS,
        band_ppm: int = 0,
        reference_price_ticks: int = 0,
        max_orders: int = 0,
        max_stops: int = 0,
        last_price_ticks: int = 0,
    ) -> None:
        self.seq = seq
        self.band_ppm = band_ppm
        self.reference_price_ticks = reference_price_ticks
        self.max_orders = max_orders
        self.max_stops = max_stops
        self.last_price_ticks = last_price_ticks
        self._by_account: dict[int, dict[int, OpenOrder]] = {}
        self._book = Book(self._by_account)
        self._stops = Stops(self._by_account)
        self._waiting = self._stops.orders
        self._triggered = self._stops.queue
        self._links = Links()
        self._linked = self._links.by_order
        self._schedule = Schedule()
        self._prevented = False  # self-trade prevention cancels the rest of the present taker
        self._decremented_lots = 0  # what it took off the present taker
        self._enter_state(trading_state)
        self._follow_price()

    def _enter_state(self, state: TradingState) -> None:
        self.trading_state = TradingState(state)
        self._refused_in_state = REFUSED_IN_STATE.get(self.trading_state)
        self._is_post_only = self.trading_state is TradingState.POST_ONLY
        self._matches = self.trading_state is not TradingState.PRE_OPEN

    @property
    def _around_ticks(self) -> int:
        return self.last_price_ticks or self.reference_price_ticks

    def _follow_price(self) -> None:
        around_ticks = self.last_price_ticks or self.reference_price_ticks
        self._low_ticks, self._high_ticks = band_limits(self.band_ppm, around_ticks)

    def _find(self, order_id: int) -> OpenOrder | None:
        return self._book.orders.get(order_id) or self._stops.orders.get(order_id)

    def _sides(self, side: Side) -> tuple[BookSide, BookSide]:
        book = self._book
        return (book.bids, book.asks) if side == BUY else (book.asks, book.bids)

    # --- a taker's way ------------------------------------------------------------------------------

    def _work(
        self, taker: PlaceOrder, reach_key: int, would_trade: bool, lots: int, priority: int, events: list[Event]
    ) -> None:
        """Let an accepted order trade, then let what is left of its `lots` rest or cancel it."""
        own, other = (self._book.bids, self._book.asks) if taker.side == BUY else (self._book.asks, self._book.bids)
        self._decremented_lots = 0
        remaining = self._match(taker, other, reach_key, lots, events) if would_trade else lots
        if remaining:
            self._rest_or_cancel(taker, own, remaining, priority, events)
        if self._linked:
            self._follow_taker(taker, lots - remaining - self._decremented_lots, events)

    def _match(self, taker: PlaceOrder, other: BookSide, reach_key: int, lots: int, events: list[Event]) -> int:
        if taker.time_in_force == _FOK and not self._is_fillable(taker, other, reach_key):
            return lots or taker.budget // other.best_level.price_ticks
        if taker.budget:
            remaining = self._match_budget(taker, other, reach_key, events)
        else:
            remaining = lots
            while remaining and other.best_key <= reach_key and not self._prevented:
                remaining = self._match_level(taker, other.best_level, remaining, events)
        self._follow_price()
        return remaining

    def _is_fillable(self, taker: PlaceOrder, other: BookSide, reach_key: int) -> bool:
        has_own = taker.account_id in self._by_account
        return is_fillable(taker, would_meet(taker, other, reach_key, has_own=has_own))

    def _match_budget(self, taker: PlaceOrder, other: BookSide, reach_key: int, events: list[Event]) -> int:
        budget, price = taker.budget, 1
        while other.best_key <= reach_key and not self._prevented:
            level = other.best_level
            price = level.price_ticks
            wanted = budget // price
            if not wanted:
                break
            budget -= (wanted - self._match_level(taker, level, wanted, events)) * price
        return budget // price

    def _match_level(self, taker: PlaceOrder, level: PriceLevel, wanted: int, events: list[Event]) -> int:
        """Trade with the front of a level's queue and return the lots still wanted."""
        _, taker_id, taker_account_id, taker_side, *_ = taker
        price, fill, has_traded = level.price_ticks, self._book.fill, False
        while wanted and (maker := level.head) is not None:
            maker_account_id = maker.account_id
            if maker_account_id == taker_account_id:
                wanted = self._prevent_self_trade(taker, maker, wanted, events)
                if self._prevented:
                    break
                continue
            lots = min(wanted, maker.remaining_lots)
            fill(maker, lots)
            wanted -= lots
            has_traded = True
            self.seq = seq = self.seq + 1
            left = maker.remaining_lots + maker.hidden_lots
            maker_id = maker.order_id
            accounts = maker_account_id, taker_account_id
            events.append(new_event(TradeExecuted, (seq, price, lots, maker_id, taker_id, *accounts, taker_side, left)))
            if maker.is_special:
                self._after_fill(maker, events)
        if has_traded:
            self.last_price_ticks = price
            if not self._stops.quiet_low < price < self._stops.quiet_high:
                self._stops.observe(price)
        return wanted

    def _prevent_self_trade(self, taker: PlaceOrder, maker: RestingOrder, wanted: int, events: list[Event]) -> int:
        """Do as the taker chose, and return the lots it still wants."""
        mode = taker.instructions.self_trade_prevention
        if mode == _DECREMENTS:
            return self._decrement(taker, maker, wanted, events)
        if mode != _KEEPS_MAKER:
            self._cancel_order(maker, _SELF_TRADE, events)
        self._prevented = mode != _KEEPS_TAKER
        return wanted

    def _decrement(self, taker: PlaceOrder, maker: RestingOrder, wanted: int, events: list[Event]) -> int:
        """Take the smaller order off the larger one; the smaller one ends."""
        lots, maker_lots = min(wanted, maker.total_lots), maker.total_lots
        if maker_lots <= wanted:
            self._cancel_order(maker, _SELF_TRADE, events)
        else:
            self._book.reduce(maker, lots, min(lots, maker.hidden_lots))
            self.seq += 1
            events.append(OrderDecremented(self.seq, maker.order_id, lots, maker.total_lots))
        if wanted <= maker_lots:
            self._prevented = True
            return wanted
        self._decremented_lots += lots
        self.seq += 1
        events.append(OrderDecremented(self.seq, taker.order_id, lots, wanted - lots))
        return wanted - lots

    def _rest_or_cancel(
        self, taker: PlaceOrder, own: BookSide, remaining: int, priority: int, events: list[Event]
    ) -> None:
        _, order_id, account_id, side, kind, time_in_force, post_only, price_ticks, lots, _, instructions = taker
        if self._prevented or kind != LIMIT or (time_in_force != GTC and time_in_force != _GTD):
            reason = _SELF_TRADE if self._prevented else remainder_reason(taker)
            self._prevented = False
            self.seq += 1
            events.append(OrderCancelled(self.seq, order_id, reason, remaining))
        elif instructions is PLAIN and not post_only and not (self._linked and order_id in self._linked):
            self._book.add(RestingOrder(order_id, account_id, side, price_ticks, lots, remaining, priority), own)
        else:
            self._rest_special(taker, own, remaining, priority)

    def _rest_special(self, taker: PlaceOrder, own: BookSide, remaining: int, priority: int) -> None:
        taker = taker._replace(quantity_lots=taker.quantity_lots - self._decremented_lots)
        self._book.add(SpecialOrder(taker, remaining, priority), own)
        self._schedule.add(taker.order_id, taker.instructions.expire_ms)

    # --- what follows -------------------------------------------------------------------------------

    def _after_fill(self, order: RestingOrder, events: list[Event]) -> None:
        """Refill an iceberg; let a fill have its consequences for the order's group."""
        if order.remaining_lots == 0 and order.hidden_lots:
            assert isinstance(order, SpecialOrder), "Invariant: only special orders hide lots"
            self.seq = seq = self.seq + 1
            self._book.refill(order, self._book.side(order.side), seq)
            events.append(IcebergRefilled(seq, order.order_id, order.remaining_lots))
            return
        has_ended = order.remaining_lots == 0
        if has_ended:
            self._schedule.discard(order.order_id, order.instructions.expire_ms)
        if has_ended or isinstance(self._links.by_order.get(order.order_id), Oco):
            self._follow(order.order_id, order.filled_lots, events)

    def _follow_taker(self, taker: PlaceOrder, filled_lots: int, events: list[Event]) -> None:
        link = self._links.by_order.get(taker.order_id)
        if link is None:
            return
        has_ended = taker.order_id not in self._book.orders
        if has_ended or (filled_lots and isinstance(link, Oco)):
            self._follow(taker.order_id, filled_lots, events)

    def _follow(self, order_id: int, filled_lots: int, events: list[Event]) -> None:
        """Draw the consequences for its group of an order's end, or of an OCO leg's fill or trigger."""
        link = self._links.pop(order_id)
        if isinstance(link, Oco):
            self._cancel_linked(link.other(order_id), events)
        elif link is not None and order_id != link.entry_id:
            self._cancel_linked(next(exit_id for exit_id in link.exits if exit_id != order_id), events)
        elif link is not None and filled_lots:
            self._arm(link, filled_lots, events)
        elif link is not None:
            for exit_id in link.exits:
                self._cancel_linked(exit_id, events)

    def _cancel_linked(self, order_id: int, events: list[Event]) -> None:
        order = self._find(order_id)
        assert order is not None, "Invariant: a group's orders are open"
        self._cancel_order(order, _LINKED, events)

    def _arm(self, bracket: Bracket, filled_lots: int, events: list[Event]) -> None:
        for exit_id in bracket.exits:
            exit_order = self._stops.orders[exit_id]
            self._stops.change(exit_order, price_ticks=exit_order.order.price_ticks, quantity_lots=filled_lots)
        self._links.add(replace(bracket, is_armed=True))
        self.seq += 1
        events.append(BracketArmed(self.seq, bracket.entry_id, filled_lots))

    def _cancel_order(self, order: OpenOrder, reason: CancelReason, events: list[Event]) -> None:
        """Cancel an order, with the consequences for its group."""
        filled_lots = order.filled_lots if order.is_special else 0
        self._remove(order)
        self.seq = seq = self.seq + 1
        lots = order.remaining_lots + order.hidden_lots
        events.append(new_event(OrderCancelled, (seq, order.order_id, reason, lots)))
        if order.is_special:
            self._follow(order.order_id, filled_lots, events)

    def _remove(self, order: OpenOrder) -> None:
        if isinstance(order, WaitingOrder):
            self._stops.remove(order)
        else:
            self._book.remove(order)
        if order.is_special:
            self._schedule.discard(order.order_id, order.instructions.expire_ms)

    # --- triggered stops ----------------------------------------------------------------------------

    def _run_triggered(self, events: list[Event]) -> None:
        """Give each triggered stop its turn, those that it triggers after it. Ends: a stop triggers once."""
        queue = self._stops.queue
        while queue:
            triggered = queue.popleft()
            order_id = triggered.order.order_id
            if self._stops.orders.get(order_id) is triggered.order:  # else it was cancelled meanwhile
                self._trigger(triggered, events)

    def _trigger(self, triggered: Triggered, events: list[Event]) -> None:
        waiting, stop_price_ticks, last_price_ticks = triggered
        self._remove(waiting)
        self._follow(waiting.order_id, 0, events)
        self.seq = priority = self.seq + 1
        events.append(StopTriggered(priority, waiting.order_id, stop_price_ticks, last_price_ticks))
        order = waiting.order
        if waiting.has_limit and not is_in_band(self.band_ppm, self._around_ticks, order.price_ticks):
            self.seq += 1
            reason = CancelReason.PRICE_OUT_OF_BAND
            events.append(OrderCancelled(self.seq, order.order_id, reason, order.quantity_lots))
            return
        _, other = self._sides(order.side)
        reach_key = other.sign * order.price_ticks
        if not waiting.has_limit:
            reach_key = min(reach_key, self._band_key(other))
        taker = order._replace(type=LIMIT if waiting.has_limit else MARKET)
        self._work(taker, reach_key, other.best_key <= reach_key, order.quantity_lots, priority, events)

    def _band_key(self, other: BookSide) -> int:
        """Return how far an order without a limit reaches into the other side: to the edge of the price band."""
        return self._high_ticks if other.sign == 1 else -self._low_ticks

    # --- auctions -----------------------------------------------------------------------------------

    def _hold_auctions(self, events: list[Event]) -> None:
        """Uncross the book. Ends: each auction trades, or cancels one of two orders of the same account."""
        book = self._book
        while book.is_crossed:
            price_ticks, lots = find_auction_price(book.bids, book.asks, self._around_ticks)
            self.seq += 1
            events.append(AuctionHeld(self.seq, price_ticks, lots))
            while book.bids.best_key <= -price_ticks and book.asks.best_key <= price_ticks:
                bid, ask = book.bids.best_level.head, book.asks.best_level.head
                assert bid is not None and ask is not None, "Invariant: a price level in the book has orders"
                older, newer = (bid, ask) if bid.priority < ask.priority else (ask, bid)
                if older.account_id == newer.account_id:
                    self._cancel_order(newer, _SELF_TRADE, events)
                else:
                    self._cross(older, newer, price_ticks, events)
        self._follow_price()

    def _cross(self, maker: RestingOrder, taker: RestingOrder, price_ticks: int, events: list[Event]) -> None:
        """Trade two resting orders at the auction's price."""
        lots = min(maker.remaining_lots, taker.remaining_lots)
        for order in (maker, taker):
            self._book.fill(order, lots)
        self.seq += 1
        events.append(
            TradeExecuted(
                self.seq,
                price_ticks,
                lots,
                maker.order_id,
                taker.order_id,
                maker.account_id,
                taker.account_id,
                taker.side,
                maker.total_lots,
            )
        )
        self.last_price_ticks = price_ticks
        self._stops.observe(price_ticks)
        for order in (maker, taker):
            if order.is_special:
                self._after_fill(order, events)
