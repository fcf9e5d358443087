"""Amending open orders."""

from matching.engine.admission import Admission
from matching.engine.commands import AmendOrder, PlaceOrder, are_whole
from matching.engine.event_log import EventLog
from matching.engine.events import AmendRejected, OrderAmended
from matching.engine.levels import NO_REACH
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import RestingOrder, WaitingOrder
from matching.engine.rules import is_in_band, price_behind
from matching.engine.types import OrderType, RejectReason, TimeInForce


class Amendment:
    """Gives an open order another price or quantity: in its place in the queue, or as a new taker."""

    __slots__ = ("_admission", "_log", "_market", "_matcher", "_orders")

    def __init__(
        self, log: EventLog, market: MarketState, orders: OpenOrders, admission: Admission, matcher: Matcher
    ) -> None:
        self._log = log
        self._market = market
        self._orders = orders
        self._admission = admission
        self._matcher = matcher

    def amend_order(self, command: AmendOrder) -> None:
        assert are_whole((command.price_ticks, command.quantity_lots)), "Invariant: prices and quantities have 64 bits"
        order = self._orders.find(command.order_id)
        if order is None or order.account_id != command.account_id:
            self._refuse(command, self._market.halted or RejectReason.ORDER_NOT_FOUND)
        elif isinstance(order, WaitingOrder):
            self._amend_waiting(order, command)
        else:
            self._amend_resting(order, command)

    def _refuse(self, command: AmendOrder, reason: RejectReason) -> None:
        self._log.emit(AmendRejected, command.order_id, reason)

    # --- orders that wait ---------------------------------------------------------------------------

    def _amend_waiting(self, order: WaitingOrder, command: AmendOrder) -> None:
        price_ticks = command.price_ticks or order.order.price_ticks
        lots = command.quantity_lots or order.order.quantity_lots
        reason = self._waiting_refusal(order, command)
        if reason is not None:
            self._refuse(command, reason)
            return
        self._orders.stops.change(order, price_ticks=price_ticks, quantity_lots=lots)
        self._log.emit(OrderAmended, order.order_id, price_ticks, lots, lots, order.priority)

    def _waiting_refusal(self, order: WaitingOrder, command: AmendOrder) -> RejectReason | None:
        market, price_ticks = self._market, command.price_ticks or order.order.price_ticks
        if market.halted is not None:
            return market.halted
        is_more = market.is_bounded and command.quantity_lots > order.order.quantity_lots
        is_judged = order.has_limit and (is_more or price_ticks != order.order.price_ticks)
        if is_judged and not is_in_band(market.band_ppm, order.instructions.stop_price_ticks, price_ticks):
            return RejectReason.PRICE_OUT_OF_BAND
        if order.order_id in self._orders.links.by_order:
            return RejectReason.ORDER_LINKED
        return RejectReason.PRICE_NOT_AMENDABLE if command.price_ticks and not order.has_limit else None

    # --- orders in the book -------------------------------------------------------------------------

    def _amend_resting(self, order: RestingOrder, command: AmendOrder) -> None:
        amended = _amended(order, command)
        remaining = amended.quantity_lots - order.filled_lots
        moves = amended.price_ticks != order.price_ticks or remaining > order.total_lots
        other = self._orders.book.other(order.side)
        reach_key = self._market.reach_key(amended, other) if moves else NO_REACH
        reason = self._resting_refusal(order, amended, other.best_key <= reach_key)
        if reason is not None:
            self._refuse(command, reason)
        elif moves:
            self._move(order, amended, remaining, reach_key)
        else:
            self._reduce(order, order.total_lots - remaining)

    def _resting_refusal(self, order: RestingOrder, amended: PlaceOrder, would_trade: bool) -> RejectReason | None:
        market = self._market
        is_more = market.is_bounded and amended.quantity_lots > order.quantity_lots
        is_judged = is_more or amended.price_ticks != order.price_ticks
        if market.halted is not None:
            return market.halted
        if is_judged and not market.low_ticks <= amended.price_ticks <= market.high_ticks:
            return RejectReason.PRICE_OUT_OF_BAND
        if would_trade:
            refused = self._admission.taking_refusal(amended, self._orders.book.other(order.side))
            if refused is not None:
                return refused
        if order.order_id in self._orders.links.by_order:
            return RejectReason.ORDER_LINKED
        return RejectReason.QUANTITY_BELOW_FILLED if amended.quantity_lots <= order.filled_lots else None

    def _move(self, order: RestingOrder, amended: PlaceOrder, remaining: int, reach_key: int) -> None:
        """Take an order out of its queue and let it enter anew, with a new price or more lots."""
        other = self._orders.book.other(order.side)
        would_trade = other.best_key <= reach_key
        if would_trade and (order.post_only or self._market.is_post_only):
            amended, reach_key = amended._replace(price_ticks=price_behind(other)), NO_REACH
        self._orders.remove(order)
        price_ticks, lots, priority = amended.price_ticks, amended.quantity_lots, self._log.next_seq
        self._log.emit(OrderAmended, order.order_id, price_ticks, lots, remaining, priority)
        self._matcher.work(amended, other, reach_key, remaining, priority)

    def _reduce(self, order: RestingOrder, lots: int) -> None:
        """Take lots off an order that keeps its place in the queue; hidden ones first."""
        self._orders.book.reduce(order, lots, min(lots, order.hidden_lots))
        self._log.emit(
            OrderAmended, order.order_id, order.price_ticks, order.quantity_lots, order.total_lots, order.priority
        )


def _amended(order: RestingOrder, command: AmendOrder) -> PlaceOrder:
    """Return the order as it would be placed now."""
    return PlaceOrder(
        time_ms=command.time_ms,
        order_id=order.order_id,
        account_id=order.account_id,
        side=order.side,
        type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTD if order.instructions.expire_ms else TimeInForce.GTC,
        post_only=order.post_only,
        price_ticks=command.price_ticks or order.price_ticks,
        quantity_lots=command.quantity_lots or order.quantity_lots,
        budget=0,
        instructions=order.instructions,
    )
