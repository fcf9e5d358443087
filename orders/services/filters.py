"""The market's filters: what an order must keep before the engine gets to see it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from base.errors import ApiError, ErrorCode
from base.scaling import PPM, ZERO, NotAMultipleError, plain
from exchange.models import Market
from exchange.services.markets import PRICE_BAND_PPM_MAX
from matching.engine import Instructions
from matching.engine.rules import STOP_PROTECTION_PPM
from orders.services.refusals import too_small
from orders.services.tickets import OrderTicket

__all__ = ["Sizes", "check_notional", "check_quantity", "has_too_many_parts", "lots", "sizes", "ticks"]

# price x quantity plus the highest fee stays inside a signed 64-bit integer of quote units.
_NOTIONAL_UNITS_MAX = 1 << 61
# No price band is wider than 100 %, so a stop that becomes a market order trades at up to twice its trigger price.
_PROTECTION = 2

assert PPM + max(STOP_PROTECTION_PPM, PRICE_BAND_PPM_MAX) <= _PROTECTION * PPM, "Invariant: no stop costs more"

ICEBERG_PARTS_MAX = 100

Names = Mapping[str, str]
"""What the client calls a field of an order, where that is not its own name."""


class Sizes(NamedTuple):
    """An order in ticks, lots and units; 0 where it has none."""

    price_ticks: int
    quantity_lots: int
    budget_units: int
    instructions: Instructions


def sizes(market: Market, ticket: OrderTicket, names: Names | None = None) -> Sizes:
    """Return the ticket in integers. Raises the first filter of the market that it fails, and names the field."""
    names = names or {}
    converted = Sizes(
        price_ticks=ticks(market, ticket.price, names.get("price", "price")),
        quantity_lots=lots(market, ticket.quantity, "quantity"),
        budget_units=_budget_units(market, ticket.quote_quantity),
        instructions=ticket.instructions(
            stop_price_ticks=ticks(market, ticket.stop_price, names.get("stop_price", "stop_price")),
            trail_ticks=ticks(market, ticket.trailing_amount, "trailing_amount"),
            display_lots=lots(market, ticket.display_quantity, "display_quantity"),
        ),
    )
    check_quantity(market, ticket.quantity)
    check_notional(market, ticket, names)
    return converted


def ticks(market: Market, price: Decimal | None, field: str) -> int:
    """Return a price in ticks, 0 for none. Raises TICK_SIZE."""
    try:
        return 0 if price is None else market.scale.price_ticks(price)
    except NotAMultipleError as error:
        raise _denied(ErrorCode.TICK_SIZE, field, str(error), tick_size=market.tick_size) from None


def lots(market: Market, quantity: Decimal | None, field: str) -> int:
    """Return a quantity in lots, 0 for none. Raises LOT_SIZE."""
    try:
        return 0 if quantity is None else market.scale.quantity_lots(quantity)
    except NotAMultipleError as error:
        raise _denied(ErrorCode.LOT_SIZE, field, str(error), lot_size=market.lot_size) from None


def check_quantity(market: Market, quantity: Decimal | None) -> None:
    """Raises MIN_QUANTITY or MAX_QUANTITY."""
    if quantity is None:
        return
    least, most = market.min_quantity, market.max_quantity
    if quantity < least:
        text = f"At least {plain(least)} in one order"
        raise _denied(ErrorCode.MIN_QUANTITY, "quantity", text, min_quantity=least)
    if quantity > most:
        text = f"At most {plain(most)} in one order"
        raise _denied(ErrorCode.MAX_QUANTITY, "quantity", text, max_quantity=most)


def has_too_many_parts(display_quantity: Decimal, quantity: Decimal) -> bool:
    """Tell whether an iceberg would come up more often than is allowed."""
    return display_quantity * ICEBERG_PARTS_MAX < quantity


def check_notional(market: Market, ticket: OrderTicket, names: Names | None = None) -> None:
    """Raises MIN_NOTIONAL, or MAX_QUANTITY for what does not fit into the engine's integers.

    What has neither limit, stop price nor budget is judged by the engine's process, which knows the last price.
    """
    field, price = _priced_by(ticket)
    notional = ticket.quote_quantity
    if price is not None and ticket.quantity is not None:
        notional = price * ticket.quantity
    if notional is not None and notional < market.min_notional:
        raise too_small(market, (names or {}).get(field, field), notional)
    if _highest_cost(ticket).scaleb(market.quote.decimals) > _NOTIONAL_UNITS_MAX:
        raise _denied(ErrorCode.MAX_QUANTITY, "quantity", "price x quantity is too large for one order")


def _priced_by(ticket: OrderTicket) -> tuple[str, Decimal | None]:
    """Return the price that says what an order is worth: its limit, else its stop price; a trailing stop has none."""
    if ticket.quote_quantity is not None:
        return "quote_quantity", None
    return ("price", ticket.price) if ticket.price is not None else ("stop_price", ticket.stop_price)


def _highest_cost(ticket: OrderTicket) -> Decimal:
    if ticket.quantity is None:
        return ticket.quote_quantity or ZERO
    trigger = ticket.stop_price or ticket.trailing_amount or ZERO
    return max(ticket.price or ZERO, trigger * _PROTECTION) * ticket.quantity


def _budget_units(market: Market, budget: Decimal | None) -> int:
    return 0 if budget is None else int(budget.scaleb(market.quote.decimals))


def _denied(code: ErrorCode, field: str, text: str, **limits: Decimal) -> ApiError:
    details: dict[str, Any] = {"field": field} | {name: plain(limit) for name, limit in limits.items()}
    return ApiError(code, text, details)
