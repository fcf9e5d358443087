"""Placing several orders at once: a batch, an OCO, a bracket."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError as FieldErrors
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from exchange.authentication import logged_in_user
from exchange.errors import ApiError, ValidationError, to_api_error
from exchange.models import Market
from exchange.responses import EnvelopeResponse
from exchange.selectors import market_by_id, market_by_symbol
from exchange.throttling import BatchThrottle
from orders.api import examples
from orders.api.inputs import BatchInput, BracketInput, OcoInput, OrderInput
from orders.api.orders import OrderView, placed_as_json, replay_meta
from orders.api.outputs import BatchOutput, GroupOutput
from orders.representation import order_as_json, trade_as_json
from orders.services import OrderTicket, PlacedGroup, PlacedOrder, bracket_place, oco_place, orders_place

__all__ = ["BatchView", "BracketView", "OcoView"]


class BatchView(OrderView):
    def get_throttles(self) -> list[BaseThrottle]:
        return [BatchThrottle()]

    @extend_schema(
        request=BatchInput,
        responses={200: BatchOutput},
        examples=examples.BATCH,
        summary="Place up to 100 orders of one market",
        description="Each has its own result, in the same order, and a bad one does not stop the others. Counts as"
        " that many orders for the rate limit.",
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        given = BatchInput.validated(request.data)["orders"]
        tickets = [_ticket(fields) for fields in given]
        market = _common_market(given)
        placed: Iterator[PlacedOrder | ApiError] = iter(())
        if market is not None:
            good = [ticket for ticket in tickets if isinstance(ticket, OrderTicket)]
            placed = iter(orders_place(user=logged_in_user(request), market=market, tickets=good))
        outcomes = [next(placed) if isinstance(ticket, OrderTicket) else ticket for ticket in tickets]
        return Response({"results": [_result(outcome, market) for outcome in outcomes]})


def _ticket(fields: Any) -> OrderTicket | ApiError:
    try:
        return OrderInput.ticket(OrderInput.validated(fields))
    except FieldErrors as error:
        return to_api_error(error)


def _common_market(given: list[Any]) -> Market | None:
    """Return the one market that the orders name, None when none of them names any. Raises VALIDATION_ERROR."""
    symbols = [fields.get("symbol") for fields in given if isinstance(fields, dict)]
    named = {symbol.upper().replace("-", "/").replace("_", "/") for symbol in symbols if isinstance(symbol, str)}
    if len(named) > 1:
        raise ValidationError({"orders": ["All orders of a batch are of the same market"]})
    return market_by_symbol(named.pop()) if named else None


def _result(outcome: PlacedOrder | ApiError, market: Market | None) -> dict[str, Any]:
    if isinstance(outcome, ApiError):
        return {"success": False, "status": outcome.status, "error": outcome.body}
    data, meta = placed_as_json(outcome, market or market_by_id(outcome.order.market_id))
    result = {"success": True, "status": 200 if outcome.replayed else 201, "data": data}
    return result | ({"meta": meta} if meta else {})


_GROUP_ANSWERS = (
    "Answers after all of them are durable: all or none. 200 repeats the answer of an earlier order with the same"
    " `client_order_id`, which belongs to the first order of the group."
)


class OcoView(OrderView):
    @extend_schema(
        request=OcoInput,
        responses={200: GroupOutput, 201: GroupOutput},
        examples=examples.OCO,
        summary="Place a limit order and a stop: one cancels the other",
        description=_GROUP_ANSWERS,
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        fields = OcoInput.validated(request.data)
        market = market_by_symbol(fields["symbol"])
        return _group_answer(oco_place(user=logged_in_user(request), market=market, ticket=OcoInput.ticket(fields)))


class BracketView(OrderView):
    @extend_schema(
        request=BracketInput,
        responses={200: GroupOutput, 201: GroupOutput},
        examples=examples.BRACKET,
        summary="Place an entry with its take-profit and its stop-loss",
        description=_GROUP_ANSWERS,
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        fields = BracketInput.validated(request.data)
        market = market_by_symbol(fields["symbol"])
        ticket = BracketInput.ticket(fields)
        return _group_answer(bracket_place(user=logged_in_user(request), market=market, ticket=ticket))


def _group_answer(placed: PlacedGroup) -> EnvelopeResponse:
    market = market_by_id(placed.orders[0].market_id)
    answer = {
        "group_id": None if placed.group_id is None else str(placed.group_id),
        "orders": [order_as_json(order, market) for order in placed.orders],
        "trades": [trade_as_json(trade, market) for trade in placed.trades],
    }
    meta = replay_meta(placed.replayed, placed.payload_differs)
    return EnvelopeResponse(answer, status=200 if placed.replayed else 201, meta=meta)
