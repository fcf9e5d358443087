"""From events to the orders and trades that should be stored.

Written apart from the journal's recorder, which made what is stored: a slip in one of them shows as a difference.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from base.ids import trade_key
from matching.engine import (
    ActivateBracket,
    AmendOrder,
    AmendRejected,
    AuctionHeld,
    BracketArmed,
    CancelAfterSet,
    CancelAll,
    CancelOrder,
    CancelReason,
    CancelRejected,
    Command,
    Event,
    ExitPlaced,
    ExpireDue,
    GroupKind,
    IcebergRefilled,
    LevelChanged,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderDecremented,
    OrderExpired,
    OrderRejected,
    OrderRepriced,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    RulesChanged,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    Side,
    StopMoved,
    StopPlaced,
    StopTriggered,
    TradeExecuted,
    TradingStateChanged,
)
from orders import lifecycle
from orders.lifecycle import OPEN_STATUSES, TRANSITIONS
from verification.replay.tracked_orders import TrackedOrder

_BUY: Final = Side.BUY.value
_MARKET: Final = OrderType.MARKET
_REQUESTED: Final = CancelReason.REQUESTED
_WORKING: Final = (lifecycle.OPEN, lifecycle.PARTIALLY_FILLED)
_ROLES: Final = {
    GroupKind.OCO: ("oco_limit", "oco_stop"),
    GroupKind.BRACKET: ("entry", "take_profit", "stop_loss"),
}


class ReplayedTrade(NamedTuple):
    """A trade as it should be stored; the first nine fields are those of a stored one, in their order."""

    id: bytes
    seq: int
    price_ticks: int
    quantity_lots: int
    buyer_id: bytes
    seller_id: bytes
    buyer_order_id: bytes
    seller_order_id: bytes
    taker_side: int
    buyer_order: TrackedOrder
    seller_order: TrackedOrder


class Tracker:
    """Follows every order of a market. `placed`, `ended` and `trades` grow until the reader clears them."""

    def __init__(self, market_id: int, open_orders: Sequence[TrackedOrder] = ()) -> None:
        self.orders: dict[int, TrackedOrder] = {order.order_id: order for order in open_orders}
        self.placed: list[bytes] = []
        self.ended: list[TrackedOrder] = []
        self.trades: list[ReplayedTrade] = []
        self.time_ms = 0
        self._market_id = market_id
        self._exits: dict[int, list[int]] = {}
        for order in open_orders:
            if order.group_role in ("take_profit", "stop_loss"):
                self._exits.setdefault(order.group_id, []).append(order.order_id)

    def apply(self, command: Command, events: Sequence[Event]) -> None:
        """Take note of a command and of what came of it. Raises AssertionError for what cannot happen to an order."""
        self.time_ms = command.time_ms
        before, after = ON_COMMAND[type(command)]
        if before is not None:
            before(self, command)
        for event in events:
            handler = ON_EVENT[type(event)]
            if handler is not None:
                handler(self, event)
        if after is not None:
            after(self, command)

    # --- commands -------------------------------------------------------------------------------------

    def _place(self, command: PlaceOrder) -> TrackedOrder:
        order = TrackedOrder(command)
        assert order.order_id not in self.orders, "Invariant: an order is placed once"
        self.orders[order.order_id] = order
        self.placed.append(order.order_id.to_bytes(16))
        return order

    def _place_group(self, command: PlaceGroup) -> None:
        group_id = command.orders[0].order_id
        for placed, role in zip(command.orders, _ROLES[command.kind], strict=True):
            order = self._place(placed)
            order.group_id, order.group_role = group_id, role
        if command.kind == GroupKind.BRACKET:
            self._exits[group_id] = [order.order_id for order in command.orders[1:]]

    def _settle_order(self, command: PlaceOrder | AmendOrder) -> None:
        self._settle_down(command.order_id)

    def _settle_group(self, command: PlaceGroup) -> None:
        for order in command.orders:
            self._settle_down(order.order_id)

    def _settle_down(self, order_id: int) -> None:
        """Do what happens to the order of a command when its work is done."""
        order = self.orders.get(order_id)
        if order is None or order.status not in _WORKING:
            return
        if order.type == _MARKET:  # the budget buys not one lot more
            reason = "" if order.filled_lots else CancelReason.SELF_TRADE.name
            self._end(order, lifecycle.SPEND, reason)
        elif order.instructions.display_lots and not order.visible_lots:
            order.visible_lots = min(order.instructions.display_lots, order.remaining_lots)

    # --- events ---------------------------------------------------------------------------------------

    def _on_accepted(self, event: OrderAccepted) -> None:
        seq, order_id = event
        order = self.orders[order_id]
        order.status = TRANSITIONS[order.status, lifecycle.ACCEPT]
        order.priority = seq

    def _on_rejected(self, event: OrderRejected) -> None:
        order = self.orders[event.order_id]
        order.priority = event.seq
        self._end(order, lifecycle.REJECT, event.reason.name)

    def _on_repriced(self, event: OrderRepriced) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.MOVE)
        order.price_ticks = event.price_ticks

    def _on_stop_placed(self, event: StopPlaced) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.WAIT)
        order.priority, order.price_ticks = event.seq, event.price_ticks
        order.stop_price_ticks = event.stop_price_ticks

    def _on_exit_placed(self, event: ExitPlaced) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.WAIT)
        order.priority = event.seq

    def _on_triggered(self, event: StopTriggered) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.TRIGGER)
        order.priority, order.stop_price_ticks = event.seq, event.stop_price_ticks
        order.triggered_ms = self.time_ms

    def _on_armed(self, event: BracketArmed) -> None:
        for order_id in self._exits.get(event.entry_id, ()):
            order = self.orders.get(order_id)
            if order is not None:
                order.advance(lifecycle.ARM)
                order.quantity_lots = event.quantity_lots

    def _on_trade(self, event: TradeExecuted) -> None:
        seq, price, lots, maker_id, taker_id, maker_account, taker_account, taker_side, _ = event
        maker, taker = self.orders[maker_id], self.orders[taker_id]
        maker.maker_tick_lots += price * lots
        if taker_side == _BUY:
            buyer, seller, buyer_account, seller_account = taker, maker, taker_account, maker_account
        else:
            buyer, seller, buyer_account, seller_account = maker, taker, maker_account, taker_account
        self.trades.append(
            ReplayedTrade(
                trade_key(self.time_ms, self._market_id, seq),
                seq,
                price,
                lots,
                buyer_account.to_bytes(16),
                seller_account.to_bytes(16),
                buyer.order_id.to_bytes(16),
                seller.order_id.to_bytes(16),
                int(taker_side),
                buyer,
                seller,
            )
        )
        self._fill(maker, price, lots)
        self._fill(taker, price, lots)

    def _fill(self, order: TrackedOrder, price: int, lots: int) -> None:
        order.filled_lots += lots
        order.filled_tick_lots += price * lots
        order.fills += 1
        if order.visible_lots:
            order.visible_lots = max(0, order.visible_lots - lots)
        if order.filled_lots == order.quantity_lots:
            self._end(order, lifecycle.FILL, "")
        else:
            order.status = TRANSITIONS[order.status, lifecycle.FILL_PARTLY]

    def _on_refilled(self, event: IcebergRefilled) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.REFILL)
        order.priority, order.visible_lots = event.seq, event.visible_lots

    def _on_decremented(self, event: OrderDecremented) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.DECREMENT)
        if not order.budget:
            order.quantity_lots -= event.lots
            order.visible_lots = min(order.visible_lots, order.remaining_lots)

    def _on_amended(self, event: OrderAmended) -> None:
        order = self.orders[event.order_id]
        order.advance(lifecycle.AMEND)
        order.price_ticks, order.quantity_lots, order.priority = event.price_ticks, event.quantity_lots, event.priority
        order.visible_lots = 0 if event.priority == event.seq else min(order.visible_lots, order.remaining_lots)

    def _on_stop_moved(self, event: StopMoved) -> None:
        self.orders[event.order_id].stop_price_ticks = event.stop_price_ticks

    def _on_cancelled(self, event: OrderCancelled) -> None:
        reason = "" if event.reason is _REQUESTED else event.reason.name
        self._end(self.orders[event.order_id], lifecycle.CANCEL, reason)

    def _on_expired(self, event: OrderExpired) -> None:
        self._end(self.orders[event.order_id], lifecycle.EXPIRE, "")

    def _end(self, order: TrackedOrder, event: str, reason: str) -> None:
        order.status = TRANSITIONS[order.status, event]
        assert order.status not in OPEN_STATUSES, "Invariant: what ends an order leaves it ended"
        order.reason = reason
        del self.orders[order.order_id]
        self.ended.append(order)
        if order.group_role in ("take_profit", "stop_loss"):
            self._exits.pop(order.group_id, None)


_Step = Callable[[Tracker, Any], object] | None
# What a command does to its orders before its events and after them. Every command and event is listed, so that none
# is ignored by accident.
ON_COMMAND: Final[dict[type[Command], tuple[_Step, _Step]]] = {
    PlaceOrder: (Tracker._place, Tracker._settle_order),
    PlaceGroup: (Tracker._place_group, Tracker._settle_group),
    AmendOrder: (None, Tracker._settle_order),
    # Their events say all there is to say about orders.
    CancelOrder: (None, None),
    CancelAll: (None, None),
    SetCancelAfter: (None, None),
    ExpireDue: (None, None),
    ActivateBracket: (None, None),
    SetTradingState: (None, None),
    SetRules: (None, None),
}
ON_EVENT: Final[dict[type[Event], Callable[[Tracker, Any], None] | None]] = {
    OrderAccepted: Tracker._on_accepted,
    OrderRejected: Tracker._on_rejected,
    OrderRepriced: Tracker._on_repriced,
    StopPlaced: Tracker._on_stop_placed,
    ExitPlaced: Tracker._on_exit_placed,
    StopTriggered: Tracker._on_triggered,
    BracketArmed: Tracker._on_armed,
    TradeExecuted: Tracker._on_trade,
    IcebergRefilled: Tracker._on_refilled,
    OrderDecremented: Tracker._on_decremented,
    OrderAmended: Tracker._on_amended,
    StopMoved: Tracker._on_stop_moved,
    OrderCancelled: Tracker._on_cancelled,
    OrderExpired: Tracker._on_expired,
    # Nothing about an order or a trade.
    AmendRejected: None,
    CancelRejected: None,
    CancelAfterSet: None,
    AuctionHeld: None,
    LevelChanged: None,
    TradingStateChanged: None,
    RulesChanged: None,
}
