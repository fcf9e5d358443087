"""Money for orders from a remote wallet, before they go to the engine; the embedded wallet has nothing to do.

What an order can need at most is found by the journal's own rule (`orders.journal.needs`), from the stored market.
Where prices move, for market buys by quantity and trailing stops, a margin comes on top. What is not needed goes back.
"""

import time
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import DatabaseError

from exchange.errors import ApiError, ErrorCode
from exchange.ids import uuid7
from exchange.models import Market, User, UserFeeTier
from exchange.scaling import PPM, from_units
from matching.engine import Engine, GroupKind, OrderType, PlaceOrder, Side
from matching.engine.band import band_limits
from matching.engine.rules import STOP_PROTECTION_PPM
from matching.messages import GroupRequest, PlaceRequest
from orders.journal.live import LiveOrder
from orders.journal.needs import first_need
from orders.journal.new_orders import group_commands, group_orders, new_order, place_command
from orders.journal.terms import MarketTerms
from orders.models import ClientOrderId, MarketSequence, Order
from orders.selectors import book_depth
from settlement.ports import Reserving, wallet
from settlement.wallet.funding import funds_reserve, funds_spent

__all__ = ["amendment_fund", "group_fund", "order_fund", "orders_answered"]

log = structlog.get_logger(__name__)

Reservations = list[UUID]
_DEPTH_MAX = 1_000
_BUY = Side.BUY.value
_MOVING = (OrderType.MARKET.value, OrderType.TRAILING_STOP.value)


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
        raise ApiError(ErrorCode.WALLET_UNAVAILABLE, "The wallet is slow, and orders before this one took all the time")
    terms = _terms(market, user)
    command = place_command(request, terms, _time_ms(request.order_id))
    need = _need(new_order(request, command, terms), command, terms, _StoredPrices(market))
    return _reserve(reserving, user, UUID(bytes=request.order_id), need)


def group_fund(*, user: User, market: Market, request: GroupRequest) -> Reservations:
    """Bring what an OCO or a bracket's entry may need; see `order_fund`.

    The exits of a bracket that buy may need more than its entry brings: that is brought as well if the user has it.
    """
    reserving = wallet().reserving
    if reserving is None or _is_known(user, request.client_order_id):
        return []
    terms, prices = _terms(market, user), _StoredPrices(market)
    commands = group_commands(request, _time_ms(request.order_id))
    orders = group_orders(request, commands, terms)
    needs = [_need(*pair, terms, prices) for pair in zip(orders, commands, strict=True)]
    group_id = UUID(bytes=request.order_id)
    if request.kind == GroupKind.OCO:
        return _reserve(reserving, user, group_id, max(needs))
    reservations = _reserve(reserving, user, group_id, needs[0])
    if orders[0].side == _BUY:
        return reservations
    try:
        return reservations + _reserve(reserving, user, uuid7(), max(needs[1:]))
    except ApiError as error:
        if error.code is not ErrorCode.INSUFFICIENT_BALANCE:
            raise
        return reservations  # as with the embedded wallet: without funds the exits are cancelled when their time comes


def amendment_fund(*, user: User, order: Order, price_ticks: int, quantity_lots: int) -> Reservations:
    """Bring what an amended order needs beyond what it holds; see `order_fund`. 0 leaves price or quantity as it is."""
    reserving = wallet().reserving
    if reserving is None:
        return []
    market = order.market
    terms = _terms(market, user)
    is_buy = order.side == Order.Side.BUY
    lots = quantity_lots or (market.scale.quantity_lots(order.quantity) if order.quantity else 0)
    lots -= market.scale.quantity_lots(order.filled_quantity)
    ticks = price_ticks or (market.scale.price_ticks(order.price) if order.price else 0)
    needed = from_units(_worst_need(order, ticks, max(0, lots), terms), _decimals(terms, is_buy=is_buy))
    need = Need(terms.quote if is_buy else terms.base, max(needed - order.held, Decimal(0)))
    return _reserve(reserving, user, uuid7(), need)


def orders_answered(reservations: Collection[UUID]) -> None:
    """Note that what was brought is held or free by now. One query, none without reservations.

    Never fails: the engine has answered, and nothing may hide that. What is not noted counts as under way for longer.
    """
    try:
        funds_spent(reservation_ids=reservations)
    except DatabaseError as error:
        log.warning("reservations_not_noted", reservations=len(reservations), error=str(error))


