"""Placing and cancelling orders: check against the market's filters, send to its engine, say what came of it."""

import time
from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from exchange.errors import ApiError, ErrorCode
from exchange.ids import uuid7
from exchange.models import Market, User
from exchange.scaling import NotAMultipleError, from_units, plain
from matching.engine import OrderType, Side, TimeInForce
from matching.errors import CommandTimeoutError, EngineUnavailableError, OverloadedError
from matching.messages import CancelRequest, PlaceRequest, Reply, ReplyStatus
from orders.commands import gateway
from orders.models import Order, Trade
from orders.rows import order_from_row, trade_from_row
from orders.selectors import order_for_user, trades_of_order

__all__ = ["OrderTicket", "PlacedOrder", "order_cancel", "order_place"]

# price x quantity plus the highest fee stays inside a signed 64-bit integer of quote units.
_MAX_NOTIONAL_UNITS = 1 << 61
_NUMBER = 0  # the gateway numbers requests itself

_MESSAGES = {
    ErrorCode.INSUFFICIENT_BALANCE: "Not enough {asset}: {required} needed, {available} available",
    ErrorCode.INSUFFICIENT_LIQUIDITY: "There is nothing to trade with inside the price band",
    ErrorCode.PRICE_OUT_OF_BAND: "The price is too far from the market",
    ErrorCode.POST_ONLY_WOULD_TRADE: "The order would trade at once, and only resting was asked for",
    ErrorCode.MARKET_HALTED: "The market is halted: orders can be cancelled only",
    ErrorCode.MARKET_CLOSED: "The market is closed",
    ErrorCode.ORDER_NOT_CANCELLABLE: "The order is not open any more",
    ErrorCode.ENGINE_UNAVAILABLE: "The market's engine is not available; nothing was done, try again",
    ErrorCode.OVERLOADED: "Too many commands are waiting; nothing was done, try again",
    ErrorCode.TIMEOUT: "No confirmation in time: ask for the order by its id; it will not be executed any more",
}


@dataclass(frozen=True, slots=True)
class OrderTicket:
    """What a client asks for, well-formed but not yet checked against the market."""

    side: str
    type: str
    time_in_force: str
    post_only: bool
    quantity: Decimal | None
    price: Decimal | None
    quote_quantity: Decimal | None
    client_order_id: str | None


class PlacedOrder(NamedTuple):
    """An order that reached the engine, with the trades it made at once, all committed."""

    order: Order
    trades: list[Trade]
    replayed: bool
    payload_differs: bool


class _Sizes(NamedTuple):
    price_ticks: int
    quantity_lots: int
    budget_units: int


def order_place(*, user: User, market: Market, ticket: OrderTicket) -> PlacedOrder:
    """Place an order and wait for its commit.

    A known client order id gives the first order again (`replayed`). Raises ApiError: denied by a filter or for want of
    funds (nothing is stored), rejected by the engine (stored, `details.order_id`), or not confirmed in time.
    """
    sizes = _sizes(market, ticket)
    order_id = uuid7()
    request = PlaceRequest(
        ("", _NUMBER),
        _deadline_ms(),
        order_id.bytes,
        user.pk.bytes,
        Side[ticket.side.upper()].value,
        OrderType[ticket.type.upper()].value,
        TimeInForce[ticket.time_in_force.upper()].value,
        ticket.post_only,
        *sizes,
        ticket.client_order_id,
        _digest(market, ticket),
    )
    reply = _send(market, request, order_id)
    if reply.status is ReplyStatus.REPLAYED:
        return _replayed(user, reply)
    _raise_unless_executed(reply, order_id)
    order = order_from_row(reply.order, market)
    if reply.code:
        raise _error(ErrorCode(reply.code), {"order_id": str(order_id)})
    return PlacedOrder(order, [trade_from_row(row, market) for row in reply.trades], False, False)


def order_cancel(*, user: User, order_id: UUID) -> Order:
    """Cancel an open order of the user and wait for the commit.

    Raises ORDER_NOT_FOUND (also for somebody else's), ORDER_NOT_CANCELLABLE when it is not open any more.
    """
    order = order_for_user(user=user, order_id=order_id)
    request = CancelRequest(("", _NUMBER), _deadline_ms(), order_id.bytes, user.pk.bytes)
    reply = _send(order.market, request, order_id)
    _raise_unless_executed(reply, order_id)
    return order_from_row(reply.order, order.market)


# --- filters ----------------------------------------------------------------------------------------


