"""Amending open orders, alone or with those of their group."""

from typing import NamedTuple

from matching.engine.admission import Admission, first_reason
from matching.engine.commands import AmendOrder, PlaceOrder, are_whole
from matching.engine.event_log import EventLog
from matching.engine.events import AmendRejected, OrderAmended, StopMoved
from matching.engine.levels import NO_REACH
from matching.engine.links import Bracket, Link, Oco
from matching.engine.market import MarketState
from matching.engine.matcher import Matcher
from matching.engine.open_orders import OpenOrders
from matching.engine.orders import OpenOrder, RestingOrder, WaitingOrder
from matching.engine.rules import is_limit_far_from_stop, price_behind, waiting_price
from matching.engine.stops import is_reached
from matching.engine.types import OrderType, RejectReason, TimeInForce


class RestingWish(NamedTuple):
    """An order in the book as it would be placed now; if it `moves`, it is a taker as far as `reach_key`."""

    order: RestingOrder
    amended: PlaceOrder
    moves: bool
    reach_key: int


class WaitingWish(NamedTuple):
    """An order outside the book as it would be placed now; it `moves` if it waits for another stop price."""

    order: WaitingOrder
    amended: PlaceOrder
    moves: bool


class Amendment:
    """Gives an open order another price, quantity or stop price: in its place, or as if it were placed now.

    A quantity belongs to a whole group, so it is carried out on the order's other leg, or on its exits, as well: first
    on them, because the order itself may trade and end the group.
    """

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
        assert are_whole(command[3:]), "Invariant: prices and quantities have 64 bits"
        order = self._orders.find(command.order_id)
        if order is None or order.account_id != command.account_id:
            self._refuse(command, self._market.halted or RejectReason.ORDER_NOT_FOUND)
            return
        wishes = [self._wish(each, change) for each, change in (*self._others(order, command), (order, command))]
        reason = self._market.halted or first_reason(
            self._own_refusal(order, command), *[self._refusal(wish) for wish in wishes]
        )
        if reason is not None:
            self._refuse(command, reason)
            return
        for wish in wishes:
            self._carry_out(wish)

    def _refuse(self, command: AmendOrder, reason: RejectReason) -> None:
        self._log.emit(AmendRejected, command.order_id, reason)

    # --- groups -------------------------------------------------------------------------------------

    def _others(self, order: OpenOrder, command: AmendOrder) -> list[tuple[OpenOrder, AmendOrder]]:
        """Return the orders that get the same quantity, and how they are amended."""
        by_order, lots = self._orders.links.by_order, command.quantity_lots
        link = by_order.get(order.order_id) if by_order else None
        if link is None or not lots or not self._market.is_bounded:
            return []
        other_ids = [] if _is_exit(order, link) else [id_ for id_ in link.members if id_ != order.order_id]
        others = [other for other in map(self._orders.find, other_ids) if other and _quantity(other) != lots]
        wish = command._replace(price_ticks=0, stop_price_ticks=0)
        return [(other, wish._replace(order_id=other.order_id)) for other in others]

    def _own_refusal(self, order: OpenOrder, command: AmendOrder) -> RejectReason | None:
        """Judge what may be asked of an order at all."""
        by_order = self._orders.links.by_order
        if by_order and order.order_id in by_order and not self._may_amend_linked(order, command):
            return RejectReason.ORDER_LINKED
        if command.price_ticks and isinstance(order, WaitingOrder) and not order.has_limit:
            return RejectReason.PRICE_NOT_AMENDABLE
        if command.stop_price_ticks and not (isinstance(order, WaitingOrder) and order.has_stop_price):
            return RejectReason.TRIGGER_NOT_AMENDABLE
        return None

    def _may_amend_linked(self, order: OpenOrder, command: AmendOrder) -> bool:
        """Tell whether an order of a group may be amended like this: the quantity of an exit is its entry's."""
        is_same = command.quantity_lots in (0, _quantity(order))
        is_exit = _is_exit(order, self._orders.links.by_order[order.order_id])
        return self._market.is_bounded and (is_same or not is_exit)

    # --- what is wished for ---------------------------------------------------------------------------

    def _wish(self, order: OpenOrder, command: AmendOrder) -> RestingWish | WaitingWish:
        if isinstance(order, WaitingOrder):
            return self._waiting_wish(order, command)
        amended = _amended(order, command)
        moves = amended.price_ticks != order.price_ticks or amended.quantity_lots > order.quantity_lots
        other = self._orders.book.other(order.side)
        return RestingWish(order, amended, moves, self._market.reach_key(amended, other) if moves else NO_REACH)

    def _waiting_wish(self, order: WaitingOrder, command: AmendOrder) -> WaitingWish:
        placed = order.order
        price_ticks, lots = command.price_ticks or placed.price_ticks, command.quantity_lots or placed.quantity_lots
        amended = placed._replace(price_ticks=price_ticks, quantity_lots=lots)
        stop_price_ticks = command.stop_price_ticks
        if not order.has_stop_price or stop_price_ticks in (0, placed.instructions.stop_price_ticks):
            return WaitingWish(order, amended, False)
        amended = amended._replace(instructions=placed.instructions._replace(stop_price_ticks=stop_price_ticks))
        if not self._is_exit(order):  # an exit gets its protection price when it begins to wait for its trigger
            amended = amended._replace(price_ticks=waiting_price(amended, stop_price_ticks, self._market.band_ppm))
        return WaitingWish(order, amended, True)

    def _is_exit(self, order: WaitingOrder) -> bool:
        """Tell whether an order outside the book waits for its bracket, and not for its trigger."""
        return _is_exit(order, self._orders.links.by_order.get(order.order_id))

    def _refusal(self, wish: RestingWish | WaitingWish) -> RejectReason | None:
        return self._resting_refusal(wish) if isinstance(wish, RestingWish) else self._waiting_refusal(wish)

    def _waiting_refusal(self, wish: WaitingWish) -> RejectReason | None:
        order, amended, moves = wish
        market, placed = self._market, order.order
        is_more = market.is_bounded and amended.quantity_lots > placed.quantity_lots
        is_judged = is_more or moves or amended.price_ticks != placed.price_ticks
        if is_judged and is_limit_far_from_stop(amended, market.band_ppm):
            return RejectReason.PRICE_OUT_OF_BAND
        around, stop_price_ticks = market.around_ticks, amended.instructions.stop_price_ticks
        is_late = moves and around and is_reached(amended.type, amended.side, stop_price_ticks, around)
        return RejectReason.STOP_WOULD_TRIGGER if is_late and not self._is_exit(order) else None

    def _resting_refusal(self, wish: RestingWish) -> RejectReason | None:
        order, amended, _, reach_key = wish
        market, other = self._market, self._orders.book.other(order.side)
        is_more = market.is_bounded and amended.quantity_lots > order.quantity_lots
        is_judged = is_more or amended.price_ticks != order.price_ticks
        if is_judged and not market.low_ticks <= amended.price_ticks <= market.high_ticks:
            return RejectReason.PRICE_OUT_OF_BAND
        if other.best_key <= reach_key:
            refused = self._taking_refusal(order, amended)
            if refused is not None:
                return refused
        return RejectReason.QUANTITY_BELOW_FILLED if amended.quantity_lots <= order.filled_lots else None

    def _taking_refusal(self, order: RestingOrder, amended: PlaceOrder) -> RejectReason | None:
        """Judge that an order would trade at once; the limit order of an OCO has to rest."""
        by_order, market = self._orders.links.by_order, self._market
        if by_order and market.is_bounded and isinstance(by_order.get(order.order_id), Oco):
            return RejectReason.POST_ONLY_WOULD_TRADE
        return self._admission.taking_refusal(amended, self._orders.book.other(order.side))

    # --- what is done ---------------------------------------------------------------------------------

    def _carry_out(self, wish: RestingWish | WaitingWish) -> None:
        if isinstance(wish, WaitingWish):
            (self._wait_anew if wish.moves else self._wait_on)(wish)
        else:
            (self._move if wish.moves else self._reduce)(wish)

    def _wait_on(self, wish: WaitingWish) -> None:
        """Give an order outside the book another limit or quantity."""
        order, amended, _ = wish
        price_ticks, lots = amended.price_ticks, amended.quantity_lots
        self._orders.stops.change(order, price_ticks=price_ticks, quantity_lots=lots)
        self._log.emit(OrderAmended, order.order_id, price_ticks, lots, lots, order.priority)

    def _wait_anew(self, wish: WaitingWish) -> None:
        """Let a stop wait for another price, behind those that wait for it already."""
        order, amended, _ = wish
        stops, lots, priority = self._orders.stops, amended.quantity_lots, self._log.next_seq
        self._log.emit(OrderAmended, order.order_id, amended.price_ticks, lots, lots, priority)
        self._log.emit(StopMoved, order.order_id, amended.instructions.stop_price_ticks)
        moved = WaitingOrder(amended, priority)
        stops.remove(order)
        stops.add(moved)
        if not self._is_exit(moved):
            stops.watch(moved, self._market.last_price_ticks)

    def _move(self, wish: RestingWish) -> None:
        """Take an order out of its queue and let it enter anew, with a new price or more lots."""
        order, amended, _, reach_key = wish
        other, remaining = self._orders.book.other(order.side), amended.quantity_lots - order.filled_lots
        would_trade = other.best_key <= reach_key
        if would_trade and (order.post_only or self._market.is_post_only):
            amended, reach_key = amended._replace(price_ticks=price_behind(other)), NO_REACH
        self._orders.remove(order)
        price_ticks, lots, priority = amended.price_ticks, amended.quantity_lots, self._log.next_seq
        self._log.emit(OrderAmended, order.order_id, price_ticks, lots, remaining, priority)
        self._matcher.work(amended, other, reach_key, remaining, priority)

    def _reduce(self, wish: RestingWish) -> None:
        """Take lots off an order that keeps its place in the queue; hidden ones first."""
        order = wish.order
        lots = order.quantity_lots - wish.amended.quantity_lots
        self._orders.book.reduce(order, lots, min(lots, order.hidden_lots))
        self._log.emit(
            OrderAmended, order.order_id, order.price_ticks, order.quantity_lots, order.total_lots, order.priority
        )


def _is_exit(order: OpenOrder, link: Link | None) -> bool:
    return isinstance(link, Bracket) and order.order_id in link.exits


def _quantity(order: OpenOrder) -> int:
    return order.filled_lots + order.total_lots


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
