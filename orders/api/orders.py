"""Placing, reading and cancelling own orders."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from exchange.authentication import logged_in_user
from exchange.envelope import EnvelopePagination, EnvelopeResponse
from exchange.errors import ApiError, ErrorCode
from exchange.selectors import market_by_id, market_by_symbol
from exchange.throttling import OrderThrottle
from orders.api.serializers import CLIENT_ORDER_ID, CancelledOutput, OrderInput, OrderOutput, OrderQuery, PlacedOutput
from orders.models import Order
from orders.representation import order_as_json, trade_as_json
from orders.selectors import order_for_user, order_for_user_by_client_id, orders_of_user
from orders.services import OrderTicket, order_cancel, order_place

__all__ = ["OrderByClientIdView", "OrderDetailView", "OrderListView"]


class _OrderView(APIView):
    def get_throttles(self) -> list[BaseThrottle]:
        """Count what reaches the engine; reading is not limited."""
        return [] if self.request.method == "GET" else [OrderThrottle()]


class OrderListView(_OrderView):
    pagination_class = EnvelopePagination

    @extend_schema(
        request=OrderInput,
        responses={200: PlacedOutput, 201: PlacedOutput},
        summary="Place an order",
        description="Answers after the order and its trades are durable. 200 repeats the answer of an earlier order"
        " with the same `client_order_id`; `meta.idempotent_replay` says so.",
        tags=["orders"],
    )
    def post(self, request: Request) -> Response:
        fields = OrderInput.validated(request.data)
        market = market_by_symbol(fields.pop("symbol"))
        placed = order_place(user=logged_in_user(request), market=market, ticket=OrderTicket(**fields))
        if placed.order.market_id != market.pk:  # a replay of an order in another market
            market = market_by_id(placed.order.market_id)
        answer = {
            "order": order_as_json(placed.order, market),
            "trades": [trade_as_json(trade, market) for trade in placed.trades],
        }
        if not placed.replayed:
            return EnvelopeResponse(answer, status=201)
        meta = {"idempotent_replay": True, "payload_differs": placed.payload_differs}
        return EnvelopeResponse(answer, status=200, meta=meta)

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
            market=market_by_symbol(query["symbol"]) if "symbol" in query else None,
            statuses=query.get("status", ()),
            side=query.get("side"),
            since=query.get("from"),
            until=query.get("to"),
        )
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(orders, request)
        return paginator.get_paginated_response([_as_json(order) for order in page])


class OrderDetailView(_OrderView):
    @extend_schema(responses={200: OrderOutput}, summary="One own order", tags=["orders"])
    def get(self, request: Request, order_id: str) -> Response:
        return Response(_as_json(order_for_user(logged_in_user(request), _order_uuid(order_id))))

    @extend_schema(
        responses={200: CancelledOutput},
        summary="Cancel an order",
        description="Answers after the cancellation is durable.",
        tags=["orders"],
    )
    def delete(self, request: Request, order_id: str) -> Response:
        order = order_cancel(user=logged_in_user(request), order_id=_order_uuid(order_id))
        return Response({"order": _as_json(order)})


class OrderByClientIdView(_OrderView):
    @extend_schema(responses={200: OrderOutput}, summary="One own order, by its client order id", tags=["orders"])
    def get(self, request: Request, client_order_id: str) -> Response:
        if not CLIENT_ORDER_ID.fullmatch(client_order_id):
            raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
        return Response(_as_json(order_for_user_by_client_id(logged_in_user(request), client_order_id)))


def _as_json(order: Order) -> dict[str, Any]:
    return order_as_json(order, market_by_id(order.market_id))


def _order_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order") from None
