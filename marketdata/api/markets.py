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
from exchange.api.outputs import AmountText, SymbolText
from exchange.conditional import NOT_MODIFIED, conditional
from exchange.pagination import KeysetPagination
from exchange.selectors import market_by_symbol
from marketdata.statistics import market_summary, statistics_fields, ticker_fields
from orders.api.outputs import PublicTradeOutput
from orders.api.public import public_trades_answer

__all__ = ["MarketStatisticsView", "MarketTickerView", "MarketTradesView"]


def _amount(example: str, meaning: str, *, is_nullable: bool = True) -> AmountText:
    return AmountText(allow_null=is_nullable, help_text=meaning, style={"example": example})


class _DayOutput(serializers.Serializer[Any]):
    symbol = SymbolText()
    last = _amount("65000.00", "Price of the last trade; null before the first")
    open = _amount("64000.00", "Price of the first trade of 24 hours; null without any")
    high = _amount("65500.00", "Highest price of 24 hours")
    low = _amount("63900.00", "Lowest price of 24 hours")
    volume = _amount("12.50000", "Traded quantity of 24 hours", is_nullable=False)
    quote_volume = _amount("806250", "Sum of price x quantity of 24 hours", is_nullable=False)
    change = _amount("1000.00", "`last` less `open`")
    change_percent = _amount("1.56", "The same in percent of `open`")
    trade_count = serializers.IntegerField(help_text="Trades of 24 hours", style={"example": 421})


class TickerOutput(_DayOutput):
    last_volume = _amount("0.01000", "Quantity of the last trade")
    bid = _amount("64999.00", "Best price bid; null without a bid")
    bid_volume = _amount("0.50000", "Quantity bid at that price")
    ask = _amount("65001.00", "Best price asked; null without an ask")
    ask_volume = _amount("0.30000", "Quantity asked at that price")
    spread = _amount("2.00", "`ask` less `bid`")


class StatisticsOutput(_DayOutput):
    since = serializers.DateTimeField(
        help_text="Where the 24 hours begin", style={"example": "2026-01-30T12:00:00.000Z"}
    )
    until = serializers.DateTimeField(help_text="Where they end", style={"example": "2026-01-31T12:00:12.345Z"})
    average_price = _amount("64500.00", "Weighted by volume")


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
