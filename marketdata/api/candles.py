"""GET /markets/{symbol}/candles."""

import time
from datetime import datetime
from typing import Any
from zlib import crc32

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from exchange.api.fields import ChoiceField, CountField, MomentField, StrictSerializer
from exchange.api.outputs import AmountText
from exchange.conditional import NOT_MODIFIED, REVALIDATE, SETTLED, conditional
from exchange.encoders import dumps
from exchange.selectors import market_by_symbol
from marketdata.candles import Period, candle_as_json, candles_of, candles_with_flat_ones
from orders.timeframes import FINEST, TIMEFRAMES, opening_ms

__all__ = ["MarketCandlesView"]

_LATE_MS = 10_000  # a batch that began before the end of a period is written by then


def _help(text: str, example: Any) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


class CandleOutput(serializers.Serializer[Any]):
    time = serializers.DateTimeField(**_help("When it opened", "2026-01-31T12:00:00.000Z"))
    open = AmountText(**_help("Price of the first trade", "65000.00"))
    high = AmountText(**_help("Highest price", "65010.00"))
    low = AmountText(**_help("Lowest price", "64990.00"))
    close = AmountText(**_help("Price of the last trade", "65005.00"))
    volume = AmountText(**_help("Traded quantity", "1.25000"))
    quote_volume = AmountText(**_help("Sum of price x quantity", "81256.25"))
    trade_count = serializers.IntegerField(**_help("Number of trades; 0 in a flat candle", 17))


class CandleQuery(StrictSerializer):
    """Which candles; `from` is inclusive and `to` exclusive, both mean the time at which a candle opens."""

    timeframe = ChoiceField(list(TIMEFRAMES), required=False, default=FINEST, **_help("Length of a candle", "1m"))
    limit = CountField(required=False, default=100, min_value=1, max_value=1_000, **_help("The most candles", 100))
    fill = ChoiceField(
        ["true", "false"], required=False, default="false", **_help("true: flat candles where nothing traded", "true")
    )

    def get_fields(self) -> Any:
        from_help = _help("With it the first `limit` candles since then, else the last", "2026-01-31T00:00:00Z")
        to_help = _help("Until now if omitted", "2026-02-01T00:00:00Z")
        bounds = {"from": MomentField(required=False, **from_help), "to": MomentField(required=False, **to_help)}
        return super().get_fields() | bounds

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"to": ["This must be later than `from`"]})
        return attrs


class MarketCandlesView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        parameters=[CandleQuery],
        responses={200: CandleOutput(many=True), **NOT_MODIFIED},
        summary="Candles, oldest first",
        description="The last one may still change. A period without a trade has no candle unless `fill` is true; then "
        "it has one at the last price before, from the market's first trade on.",
        tags=["market data"],
    )
    def get(self, request: Request, symbol: str) -> HttpResponse:
        query = CandleQuery.validated(request.query_params.dict())
        market = market_by_symbol(symbol)
        now_ms = time.time_ns() // 1_000_000
        period = _period(query, now_ms)
        read = candles_with_flat_ones if query["fill"] == "true" else candles_of
        data = [candle_as_json(candle, market) for candle in read(market, period)]
        is_over = period.until_ms <= opening_ms(period.timeframe, now_ms - _LATE_MS)
        return conditional(
            request,
            f"{crc32(dumps(data)):08x}",
            lambda: Response(data),
            cache_control=SETTLED if is_over else REVALIDATE,
        )


def _period(query: dict[str, Any], now_ms: int) -> Period:
    """Return what is asked for; it ends now at the latest, so that nothing is said about what is to come."""
    since_ms, until_ms = (_ms(query[name]) if name in query else None for name in ("from", "to"))
    end_ms = now_ms + 1
    return Period(query["timeframe"], since_ms, end_ms if until_ms is None else min(until_ms, end_ms), query["limit"])


def _ms(moment: datetime) -> int:
    return -(-round(moment.timestamp() * 1_000_000) // 1000)
