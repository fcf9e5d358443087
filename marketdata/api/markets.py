"""GET /markets/{symbol}/ticker, /stats and /trades: what everybody may see of a market."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.api.fields import MomentField, StrictSerializer
from exchange.conditional import NOT_MODIFIED, conditional
from exchange.envelope import KeysetPagination
from exchange.selectors import market_by_symbol
from marketdata.statistics import market_summary, statistics_fields, ticker_fields
from orders.api.outputs import PublicTradeOutput
from orders.api.public import public_trades_answer

__all__ = ["MarketStatisticsView", "MarketTickerView", "MarketTradesView"]


class _DayOutput(serializers.Serializer[Any]):
    symbol = serializers.CharField()
    last = serializers.CharField(allow_null=True)
    open = serializers.CharField(allow_null=True)
    high = serializers.CharField(allow_null=True)
    low = serializers.CharField(allow_null=True)
    volume = serializers.CharField()
    quote_volume = serializers.CharField()
    change = serializers.CharField(allow_null=True)
    change_percent = serializers.CharField(allow_null=True)
    trade_count = serializers.IntegerField()


class TickerOutput(_DayOutput):
    last_volume = serializers.CharField(allow_null=True)
    bid = serializers.CharField(allow_null=True)
    bid_volume = serializers.CharField(allow_null=True)
    ask = serializers.CharField(allow_null=True)
    ask_volume = serializers.CharField(allow_null=True)
    spread = serializers.CharField(allow_null=True)


class StatisticsOutput(_DayOutput):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    average_price = serializers.CharField(allow_null=True, help_text="Weighted by volume")


class HistoryQuery(StrictSerializer):
    """`from` (inclusive) and `to` (exclusive); the others are the paginator's."""

    def get_fields(self) -> Any:
        return {"from": MomentField(required=False), "to": MomentField(required=False)}

    def to_internal_value(self, data: Any) -> Any:
        own = {name: data[name] for name in data if name not in ("limit", "offset", "cursor")}
        return super().to_internal_value(own)


class _PublicView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class MarketTickerView(_PublicView):
    @extend_schema(
        responses={200: TickerOutput, **NOT_MODIFIED}, summary="Ticker: quote and last 24 hours", tags=["market data"]
    )
    def get(self, request: Request, symbol: str) -> HttpResponse:
        market = market_by_symbol(symbol)
        summary = market_summary(market)
        return conditional(
            request,
            summary.version,
            lambda: Response(ticker_fields(market, summary.statistics, summary.quote)),
        )


class MarketStatisticsView(_PublicView):
    @extend_schema(responses={200: StatisticsOutput, **NOT_MODIFIED}, summary="The last 24 hours", tags=["market data"])
    def get(self, request: Request, symbol: str) -> HttpResponse:
        market = market_by_symbol(symbol)
        summary = market_summary(market)
        return conditional(request, summary.version, lambda: Response(statistics_fields(market, summary.statistics)))


class MarketTradesView(_PublicView):
    pagination_class = KeysetPagination

    @extend_schema(
        parameters=[HistoryQuery],
        responses={200: PublicTradeOutput(many=True), **NOT_MODIFIED},
        summary="History of trades, newest first",
        tags=["market data"],
    )
    def get(self, request: Request, symbol: str) -> HttpResponse:
        market = market_by_symbol(symbol)
        query = HistoryQuery.validated(request.query_params.dict())
        bounds = {"since": query.get("from"), "until": query.get("to")}
        return public_trades_answer(request, self.pagination_class(), market=market, **bounds)
