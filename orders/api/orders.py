"""Placing, reading, amending and cancelling own orders."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from exchange.authentication import logged_in_user
from exchange.errors import ApiError, ErrorCode, ValidationError
from exchange.models import ApiKey, Market
from exchange.pagination import EnvelopePagination
from exchange.responses import EnvelopeResponse
from exchange.selectors import market_by_id, market_by_symbol
from exchange.throttling import OrderThrottle
from exchange.times import iso_ms
from orders.api import examples
from orders.api.inputs import (
    CLIENT_ORDER_ID,
    AmendInput,
    CancelAfterInput,
    CancelAllQuery,
    OrderInput,
    OrderQuery,
)
from orders.api.outputs import (
    AmendedOutput,
    CancelAfterOutput,
    CancelledAllOutput,
    CancelledOutput,
    OrderOutput,
    PlacedOutput,
)
from orders.models import Order
from orders.representation import order_as_json, trade_as_json
from orders.selectors import order_for_user, order_for_user_by_client_id, orders_of_user
from orders.services import PlacedOrder, cancel_after_set, order_amend, order_cancel, order_place, orders_cancel_all

__all__ = [
    "CancelAfterView",
    "OrderByClientIdView",
    "OrderDetailView",
    "OrderListView",
    "OrderView",
    "placed_as_json",
    "replay_meta",
]


class OrderView(APIView):
    key_scope = ApiKey.Scope.TRADE

    def get_throttles(self) -> list[BaseThrottle]:
        """Count what reaches the engine; reading is not limited."""
        return [] if self.request.method == "GET" else [OrderThrottle()]


class OrderListView(OrderView):
    pagination_class = EnvelopePagination

    @extend_schema(
        request=OrderInput,
        responses={200: PlacedOutput, 201: PlacedOutput},
        examples=examples.ORDERS,
        summary="Place an order",
        description="Answers after the order and its trades are durable. 200 repeats the answer of an earlier order"
        " with the same `client_order_id`; `meta.idempotent_replay` says so.",
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        fields = OrderInput.validated(request.data)
        market = market_by_symbol(fields["symbol"])
        placed = order_place(user=logged_in_user(request), market=market, ticket=OrderInput.ticket(fields))
        answer, meta = placed_as_json(placed, market)
        return EnvelopeResponse(answer, status=200 if placed.replayed else 201, meta=meta)

    @extend_schema(
        parameters=[OrderQuery],
        responses={200: OrderOutput(many=True)},
        summary="Own orders, newest first",
        tags=["orders"],
    )
    def get(self, request: Request) -> Response:
        query = OrderQuery.validated(request.query_params.dict())
        orders = orders_of_user(
            logged_in_user(request),
            market=_market(query.get("symbol")),
            statuses=query.get("status", ()),
            side=query.get("side"),
            order_type=query.get("type"),
            group_id=query.get("group_id"),
            since=query.get("from"),
            until=query.get("to"),
        )
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(orders, request)
        return paginator.get_paginated_response([_as_json(order) for order in page])

    @extend_schema(
        operation_id="orders_destroy_all",
        parameters=[CancelAllQuery],
        responses={200: CancelledAllOutput},
        summary="Cancel all own orders",
        description="Open and pending ones, in one market or in all. When an engine does not answer, it is done in"
        " the other markets, and `error.details` names those that are missing.",
        tags=["orders"],
    )
    def delete(self, request: Request) -> Response:
        query = CancelAllQuery.validated(request.query_params.dict())
        if request.data:  # nobody shall cancel everything who meant one market, and said so in the wrong place
            raise ValidationError({name[:64]: ["Give it in the query, not in the body"] for name in request.data})
        cancelled = orders_cancel_all(user=logged_in_user(request), market=_market(query.get("symbol")))
        return Response({"cancelled": cancelled})


class OrderDetailView(OrderView):
    @extend_schema(responses={200: OrderOutput}, summary="One own order", tags=["orders"])
    def get(self, request: Request, order_id: str) -> Response:
        return Response(_as_json(order_for_user(logged_in_user(request), _order_uuid(order_id))))

    @extend_schema(
        request=AmendInput,
        responses={200: AmendedOutput},
        examples=examples.AMEND,
        summary="Amend an order",
        description="Changes quantity, price or both of an open order, or leaves it as it is. A smaller quantity keeps"
        " its place in the queue; a larger one or another price does not, and a price that crosses trades at once.",
        tags=["orders"],
    )
    def patch(self, request: Request, order_id: str) -> Response:
        fields = AmendInput.validated(request.data)
        amended = order_amend(user=logged_in_user(request), order_id=_order_uuid(order_id), **fields)
        trades = [trade_as_json(trade, amended.order.market) for trade in amended.trades]
        return Response({"order": _as_json(amended.order), "trades": trades})

    @extend_schema(
        responses={200: CancelledOutput},
        summary="Cancel an order",
        description="Answers after the cancellation is durable.",
        tags=["orders"],
    )
    def delete(self, request: Request, order_id: str) -> Response:
        order = order_cancel(user=logged_in_user(request), order_id=_order_uuid(order_id))
        return Response({"order": _as_json(order)})


class OrderByClientIdView(OrderView):
    @extend_schema(responses={200: OrderOutput}, summary="One own order, by its client order id", tags=["orders"])
    def get(self, request: Request, client_order_id: str) -> Response:
        if not CLIENT_ORDER_ID.fullmatch(client_order_id):
            raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
        return Response(_as_json(order_for_user_by_client_id(logged_in_user(request), client_order_id)))


class CancelAfterView(OrderView):
    @extend_schema(
        request=CancelAfterInput,
        responses={200: CancelAfterOutput},
        examples=examples.CANCEL_AFTER,
        summary="Cancel everything unless this is said again in time",
        description="A dead man's switch for all own orders, in one market or in all. Each call replaces the one"
        " before; it survives a restart of the exchange.",
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        fields = CancelAfterInput.validated(request.data)
        switch = cancel_after_set(
            user=logged_in_user(request), timeout_ms=fields["timeout_ms"], market=_market(fields["symbol"])
        )
        return Response(
            {
                "timeout_ms": switch.timeout_ms,
                "cancel_at": None if switch.cancel_at is None else iso_ms(switch.cancel_at),
                "symbols": [market.symbol for market in switch.markets],
            }
        )


def placed_as_json(placed: PlacedOrder, market: Market) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what `data` and `meta` say about a placed order; a replay may be of an order in another market."""
    if placed.order.market_id != market.pk:
        market = market_by_id(placed.order.market_id)
    answer = {
        "order": order_as_json(placed.order, market),
        "trades": [trade_as_json(trade, market) for trade in placed.trades],
    }
    return answer, replay_meta(placed.replayed, placed.payload_differs)


def replay_meta(replayed: bool, payload_differs: bool) -> dict[str, Any]:
    return {"idempotent_replay": True, "payload_differs": payload_differs} if replayed else {}


def _market(symbol: str | None) -> Market | None:
    return None if symbol is None else market_by_symbol(symbol)


def _as_json(order: Order) -> dict[str, Any]:
    return order_as_json(order, market_by_id(order.market_id))


def _order_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order") from None
