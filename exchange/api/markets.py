"""Markets and their rules, which everybody may see."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.outputs import AmountText, SymbolText
from base.pagination import EnvelopePagination
from base.scaling import PPM, from_units, plain
from exchange.models import FeeTier, Market, TradingState
from exchange.selectors import market_by_symbol, markets

__all__ = ["MarketViewSet", "market_as_json", "rate_as_text"]


def _text(example: str, meaning: str) -> serializers.CharField:
    return serializers.CharField(help_text=meaning, style={"example": example})


def _amount(example: str, meaning: str) -> AmountText:
    return AmountText(help_text=meaning, style={"example": example})


def _number(example: int, meaning: str) -> serializers.IntegerField:
    return serializers.IntegerField(help_text=meaning, style={"example": example})


class FeeTierOutput(serializers.Serializer[Any]):
    level = _number(1, "Counts from 1; the highest level that a user's volume reaches is theirs")
    min_volume = _amount("100000", "Price x quantity of 30 days from which it holds, in the quote asset")
    maker_fee_rate = _amount("0.0006", "0.0006 is 0.06 %")
    taker_fee_rate = _amount("0.0009", "0.0009 is 0.09 %")


class MarketOutput(serializers.Serializer[Any]):
    symbol = SymbolText(help_text="Base and quote asset")
    base = _text("BTC", "What is traded")
    quote = _text("USDT", "What prices are counted in")
    base_decimals = _number(8, "To how many decimals the base asset is kept")
    quote_decimals = _number(8, "To how many decimals the quote asset is kept")
    tick_size = _amount("0.01", "Smallest step of a price")
    lot_size = _amount("0.00001", "Smallest step of a quantity")
    price_decimals = _number(2, "With how many decimals prices are shown")
    quantity_decimals = _number(5, "With how many decimals quantities are shown")
    min_notional = _amount("5", "Least price x quantity of an order")
    min_quantity = _amount("0.00005", "Smallest quantity of an order; 0 is one lot")
    max_quantity = _amount("1000", "Largest quantity of an order")
    max_open_orders = _number(1_000, "Open and pending orders of one user; 0 is no limit")
    max_stop_orders = _number(100, "Stops of one user that wait for their trigger; 0 is no limit")
    maker_fee_rate = _amount("0.0008", "For those without a fee tier; 0.0008 is 0.08 %")
    taker_fee_rate = _amount("0.001", "For those without a fee tier; 0.001 is 0.1 %")
    fee_tiers = FeeTierOutput(many=True, help_text="Rates by 30-day volume, lowest level first")
    price_band = _amount("0.1", "Allowed distance from the last price; 0.1 is 10 %, 0 is no band")
    reference_price = _amount("65000", "Middle of the price band until there is a trade")
    trading_state = serializers.ChoiceField(
        TradingState.choices, help_text="What the market accepts", style={"example": "continuous"}
    )


def market_as_json(market: Market) -> dict[str, Any]:
    """Return a market as the public interface shows it. No query when its assets and fee tiers are loaded."""
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
        "min_quantity": plain(market.min_quantity),
        "max_quantity": plain(market.max_quantity),
        "max_open_orders": market.max_open_orders,
        "max_stop_orders": market.max_stop_orders,
        "maker_fee_rate": rate_as_text(market.maker_fee_ppm),
        "taker_fee_rate": rate_as_text(market.taker_fee_ppm),
        "fee_tiers": [_tier_as_json(tier) for tier in market.fee_tiers.all()],
        "price_band": rate_as_text(market.price_band_ppm),
        "reference_price": plain(market.reference_price),
        "trading_state": market.trading_state,
    }


def _tier_as_json(tier: FeeTier) -> dict[str, Any]:
    return {
        "level": tier.level,
        "min_volume": plain(tier.min_volume),
        "maker_fee_rate": rate_as_text(tier.maker_fee_ppm),
        "taker_fee_rate": rate_as_text(tier.taker_fee_ppm),
    }


def rate_as_text(ppm: int) -> str:
    """Return a fee rate or a band as a share: 800 ppm is 0.0008."""
    return plain(from_units(ppm, len(str(PPM)) - 1))


class MarketViewSet(ViewSet):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    pagination_class = EnvelopePagination
    lookup_field = "symbol"

    @extend_schema(responses={200: MarketOutput(many=True)}, summary="All markets", tags=["markets"])
    def list(self, request: Request) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(markets(), request)
        return paginator.get_paginated_response([market_as_json(market) for market in page])

    @extend_schema(responses={200: MarketOutput}, summary="One market", tags=["markets"])
    def retrieve(self, request: Request, symbol: str) -> Response:
        return Response(market_as_json(market_by_symbol(symbol)))
