"""From events to orders, holds and trades, and at the end of each command to the reply."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from base.ids import trade_key
from journal.live_order import LiveOrder
from journal.work import BatchWork
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
    RejectReason,
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
from matching.messages import Reply, ReplyStatus, Request
from orders import lifecycle
from orders.lifecycle import TRANSITIONS
from orders.rejections import Limits
from orders.rows import TradeRow

_BUY: Final = Side.BUY.value
_MARKET: Final = OrderType.MARKET.value
_FILLED: Final = lifecycle.FILLED
_WORKING: Final = (lifecycle.OPEN, lifecycle.PARTIALLY_FILLED)


class Recorder:
    """Takes note of what the engine did. One method per event, and one per command for what comes after its events."""

    def __init__(self, work: BatchWork) -> None:
        self._work = work

    def record(self, request: Request, command: Command, events: Sequence[Event]) -> None:
        """Apply the events of a command to orders, holds and trades, and prepare the reply."""
        work = self._work
        work.commands.append(command)
        first_trade = len(work.trades)
        for event in events:
            handler = ON_EVENT[type(event)]
            if handler is not None:
                handler(self, event)
        after = AFTER_COMMAND[type(command)]
        if after is not None:
            work.replies.append(after(self, request, command, events, first_trade))

    # --- events: how orders begin -----------------------------------------------------------------------

    def _on_accepted(self, event: OrderAccepted) -> None:
        seq, order_id = event
        order = self._work.touched.get(order_id) or self._work.touch(order_id, seq)
        order.status = TRANSITIONS[order.status, lifecycle.ACCEPT]
        order.seq = order.priority = seq
        if order.extras is not None:
            self._work.open_orders.add(order_id, order)
            order.is_reshaped = True

    def _on_rejected(self, event: OrderRejected) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.priority = event.seq
        self._work.end(event.order_id, order, lifecycle.REJECT, event.reason.name)
        if order.client_order_id is not None:
            self._work.rejections[order.user_id, order.client_order_id] = Limits.of(self._work.engine)

    def _on_repriced(self, event: OrderRepriced) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.advance(lifecycle.MOVE)
        order.reshape(price_ticks=event.price_ticks)
        self._work.fit(order)

    def _on_stop_placed(self, event: StopPlaced) -> None:
        order = self._wait(event.order_id, event.seq)
        order.reshape(price_ticks=event.price_ticks, stop_price_ticks=event.stop_price_ticks)

    def _on_exit_placed(self, event: ExitPlaced) -> None:
        self._wait(event.order_id, event.seq)

    def _wait(self, order_id: int, seq: int) -> LiveOrder:
        order = self._work.touch(order_id, seq)
        order.advance(lifecycle.WAIT)
        order.priority = seq
        self._work.open_orders.add(order_id, order)
        return order

    def _on_triggered(self, event: StopTriggered) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.advance(lifecycle.TRIGGER)
        order.reshape(priority=event.seq, stop_price_ticks=event.stop_price_ticks, triggered_ms=self._work.now_ms)

    def _on_armed(self, event: BracketArmed) -> None:
        for order in self._work.open_orders.exits_of(event.entry_id):
            self._work.touch(int.from_bytes(order.id), event.seq)
            order.advance(lifecycle.ARM)
            order.reshape(quantity_lots=event.quantity_lots)

    # --- events: how orders fill and change -------------------------------------------------------------

    def _on_trade(self, event: TradeExecuted) -> None:
        work = self._work
        taker = work.touch(event.taker_order_id, event.seq)
        maker = work.touch(event.maker_order_id, event.seq)
        if event.taker_side == _BUY:
            buyer, seller, buyer_rate, seller_rate = taker, maker, taker.taker_fee_ppm, maker.maker_fee_ppm
        else:
            buyer, seller, buyer_rate, seller_rate = maker, taker, maker.maker_fee_ppm, taker.taker_fee_ppm
        price, lots, terms = event.price_ticks, event.quantity_lots, work.terms
        buyer_fee, buyer_hold = buyer.buy(price, lots, rate_ppm=buyer_rate, terms=terms)
        seller_fee = seller.sell(price, lots, rate_ppm=seller_rate, terms=terms)
        work.trades.append(
            TradeRow(
                trade_key(work.now_ms, terms.market_id, event.seq),
                terms.market_id,
                event.seq,
                price,
                lots,
                buyer.user_id,
                seller.user_id,
                buyer.id,
                seller.id,
                int(event.taker_side),
                buyer_fee,
                seller_fee,
                buyer_hold,
                work.now_ms,
            )
        )
        if maker.extras is not None or maker.status == _FILLED:
            self._after_fill(event.maker_order_id, maker, lots)
        if taker.extras is not None or taker.status == _FILLED:
            self._after_fill(event.taker_order_id, taker, lots)

    def _after_fill(self, order_id: int, order: LiveOrder, lots: int) -> None:
        if order.extras is not None and order.extras.visible_lots:
            order.reshape(visible_lots=max(0, order.extras.visible_lots - lots))
        if order.status == _FILLED:
            self._work.leave(order_id, order)

    def _on_refilled(self, event: IcebergRefilled) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.advance(lifecycle.REFILL)
        order.reshape(priority=event.seq, visible_lots=event.visible_lots)

    def _on_decremented(self, event: OrderDecremented) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.advance(lifecycle.DECREMENT)
        if order.budget_units:
            return
        order.reshape(quantity_lots=order.quantity_lots - event.lots)
        self._show_no_more(order)
        self._hold_no_more(order)

    def _on_amended(self, event: OrderAmended) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.advance(lifecycle.AMEND)
        order.reshape(price_ticks=event.price_ticks, quantity_lots=event.quantity_lots, priority=event.priority)
        if event.priority == event.seq and order.extras is not None:
            order.reshape(visible_lots=0)
        self._show_no_more(order)
        if self._work.open_orders.partner(order) is None:  # the hold of an OCO is looked at when both are amended
            self._hold_no_more(order)

    def _on_stop_moved(self, event: StopMoved) -> None:
        order = self._work.touch(event.order_id, event.seq)
        order.reshape(stop_price_ticks=event.stop_price_ticks)

    def _on_amend_rejected(self, event: AmendRejected) -> None:
        if self._work.amend_hold:
            open_orders = self._work.open_orders
            self._work.give_back(open_orders.holder(open_orders.by_id[event.order_id]), self._work.amend_hold)

    def _show_no_more(self, order: LiveOrder) -> None:
        """Let an order of fewer lots show no more than it has."""
        if order.extras is not None and order.extras.visible_lots > order.remaining_lots:
            order.reshape(visible_lots=order.remaining_lots)

    def _hold_no_more(self, order: LiveOrder) -> None:
        """Let an order of fewer lots, or of another price, hold no more than it needs."""
        if order.price_ticks:  # the hold of a market order is its cost, and what is left goes back at its end
            self._work.fit(order)

    # --- events: how orders end -------------------------------------------------------------------------

    def _on_cancelled(self, event: OrderCancelled) -> None:
        order = self._work.touch(event.order_id, event.seq)
        requested = event.reason is CancelReason.REQUESTED
        self._work.end(event.order_id, order, lifecycle.CANCEL, "" if requested else event.reason.name)

    def _on_expired(self, event: OrderExpired) -> None:
        order = self._work.touch(event.order_id, event.seq)
        self._work.end(event.order_id, order, lifecycle.EXPIRE)

    # --- events: the market -------------------------------------------------------------------------------

    def _on_cancel_after(self, event: CancelAfterSet) -> None:
        self._work.switches[event.account_id] = event.due_ms

    def _on_level(self, event: LevelChanged) -> None:
        self._work.levels[(event.side, event.price_ticks)] = event.quantity_lots

    def _on_state(self, event: TradingStateChanged) -> None:
        self._work.is_state_changed = True

    # --- after a command ----------------------------------------------------------------------------------

    def _after_place(self, request: Request, command: PlaceOrder, _: Sequence[Event], first_trade: int) -> Reply:
        order = self._settle_down(command.order_id)
        return self._executed(request, order, first_trade)

    def _after_group(self, request: Request, command: PlaceGroup, _: Sequence[Event], first_trade: int) -> Reply:
        first, *others = [self._settle_down(order.order_id) for order in command.orders]
        return self._executed(request, first, first_trade)._replace(others=[order.packed() for order in others])

    def _after_amend(self, request: Request, command: AmendOrder, events: Sequence[Event], first_trade: int) -> Reply:
        first = events[0]
        if not isinstance(first, AmendRejected):
            order = self._settle_down(command.order_id)
            self._fit_oco(order)
            return self._executed(request, order, first_trade)
        gone = (
            first.reason is RejectReason.ORDER_NOT_FOUND
        )  # it is the user's own, as was checked, so it is no longer open
        code = "ORDER_NOT_AMENDABLE" if gone else first.reason.name
        return Reply(request.correlation, ReplyStatus.DENIED, code, self._limits())

    def _fit_oco(self, order: LiveOrder) -> None:
        """Let the holding order of an OCO hold what both need now."""
        holder = self._work.open_orders.holder(order)
        if self._work.open_orders.partner(order) is not None and holder.held_units:
            self._work.touch(int.from_bytes(holder.id), order.seq)
            self._work.fit(holder)

    def _after_cancel(self, request: Request, command: CancelOrder, events: Sequence[Event], _: int) -> Reply:
        if isinstance(events[0], CancelRejected):
            return Reply(request.correlation, ReplyStatus.DENIED, "ORDER_NOT_CANCELLABLE")
        order = self._work.touched[command.order_id]
        return Reply(request.correlation, ReplyStatus.EXECUTED, order=order.packed())

    def _after_cancel_all(self, request: Request, command: CancelAll, events: Sequence[Event], _: int) -> Reply:
        count = sum(isinstance(event, OrderCancelled) for event in events)
        details = {"cancelled": count, "left": self._work.engine.open_orders_of(command.account_id)}
        return Reply(request.correlation, ReplyStatus.EXECUTED, details=details)

    def _after_cancel_after(self, request: Request, _: SetCancelAfter, events: Sequence[Event], __: int) -> Reply:
        event = events[0]
        assert isinstance(event, CancelAfterSet), "Invariant: a switch is set when it is asked for"
        return Reply(request.correlation, ReplyStatus.EXECUTED, details={"due_ms": event.due_ms})

    def _executed(self, request: Request, order: LiveOrder, first_trade: int) -> Reply:
        """Return the reply about an order, with its own trades only: others come from stops that were triggered."""
        order_id, trades = order.id, self._work.trades[first_trade:]
        if trades:
            trades = [trade for trade in trades if order_id in (trade.buyer_order_id, trade.seller_order_id)]
        is_rejected = order.status == lifecycle.REJECTED
        code, details = (order.reason, self._limits()) if is_rejected else ("", {})
        return Reply(request.correlation, ReplyStatus.EXECUTED, code, details, order=order.packed(), trades=trades)

    def _limits(self) -> dict[str, Any]:
        return {"limits": Limits.of(self._work.engine)}

    def _settle_down(self, order_id: int) -> LiveOrder:
        """Return the order of a command, whose work is done: if it is open it rests, or its budget is spent."""
        work = self._work
        order = work.touched[order_id]
        if order.status not in _WORKING:
            return order
        if order.type == _MARKET:  # a budget is spent when it buys not one lot more
            work.end(order_id, order, lifecycle.SPEND, "" if order.filled_lots else CancelReason.SELF_TRADE.name)
            return order
        work.open_orders.add(order_id, order)
        extras = order.extras
        if extras is not None and extras.display_lots and not extras.visible_lots:
            order.reshape(visible_lots=min(extras.display_lots, order.remaining_lots))
        return order


# Here and not in the object: its bound methods would be reference cycles, which keep a batch's orders and trades until
# the garbage collector runs. Every event and every command is listed, so that none is ignored by accident.
ON_EVENT: Final[dict[type[Event], Callable[[Recorder, Any], None] | None]] = {
    OrderAccepted: Recorder._on_accepted,
    OrderRejected: Recorder._on_rejected,
    OrderRepriced: Recorder._on_repriced,
    StopPlaced: Recorder._on_stop_placed,
    ExitPlaced: Recorder._on_exit_placed,
    StopTriggered: Recorder._on_triggered,
    BracketArmed: Recorder._on_armed,
    TradeExecuted: Recorder._on_trade,
    IcebergRefilled: Recorder._on_refilled,
    OrderDecremented: Recorder._on_decremented,
    OrderAmended: Recorder._on_amended,
    StopMoved: Recorder._on_stop_moved,
    AmendRejected: Recorder._on_amend_rejected,
    OrderCancelled: Recorder._on_cancelled,
    OrderExpired: Recorder._on_expired,
    CancelAfterSet: Recorder._on_cancel_after,
    LevelChanged: Recorder._on_level,
    TradingStateChanged: Recorder._on_state,
    CancelRejected: None,  # changes nothing; the reply says so
    AuctionHeld: None,  # its trades follow
    RulesChanged: None,  # the sequence row has the engine's rules after each batch
}
AFTER_COMMAND: Final[dict[type[Command], Callable[[Recorder, Request, Any, Sequence[Event], int], Reply] | None]] = {
    PlaceOrder: Recorder._after_place,
    PlaceGroup: Recorder._after_group,
    AmendOrder: Recorder._after_amend,
    CancelOrder: Recorder._after_cancel,
    CancelAll: Recorder._after_cancel_all,
    SetCancelAfter: Recorder._after_cancel_after,
    # No caller waits for an answer to these.
    ExpireDue: None,
    ActivateBracket: None,
    SetTradingState: None,
    SetRules: None,
}
