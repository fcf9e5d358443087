"""Trades: all of them without a login, one's own with one."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.downloads import CsvLists, csv_list, is_csv
from base.errors import ApiError, ErrorCode, ValidationError
from base.etags import NOT_MODIFIED
from base.pagination import UuidPagination
from exchange.authentication import logged_in_user
from exchange.models import User
from exchange.selectors import market_by_id, market_by_symbol
from orders.api.outputs import OwnTradeOutput, TradeOutput
from orders.api.public_trades import public_trades_answer
from orders.api.queries import TradeQuery
from orders.bookmarks import bookmark_text
from orders.changes import trades_made
from orders.models import Trade
from orders.representation import own_trade_as_json, trade_as_json
from orders.selectors import order_for_user, trade_by_id, trades_of_user

__all__ = ["TradeViewSet"]

_Authenticators = list[BaseAuthentication]  # in the class `list` is the action


class TradeViewSet(CsvLists, ViewSet):
    permission_classes = (AllowAny,)
    pagination_class = UuidPagination
    lookup_field = "trade_id"

    def get_authenticators(self) -> _Authenticators:
        """Authenticate nobody for a single trade, which looks the same to all."""
        return [] if self.detail else super().get_authenticators()

    def perform_authentication(self, request: Request) -> None:
        """Look at the login only where it matters, with `mine=true`: public data needs none, not even a valid one."""
        if request.query_params.get("mine") != "true":
            request.authenticators = ()
        super().perform_authentication(request)

    @extend_schema(
        parameters=[TradeQuery],
        responses={200: OwnTradeOutput(many=True), **NOT_MODIFIED},
        summary="Trades, newest first",
        description="With `mine=true` and `after` instead: own trades made after a bookmark, the oldest first, which"
        " misses and repeats nothing.",
        tags=["market data"],
    )
    def list(self, request: Request) -> HttpResponseBase:
        query = TradeQuery.validated(request.query_params.dict())
        bounds: dict[str, Any] = {
            "market": market_by_symbol(query["symbol"]) if "symbol" in query else None,
            "since": query.get("from"),
            "until": query.get("to"),
        }
        if is_csv(request):
            return self._file(request, query, bounds)
        if "after" in query:
            return self._made(request, query)
        paginator = self.pagination_class()
        if query.get("mine") != "true":
            return public_trades_answer(request, paginator, **bounds)
        user = logged_in_user(request)
        before, own = paginator.read_cursor(request), bounds | _own(user, query)

        def read(at_most: int) -> QuerySet[Trade]:
            return trades_of_user(user, at_most=at_most, before=before, **own)

        page = paginator.paginate_queryset(read, request)
        return paginator.get_paginated_response(_as_json(user, page))

    def _file(self, request: Request, query: Mapping[str, Any], bounds: Mapping[str, Any]) -> HttpResponseBase:
        if query.get("mine") != "true":
            raise ValidationError({"mine": ["Only own trades are a file: give `mine=true`"]})
        user = logged_in_user(request)
        own = {**bounds, **_own(user, query)}

        def read(last: Trade | None, at_most: int) -> QuerySet[Trade]:
            return trades_of_user(user, at_most=at_most, before=None if last is None else last.pk, **own)

        return csv_list(request, "trades.csv", OwnTradeOutput().fields, read, partial(_as_json, user))

    def _made(self, request: Request, query: Mapping[str, Any]) -> Response:
        paginator, user = self.pagination_class(), logged_in_user(request)
        market = market_by_symbol(query["symbol"]) if "symbol" in query else None
        changes = trades_made(user, query["after"], at_most=paginator.read_following(request), market=market)
        trades, bookmark = _as_json(user, changes.rows), bookmark_text(changes.bookmark)
        return paginator.get_following_response(trades, has_more=changes.has_more, bookmark=bookmark)

    @extend_schema(responses={200: TradeOutput}, summary="One trade", tags=["market data"])
    def retrieve(self, request: Request, trade_id: str) -> Response:
        trade = trade_by_id(_trade_uuid(trade_id))
        return Response(trade_as_json(trade, market_by_id(trade.market_id)))


def _own(user: User, query: Mapping[str, Any]) -> dict[str, Any]:
    order = order_for_user(user, query["order_id"]) if "order_id" in query else None
    return {"side": query.get("side"), "role": query.get("role"), "order": order}


def _as_json(user: User, trades: Iterable[Trade]) -> list[dict[str, Any]]:
    return [own_trade_as_json(trade, market_by_id(trade.market_id), user.pk) for trade in trades]


def _trade_uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise ApiError(ErrorCode.TRADE_NOT_FOUND, "There is no such trade") from None
