"""Placing orders: which rule refuses one, and how an accepted one begins."""

from typing import Final

from matching.engine.commands import PLAIN, ActivateBracket, PlaceGroup, PlaceOrder
from matching.engine.core import BUY, GTC, LIMIT, MARKET, MatchingCore
from matching.engine.events import (
    Event,
    ExitPlaced,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    OrderRepriced,
    StopPlaced,
    new_event,
)
from matching.engine.levels import BookSide
from matching.engine.links import Bracket, Oco
from matching.engine.orders import WaitingOrder
from matching.engine.rules import (
    first_stop_price,
    hold_price_ticks,
    is_in_band,
    may_have_budget,
    may_rest,
    may_wait_for_opening,
    price_behind,
    waiting_price,
)
from matching.engine.stops import is_reached
from matching.engine.types import (
    LIMIT_TYPES,
    CancelReason,
    GroupKind,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    TradingState,
)

_PRE_OPEN_REFUSAL: Final = RejectReason.MARKET_PRE_OPEN
_CANCEL_NEWEST: Final = SelfTradePrevention.CANCEL_NEWEST
_TRAILING: Final = OrderType.TRAILING_STOP


class Placing(MatchingCore):
    """The commands that bring new orders."""

    def _place(self, order: PlaceOrder, events: list[Event]) -> None:
        _, order_id, _, side, kind, _, post_only, price_ticks, lots, budget, _ = order
        if kind > MARKET:
            self._place_stop(order, events)
            return
        assert lots > 0 or budget > 0, "Invariant: an order has a quantity or a budget"
        assert not budget or may_have_budget(order), "Invariant: only a market buy by budget has a budget"
        other = self._book.asks if side == BUY else self._book.bids
        reach_key = other.sign * price_ticks if kind == LIMIT else self._market_reach(order, other)
        would_trade = other.best_key <= reach_key and self._matches
        reason = self._refusal(order, other, would_trade)
        self.seq = priority = self.seq + 1
        if reason is not None:
            events.append(OrderRejected(priority, order_id, reason))
            return
        events.append(new_event(OrderAccepted, (priority, order_id)))
        if would_trade and (post_only or self._is_post_only):
            order, would_trade = self._reprice(order, other, events), False
        self._work(order, reach_key, would_trade, lots, priority, events)

    def _reprice(self, order: PlaceOrder, other: BookSide, events: list[Event]) -> PlaceOrder:
        order = order._replace(price_ticks=price_behind(other))
        self.seq += 1
        events.append(OrderRepriced(self.seq, order.order_id, order.price_ticks))
        return order

    def _reject(self, orders: tuple[PlaceOrder, ...], reason: RejectReason, events: list[Event]) -> None:
        for order in orders:
            self.seq += 1
            events.append(OrderRejected(self.seq, order.order_id, reason))

    def _market_reach(self, order: PlaceOrder, other: BookSide) -> int:
        reach_key = self._band_key(other)
        # A budget does not reach a price at which it cannot buy a single lot.
        return min(reach_key, order.budget) if order.budget else reach_key

    # --- refusals, in order of precedence -----------------------------------------------------------

    def _refusal(self, order: PlaceOrder, other: BookSide, would_trade: bool) -> RejectReason | None:
        _, order_id, _, _, kind, _, _, price_ticks, _, _, instructions = order
        refused = self._refused_in_state
        if refused is not None and not (refused is _PRE_OPEN_REFUSAL and may_wait_for_opening(order)):
            return refused
        if order_id in self._book.orders or (self._waiting and order_id in self._waiting):
            return RejectReason.DUPLICATE_ORDER_ID
        if self.max_orders and may_rest(order) and self._would_have_too_many_orders(order, 1):
            return RejectReason.TOO_MANY_ORDERS
        if instructions is not PLAIN and _is_expired(order):
            return RejectReason.ALREADY_EXPIRED
        if kind == LIMIT and not self._low_ticks <= price_ticks <= self._high_ticks:
            return RejectReason.PRICE_OUT_OF_BAND
        if would_trade:
            return self._taking_refusal(order, other)
        return None if kind == LIMIT else RejectReason.INSUFFICIENT_LIQUIDITY

    def _taking_refusal(self, order: PlaceOrder, other: BookSide) -> RejectReason | None:
        if order.post_only or self._is_post_only:
            return None if self._may_reprice(order, other) else RejectReason.POST_ONLY_WOULD_TRADE
        first = other.best_level.head
        assert first is not None, "Invariant: a price level in the book has orders"
        is_own = first.account_id == order.account_id
        if is_own and order.instructions.self_trade_prevention == _CANCEL_NEWEST:
            return RejectReason.SELF_TRADE
        return None

    def _may_reprice(self, order: PlaceOrder, other: BookSide) -> bool:
        price_ticks = price_behind(other)
        return order.type == LIMIT and order.instructions.reprice and self._low_ticks <= price_ticks <= self._high_ticks

    def _would_have_too_many_orders(self, order: PlaceOrder, new: int) -> bool:
        return 0 < self.max_orders < len(self._by_account.get(order.account_id, ())) + new

    def _would_have_too_many_stops(self, order: PlaceOrder) -> bool:
        return 0 < self.max_stops < self._stops.counts.get(order.account_id, 0) + 1

    def _stop_refusal(self, order: PlaceOrder, stop_price_ticks: int) -> RejectReason | None:
        is_trailing, around = order.type == _TRAILING, self._around_ticks
        if self._refused_in_state not in (None, _PRE_OPEN_REFUSAL):
            return self._refused_in_state
        if self.knows(order.order_id):
            return RejectReason.DUPLICATE_ORDER_ID
        if self._would_have_too_many_orders(order, 1):
            return RejectReason.TOO_MANY_ORDERS
        if self._would_have_too_many_stops(order):
            return RejectReason.TOO_MANY_STOPS
        if _is_expired(order):
            return RejectReason.ALREADY_EXPIRED
        if is_trailing and not self.last_price_ticks:
            return RejectReason.NO_LAST_PRICE
        if stop_price_ticks < 1 or self._is_limit_far_from_stop(order):
            return RejectReason.PRICE_OUT_OF_BAND
        if around and not is_trailing and is_reached(order.type, order.side, stop_price_ticks, around):
            return RejectReason.STOP_WOULD_TRIGGER
        return None

    def _is_limit_far_from_stop(self, order: PlaceOrder) -> bool:
        stop_price_ticks = order.instructions.stop_price_ticks
        return order.type in LIMIT_TYPES and not is_in_band(self.band_ppm, stop_price_ticks, order.price_ticks)

    def knows(self, order_id: int) -> bool:
        """Tell whether an order is open: resting or waiting. O(1)."""
        return order_id in self._book.orders or order_id in self._stops.orders

    # --- stops --------------------------------------------------------------------------------------

    def _place_stop(self, order: PlaceOrder, events: list[Event]) -> None:
        assert order.quantity_lots > 0, "Invariant: a stop has a quantity"
        stop_price_ticks = first_stop_price(order, self.last_price_ticks)
        reason = self._stop_refusal(order, stop_price_ticks)
        if reason is None:
            self._wait(order, stop_price_ticks, events)
        else:
            self._reject((order,), reason, events)

    def _wait(self, order: PlaceOrder, stop_price_ticks: int, events: list[Event]) -> WaitingOrder:
        """Let an accepted stop wait for its trigger."""
        price_ticks = waiting_price(order, stop_price_ticks, self.band_ppm)
        instructions = order.instructions._replace(stop_price_ticks=stop_price_ticks)
        self.seq += 1
        events.append(StopPlaced(self.seq, order.order_id, stop_price_ticks, price_ticks))
        waiting = WaitingOrder(order._replace(price_ticks=price_ticks, instructions=instructions), self.seq)
        self._stops.add(waiting)
        self._stops.watch(waiting, self.last_price_ticks)
        self._schedule.add(order.order_id, instructions.expire_ms)
        return waiting

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        """Return the furthest price a stop could trade at if it were placed now: its limit or protection price."""
        return hold_price_ticks(order, self.last_price_ticks, self.band_ppm)

    # --- groups -------------------------------------------------------------------------------------

    def _place_group(self, command: PlaceGroup, events: list[Event]) -> None:
        assert len({order.account_id for order in command.orders}) == 1, "Invariant: a group has one account"
        if command.kind == GroupKind.OCO:
            self._place_oco(command, events)
        else:
            self._place_bracket(command, events)

    def _place_oco(self, command: PlaceGroup, events: list[Event]) -> None:
        limit, stop = command.orders
        other = self._book.asks if limit.side == BUY else self._book.bids
        reach_key = other.sign * limit.price_ticks
        would_trade = other.best_key <= reach_key and self._matches
        reason = _first(
            self._refusal(limit, other, would_trade),
            RejectReason.POST_ONLY_WOULD_TRADE if would_trade else None,
            self._stop_refusal(stop, stop.instructions.stop_price_ticks),
            RejectReason.TOO_MANY_ORDERS if self._would_have_too_many_orders(limit, 2) else None,
        )
        if reason is not None:
            self._reject(command.orders, reason, events)
            return
        self._links.add(Oco(limit.order_id, stop.order_id))
        self.seq = priority = self.seq + 1
        events.append(OrderAccepted(priority, limit.order_id))
        self._work(limit, reach_key, False, limit.quantity_lots, priority, events)
        self._wait(stop, stop.instructions.stop_price_ticks, events)

    def _place_bracket(self, command: PlaceGroup, events: list[Event]) -> None:
        entry, take_profit, stop_loss = command.orders
        other = self._book.asks if entry.side == BUY else self._book.bids
        reach_key = other.sign * entry.price_ticks if entry.type == LIMIT else self._band_key(other)
        would_trade = other.best_key <= reach_key and self._matches
        is_known = self.knows(take_profit.order_id) or self.knows(stop_loss.order_id)
        reason = _first(
            self._refusal(entry, other, would_trade),
            RejectReason.DUPLICATE_ORDER_ID if is_known else None,
            RejectReason.TOO_MANY_ORDERS if self._would_have_too_many_orders(entry, 3) else None,
            RejectReason.TOO_MANY_STOPS if self._would_have_too_many_stops(stop_loss) else None,
            RejectReason.PRICE_OUT_OF_BAND if self._is_limit_far_from_stop(stop_loss) else None,
        )
        if reason is not None:
            self._reject(command.orders, reason, events)
            return
        self.seq = priority = self.seq + 1
        events.append(OrderAccepted(priority, entry.order_id))
        for exit_order in (take_profit, stop_loss):
            self.seq += 1
            self._stops.add(WaitingOrder(exit_order, self.seq))
            events.append(ExitPlaced(self.seq, exit_order.order_id))
        self._links.add(Bracket(entry.order_id, take_profit.order_id, stop_loss.order_id))
        self._work(entry, reach_key, would_trade, entry.quantity_lots, priority, events)

    def _activate_bracket(self, command: ActivateBracket, events: list[Event]) -> None:
        bracket = self._links.armed.get(command.entry_id)
        if bracket is None:
            return
        self._links.pop(bracket.take_profit_id)
        exits = [self._stops.orders[exit_id] for exit_id in bracket.exits]
        for waiting in exits:
            self._stops.remove(waiting)
        if command.funded:
            self._begin_exits(exits[0].order, exits[1].order, events)
            return
        for waiting in exits:
            self.seq += 1
            reason = CancelReason.NO_FUNDS
            events.append(OrderCancelled(self.seq, waiting.order_id, reason, waiting.total_lots))

    def _begin_exits(self, take_profit: PlaceOrder, stop_loss: PlaceOrder, events: list[Event]) -> None:
        stop_price_ticks, last = stop_loss.instructions.stop_price_ticks, self.last_price_ticks
        is_continuous = self.trading_state is TradingState.CONTINUOUS
        is_late = is_continuous and last and is_reached(stop_loss.type, stop_loss.side, stop_price_ticks, last)
        self._links.add(Oco(take_profit.order_id, stop_loss.order_id))
        waiting = self._wait(stop_loss, stop_price_ticks, events)
        if is_late:
            self._stops.trigger(waiting, stop_price_ticks, last)
        self.seq = priority = self.seq + 1
        events.append(OrderAccepted(priority, take_profit.order_id))
        _, other = self._sides(take_profit.side)
        reach_key = other.sign * take_profit.price_ticks
        would_trade = is_continuous and not is_late and other.best_key <= reach_key
        take_profit = take_profit._replace(time_in_force=GTC)
        self._work(take_profit, reach_key, would_trade, take_profit.quantity_lots, priority, events)


def _is_expired(order: PlaceOrder) -> bool:
    return 0 < order.instructions.expire_ms <= order.time_ms


def _first(*reasons: RejectReason | None) -> RejectReason | None:
    return min((reason for reason in reasons if reason is not None), default=None)
