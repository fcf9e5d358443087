"""What everybody may see: the order book and the trades."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.authentication import logged_in_user
from exchange.envelope import EnvelopePagination
from exchange.errors import ApiError, ErrorCode
from exchange.models import Market
from exchange.scaling import plain
from exchange.selectors import market_by_id, market_by_symbol
from exchange.times import iso_ms
from orders.api.inputs import BookQuery, TradeQuery
from orders.api.outputs import BookOutput, OwnTradeOutput, TradeOutput
from orders.representation import own_trade_as_json, trade_as_json
from orders.selectors import BookDepth, DepthLevel, book_depth, trade_by_id, trades_of_user, trades_public

__all__ = ["OrderBookView", "TradeDetailView", "TradeListView"]


class OrderBookView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[BookQuery],
        responses={200: BookOutput},
        summary="The order book, best first",
        tags=["market data"],
    )
    def get(self, request: Request, symbol: str) -> Response:
        query = BookQuery.validated(request.query_params.dict())
        market = market_by_symbol(symbol)
        return Response(book_as_json(book_depth(market, query["depth"]), market))


class TradeListView(APIView):
    permission_classes = (AllowAny,)
    pagination_class = EnvelopePagination

    def perform_authentication(self, request: Request) -> None:
        """Look at the login only where it matters, with `mine=true`: public data needs none, not even a valid one."""

    @extend_schema(
        parameters=[TradeQuery],
        responses={200: OwnTradeOutput(many=True)},
        summary="Trades, newest first",
        tags=["market data"],
    )
    def get(self, request: Request) -> Response:
        query = TradeQuery.validated(request.query_params.dict())
        bounds: dict[str, Any] = {
            "market": market_by_symbol(query["symbol"]) if "symbol" in query else None,
            "since": query.get("from"),
            "until": query.get("to"),
        }
        paginator = self.pagination_class()
        if query.get("mine") != "true":
            page = paginator.paginate_queryset(trades_public(**bounds), request)
            return paginator.get_paginated_response(
                [trade_as_json(trade, market_by_id(trade.market_id)) for trade in page]
            )
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


def book_as_json(book: BookDepth, market: Market) -> dict[str, Any]:
    """Return the order book as the public interface shows it."""
    return {
        "symbol": market.symbol,
        "seq": book.seq,
        "timestamp": iso_ms(book.time),
        "bids": [_level_as_json(level, market) for level in book.bids],
        "asks": [_level_as_json(level, market) for level in book.asks],
        "checksum": book.checksum,
    }


def _level_as_json(level: DepthLevel, market: Market) -> dict[str, Any]:
    return {
        "price": plain(market.scale.price(level.price_ticks), market.scale.price_decimals),
        "volume": plain(market.scale.quantity(level.quantity_lots), market.scale.quantity_decimals),
        "order_count": level.order_count,
    }
