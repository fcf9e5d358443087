"""Money for orders from a remote wallet, before they go to the engine; the embedded wallet needs none of this.

What an order can need at most is found by the rule that the journal goes by (`orders.needs`), from the stored market.
Where prices move, for market buys by quantity and trailing stops, a margin comes on top. What is not needed goes back.
"""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, partial
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import DatabaseError

from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from base.scaling import PPM, ZERO
from exchange.models import Market, User, UserFeeTier
from matching.engine import GroupKind, OrderType, PlaceOrder, Side
from matching.engine.band import band_limits
from matching.engine.rules import STOP_PROTECTION_PPM, hold_price_ticks, protection_price
from matching.messages import AmendRequest, GroupRequest, PlaceRequest
from matching.timing import FUNDING_MS, seconds
from orders.models import ClientOrderId, Order, OrderStatus
from orders.needs import FeeRates, amended_price, first_need, open_need
from orders.requests import group_commands, place_command, time_ms_of
from orders.selectors import book_depth, last_price_ticks
from orders.vocabulary import ORDER_TYPES, SIDES
from settlement.ports import Reserving, wallet
from settlement.tasks import settle_user_now
from settlement.wallet.funding import funds_reserve, funds_spent

__all__ = ["amendment_fund", "group_fund", "order_fund", "orders_answered"]

log = structlog.get_logger(__name__)

Reservations = list[UUID]
_DEPTH_MAX = 1_000
_MOVING = (OrderType.MARKET, OrderType.TRAILING_STOP)


class Asked(NamedTuple):
    """What an amendment asks of an order; 0 = as it is."""

    price_ticks: int = 0
    quantity_lots: int = 0
    stop_price_ticks: int = 0


_Amendments = Mapping[Order, AmendRequest | Asked]


class Need(NamedTuple):
    asset: str
    amount: Decimal


def order_fund(*, user: User, market: Market, request: PlaceRequest, until: float) -> Reservations:
    """Bring what an order may need; return the reservations, to be named when it is answered.

    Raises ApiError INSUFFICIENT_BALANCE, or WALLET_UNAVAILABLE, also when it is later than `until` (monotonic). An
    order that was placed before needs nothing: it will be answered with the first one.
    """
    reserving = wallet().reserving
    if reserving is None or _is_known(user, request.client_order_id):
        return []
    if time.monotonic() > until:
        raise ApiError(ErrorCode.WALLET_UNAVAILABLE, "The wallet is slow: the orders before this one took all the time")
    rates = _highest_rates(market, user)
    command = place_command(request, time_ms_of(request.order_id), rates, market.scale)
    need = _need(command, request.budget_units, rates, market, _StoredPrices(market))
    return _reserve(reserving, user, UUID(bytes=request.order_id), need)


def group_fund(*, user: User, market: Market, request: GroupRequest) -> Reservations:
    """Bring what an OCO or a bracket's entry may need; see `order_fund`.

    The exits of a bracket that buy may need more than its entry brings: that is brought as well if the user has it.
    """
    reserving = wallet().reserving
    if reserving is None or _is_known(user, request.client_order_id):
        return []
    rates, prices = _highest_rates(market, user), _StoredPrices(market)
    commands = group_commands(request, time_ms_of(request.order_id))
    needs = [_need(command, 0, rates, market, prices) for command in commands]
    group_id = UUID(bytes=request.order_id)
    if request.kind == GroupKind.OCO:
        return _reserve(reserving, user, group_id, max(needs))
    reservations = _reserve(reserving, user, group_id, needs[0])
    if commands[0].side == Side.SELL:
        reservations += _reserve_if_there(reserving, user, max(needs[1:]))
    return reservations


def amendment_fund(*, user: User, order: Order, others: Sequence[Order], request: AmendRequest) -> Reservations:
    """Bring what an amended order, or its group, needs beyond what it holds; see `order_fund`.

    `others` are the other open orders of its group. Exits of a bracket that wait hold nothing: what they will need is
    brought if the user has it, as in `group_fund`; what was brought before counts, because it is still available.
    """
    reserving = wallet().reserving
    if reserving is None:
        return []
    asked: _Amendments = {order: request} | {leg: Asked(quantity_lots=request.quantity_lots) for leg in others}
    exits = {leg: wish for leg, wish in asked.items() if _is_waiting_exit(leg, asked)}
    working = {} if order in exits else {leg: wish for leg, wish in asked.items() if leg not in exits}
    reservations = _reserve(reserving, user, uuid7(), _lacking(working)) if working else []
    if exits and order.side == (Order.Side.BUY if order in exits else Order.Side.SELL):
        reservations += _reserve_if_there(reserving, user, _highest_need(exits))
    return reservations


def orders_answered(reservations: Collection[UUID]) -> None:
    """Note that what was brought is held or free by now. One query, none without reservations.

    Never fails: the engine has answered, and nothing may hide that. What is not noted counts as under way for longer.
    """
    try:
        funds_spent(reservation_ids=reservations)
    except DatabaseError as error:
        log.warning("reservations_not_noted", reservations=len(reservations), error=str(error))


