"""What clients ask of a market: which trades, which candles."""

from typing import Any

from rest_framework import serializers

from base.fields import ChoiceField, CountField, MomentField, StrictSerializer
from orders.timeframes import FINEST, TIMEFRAMES

__all__ = ["CandleQuery", "HistoryQuery"]


def _example(text: str, example: Any) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


class HistoryQuery(StrictSerializer):
    """`from` (inclusive) and `to` (exclusive); the others are the paginator's."""

    def get_fields(self) -> Any:
        return {"from": MomentField(required=False), "to": MomentField(required=False)}

    def to_internal_value(self, data: Any) -> Any:
        own = {name: data[name] for name in data if name not in ("limit", "offset", "cursor")}
        return super().to_internal_value(own)


class CandleQuery(StrictSerializer):
    """Which candles; `from` is inclusive and `to` exclusive, both mean the time at which a candle opens."""

    timeframe = ChoiceField(list(TIMEFRAMES), required=False, default=FINEST, **_example("Length of a candle", "1m"))
    limit = CountField(
        required=False, default=100, min_value=1, max_value=1_000, **_example("How many candles at most", 100)
    )
    fill = ChoiceField(
        ["true", "false"],
        required=False,
        default="false",
        **_example("true: flat candles where nothing traded", "true"),
    )

    def get_fields(self) -> Any:
        from_help = _example(
            "The first `limit` candles from then on; without it, the last ones", "2026-01-31T00:00:00Z"
        )
        to_help = _example("Until now if omitted", "2026-02-01T00:00:00Z")
        bounds = {"from": MomentField(required=False, **from_help), "to": MomentField(required=False, **to_help)}
        return super().get_fields() | bounds

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["from"] >= attrs["to"]:
            raise serializers.ValidationError({"to": ["This must be later than `from`"]})
        return attrs
