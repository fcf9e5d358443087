"""Own orders: placed alone or several at once, read, amended and cancelled."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from base.downloads import CsvLists, csv_list, is_csv
from base.errors import ApiError, ErrorCode, ValidationError
from base.pagination import UuidPagination
from base.throttling import BatchThrottle, OrderThrottle, WeightThrottle
from exchange.authentication import logged_in_user
from exchange.models import ApiKey, Market
from exchange.selectors import market_by_symbol
from orders.api import examples
from orders.api.answers import amended_as_json, group_answer, order_of_its_market, placed_answer, switch_as_json
from orders.api.batches import batch_place
from orders.api.inputs import (
    CLIENT_ORDER_ID,
    AmendInput,
    BatchInput,
    BracketInput,
    CancelAfterInput,
    CancelAllQuery,
    OcoInput,
    OrderInput,
)
from orders.api.outputs import (
    AmendedOutput,
    BatchOutput,
    CancelAfterOutput,
    CancelledAllOutput,
    CancelledOutput,
    GroupOutput,
    OrderOutput,
    PlacedOutput,
)
from orders.api.queries import OrderQuery
from orders.bookmarks import bookmark_text
from orders.changes import orders_changed
from orders.models import Order
from orders.selectors import order_for_user, order_for_user_by_client_id, orders_of_user
from orders.services import (
    bracket_place,
    cancel_after_set,
    commands_for,
    oco_place,
    order_amend,
    order_cancel,
    order_place,
    orders_cancel_all,
)

__all__ = ["OrderViewSet"]

_Throttles = list[BaseThrottle]  # in the class `list` is the action
_GROUP_ANSWERS = (
    "Answers after all of them are durable: all or none. 200 repeats the answer of an earlier order with the same"
    " `client_order_id`, which belongs to the first order of the group; one that the engine rejected is refused again."
)


class MarketsThrottle(OrderThrottle):
    """The same limit, of which a command without a `symbol` uses as much as one to each market."""

    def cost(self, request: Request) -> int:
        fields: Any = request.data if request.method == "POST" else request.query_params
        return 1 if fields.get("symbol") else commands_for(None)


class OrderViewSet(CsvLists, ViewSet):
    pagination_class = UuidPagination
    throttle_classes = (OrderThrottle,)
    lookup_field = "order_id"
    key_scopes: ClassVar[Mapping[str | None, ApiKey.Scope]] = {
        "create": ApiKey.Scope.TRADE,
        "batch": ApiKey.Scope.TRADE,
        "oco": ApiKey.Scope.TRADE,
        "bracket": ApiKey.Scope.TRADE,
        "partial_update": ApiKey.Scope.TRADE,
        "destroy": ApiKey.Scope.TRADE,
        "destroy_all": ApiKey.Scope.TRADE,
        "cancel_after": ApiKey.Scope.TRADE,
        None: ApiKey.Scope.TRADE,  # no action: a method that the path does not have
    }

    def get_throttles(self) -> _Throttles:
        """Count what reaches the engines apart from what is read."""
        if self.action in ("destroy_all", "cancel_after"):
            return [MarketsThrottle()]
        return [WeightThrottle()] if self.request.method == "GET" else super().get_throttles()

    @extend_schema(
        parameters=[OrderQuery],
        responses={200: OrderOutput(many=True)},
        summary="Own orders, newest first",
        description="With `after` instead: those with an event after a bookmark, as they are now, in the order of"
        " their last events, which misses and repeats nothing.",
        tags=["orders"],
    )
    def list(self, request: Request) -> HttpResponseBase:
        query = OrderQuery.validated(request.query_params.dict())
        if "after" in query and not is_csv(request):
            return self._changed(request, query)
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
        if is_csv(request):
            return csv_list(request, "orders.csv", OrderOutput().fields, partial(_orders_before, orders), _as_json)
        paginator = self.pagination_class()
        before = paginator.read_cursor(request)
        rest = orders if before is None else orders.filter(id__lt=before)
        return paginator.get_paginated_response(_as_json(paginator.paginate_queryset(rest, request)))

    def _changed(self, request: Request, query: Mapping[str, Any]) -> Response:
        paginator = self.pagination_class()
        at_most, market = paginator.read_following(request), _market(query.get("symbol"))
        changes = orders_changed(logged_in_user(request), query["after"], at_most=at_most, market=market)
        bookmark = bookmark_text(changes.bookmark)
        return paginator.get_following_response(_as_json(changes.rows), has_more=changes.has_more, bookmark=bookmark)

    @extend_schema(responses={200: OrderOutput}, summary="One own order", tags=["orders"])
    def retrieve(self, request: Request, order_id: str) -> Response:
        return Response(order_of_its_market(order_for_user(logged_in_user(request), _order_uuid(order_id))))

    @extend_schema(responses={200: OrderOutput}, summary="One own order, by its client order id", tags=["orders"])
    @action(detail=False, url_path="by-client-id/<str:client_order_id>", name="Order By Client Id")
    def by_client_id(self, request: Request, client_order_id: str) -> Response:
        if not CLIENT_ORDER_ID.fullmatch(client_order_id):
            raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order")
        return Response(order_of_its_market(order_for_user_by_client_id(logged_in_user(request), client_order_id)))

    @extend_schema(
        request=OrderInput,
        responses={200: PlacedOutput, 201: PlacedOutput},
        examples=examples.ORDERS,
        summary="Place an order",
        description="Answers after the order and its trades are durable. 200 repeats the answer of an earlier order"
        " with the same `client_order_id`, and an order that the engine rejected is refused again in the same words;"
        " `meta.idempotent_replay` says so.",
        tags=["orders"],
    )
    def create(self, request: Request) -> Response:
        fields = OrderInput.validated(request.data)
        market = market_by_symbol(fields["symbol"])
        placed = order_place(user=logged_in_user(request), market=market, ticket=OrderInput.ticket(fields))
        return placed_answer(placed, market)

    @extend_schema(
        request=BatchInput,
        responses={200: BatchOutput},
        examples=examples.BATCH,
        summary="Place up to 100 orders of one market",
        description="Each has its own result, in the same order, and a bad one does not stop the others. Counts as"
        " that many orders for the rate limit.",
        tags=["orders"],
    )
    @action(detail=False, methods=["post"], throttle_classes=(BatchThrottle,))
    def batch(self, request: Request) -> Response:
        given = BatchInput.validated(request.data)["orders"]
        return Response({"results": batch_place(user=logged_in_user(request), given=given)})

    @extend_schema(
        request=OcoInput,
        responses={200: GroupOutput, 201: GroupOutput},
        examples=examples.OCO,
        summary="Place a limit order and a stop: one cancels the other",
        description=_GROUP_ANSWERS,
        tags=["orders"],
    )
    @action(detail=False, methods=["post"])
    def oco(self, request: Request) -> Response:
        fields = OcoInput.validated(request.data)
        market = market_by_symbol(fields["symbol"])
        return group_answer(oco_place(user=logged_in_user(request), market=market, ticket=OcoInput.ticket(fields)))

    @extend_schema(
        request=BracketInput,
        responses={200: GroupOutput, 201: GroupOutput},
        examples=examples.BRACKET,
        summary="Place an entry with its take-profit and its stop-loss",
        description=_GROUP_ANSWERS,
        tags=["orders"],
    )
    @action(detail=False, methods=["post"])
    def bracket(self, request: Request) -> Response:
        fields = BracketInput.validated(request.data)
        market = market_by_symbol(fields["symbol"])
        ticket = BracketInput.ticket(fields)
        return group_answer(bracket_place(user=logged_in_user(request), market=market, ticket=ticket))

    @extend_schema(
        request=AmendInput,
        responses={200: AmendedOutput},
        examples=examples.AMEND,
        summary="Amend an order",
        description="Changes quantity, price or stop price of an open order, or leaves it as it is. A smaller quantity"
        " keeps its place in the queue; a larger one or another price does not, and a price that crosses trades at"
        " once. A new stop price is judged as if the stop were placed now. In an OCO or a bracket a new quantity is"
        " that of all its orders; while the exits of a bracket wait, it is changed by amending the entry.",
        tags=["orders"],
    )
    def partial_update(self, request: Request, order_id: str) -> Response:
        fields = AmendInput.validated(request.data)
        amended = order_amend(user=logged_in_user(request), order_id=_order_uuid(order_id), **fields)
        return Response(amended_as_json(amended))

    @extend_schema(
        responses={200: CancelledOutput},
        summary="Cancel an order",
        description="Answers after the cancellation is durable.",
        tags=["orders"],
    )
    def destroy(self, request: Request, order_id: str) -> Response:
        order = order_cancel(user=logged_in_user(request), order_id=_order_uuid(order_id))
        return Response({"order": order_of_its_market(order)})

    @extend_schema(
        operation_id="orders_destroy_all",
        parameters=[CancelAllQuery],
        responses={200: CancelledAllOutput},
        summary="Cancel all own orders",
        description="Open and pending ones, in one market or in all. When an engine does not answer, it is done in"
        " the other markets, and `error.details` names those that are missing.",
        tags=["orders"],
    )
    def destroy_all(self, request: Request) -> Response:
        query = CancelAllQuery.validated(request.query_params.dict())
        if request.data:  # a client that meant one market, and said so in the wrong place, must not lose all orders
            raise ValidationError({name[:64]: ["Give it in the query, not in the body"] for name in request.data})
        cancelled = orders_cancel_all(user=logged_in_user(request), market=_market(query.get("symbol")))
        return Response({"cancelled": cancelled})

    @extend_schema(
        request=CancelAfterInput,
        responses={200: CancelAfterOutput},
        examples=examples.CANCEL_AFTER,
        summary="Cancel everything unless this is said again in time",
        description="A dead man's switch for all own orders, in one market or in all. Each call replaces the one"
        " before; it survives a restart of the exchange.",
        tags=["orders"],
    )
    @action(detail=False, methods=["post"], url_path="cancel-after", name="Cancel After")
    def cancel_after(self, request: Request) -> Response:
        fields = CancelAfterInput.validated(request.data)
        user, market = logged_in_user(request), _market(fields["symbol"])
        return Response(switch_as_json(cancel_after_set(user=user, timeout_ms=fields["timeout_ms"], market=market)))


def _as_json(orders: Iterable[Order]) -> list[dict[str, Any]]:
    return [order_of_its_market(order) for order in orders]


def _orders_before(orders: QuerySet[Order], last: Order | None, at_most: int) -> QuerySet[Order]:
    return orders[:at_most] if last is None else orders.filter(id__lt=last.pk)[:at_most]


def _market(symbol: str | None) -> Market | None:
    return None if symbol is None else market_by_symbol(symbol)


def _order_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(ErrorCode.ORDER_NOT_FOUND, "There is no such order") from None
