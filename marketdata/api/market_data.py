"""What everybody may see of a market: quote, statistics, candles and trades."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from base.etags import NOT_MODIFIED, conditional
from base.pagination import UuidPagination
from exchange.selectors import market_by_symbol
from marketdata.api.candles import candles_answer
from marketdata.api.inputs import CandleQuery, HistoryQuery
from marketdata.api.outputs import CandleOutput, StatisticsOutput, TickerOutput
from marketdata.statistics import market_summary, statistics_fields, ticker_fields
from orders.api.outputs import PublicTradeOutput
from orders.api.public_trades import public_trades_answer

__all__ = ["MarketDataViewSet"]


class MarketDataViewSet(ViewSet):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    pagination_class = UuidPagination
    lookup_field = "symbol"

    @extend_schema(
        responses={200: TickerOutput, **NOT_MODIFIED}, summary="Ticker: quote and last 24 hours", tags=["market data"]
    )
    @action(detail=True, name="Market Ticker")
    def ticker(self, request: Request, symbol: str) -> HttpResponse:
        market = market_by_symbol(symbol)
        summary = market_summary(market)
        return conditional(
            request,
            summary.version,
            lambda: Response(ticker_fields(market, summary.statistics, summary.quote)),
        )

    @extend_schema(responses={200: StatisticsOutput, **NOT_MODIFIED}, summary="The last 24 hours", tags=["market data"])
    @action(detail=True, url_path="stats", url_name="statistics", name="Market Statistics")
    def statistics(self, request: Request, symbol: str) -> HttpResponse:
        market = market_by_symbol(symbol)
        summary = market_summary(market)
        return conditional(request, summary.version, lambda: Response(statistics_fields(market, summary.statistics)))

    @extend_schema(
        parameters=[CandleQuery],
        responses={200: CandleOutput(many=True), **NOT_MODIFIED},
        summary="Candles, oldest first",
        description="The last one may still change. A period without a trade has no candle unless `fill` is true; then "
        "it has a flat one at the last price before it, from the market's first trade on.",
        tags=["market data"],
    )
    @action(detail=True, pagination_class=None, name="Market Candles")
    def candles(self, request: Request, symbol: str) -> HttpResponse:
        query = CandleQuery.validated(request.query_params.dict())
        return candles_answer(request, market_by_symbol(symbol), query)

    @extend_schema(
        parameters=[HistoryQuery],
        responses={200: PublicTradeOutput(many=True), **NOT_MODIFIED},
        summary="History of trades, newest first",
        tags=["market data"],
    )
    @action(detail=True, name="Market Trades")
    def trades(self, request: Request, symbol: str) -> HttpResponse:
        market = market_by_symbol(symbol)
        query = HistoryQuery.validated(request.query_params.dict())
        bounds = {"since": query.get("from"), "until": query.get("to")}
        return public_trades_answer(request, self.pagination_class(), market=market, **bounds)
