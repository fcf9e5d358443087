"""The order book of a market, which everybody may see."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.errors import ValidationError
from base.etags import NOT_MODIFIED, conditional
from base.scaling import NotAMultipleError, plain
from base.times import iso_ms
from exchange.models import Market
from exchange.selectors import market_by_symbol
from matching.engine import DepthLevel
from orders.api.outputs import BookOutput
from orders.api.queries import BookQuery
from orders.book import grouped_book, public_book
from orders.selectors import BookDepth

__all__ = ["OrderBookViewSet"]


class OrderBookViewSet(ViewSet):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    lookup_field = "symbol"

    @extend_schema(
        parameters=[BookQuery],
        responses={200: BookOutput, **NOT_MODIFIED},
        summary="The order book, best first",
        tags=["market data"],
    )
    def retrieve(self, request: Request, symbol: str) -> HttpResponse:
        query = BookQuery.validated(request.query_params.dict())
        market = market_by_symbol(symbol)
        group: Decimal | None = query.get("group")
        book = _book(market, query["depth"], group)
        version = f"{book.seq}-{book.time.timestamp():.3f}"
        return conditional(request, version, lambda: Response(_book_as_json(book, market, group)))


def _book(market: Market, depth: int, group: Decimal | None) -> BookDepth:
    return public_book(market, depth) if group is None else grouped_book(market, depth, _group_ticks(group, market))


def _group_ticks(group: Decimal, market: Market) -> int:
    try:
        return market.scale.price_ticks(group)
    except NotAMultipleError:
        text = f"Give a multiple of the tick size, which is {plain(market.tick_size)}"
        raise ValidationError({"group": [text]}) from None


def _book_as_json(book: BookDepth, market: Market, group: Decimal | None) -> dict[str, Any]:
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
