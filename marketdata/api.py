"""GET /markets/{symbol}/ticker, /stats and /trades: what everybody may see of a market."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.envelope import EnvelopePagination
from exchange.selectors import market_by_symbol
from marketdata.selectors import market_quote, market_trades
from marketdata.statistics import day_statistics, statistics_fields, ticker_fields
from orders.representation import trade_as_json

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
    average_price = serializers.CharField(allow_null=True, help_text="Weighted by volume")


StatisticsOutput._declared_fields |= {"from": serializers.DateTimeField(), "to": serializers.DateTimeField()}


class PublicTradeOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    symbol = serializers.CharField()
    price = serializers.CharField()
    quantity = serializers.CharField()
    taker_side = serializers.ChoiceField(["buy", "sell"])
    executed_at = serializers.DateTimeField()


class _Period(serializers.Serializer[Any]):
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


_Period._declared_fields = {"from": _Period._declared_fields["since"], "to": _Period._declared_fields["until"]}


class _PublicView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class MarketTickerView(_PublicView):
    @extend_schema(responses={200: TickerOutput}, summary="Ticker: quote and last 24 hours", tags=["markets"])
    def get(self, request: Request, symbol: str) -> Response:
        market = market_by_symbol(symbol)
        return Response(ticker_fields(market, day_statistics(market), market_quote(market)))


class MarketStatisticsView(_PublicView):
    @extend_schema(responses={200: StatisticsOutput}, summary="Statistics of the last 24 hours", tags=["markets"])
    def get(self, request: Request, symbol: str) -> Response:
        market = market_by_symbol(symbol)
        return Response(statistics_fields(market, day_statistics(market)))


class MarketTradesView(_PublicView):
    pagination_class = EnvelopePagination

    @extend_schema(
        parameters=[
            OpenApiParameter("from", str, description="From this time, ISO 8601"),
            OpenApiParameter("to", str, description="Before this time, ISO 8601"),
        ],
        responses={200: PublicTradeOutput(many=True)},
        summary="History of trades, newest first",
        tags=["markets"],
    )
    def get(self, request: Request, symbol: str) -> Response:
        market = market_by_symbol(symbol)
        period = _Period(data=request.query_params)
        period.is_valid(raise_exception=True)
        since, until = period.validated_data.get("from"), period.validated_data.get("to")
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(market_trades(market, since=since, until=until), request)
        return paginator.get_paginated_response([trade_as_json(trade, market) for trade in page])