def _sizes(market: Market, ticket: OrderTicket) -> _Sizes:
    """Return the ticket in ticks, lots and units; raises the first filter of the market that it fails."""
    scale = market.scale
    try:
        ticks = scale.price_ticks(ticket.price) if ticket.price is not None else 0
    except NotAMultipleError as error:
        raise ApiError(ErrorCode.TICK_SIZE, str(error), {"tick_size": plain(market.tick_size)}) from None
    try:
        lots = scale.quantity_lots(ticket.quantity) if ticket.quantity is not None else 0
    except NotAMultipleError as error:
        raise ApiError(ErrorCode.LOT_SIZE, str(error), {"lot_size": plain(market.lot_size)}) from None
    _check_quantity(market, ticket)
    _check_notional(market, ticket)
    return _Sizes(ticks, lots, _budget_units(market, ticket))


def _check_quantity(market: Market, ticket: OrderTicket) -> None:
    if ticket.quantity is not None and ticket.quantity > market.max_quantity:
        largest = plain(market.max_quantity)
        raise ApiError(ErrorCode.MAX_QUANTITY, f"At most {largest} in one order", {"max_quantity": largest})


def _check_notional(market: Market, ticket: OrderTicket) -> None:
    notional = ticket.quote_quantity
    if ticket.price is not None and ticket.quantity is not None:
        notional = ticket.price * ticket.quantity
    if notional is None:
        return
    if notional < market.min_notional:
        least = plain(market.min_notional)
        raise ApiError(
            ErrorCode.MIN_NOTIONAL,
            f"price x quantity is {plain(notional)}, at least {least} is needed",
            {"min_notional": least},
        )
    if notional.scaleb(market.quote.decimals) > _MAX_NOTIONAL_UNITS:
        raise ApiError(ErrorCode.MAX_QUANTITY, "price x quantity is too large for one order")


def _budget_units(market: Market, ticket: OrderTicket) -> int:
    if ticket.quote_quantity is None:
        return 0
    return int(ticket.quote_quantity.scaleb(market.quote.decimals))


# --- the way to the engine --------------------------------------------------------------------------


def _deadline_ms() -> int:
    return time.time_ns() // 1_000_000 + settings.COMMAND_TIMEOUT_MS


def _send(market: Market, request: PlaceRequest | CancelRequest, order_id: UUID) -> Reply:
    try:
        future = gateway().submit(market.slug, request, timeout_s=settings.COMMAND_TIMEOUT_MS / 1000)
        return future.result(settings.COMMAND_TIMEOUT_MS / 1000 + 1)
    except EngineUnavailableError:
        raise _error(ErrorCode.ENGINE_UNAVAILABLE, {}) from None
    except OverloadedError:
        raise _error(ErrorCode.OVERLOADED, {}) from None
    except (CommandTimeoutError, TimeoutError):
        raise _error(ErrorCode.TIMEOUT, {"order_id": str(order_id)}) from None


def _raise_unless_executed(reply: Reply, order_id: UUID) -> None:
    if reply.status is ReplyStatus.EXECUTED:
        return
    code = ErrorCode(reply.code)
    details = _readable(reply.details) if reply.details else {}
    if code in (ErrorCode.ORDER_NOT_CANCELLABLE, ErrorCode.TIMEOUT):
        details["order_id"] = str(order_id)
    raise _error(code, details)


def _readable(details: Any) -> dict[str, Any]:
    """Turn the units of an engine's details into amounts."""
    decimals = details["decimals"]
    amounts = {name: plain(from_units(details[name], decimals), decimals) for name in ("required", "available")}
    return {"asset": details["asset"], **amounts}


def _replayed(user: User, reply: Reply) -> PlacedOrder:
    order = order_for_user(user=user, order_id=UUID(bytes=reply.details["order_id"]))
    return PlacedOrder(order, trades_of_order(order), True, reply.details["payload_differs"])


def _error(code: ErrorCode, details: dict[str, Any]) -> ApiError:
    return ApiError(code, _MESSAGES[code].format_map(details), details)


def _digest(market: Market, ticket: OrderTicket) -> bytes:
    """Return 16 bytes that tell whether a repeated client order id asks for the same order."""
    fields = (
        market.pk,
        ticket.side,
        ticket.type,
        ticket.time_in_force,
        ticket.post_only,
        *(value if value is None else value.normalize() for value in _amounts(ticket)),
    )
    return blake2b(repr(fields).encode(), digest_size=16).digest()


def _amounts(ticket: OrderTicket) -> tuple[Decimal | None, ...]:
    return ticket.quantity, ticket.price, ticket.quote_quantity
