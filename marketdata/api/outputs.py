"""What is answered about a market: described for the OpenAPI document, never run."""

from typing import Any

from rest_framework import serializers

from base.outputs import AmountText, SymbolText

__all__ = ["CandleOutput", "StatisticsOutput", "TickerOutput"]


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


def _shown(text: str, example: Any) -> dict[str, Any]:
    return {"help_text": text, "style": {"example": example}}


class CandleOutput(serializers.Serializer[Any]):
    time = serializers.DateTimeField(**_shown("When it opened", "2026-01-31T12:00:00.000Z"))
    open = AmountText(**_shown("Price of the first trade", "65000.00"))
    high = AmountText(**_shown("Highest price", "65010.00"))
    low = AmountText(**_shown("Lowest price", "64990.00"))
    close = AmountText(**_shown("Price of the last trade", "65005.00"))
    volume = AmountText(**_shown("Traded quantity", "1.25000"))
    quote_volume = AmountText(**_shown("Sum of price x quantity", "81256.25"))
    trade_count = serializers.IntegerField(**_shown("Number of trades; 0 in a flat candle", 17))
