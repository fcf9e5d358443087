"""What everybody may see: the order book and the trades."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.authentication import logged_in_user
from exchange.conditional import NOT_MODIFIED, conditional
from exchange.errors import ApiError, ErrorCode, ValidationError
from exchange.models import Market
from exchange.pagination import EnvelopePagination
from exchange.scaling import NotAMultipleError, plain
from exchange.selectors import market_by_id, market_by_symbol
from exchange.times import iso_ms
from orders.api.inputs import BookQuery, TradeQuery
from orders.api.outputs import BookOutput, OwnTradeOutput, TradeOutput
from orders.api.public import public_trades_answer
from orders.book import grouped_book, public_book
from orders.representation import own_trade_as_json, trade_as_json
from orders.selectors import BookDepth, DepthLevel, trade_by_id, trades_of_user

__all__ = ["OrderBookView", "TradeDetailView", "TradeListView"]


class OrderBookView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[BookQuery],
        responses={200: BookOutput, **NOT_MODIFIED},
        summary="The order book, best first",
        tags=["market data"],
    )
    def get(self, request: Request, symbol: str) -> HttpResponse:
        query = BookQuery.validated(request.query_params.dict())
        market = market_by_symbol(symbol)
        group: Decimal | None = query.get("group")
        if group is None:
            book = public_book(market, query["depth"])
        else:
            book = grouped_book(market, query["depth"], _group_ticks(group, market))
        version = f"{book.seq}-{book.time.timestamp():.3f}"
        return conditional(request, version, lambda: Response(book_as_json(book, market, group)))


class TradeListView(APIView):
    permission_classes = (AllowAny,)
    pagination_class = EnvelopePagination

    def perform_authentication(self, request: Request) -> None:
        """Look at the login only where it matters, with `mine=true`: public data needs none, not even a valid one."""

    @extend_schema(
        parameters=[TradeQuery],
        responses={200: OwnTradeOutput(many=True), **NOT_MODIFIED},
        summary="Trades, newest first",
        tags=["market data"],
    )
    def get(self, request: Request) -> HttpResponse:
        query = TradeQuery.validated(request.query_params.dict())
        bounds: dict[str, Any] = {
            "market": market_by_symbol(query["symbol"]) if "symbol" in query else None,
            "since": query.get("from"),
            "until": query.get("to"),
        }
        paginator = self.pagination_class()
        if query.get("mine") != "true":
            return public_trades_answer(request, paginator, **bounds)
        user = logged_in_user(request)
        page = paginator.paginate_queryset(lambda count: trades_of_user(user, at_most=count, **bounds), request)
        return paginator.get_paginated_response(
            [own_trade_as_json(trade, market_by_id(trade.market_id), user.pk) for trade in page]
        )


class TradeDetailView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(responses={200: TradeOutput}, summary="One trade", tags=["market data"])
    def get(self, request: Request, trade_id: str) -> Response:
        try:
            trade = trade_by_id(UUID(trade_id))
        except ValueError:
            raise ApiError(ErrorCode.TRADE_NOT_FOUND, "There is no such trade") from None
        return Response(trade_as_json(trade, market_by_id(trade.market_id)))


def _group_ticks(group: Decimal, market: Market) -> int:
    try:
        return market.scale.price_ticks(group)
    except NotAMultipleError:
        text = f"Give a multiple of the tick size, which is {plain(market.tick_size)}"
        raise ValidationError({"group": [text]}) from None


def book_as_json(book: BookDepth, market: Market, group: Decimal | None = None) -> dict[str, Any]:
    """Return the order book as the public interface shows it; a grouped one has no checksum."""
    return {
        "symbol": market.symbol,
        "seq": book.seq,
        "timestamp": iso_ms(book.time),
        "bids": [_level_as_json(level, market) for level in book.bids],
        "asks": [_level_as_json(level, market) for level in book.asks],
        "checksum": book.checksum if group is None else None,
        "group": None if group is None else plain(group),
    }


def _level_as_json(level: DepthLevel, market: Market) -> dict[str, Any]:
    return {
        "price": plain(market.scale.price(level.price_ticks), market.scale.price_decimals),
        "volume": plain(market.scale.quantity(level.quantity_lots), market.scale.quantity_decimals),
        "order_count": level.order_count,
    }
