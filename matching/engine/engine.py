"""The matching engine of one market: commands in, events out.

Pure and deterministic: the same commands in the same order give the same events and the same `state_hash`. It
has no clock, no randomness and no I/O, and counts in whole ticks and lots.

The rules, in the order they are applied to an order:

1. `RejectReason` lists the grounds for refusal in order of precedence. A refused command uses up one sequence
   number and changes nothing else.
2. An accepted order trades with the other side as far as its limit reaches: best price first, and at one
   price first come first served. Trades print at the resting (maker) order's price.
3. The reach of a market order ends at the edge of the price band as it was when the order came in. A better
   price is never out of reach.
4. "Would trade" means that the best price of the other side is within reach.
5. What is left rests in the book (GTC limit orders) or is cancelled (everything else).
6. Each price level that a command touched is reported once, after all else, in the order of first touch.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any, Final

from matching.engine.band import band_limits
from matching.engine.book import Book
from matching.engine.commands import CancelOrder, Command, PlaceOrder, SetPriceBand, SetTradingState
from matching.engine.events import (
    CancelRejected,
    Event,
    LevelChanged,
    OrderAccepted,
    OrderCancelled,
    OrderRejected,
    PriceBandChanged,
    TradeExecuted,
    TradingStateChanged,
)
from matching.engine.levels import BookSide, DepthLevel, PriceLevel
from matching.engine.orders import RestingOrder, RestoredOrder
from matching.engine.rules import REFUSED_IN_STATE, is_fillable, may_have_budget, remainder_reason
from matching.engine.types import CancelReason, OrderType, RejectReason, Side, TimeInForce, TradingState

# Looking up an enum's member costs as much as comparing it, so what every command needs is looked up once.
_BUY: Final = Side.BUY
_LIMIT: Final = OrderType.LIMIT
_GTC: Final = TimeInForce.GTC
_FOK: Final = TimeInForce.FOK
_REQUESTED: Final = CancelReason.REQUESTED

_STATE_FIELDS: Final = struct.Struct(">QBQQQQ")


class Engine:
    """One market's book and rules. `execute` changes it, everything else only looks.

    `seq`, `trading_state`, `band_ppm`, `reference_price_ticks` and `last_price_ticks` are there to be read.
    """

    def __init__(
        self,
        *,
        seq: int = 0,
        trading_state: TradingState = TradingState.CONTINUOUS,
        band_ppm: int = 0,
        reference_price_ticks: int = 0,
        last_price_ticks: int = 0,
    ) -> None:
        self.seq = seq
        self.trading_state = trading_state
        self.band_ppm = band_ppm
        self.reference_price_ticks = reference_price_ticks
        self.last_price_ticks = last_price_ticks
        self._book = Book()
        self._handlers: dict[type, Callable[[Any, list[Event]], None]] = {
            PlaceOrder: self._place,
            CancelOrder: self._cancel,
            SetTradingState: self._set_trading_state,
            SetPriceBand: self._set_price_band,
        }
        self._enter_state(trading_state)
        self._follow_price()

    @classmethod
    def restore(
        cls,
        orders: Iterable[RestoredOrder | tuple[int, int, Side, int, int, int, int]],
        *,
        seq: int,
        trading_state: TradingState,
        band_ppm: int,
        reference_price_ticks: int,
        last_price_ticks: int,
    ) -> "Engine":
        """Rebuild an engine from its open orders, which must come in ascending priority.

        O(orders). Raises AssertionError for orders out of order.
        """
        engine = cls(
            seq=seq,
            trading_state=trading_state,
            band_ppm=band_ppm,
            reference_price_ticks=reference_price_ticks,
            last_price_ticks=last_price_ticks,
        )
        priority = 0
        for stored in map(RestoredOrder._make, orders):
            assert priority < stored.priority <= seq, "Invariant: orders are restored in order of priority"
            priority = stored.priority
            order = RestingOrder(*stored)
            engine._book.add(order, engine._book.side(order.side))
        engine._book.touched.clear()
        return engine

    def execute(self, command: Command) -> list[Event]:
        """Carry out one command and return what happened, in order of `seq`.

        Costs what its trades and the levels it touches cost (see `Book`); FOK adds O(levels within reach).
        Raises AssertionError, before any change, for an order that has neither a quantity nor a budget.
        """
        events: list[Event] = []
        self._handlers[type(command)](command, events)
        touched = self._book.touched
        for level in touched.values():
            self.seq = seq = self.seq + 1
            events.append(LevelChanged(seq, level.side, level.price_ticks, level.quantity_lots, level.order_count))
        touched.clear()
        return events

    def _place(self, order: PlaceOrder, events: list[Event]) -> None:
        assert order.quantity_lots > 0 or order.budget > 0, "Invariant: an order has a quantity or a budget"
        assert not order.budget or may_have_budget(order), "Invariant: only a market buy by budget has a budget"
        book = self._book
        own, other = (book.bids, book.asks) if order.side == _BUY else (book.asks, book.bids)
        reach_key = other.sign * (order.price_ticks if order.type == _LIMIT else self._market_reach(order))
        would_trade = other.best_key <= reach_key
        reason = self._refusal(order, would_trade)
        self.seq = priority = self.seq + 1
        if reason is not None:
            events.append(OrderRejected(priority, order.order_id, reason))
            return
        events.append(OrderAccepted(priority, order.order_id))
        remaining = self._match(order, other, reach_key, events) if would_trade else order.quantity_lots
        if not remaining:
            return
        if order.time_in_force == _GTC and order.type == _LIMIT:
            _, order_id, account_id, side, _, _, _, price_ticks, lots, _ = order
            book.add(RestingOrder(order_id, account_id, side, price_ticks, lots, remaining, priority), own)
        else:
            self.seq += 1
            events.append(OrderCancelled(self.seq, order.order_id, remainder_reason(order), remaining))

    def _market_reach(self, order: PlaceOrder) -> int:
        if order.side != _BUY:
            return self._low_ticks
        # A budget does not reach a price at which it cannot buy a single lot.
        return min(self._high_ticks, order.budget) if order.budget else self._high_ticks

    def _refusal(self, order: PlaceOrder, would_trade: bool) -> RejectReason | None:
        if self._refused_in_state is not None:
            return self._refused_in_state
        if order.order_id in self._book.orders:
            return RejectReason.DUPLICATE_ORDER_ID
        is_limit = order.type == _LIMIT
        if is_limit and not self._low_ticks <= order.price_ticks <= self._high_ticks:
            return RejectReason.PRICE_OUT_OF_BAND
        if would_trade and (order.post_only or self._is_post_only):
            return RejectReason.POST_ONLY_WOULD_TRADE
        if not (would_trade or is_limit):
            return RejectReason.INSUFFICIENT_LIQUIDITY
        return None

    def _match(self, taker: PlaceOrder, other: BookSide, reach_key: int, events: list[Event]) -> int:
        if taker.time_in_force == _FOK and not is_fillable(taker, other, reach_key):
            return taker.quantity_lots or taker.budget // other.best_level.price_ticks
        match = self._match_budget if taker.budget else self._match_quantity
        remaining = match(taker, other, reach_key, events)
        self._follow_price()
        return remaining

    def _match_quantity(self, taker: PlaceOrder, other: BookSide, reach_key: int, events: list[Event]) -> int:
        remaining = taker.quantity_lots
        while remaining and other.best_key <= reach_key:
            remaining = self._match_level(taker, other.best_level, remaining, events)
        return remaining

    def _match_budget(self, taker: PlaceOrder, other: BookSide, reach_key: int, events: list[Event]) -> int:
        budget, price = taker.budget, 1
        while other.best_key <= reach_key:
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
        price, fill = level.price_ticks, self._book.fill
        while wanted and (maker := level.head) is not None:
            lots = min(wanted, maker.remaining_lots)
            fill(maker, lots)
            wanted -= lots
            self.seq = seq = self.seq + 1
            events.append(
                TradeExecuted(
                    seq,
                    price,
                    lots,
                    maker.order_id,
                    taker_id,
                    maker.account_id,
                    taker_account_id,
                    taker_side,
                    maker.remaining_lots,
                )
            )
        self.last_price_ticks = price
        return wanted

    def _cancel(self, command: CancelOrder, events: list[Event]) -> None:
        order = self._book.orders.get(command.order_id)
        self.seq += 1
        if order is None or order.account_id != command.account_id:
            events.append(CancelRejected(self.seq, command.order_id, RejectReason.ORDER_NOT_FOUND))
            return
        self._book.remove(order)
        events.append(OrderCancelled(self.seq, order.order_id, _REQUESTED, order.remaining_lots))

    def _set_trading_state(self, command: SetTradingState, events: list[Event]) -> None:
        self._enter_state(command.state)
        self.seq += 1
        events.append(TradingStateChanged(self.seq, self.trading_state))

    def _set_price_band(self, command: SetPriceBand, events: list[Event]) -> None:
        self.band_ppm = command.band_ppm
        self.reference_price_ticks = command.reference_price_ticks
        self._follow_price()
        self.seq += 1
        events.append(PriceBandChanged(self.seq, self.band_ppm, self.reference_price_ticks))

    def _enter_state(self, state: TradingState) -> None:
        self.trading_state = TradingState(state)
        self._refused_in_state = REFUSED_IN_STATE.get(self.trading_state)
        self._is_post_only = self.trading_state is TradingState.POST_ONLY

    def _follow_price(self) -> None:
        around_ticks = self.last_price_ticks or self.reference_price_ticks
        self._low_ticks, self._high_ticks = band_limits(self.band_ppm, around_ticks)

    @property
    def best_bid_ticks(self) -> int | None:
        return self._book.bids.best_price_ticks

    @property
    def best_ask_ticks(self) -> int | None:
        return self._book.asks.best_price_ticks

    @property
    def open_order_count(self) -> int:
        return len(self._book.orders)

    def find(self, order_id: int) -> RestingOrder | None:
        """Return an open order, to be read only, in O(1)."""
        return self._book.orders.get(order_id)

    def open_orders(self) -> Iterator[RestingOrder]:
        """Iterate over the open orders in order of priority, which is how `restore` wants them."""
        return iter(self._book.orders.values())

    def depth(self, side: Side, limit: int | None = None) -> list[DepthLevel]:
        """Return the price levels of a side, best first, in O(levels returned)."""
        return self._book.side(side).depth(limit)

    def sweep_cost(self, side: Side, quantity_lots: int) -> tuple[int, int]:
        """Return the lots a market order of this side would fill now, and their total of ticks x lots.

        Exactly what a market buy can cost at most, so what its account has to hold. O(levels it would reach).
        """
        reach_ticks = self._high_ticks if side == _BUY else self._low_ticks
        other = self._book.asks if side == _BUY else self._book.bids
        return other.sweep(other.sign * reach_ticks, quantity_lots)

    def state_hash(self) -> int:
        """Return 64 bits that stand for the whole state: two engines with the same hash go on alike.

        O(open orders changed since the last call).
        """
        packed = _STATE_FIELDS.pack(
            self.seq,
            self.trading_state,
            self.band_ppm,
            self.reference_price_ticks,
            self.last_price_ticks,
            self._book.digest(),
        )
        return int.from_bytes(blake2b(packed, digest_size=8).digest(), "big")

    def check_invariants(self) -> None:
        """Raise AssertionError unless all state agrees; O(open orders)."""
        self._book.check_invariants()
        assert not self._book.touched, "Invariant: every touched level has been reported"
        for order in self.open_orders():
            assert order.priority <= self.seq, "Invariant: no order is newer than the last event"
        limits = band_limits(self.band_ppm, self.last_price_ticks or self.reference_price_ticks)
        assert (self._low_ticks, self._high_ticks) == limits, "Invariant: the band is around the last price"
