"""Several orders in one request: each is taken or refused by itself."""

from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import ValidationError as FieldErrors

from base.errors import ApiError, ValidationError, to_api_error
from base.symbols import symbol_of
from exchange.models import Market, User
from exchange.selectors import market_by_id, market_by_symbol
from orders.api.answers import placed_as_json
from orders.api.inputs import OrderInput
from orders.services import OrderTicket, PlacedOrder, orders_place

__all__ = ["batch_place"]


def batch_place(*, user: User, given: list[Any]) -> list[dict[str, Any]]:
    """Place those of the given orders that are well-formed, and return the result of each, in order.

    Raises VALIDATION_ERROR when they name several markets, and what `orders_place` raises.
    """
    tickets = [_ticket(fields) for fields in given]
    market = _common_market(given)
    placed: Iterator[PlacedOrder | ApiError] = iter(())
    if market is not None:
        good = [ticket for ticket in tickets if isinstance(ticket, OrderTicket)]
        placed = iter(orders_place(user=user, market=market, tickets=good))
    outcomes = [next(placed) if isinstance(ticket, OrderTicket) else ticket for ticket in tickets]
    return [_result(outcome, market) for outcome in outcomes]


def _ticket(fields: Any) -> OrderTicket | ApiError:
    try:
        return OrderInput.ticket(OrderInput.validated(fields))
    except FieldErrors as error:
        return to_api_error(error)


def _common_market(given: list[Any]) -> Market | None:
    """Return the one market that the orders name, None when none of them names any. Raises VALIDATION_ERROR."""
    symbols = [fields.get("symbol") for fields in given if isinstance(fields, dict)]
    named = {symbol_of(symbol) for symbol in symbols if isinstance(symbol, str)}
    if len(named) > 1:
        raise ValidationError({"orders": ["All orders of a batch must be for the same market"]})
    return market_by_symbol(named.pop()) if named else None


def _result(outcome: PlacedOrder | ApiError, market: Market | None) -> dict[str, Any]:
    if isinstance(outcome, ApiError):
        result = {"success": False, "status": outcome.status, "error": outcome.body}
        return result | ({"meta": outcome.meta} if outcome.meta else {})
    data, meta = placed_as_json(outcome, market or market_by_id(outcome.order.market_id))
    result = {"success": True, "status": 200 if outcome.replayed else 201, "data": data}
    return result | ({"meta": meta} if meta else {})
