"""The matching engine of one market: commands in, events out.

Pure and deterministic: the same commands in the same order give the same events and the same `state_hash`. It
has no clock, no randomness and no I/O, and counts in whole ticks and lots. docs/matching.md is its rule book.

`Engine` puts the parts together and hands each command to the one that carries it out. After what a command does
itself, the stops that its trades triggered have their turns; last, each price level that it touched is reported once,
in the order of first touch.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from matching.engine.admission import Admission
from matching.engine.amendment import Amendment
from matching.engine.cancellation import Cancellation
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
from matching.engine.control import MarketControl
from matching.engine.editions import CURRENT_EDITION, FIRST_EDITION
from matching.engine.event_log import EventLog
from matching.engine.events import Event
from matching.engine.groups import GroupPlacement
from matching.engine.levels import DepthLevel
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import RestingOrder, RestoredOrder, WaitingOrder
from matching.engine.placement import Placement
from matching.engine.restoration import Restoration
from matching.engine.rules import highest_cost, hold_price_ticks, would_meet
from matching.engine.trailing_stops import Mark
from matching.engine.triggers import Triggers
from matching.engine.types import Side, TradingState
from matching.engine.unfinished import FINISHED, Unfinished

_STATE_FIELDS: Final = struct.Struct(">QBQQQQQQQQQ")
_LATER_FIELDS: Final = struct.Struct(">QQ")


class Engine:
    """One market's book and rules. `execute` changes it, everything else only reads."""

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
        edition: int = CURRENT_EDITION,
        auction_ticks: int = 0,
    ) -> None:
        self._log = EventLog(seq)
        self._market = MarketState(
            trading_state=trading_state,
            band_ppm=band_ppm,
            reference_price_ticks=reference_price_ticks,
            max_orders=max_orders,
            max_stops=max_stops,
            last_price_ticks=last_price_ticks,
            edition=edition,
            auction_ticks=auction_ticks,
        )
        self._orders = OpenOrders()
        cancellation = Cancellation(self._log, self._market, self._orders)
        matcher = Matcher(self._log, self._market, self._orders, cancellation)
        self._triggers = Triggers(self._log, self._market, self._orders, cancellation, matcher)
        self._handlers = self._make_handlers(cancellation, matcher)

    def _make_handlers(
        self, cancellation: Cancellation, matcher: Matcher
    ) -> dict[type[Command], Callable[[Any], None]]:
        """Return the function that carries out each kind of command."""
        log, market, orders = self._log, self._market, self._orders
        admission = Admission(market, orders)
        placement = Placement(log, market, orders, admission, matcher)
        groups = GroupPlacement(log, market, orders, admission, matcher, placement)
        control = MarketControl(log, market, orders, cancellation, matcher)
        return {
            PlaceOrder: placement.place_order,
            PlaceGroup: groups.place_group,
            ActivateBracket: groups.activate_bracket,
            AmendOrder: Amendment(log, market, orders, admission, matcher).amend_order,
            CancelOrder: cancellation.cancel_order,
            CancelAll: cancellation.cancel_all,
            SetCancelAfter: cancellation.set_cancel_after,
            ExpireDue: cancellation.expire_due,
            SetTradingState: control.set_trading_state,
            SetRules: control.set_rules,
        }

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
        edition: int = CURRENT_EDITION,
        unfinished: Unfinished = FINISHED,
    ) -> "Engine":
        """Rebuild an engine from its open orders, which must come in ascending priority.

        `trailing_marks`, `cancel_after` and `unfinished` are what the engine gave by these names. O(orders). Raises
        AssertionError for orders out of order.
        """
        engine = cls(
            seq=seq,
            trading_state=trading_state,
            band_ppm=band_ppm,
            reference_price_ticks=reference_price_ticks,
            last_price_ticks=last_price_ticks,
            max_orders=max_orders,
            max_stops=max_stops,
            edition=edition,
            auction_ticks=unfinished.auction_ticks,
        )
        Restoration(engine._orders).restore(orders, seq, trailing_marks, unfinished.unseen)
        engine._orders.schedule.restore_switches(cancel_after or {})
        return engine

    def execute(self, command: Command) -> list[Event]:
        """Carry out one command and return what happened, in order of `seq`.

        Costs what its trades, the stops it triggers and the levels it touches cost (see `Book`), which is bounded (see
        `editions`); FOK adds O(orders it would trade with). Raises AssertionError, before any change, for an
        order that has neither a quantity nor a budget.
        """
        self._handlers[type(command)](command)
        orders = self._orders
        if orders.stops.is_busy:
            self._triggers.run(goes_on=type(command) is ExpireDue)
        touched = orders.book.touched
        events = self._log.take(touched.values())
        touched.clear()
        return events

    # --- the market ---------------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The number of the last event."""
        return self._log.seq

    @property
    def trading_state(self) -> TradingState:
        return self._market.trading_state

    @property
    def band_ppm(self) -> int:
        return self._market.band_ppm

    @property
    def reference_price_ticks(self) -> int:
        return self._market.reference_price_ticks

    @property
    def edition(self) -> int:
        """The edition of the rule book that the market follows."""
        return self._market.edition

    @property
    def max_orders(self) -> int:
        return self._market.max_orders

    @property
    def max_stops(self) -> int:
        return self._market.max_stops

    @property
    def last_price_ticks(self) -> int:
        """The price of the last trade, 0 before the first."""
        return self._market.last_price_ticks

    # --- the book -------------------------------------------------------------------------------------

    @property
    def best_bid_ticks(self) -> int | None:
        return self._orders.book.bids.best_price_ticks

    @property
    def best_ask_ticks(self) -> int | None:
        return self._orders.book.asks.best_price_ticks

    @property
    def open_order_count(self) -> int:
        """How many orders rest or wait."""
        return len(self._orders)

    def open_orders_of(self, account_id: int) -> int:
        """Return how many orders of an account rest or wait. O(1)."""
        return self._orders.count_of(account_id)

    @property
    def next_due_ms(self) -> int | None:
        """When the next order expires or the next switch goes off, None without any; 0 while work is left. O(1)."""
        if self.is_opening or (self._orders.stops.is_behind and self._market.is_continuous):
            return 0
        return self._orders.schedule.next_due_ms

    @property
    def is_opening(self) -> bool:
        """Tell whether an auction is under way: the next `SetTradingState` goes on with it, or drops it."""
        return self._market.auction_ticks > 0

    @property
    def unfinished(self) -> Unfinished:
        """What commands have begun and later ones go on with, to be stored with the orders."""
        return Unfinished(self._market.auction_ticks, self._orders.stops.unseen)

    @property
    def cancel_after(self) -> Mapping[int, int]:
        """When every order of an account is cancelled, by account id."""
        return self._orders.schedule.switches

    def armed_brackets(self) -> Iterable[int]:
        """Return the entries of the brackets whose exits wait for `ActivateBracket`."""
        return self._orders.links.armed.keys()

    def trailing_marks(self) -> list[Mark]:
        """Return the marks of the trailing stops, to be stored with them; O(groups of them)."""
        return self._orders.stops.marks()

    def knows(self, order_id: int) -> bool:
        """Tell whether an order is open: resting or waiting. O(1)."""
        return self._orders.knows(order_id)

    def find(self, order_id: int) -> RestingOrder | None:
        """Return a resting order, to be read only, in O(1)."""
        return self._orders.book.orders.get(order_id)

    def find_waiting(self, order_id: int) -> WaitingOrder | None:
        """Return an order that waits outside the book, to be read only, in O(1)."""
        return self._orders.stops.orders.get(order_id)

    def open_orders(self) -> Iterator[RestingOrder]:
        """Iterate over the resting orders in order of priority."""
        return iter(self._orders.book.orders.values())

    def waiting_orders(self) -> Iterator[WaitingOrder]:
        """Iterate over the orders that wait outside the book."""
        return iter(self._orders.stops.orders.values())

    def stop_price_ticks(self, order: WaitingOrder) -> int:
        """Return where a waiting stop is now: that of a trailing stop moves."""
        return self._orders.stops.stop_price(order)

    def depth(self, side: Side, limit: int | None = None) -> list[DepthLevel]:
        """Return the price levels of a side, best first, in O(levels returned)."""
        return self._orders.book.side(side).depth(limit)

    def queue(self, side: Side, price_ticks: int) -> Iterator[RestingOrder]:
        """Iterate over the orders that rest at a price, first come first, to be read only."""
        own = self._orders.book.side(side)
        return iter(own.levels.get(own.sign * price_ticks, ()))

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        """Return the lots a market order of a quantity would fill now, and their total of ticks x lots.

        Exactly what a market buy costs, so what its account has to hold. O(orders it would meet), which are bounded
        like its fills.
        """
        other, market = self._orders.book.other(order.side), self._market
        return highest_cost(order, would_meet(order, other, market.band_key(other), market.fills_max))

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        """Return the furthest price a stop could trade at if it were placed now: its limit or protection price."""
        return hold_price_ticks(order, self.last_price_ticks, self.band_ppm)

    def state_hash(self) -> int:
        """Return 64 bits that stand for the whole state: engines with the same hash behave the same from then on.

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
            *self._orders.digests(),
        )
        if self.edition != FIRST_EDITION:
            packed += _LATER_FIELDS.pack(self.edition, self._market.auction_ticks)
        return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big")

    def state_hash_text(self) -> str:
        """Return the state hash as it is stored and shown: 16 hexadecimal digits."""
        return f"{self.state_hash():016x}"

    def check_invariants(self) -> None:
        """Raise AssertionError unless all state agrees; O(open orders)."""
        book = self._orders.book
        self._market.check_invariants()
        self._orders.check_invariants()
        is_trading = self._market.is_continuous
        assert not (is_trading and book.is_crossed), "Invariant: while trading the best bid is below the best ask"
        assert not book.touched, "Invariant: every touched level has been reported"
        newest = max((order.priority for order in self._orders), default=0)
        assert newest <= self.seq, "Invariant: no order is newer than the last event"