def _reserve(reserving: Reserving, user: User, key: UUID, need: Need) -> Reservations:
    """Reserve what an order needs; what its user has traded and is not settled yet is settled first, if it must be."""
    reserve = partial(funds_reserve, reserving=reserving, user_id=user.pk, asset=need.asset, amount=need.amount)
    try:
        return reserve(key=key)
    except ApiError as error:
        if error.code is not ErrorCode.INSUFFICIENT_BALANCE or not _settle_now(user):
            raise
    return reserve(key=uuid7())


def _reserve_if_there(reserving: Reserving, user: User, need: Need) -> Reservations:
    """Reserve what exits will need, or nothing: without funds they are cancelled when their time comes."""
    try:
        return _reserve(reserving, user, uuid7(), need)
    except ApiError as error:
        if error.code is not ErrorCode.INSUFFICIENT_BALANCE:
            raise
        return []


def _settle_now(user: User) -> bool:
    return settle_user_now(user_id=user.pk, until=time.monotonic() + seconds(FUNDING_MS))


def _is_known(user: User, client_order_id: str | None) -> bool:
    known = ClientOrderId.objects.filter(user_id=user.pk, client_order_id=client_order_id)
    return client_order_id is not None and known.exists()


# --- what is needed ---------------------------------------------------------------------------------


def _need(command: PlaceOrder, budget_units: int, rates: FeeRates, market: Market, prices: "_StoredPrices") -> Need:
    units = first_need(command, budget_units, rates, market.scale, prices)
    if command.type in _MOVING and command.side == Side.BUY and not budget_units:
        units += units * (market.price_band_ppm or STOP_PROTECTION_PPM) // PPM
    return _amount(market, command.side, units)


def _is_waiting_exit(order: Order, group: Iterable[Order]) -> bool:
    """Tell whether an order is an exit that waits for its entry, as both do while the take-profit is pending."""
    is_exit = order.group_role in (Order.GroupRole.TAKE_PROFIT, Order.GroupRole.STOP_LOSS)
    return is_exit and any(
        leg.group_role == Order.GroupRole.TAKE_PROFIT and leg.status == OrderStatus.PENDING for leg in group
    )


def _lacking(asked: _Amendments) -> Need:
    """Return what orders that hold once, as an OCO or a single one does, lack when they are amended like this."""
    needed = _highest_need(asked)
    return needed._replace(amount=max(needed.amount - sum(leg.held for leg in asked), ZERO))


def _highest_need(asked: _Amendments) -> Need:
    first = next(iter(asked))
    units = max(_open_units(leg, wish) for leg, wish in asked.items())
    return _amount(first.market, SIDES.number[first.side], units)


def _open_units(order: Order, asked: AmendRequest | Asked) -> int:
    market, scale = order.market, order.market.scale
    side, order_type = SIDES.number[order.side], ORDER_TYPES.number[order.type]
    stop_ticks = scale.price_ticks(order.stop_price) if order.stop_price else 0
    price_ticks = scale.price_ticks(order.price) if order.price else 0
    if not price_ticks and stop_ticks:  # an exit that waits for its entry
        price_ticks = protection_price(Side(side), stop_ticks, market.price_band_ppm)
    price_ticks = amended_price(
        asked,
        side=side,
        order_type=order_type,
        price_ticks=price_ticks,
        stop_price_ticks=stop_ticks,
        band_ppm=market.price_band_ppm,
    )
    lots = asked.quantity_lots or (scale.quantity_lots(order.quantity) if order.quantity else 0)
    lots -= scale.quantity_lots(order.filled_quantity)
    highest = max(order.maker_fee_ppm, order.taker_fee_ppm)  # by the rates it was accepted with
    return open_need(side, price_ticks, max(0, lots), highest_fee_ppm=highest, scale=scale)


def _amount(market: Market, side: int, units: int) -> Need:
    """Return units of what an order of this side holds as an amount of its asset."""
    if side == Side.BUY:
        return Need(market.quote_id, market.scale.quote(units))
    return Need(market.base_id, market.scale.base(units))


def _highest_rates(market: Market, user: User) -> FeeRates:
    """Return the highest rates that the engine may go by at this moment. One query."""
    tiers = UserFeeTier.objects.filter(user_id=user.pk, market_id=market.pk)
    rates = [(market.maker_fee_ppm, market.taker_fee_ppm)]
    rates += tiers.values_list("tier__maker_fee_ppm", "tier__taker_fee_ppm")
    return FeeRates(max(maker for maker, _ in rates), max(taker for _, taker in rates))


class _StoredPrices:
    """A market's prices as they are stored; implements `orders.needs.Prices`. At most two queries in all."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        return hold_price_ticks(order, self._last_price_ticks, self._market.price_band_ppm)

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        """Return what the offers inside the band cost, up to the quantity."""
        market = self._market
        around_ticks = self._last_price_ticks or int(market.reference_price / market.tick_size)
        highest = band_limits(market.price_band_ppm, around_ticks)[1]
        left, cost = order.quantity_lots, 0
        for ask in book_depth(market, _DEPTH_MAX).asks:
            if ask.price_ticks <= highest:
                lots = min(left, ask.quantity_lots)
                left, cost = left - lots, cost + lots * ask.price_ticks
        return order.quantity_lots - left, cost

    @cached_property
    def _last_price_ticks(self) -> int:
        return last_price_ticks(self._market)
