"""From requests to commands: known requests are answered; for the others funds are held, or they are denied."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from journal.claims import ClientIdClaims
from journal.live_order import LiveOrder
from journal.new_orders import group_orders, new_order
from journal.recent_orders import RecentOrders
from journal.unsettled import UnsettledTrades
from journal.work import BatchWork
from matching.engine import (
    CURRENT_EDITION,
    LIMIT_TYPES,
    STOP_TYPES,
    ActivateBracket,
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    ExpireDue,
    GroupKind,
    OrderType,
    PlaceGroup,
    PlaceOrder,
    SetCancelAfter,
    SetRules,
    SetTradingState,
    Side,
)
from matching.messages import (
    AmendRequest,
    CancelAfterRequest,
    CancelAllRequest,
    CancelRequest,
    GroupRequest,
    MaintenanceRequest,
    PlaceRequest,
    Reply,
    ReplyStatus,
    Request,
)
from matching.storage import Unfunded
from matching.timing import HORIZON_MS
from orders.lifecycle import PENDING
from orders.needs import amended_price, first_need
from orders.requests import group_commands, place_command

_BUY: Final = Side.BUY.value


class Admission:
    """Admits the requests of one batch. `ready_brackets` are entries whose trades are settled."""

    def __init__(
        self,
        work: BatchWork,
        claims: ClientIdClaims,
        recent: RecentOrders,
        ready_brackets: Sequence[int],
        unsettled: UnsettledTrades,
    ) -> None:
        self._work = work
        self._claims = claims
        self._recent = recent
        self._ready_brackets = ready_brackets
        self._unsettled = unsettled

    def admit(self, request: Request) -> list[Command] | Reply | Unfunded:
        """Return the commands of a request, its funds held, or the reply that ends it; Unfunded changes nothing."""
        return _ON_REQUEST[type(request)](self, request)

    # --- new orders -----------------------------------------------------------------------------------

    def _place(self, request: PlaceRequest) -> list[Command] | Reply | Unfunded:
        known = self._known(request)
        if known is not None:
            return known
        work = self._work
        terms, rates = work.terms, work.terms.rates_of(request.user_id)
        command = place_command(request, work.now_ms, rates, terms.scale)
        if not command.price_ticks and (denial := self._too_small(request, command)) is not None:
            return denial
        order = new_order(request, command, rates, terms)
        need = first_need(command, request.budget_units, rates, terms.scale, work.engine)
        if not work.hold(order, need):
            return self._denied(request, order, need)
        if request.client_order_id is not None:
            self._claims.use(request)
        work.touched[command.order_id] = order
        self._recent.add(order.id, work.now_ms)
        return [command]

    def _group(self, request: GroupRequest) -> list[Command] | Reply | Unfunded:
        known = self._known(request)
        if known is not None:
            return known
        work, kind = self._work, GroupKind(request.kind)
        commands = group_commands(request, work.now_ms)
        if not commands[0].price_ticks and (denial := self._too_small(request, commands[0])) is not None:
            return denial
        terms, rates = work.terms, work.terms.rates_of(request.user_id)
        orders = group_orders(request, commands, rates, terms)
        held_for = commands if kind is GroupKind.OCO else commands[:1]
        need = max(first_need(command, 0, rates, terms.scale, work.engine) for command in held_for)
        if not work.hold(orders[0], need):
            return self._denied(request, orders[0], need)
        if request.client_order_id is not None:
            self._claims.use(request)
        for command, order in zip(commands, orders, strict=True):
            work.touched[command.order_id] = order
            self._recent.add(order.id, work.now_ms)
        return [PlaceGroup(time_ms=work.now_ms, kind=kind, orders=tuple(commands))]

    def _too_small(self, request: PlaceRequest | GroupRequest, order: PlaceOrder) -> Reply | None:
        """Deny an order without a price that is worth less than the market's minimum at the last price.

        Orders with a limit, a stop price or a budget were judged before they came here. Whoever sells all that they
        have may do so, however little it is.
        """
        terms, engine = self._work.terms, self._work.engine
        if order.budget or order.instructions.stop_price_ticks:
            return None
        price_ticks = engine.last_price_ticks or engine.reference_price_ticks
        worth = terms.cost_units(price_ticks, order.quantity_lots)
        if not price_ticks or worth >= terms.min_notional_units or self._is_all(request.user_id, order):
            return None
        return Reply(request.correlation, ReplyStatus.DENIED, "MIN_NOTIONAL", {"worth": worth})

    def _is_all(self, user_id: bytes, order: PlaceOrder) -> bool:
        """Tell whether a market order sells all whole lots that its user has available."""
        terms = self._work.terms
        if order.side is Side.BUY or order.type is not OrderType.MARKET:
            return False
        available = self._work.holdings.available(user_id, terms.base)
        return available // terms.lot_units <= order.quantity_lots

    def _known(self, request: PlaceRequest | GroupRequest) -> Reply | None:
        """Return the reply to what must not be executed: it is too old, or it was executed before."""
        if abs(int.from_bytes(request.order_id[:6]) - self._work.now_ms) > HORIZON_MS:  # its id carries its time
            return Reply(request.correlation, ReplyStatus.NOT_EXECUTED, "TIMEOUT")
        if request.order_id in self._recent:  # a retried send may arrive twice
            return _replayed(request, request.order_id, False)
        if request.client_order_id is not None:
            first = self._claims.first_order(request)
            if first is not None:
                return _replayed(request, *first)
        return None

    def _denied(
        self, request: PlaceRequest | GroupRequest | AmendRequest, order: LiveOrder, need: int
    ) -> Reply | Unfunded:
        """Deny a request that its user cannot fund, unless what is not settled yet may fund it in a moment."""
        denial = self._denial(request, order, need)
        return Unfunded(denial) if self._unsettled.has(request.user_id) else denial

    def _denial(self, request: PlaceRequest | GroupRequest | AmendRequest, order: LiveOrder, need: int) -> Reply:
        terms = self._work.terms
        asset = order.hold_asset(terms)
        details = {
            "asset": asset,
            "decimals": terms.quote_decimals if order.side == _BUY else terms.base_decimals,
            "required": need,
            "available": self._work.holdings.available(order.user_id, asset),
        }
        return Reply(request.correlation, ReplyStatus.DENIED, "INSUFFICIENT_BALANCE", details)

    # --- open orders ----------------------------------------------------------------------------------

    def _amend(self, request: AmendRequest) -> list[Command] | Reply | Unfunded:
        work, order_id = self._work, int.from_bytes(request.order_id)
        work.amend_hold = 0
        order = work.open_orders.by_id.get(order_id)
        if order is not None and order.user_id == request.user_id:
            missing = self._missing_units(order, request)
            if not work.hold(work.open_orders.holder(order), missing):
                return self._denied(request, order, missing)
            work.amend_hold = missing
        return [
            AmendOrder(
                time_ms=work.now_ms,
                order_id=order_id,
                account_id=int.from_bytes(request.user_id),
                price_ticks=request.price_ticks,
                quantity_lots=request.quantity_lots,
                stop_price_ticks=request.stop_price_ticks,
            )
        ]

    def _missing_units(self, order: LiveOrder, request: AmendRequest) -> int:
        """Return what an amended order, or its OCO, needs beyond what it holds.

        0 for what needs nothing yet, and for what the engine will refuse anyway.
        """
        terms, open_orders = self._work.terms, self._work.open_orders
        if open_orders.is_waiting_exit(order) or (request.price_ticks and order.type not in LIMIT_TYPES):
            return 0
        if request.stop_price_ticks and not _has_stop_price(order):
            return 0
        partner, lots = open_orders.partner(order), request.quantity_lots
        need = order.need_for(self._amended_price(order, request), _lots_left(order, lots), terms)
        held = order.held_units
        if partner is not None:
            need = max(need, partner.need_for(partner.price_ticks, _lots_left(partner, lots), terms))
            held += partner.held_units
        return max(0, need - held)

    def _amended_price(self, order: LiveOrder, request: AmendRequest) -> int:
        return amended_price(
            request,
            side=order.side,
            order_type=order.type,
            price_ticks=order.price_ticks,
            stop_price_ticks=order.extras.stop_price_ticks if order.extras is not None else 0,
            band_ppm=self._work.engine.band_ppm,
        )

    def _cancel(self, request: CancelRequest) -> list[Command]:
        order_id, account_id = int.from_bytes(request.order_id), int.from_bytes(request.user_id)
        return [CancelOrder(time_ms=self._work.now_ms, order_id=order_id, account_id=account_id)]

    def _cancel_all(self, request: CancelAllRequest) -> list[Command]:
        return [CancelAll(time_ms=self._work.now_ms, account_id=int.from_bytes(request.user_id))]

    def _cancel_after(self, request: CancelAfterRequest) -> list[Command]:
        account_id = int.from_bytes(request.user_id)
        return [SetCancelAfter(time_ms=self._work.now_ms, account_id=account_id, timeout_ms=request.timeout_ms)]

    # --- the clock, the stored market and what was settled ------------------------------------------------

    def _maintain(self, _: MaintenanceRequest) -> list[Command]:
        work = self._work
        terms, engine, now_ms = work.terms, work.engine, work.now_ms
        commands = list[Command]()
        if engine.next_due_ms is not None and engine.next_due_ms <= now_ms:
            commands.append(ExpireDue(time_ms=now_ms))
        if terms.differs_from(engine):
            return commands + self._follow_market()
        commands += [
            ActivateBracket(time_ms=now_ms, entry_id=entry_id, funded=self._fund(entry_id))
            for entry_id in self._ready_brackets
        ]
        self._ready_brackets = ()
        return commands

    def _follow_market(self) -> list[Command]:
        """Return the commands that bring the engine in step. Brackets wait: the price band decides what they need."""
        terms, engine, now_ms = self._work.terms, self._work.engine, self._work.now_ms
        commands = list[Command]()
        if terms.rules_differ(engine):
            commands.append(
                SetRules(
                    time_ms=now_ms,
                    band_ppm=terms.price_band_ppm,
                    reference_price_ticks=terms.reference_price_ticks,
                    max_orders=terms.max_orders,
                    max_stops=terms.max_stops,
                    edition=CURRENT_EDITION,
                )
            )
        if terms.state_differs(engine):
            commands.append(SetTradingState(time_ms=now_ms, state=terms.engine_state))
        return commands

    def _fund(self, entry_id: int) -> bool:
        """Hold what the exits of a bracket need as an OCO, on the take-profit; False when its owner has too little."""
        work = self._work
        exits = work.open_orders.exits_of(entry_id)
        if not exits:  # cancelled earlier in this batch
            return False
        take_profit, stop_loss = exits
        waiting = work.engine.find_waiting(int.from_bytes(stop_loss.id))
        assert waiting is not None, "Invariant: exits wait until their bracket is activated"
        stop_need = stop_loss.need_for(work.engine.hold_price_ticks(waiting.order), stop_loss.quantity_lots, work.terms)
        return work.hold(take_profit, max(take_profit.need_units(work.terms), stop_need))


def _lots_left(order: LiveOrder, quantity_lots: int) -> int:
    """Return what is not filled of an order once it has another quantity; 0 leaves that as it is."""
    return max(0, (quantity_lots or order.quantity_lots) - order.filled_lots)


def _has_stop_price(order: LiveOrder) -> bool:
    """Tell whether an order waits for a stop price that its owner has given."""
    return order.status == PENDING and order.type in STOP_TYPES and order.type != OrderType.TRAILING_STOP


def _replayed(request: PlaceRequest | GroupRequest, order_id: bytes, payload_differs: bool) -> Reply:
    details = {"order_id": order_id, "payload_differs": payload_differs}
    return Reply(request.correlation, ReplyStatus.REPLAYED, "", details)


# Here and not in the object, whose bound methods would be reference cycles: see `recorder`.
_ON_REQUEST: Final[dict[type[Request], Callable[[Admission, Any], list[Command] | Reply | Unfunded]]] = {
    PlaceRequest: Admission._place,
    GroupRequest: Admission._group,
    AmendRequest: Admission._amend,
    CancelRequest: Admission._cancel,
    CancelAllRequest: Admission._cancel_all,
    CancelAfterRequest: Admission._cancel_after,
    MaintenanceRequest: Admission._maintain,
}
