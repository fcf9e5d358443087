"""GET /markets and /markets/{symbol}."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.envelope import EnvelopePagination
from exchange.models import Market, TradingState
from exchange.scaling import PPM, from_units, plain
from exchange.selectors import market_by_symbol, markets

__all__ = ["MarketDetailView", "MarketListView", "market_as_json"]


class MarketOutput(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    base = serializers.CharField()
    quote = serializers.CharField()
    base_decimals = serializers.IntegerField()
    quote_decimals = serializers.IntegerField()
    tick_size = serializers.CharField()
    lot_size = serializers.CharField()
    price_decimals = serializers.IntegerField()
    quantity_decimals = serializers.IntegerField()
    min_notional = serializers.CharField()
    max_quantity = serializers.CharField()
    maker_fee_rate = serializers.CharField(help_text="0.001 is 0.1 %")
    taker_fee_rate = serializers.CharField()
    price_band = serializers.CharField(help_text="Allowed distance from the last price; 0.1 is 10 %, 0 is no band")
    reference_price = serializers.CharField()
    trading_state = serializers.ChoiceField(TradingState.choices)


def market_as_json(market: Market) -> dict[str, Any]:
    """Return a market as the public interface shows it. No query when its assets are loaded."""
    scale = market.scale
    return {
        "symbol": market.symbol,
        "base": market.base_id,
        "quote": market.quote_id,
        "base_decimals": scale.base_decimals,
        "quote_decimals": scale.quote_decimals,
        "tick_size": plain(market.tick_size),
        "lot_size": plain(market.lot_size),
        "price_decimals": scale.price_decimals,
        "quantity_decimals": scale.quantity_decimals,
        "min_notional": plain(market.min_notional),
        "max_quantity": plain(market.max_quantity),
        "maker_fee_rate": _rate(market.maker_fee_ppm),
        "taker_fee_rate": _rate(market.taker_fee_ppm),
        "price_band": _rate(market.price_band_ppm),
        "reference_price": plain(market.reference_price),
        "trading_state": market.trading_state,
    }


def _rate(ppm: int) -> str:
    return plain(from_units(ppm, len(str(PPM)) - 1))


class _PublicView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class MarketListView(_PublicView):
    pagination_class = EnvelopePagination

    @extend_schema(responses={200: MarketOutput(many=True)}, summary="All markets", tags=["markets"])
    def get(self, request: Request) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(markets(), request)
        return paginator.get_paginated_response([market_as_json(market) for market in page])


class MarketDetailView(_PublicView):
    @extend_schema(responses={200: MarketOutput}, summary="One market", tags=["markets"])
    def get(self, request: Request, symbol: str) -> Response:
        return Response(market_as_json(market_by_symbol(symbol)))
