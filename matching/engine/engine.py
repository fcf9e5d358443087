"""The matching engine of one market: commands in, events out.

Pure and deterministic: the same commands in the same order give the same events and the same `state_hash`. It
has no clock, no randomness and no I/O, and counts in whole ticks and lots. docs/matching.md is its rule book.

`MatchingCore` knows how orders meet and what follows, `Placing` adds the commands that bring new orders, `Engine` all
others. After what a command does itself, the stops that its trades triggered have their turns; last, each price level
that it touched is reported once, in the order of first touch.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from matching.engine.band import band_limits
from matching.engine.commands import (
    ActivateBracket,
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    PlaceGroup,
    PlaceOrder,
    SetCancelAfter,
    SetRules,
    SetTradingState,
)
from matching.engine.events import (
    AmendRejected,
    CancelAfterSet,
    CancelRejected,
    Event,
    LevelChanged,
    OrderAmended,
    OrderExpired,
    RulesChanged,
    TradingStateChanged,
    new_event,
)
from matching.engine.levels import DepthLevel
from matching.engine.orders import OpenOrder, RestingOrder, RestoredOrder, WaitingOrder
from matching.engine.placing import Placing
from matching.engine.restoring import Restoring
from matching.engine.rules import highest_cost, is_in_band, price_behind, would_meet
from matching.engine.trailing import Mark
from matching.engine.types import CancelReason, OrderType, RejectReason, Side, TimeInForce, TradingState

_REQUESTED: Final = CancelReason.REQUESTED
_PRE_OPEN_REFUSAL: Final = RejectReason.MARKET_PRE_OPEN
_STATE_FIELDS: Final = struct.Struct(">QBQQQQQQQQQ")


class Engine(Placing):
    """One market's book and rules. `execute` changes it, everything else only looks.

    `seq`, `trading_state`, `band_ppm`, `reference_price_ticks`, `max_orders`, `max_stops` and `last_price_ticks` are
    there to be read.
    """

    @classmethod
    def restore(
        cls,
        orders: Iterable[RestoredOrder | tuple[Any, ...]],
        *,
        seq: int,
        trading_state: TradingState,
        band_ppm: int,
        reference_price_ticks: int,
        last_price_ticks: int,
        max_orders: int = 0,
        max_stops: int = 0,
        trailing_marks: Iterable[Mark | tuple[Side, int, int]] = (),
        cancel_after: Mapping[int, int] | None = None,
    ) -> "Engine":
        """Rebuild an engine from its open orders, which must come in ascending priority.

        `trailing_marks` and `cancel_after` are what the engine gave by these names. O(orders). Raises AssertionError
        for orders out of order.
        """
        engine = cls(
            seq=seq,
            trading_state=trading_state,
            band_ppm=band_ppm,
            reference_price_ticks=reference_price_ticks,
            last_price_ticks=last_price_ticks,
            max_orders=max_orders,
            max_stops=max_stops,
        )
        Restoring(engine._book, engine._stops, engine._links, engine._schedule).restore(orders, seq, trailing_marks)
        engine._schedule.restore_switches(cancel_after or {})
        return engine

    def execute(self, command: Command) -> list[Event]:
        """Carry out one command and return what happened, in order of `seq`.

        Costs what its trades, the stops it triggers and the levels it touches cost (see `Book`); FOK adds O(levels
        within reach), or O(orders within reach) for an account that has orders in the book. Raises AssertionError,
        before any change, for an order that has neither a quantity nor a budget.
        """
        events: list[Event] = []
        _HANDLERS[type(command)](self, command, events)
        if self._triggered:
            self._run_triggered(events)
        touched = self._book.touched
        for level in touched.values():
            self.seq = seq = self.seq + 1
            fields = seq, level.side, level.price_ticks, level.quantity_lots, level.order_count
            events.append(new_event(LevelChanged, fields))
        touched.clear()
        return events

    # --- cancelling ---------------------------------------------------------------------------------

    def _cancel(self, command: CancelOrder, events: list[Event]) -> None:
        order = self._find(command.order_id)
        if order is not None and order.account_id == command.account_id:
            self._cancel_order(order, _REQUESTED, events)
            return
        self.seq += 1
        events.append(CancelRejected(self.seq, command.order_id, RejectReason.ORDER_NOT_FOUND))

    def _cancel_all(self, command: CancelAll, events: list[Event]) -> None:
        self._cancel_account(command.account_id, _REQUESTED, events)

    def _cancel_account(self, account_id: int, reason: CancelReason, events: list[Event]) -> None:
        for _, order in sorted(self._by_account.get(account_id, {}).items()):
            if self._find(order.order_id) is order:  # else its group has taken it along
                self._cancel_order(order, reason, events)

    def _set_cancel_after(self, command: SetCancelAfter, events: list[Event]) -> None:
        due_ms = command.time_ms + command.timeout_ms if command.timeout_ms else 0
        self._set_switch(command.account_id, due_ms, events)

    def _set_switch(self, account_id: int, due_ms: int, events: list[Event]) -> None:
        self._schedule.set_switch(account_id, due_ms)
        self.seq += 1
        events.append(CancelAfterSet(self.seq, account_id, due_ms))

    def _expire_due(self, command: ExpireDue, events: list[Event]) -> None:
        for order_id in self._schedule.due_orders(command.time_ms):
            order = self._find(order_id)
            if order is not None:  # else its group has taken it along
                self._expire(order, events)
        for account_id in self._schedule.due_accounts(command.time_ms):
            self._set_switch(account_id, 0, events)
            self._cancel_account(account_id, CancelReason.CANCEL_AFTER, events)

    def _expire(self, order: OpenOrder, events: list[Event]) -> None:
        filled_lots = order.filled_lots
        self._remove(order)
        self.seq += 1
        events.append(OrderExpired(self.seq, order.order_id, order.total_lots))
        self._follow(order.order_id, filled_lots, events)

    # --- amending -----------------------------------------------------------------------------------

    def _amend(self, command: AmendOrder, events: list[Event]) -> None:
        order = self._find(command.order_id)
        if order is None or order.account_id != command.account_id:
            reason = self._state_refusal() or RejectReason.ORDER_NOT_FOUND
            self._refuse_amend(command, reason, events)
        elif isinstance(order, WaitingOrder):
            self._amend_waiting(order, command, events)
        else:
            self._amend_resting(order, command, events)

    def _state_refusal(self) -> RejectReason | None:
        return None if self._refused_in_state is _PRE_OPEN_REFUSAL else self._refused_in_state

    def _refuse_amend(self, command: AmendOrder, reason: RejectReason, events: list[Event]) -> None:
        self.seq += 1
        events.append(AmendRejected(self.seq, command.order_id, reason))

    def _amend_waiting(self, order: WaitingOrder, command: AmendOrder, events: list[Event]) -> None:
        price_ticks = command.price_ticks or order.order.price_ticks
        quantity_lots = command.quantity_lots or order.order.quantity_lots
        stop_price_ticks = order.instructions.stop_price_ticks
        reason = self._state_refusal()
        if reason is None and price_ticks != order.order.price_ticks and order.has_limit:
            in_band = is_in_band(self.band_ppm, stop_price_ticks, price_ticks)
            reason = None if in_band else RejectReason.PRICE_OUT_OF_BAND
        if reason is None and order.order_id in self._links.by_order:
            reason = RejectReason.ORDER_LINKED
        if reason is None and command.price_ticks and not order.has_limit:
            reason = RejectReason.PRICE_NOT_AMENDABLE
        if reason is not None:
            self._refuse_amend(command, reason, events)
            return
        self._stops.change(order, price_ticks=price_ticks, quantity_lots=quantity_lots)
        self.seq += 1
        events.append(OrderAmended(self.seq, order.order_id, price_ticks, quantity_lots, quantity_lots, order.priority))

    def _amend_resting(self, order: RestingOrder, command: AmendOrder, events: list[Event]) -> None:
        amended = PlaceOrder(
            command.time_ms,
            order.order_id,
            order.account_id,
            order.side,
            OrderType.LIMIT,
            TimeInForce.GTD if order.instructions.expire_ms else TimeInForce.GTC,
            order.post_only,
            command.price_ticks or order.price_ticks,
            command.quantity_lots or order.quantity_lots,
            0,
            order.instructions,
        )
        remaining = amended.quantity_lots - order.filled_lots
        moves = amended.price_ticks != order.price_ticks or remaining > order.total_lots
        _, other = self._sides(order.side)
        would_trade = moves and self._matches and other.best_key <= other.sign * amended.price_ticks
        reason = self._amend_refusal(order, amended, would_trade)
        if reason is not None:
            self._refuse_amend(command, reason, events)
        elif moves:
            self._move(order, amended, remaining, would_trade, events)
        else:
            self._reduce(order, order.total_lots - remaining, events)

    def _amend_refusal(self, order: RestingOrder, amended: PlaceOrder, would_trade: bool) -> RejectReason | None:
        is_new_price = amended.price_ticks != order.price_ticks
        if (refused := self._state_refusal()) is not None:
            return refused
        if is_new_price and not self._low_ticks <= amended.price_ticks <= self._high_ticks:
            return RejectReason.PRICE_OUT_OF_BAND
        _, other = self._sides(order.side)
        if would_trade and (refused := self._taking_refusal(amended, other)) is not None:
            return refused
        if order.order_id in self._links.by_order:
            return RejectReason.ORDER_LINKED
        return RejectReason.QUANTITY_BELOW_FILLED if amended.quantity_lots <= order.filled_lots else None

    def _move(
        self, order: RestingOrder, amended: PlaceOrder, remaining: int, would_trade: bool, events: list[Event]
    ) -> None:
        """Take an order out of its queue and let it come again, with a new price or more lots."""
        _, other = self._sides(order.side)
        if would_trade and (order.post_only or self._is_post_only):
            amended, would_trade = amended._replace(price_ticks=price_behind(other)), False
        self._remove(order)
        self.seq = priority = self.seq + 1
        events.append(
            OrderAmended(priority, order.order_id, amended.price_ticks, amended.quantity_lots, remaining, priority)
        )
        self._work(amended, other.sign * amended.price_ticks, would_trade, remaining, priority, events)

    def _reduce(self, order: RestingOrder, lots: int, events: list[Event]) -> None:
        """Take lots off an order that keeps its place in the queue; hidden ones first."""
        self._book.reduce(order, lots, min(lots, order.hidden_lots))
        self.seq += 1
        events.append(
            OrderAmended(
                self.seq, order.order_id, order.price_ticks, order.quantity_lots, order.total_lots, order.priority
            )
        )

    # --- the market ---------------------------------------------------------------------------------

    def _set_trading_state(self, command: SetTradingState, events: list[Event]) -> None:
        self._enter_state(command.state)
        self.seq += 1
        events.append(TradingStateChanged(self.seq, self.trading_state))
        if self.trading_state is TradingState.CONTINUOUS and self._book.is_crossed:
            self._hold_auctions(events)

    def _set_rules(self, command: SetRules, events: list[Event]) -> None:
        _, self.band_ppm, self.reference_price_ticks, self.max_orders, self.max_stops = command
        self._follow_price()
        self.seq += 1
        events.append(RulesChanged(self.seq, *command[1:]))

    # --- looking ------------------------------------------------------------------------------------

    @property
    def best_bid_ticks(self) -> int | None:
        return self._book.bids.best_price_ticks

    @property
    def best_ask_ticks(self) -> int | None:
        return self._book.asks.best_price_ticks

    @property
    def open_order_count(self) -> int:
        """How many orders rest or wait."""
        return len(self._book.orders) + len(self._stops.orders)

    @property
    def next_due_ms(self) -> int | None:
        """When the next order expires or the next switch falls, None without any. O(1)."""
        return self._schedule.next_due_ms

    @property
    def cancel_after(self) -> Mapping[int, int]:
        """When everything of an account is cancelled, by account id."""
        return self._schedule.switches

    def armed_brackets(self) -> Iterable[int]:
        """Return the entries of the brackets whose exits wait for `ActivateBracket`."""
        return self._links.armed.keys()

    def trailing_marks(self) -> list[Mark]:
        """Return the marks of the trailing stops, to be stored with them; O(groups of them)."""
        return self._stops.marks()

    def find(self, order_id: int) -> RestingOrder | None:
        """Return a resting order, to be read only, in O(1)."""
        return self._book.orders.get(order_id)

    def find_waiting(self, order_id: int) -> WaitingOrder | None:
        """Return an order that waits outside the book, to be read only, in O(1)."""
        return self._stops.orders.get(order_id)

    def open_orders(self) -> Iterator[RestingOrder]:
        """Iterate over the resting orders in order of priority."""
        return iter(self._book.orders.values())

    def waiting_orders(self) -> Iterator[WaitingOrder]:
        """Iterate over the orders that wait outside the book."""
        return iter(self._stops.orders.values())

    def stop_price_ticks(self, order: WaitingOrder) -> int:
        """Return where a waiting stop is now: that of a trailing stop moves."""
        return self._stops.stop_price(order)

    def depth(self, side: Side, limit: int | None = None) -> list[DepthLevel]:
        """Return the price levels of a side, best first, in O(levels returned)."""
        return self._book.side(side).depth(limit)

    def queue(self, side: Side, price_ticks: int) -> Iterator[RestingOrder]:
        """Iterate over the orders that rest at a price, first come first, to be read only."""
        own = self._book.side(side)
        return iter(own.levels.get(own.sign * price_ticks, ()))

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        """Return the lots a market order of a quantity would fill now, and their total of ticks x lots.

        Exactly what a market buy costs, so what its account has to hold. O(levels it would reach), or O(orders) for
        an account that has orders in the book.
        """
        _, other = self._sides(order.side)
        has_own = order.account_id in self._by_account
        return highest_cost(order, would_meet(order, other, self._band_key(other), has_own=has_own))

    def state_hash(self) -> int:
        """Return 64 bits that stand for the whole state: two engines with the same hash go on alike.

        O(open orders changed since the last call + groups of trailing stops).
        """
        packed = _STATE_FIELDS.pack(
            self.seq,
            self.trading_state,
            self.band_ppm,
            self.reference_price_ticks,
            self.last_price_ticks,
            self.max_orders,
            self.max_stops,
            self._book.digest(),
            self._stops.digest(),
            self._links.digest(),
            self._schedule.digest(),
        )
        return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big")

    def check_invariants(self) -> None:
        """Raise AssertionError unless all state agrees; O(open orders)."""
        self._book.check_invariants()
        self._stops.check_invariants()
        self._links.check_invariants()
        is_trading = self.trading_state is TradingState.CONTINUOUS
        assert not (is_trading and self._book.is_crossed), "Invariant: while trading the best bid is below the best ask"
        assert not self._book.touched, "Invariant: every touched level has been reported"
        assert not self._prevented, "Invariant: self-trade prevention has had its effect"
        expiries = {(order.instructions.expire_ms, order.order_id) for order in self._all_orders()}
        self._schedule.check_invariants({expiry for expiry in expiries if expiry[0]})
        for order in self._all_orders():
            assert order.priority <= self.seq, "Invariant: no order is newer than the last event"
        assert all(map(self.knows, self._links.by_order)), "Invariant: a group's orders are open"
        assert sum(map(len, self._by_account.values())) == self.open_order_count, "Invariant: all orders are indexed"
        limits = band_limits(self.band_ppm, self._around_ticks)
        assert (self._low_ticks, self._high_ticks) == limits, "Invariant: the band is around the last price"

    def _all_orders(self) -> Iterator[OpenOrder]:
        yield from self._book.orders.values()
        yield from self._stops.orders.values()


_HANDLERS: Final[dict[type[Command], Callable[[Engine, Any, list[Event]], None]]] = {
    PlaceOrder: Engine._place,
    PlaceGroup: Engine._place_group,
    CancelOrder: Engine._cancel,
    AmendOrder: Engine._amend,
    CancelAll: Engine._cancel_all,
    SetCancelAfter: Engine._set_cancel_after,
    ExpireDue: Engine._expire_due,
    ActivateBracket: Engine._activate_bracket,
    SetTradingState: Engine._set_trading_state,
    SetRules: Engine._set_rules,
}