def _reserve(reserving: Reserving, user: User, key: UUID, need: Need) -> Reservations:
    return funds_reserve(reserving=reserving, key=key, user_id=user.pk, asset=need.asset, amount=need.amount)


def _is_known(user: User, client_order_id: str | None) -> bool:
    known = ClientOrderId.objects.filter(user_id=user.pk, client_order_id=client_order_id)
    return client_order_id is not None and known.exists()


# --- what is needed ---------------------------------------------------------------------------------


def _need(order: LiveOrder, command: PlaceOrder, terms: MarketTerms, prices: "_StoredPrices") -> Need:
    units = first_need(order, command, terms, prices)
    if order.type in _MOVING and order.side == _BUY and not order.budget_units:
        units += units * (terms.price_band_ppm or STOP_PROTECTION_PPM) // PPM
    return Need(order.hold_asset(terms), from_units(units, _decimals(terms, is_buy=order.side == _BUY)))


def _worst_need(order: Order, price_ticks: int, lots: int, terms: MarketTerms) -> int:
    """Return what the open rest of a stored order would need, by the rates it was accepted with."""
    rates = {order.user_id.bytes: (order.maker_fee_ppm, order.taker_fee_ppm)}
    side = Side.BUY if order.side == Order.Side.BUY else Side.SELL
    request = PlaceRequest(
        ("", 0),
        0,
        order.pk.bytes,
        order.user_id.bytes,
        side.value,
        OrderType.LIMIT.value,
        1,
        False,
        price_ticks,
        lots,
        0,
        None,
        b"",
    )
    terms = replace(terms, user_rates=rates)
    return new_order(request, place_command(request, terms, 0), terms).need_for(price_ticks, lots, terms)


def _decimals(terms: MarketTerms, *, is_buy: bool) -> int:
    return terms.quote_decimals if is_buy else terms.base_decimals


def _time_ms(order_id: bytes) -> int:
    return int.from_bytes(order_id[:6])


def _terms(market: Market, user: User) -> MarketTerms:
    """Return the market's terms with the highest rates that the engine may go by at this moment. One query."""
    tiers = UserFeeTier.objects.filter(user_id=user.pk, market_id=market.pk)
    rates = [(market.maker_fee_ppm, market.taker_fee_ppm)]
    rates += tiers.values_list("tier__maker_fee_ppm", "tier__taker_fee_ppm")
    highest = (max(maker for maker, _ in rates), max(taker for _, taker in rates))
    return MarketTerms(
        market.pk,
        market.symbol,
        market.base_id,
        market.quote_id,
        market.base.decimals,
        market.quote.decimals,
        market.tick_size,
        market.lot_size,
        market.maker_fee_ppm,
        market.taker_fee_ppm,
        market.price_band_ppm,
        market.reference_price,
        market.trading_state,
        user_rates={user.pk.bytes: highest},
    )


class _StoredPrices:
    """A market's prices as they are stored; implements orders.journal.needs.Prices. At most two queries in all."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def hold_price_ticks(self, order: PlaceOrder) -> int:
        return self._engine().hold_price_ticks(order)

    def sweep_cost(self, order: PlaceOrder) -> tuple[int, int]:
        """Return what the offers inside the band cost, up to the quantity."""
        engine = self._engine()
        highest = band_limits(engine.band_ppm, engine.last_price_ticks or engine.reference_price_ticks)[1]
        asks = [ask for ask in book_depth(self._market, _DEPTH_MAX).asks if ask.price_ticks <= highest]
        left, cost = order.quantity_lots, 0
        for ask in asks:
            lots = min(left, ask.quantity_lots)
            left, cost = left - lots, cost + lots * ask.price_ticks
        return order.quantity_lots - left, cost

    def _engine(self) -> Engine:
        """Return an engine without orders that goes by the stored band and price."""
        market = self._market
        last = MarketSequence.objects.filter(pk=market.pk).values_list("last_price", flat=True).first()
        return Engine(
            band_ppm=market.price_band_ppm,
            reference_price_ticks=int(market.reference_price / market.tick_size),
            last_price_ticks=int(last / market.tick_size) if last else 0,
        )
