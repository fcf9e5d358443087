"""GET /markets/{symbol}/ticker, /stats and /trades: what everybody may see of a market."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.api.fields import MomentField, StrictSerializer
from exchange.envelope import EnvelopePagination
from exchange.selectors import market_by_symbol
from marketdata.selectors import market_quote
from marketdata.statistics import day_statistics, statistics_fields, ticker_fields
from orders.api.outputs import TradeOutput
from orders.representation import trade_as_json
from orders.selectors import trades_public

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
    """`from` (inclusive) and `to` (exclusive); `limit` and `offset` are the paginator's."""

    def get_fields(self) -> Any:
        return {"from": MomentField(required=False), "to": MomentField(required=False)}

    def to_internal_value(self, data: Any) -> Any:
        own = {name: data[name] for name in data if name not in ("limit", "offset")}
        return super().to_internal_value(own)


class _PublicView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)


class MarketTickerView(_PublicView):
    @extend_schema(responses={200: TickerOutput}, summary="Ticker: quote and last 24 hours", tags=["market data"])
    def get(self, request: Request, symbol: str) -> Response:
        market = market_by_symbol(symbol)
        return Response(ticker_fields(market, day_statistics(market), market_quote(market)))


class MarketStatisticsView(_PublicView):
    @extend_schema(responses={200: StatisticsOutput}, summary="The last 24 hours", tags=["market data"])
    def get(self, request: Request, symbol: str) -> Response:
        market = market_by_symbol(symbol)
        return Response(statistics_fields(market, day_statistics(market)))


class MarketTradesView(_PublicView):
    pagination_class = EnvelopePagination

    @extend_schema(
        parameters=[HistoryQuery],
        responses={200: TradeOutput(many=True)},
        summary="History of trades, newest first",
        tags=["market data"],
    )
    def get(self, request: Request, symbol: str) -> Response:
        market = market_by_symbol(symbol)
        query = HistoryQuery.validated(request.query_params.dict())
        trades = trades_public(market=market, since=query.get("from"), until=query.get("to"))
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(trades, request)
        return paginator.get_paginated_response([trade_as_json(trade, market) for trade in page])
