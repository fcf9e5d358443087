"""What a user pays: the fee rates that their next order is accepted with."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.outputs import AmountText, SymbolText
from base.pagination import EnvelopePagination
from exchange.api.markets import rate_as_text
from exchange.authentication import logged_in_user
from exchange.models import FeeTier, Market
from exchange.selectors import markets, tiers_of

__all__ = ["FeeViewSet"]


class OwnFeesOutput(serializers.Serializer[Any]):
    symbol = SymbolText(help_text="The market")
    level = serializers.IntegerField(
        allow_null=True, help_text="Of the own fee tier; null without one", style={"example": 1}
    )
    maker_fee_rate = AmountText(help_text="Of orders that rest; 0.0006 is 0.06 %", style={"example": "0.0006"})
    taker_fee_rate = AmountText(help_text="Of orders that trade at once", style={"example": "0.0009"})


class FeeViewSet(ViewSet):
    pagination_class = EnvelopePagination

    @extend_schema(
        responses={200: OwnFeesOutput(many=True)},
        summary="Own fee rates, of each market",
        description="Those of the next order; an order keeps the rates that it was accepted with.",
        tags=["markets"],
    )
    def list(self, request: Request) -> Response:
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(markets(), request)
        tiers = tiers_of(logged_in_user(request))
        return paginator.get_paginated_response([_as_json(market, tiers.get(market.pk)) for market in page])


def _as_json(market: Market, tier: FeeTier | None) -> dict[str, Any]:
    rates = tier or market
    return {
        "symbol": market.symbol,
        "level": tier.level if tier else None,
        "maker_fee_rate": rate_as_text(rates.maker_fee_ppm),
        "taker_fee_rate": rate_as_text(rates.taker_fee_ppm),
    }
