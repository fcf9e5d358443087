"""Fields of answers that tell the API documents more than that they are strings. They are never run."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

__all__ = ["AMOUNT_PATTERN", "SYMBOL_PATTERN", "AmountText", "SymbolText"]

AMOUNT_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"
SYMBOL_PATTERN = r"^[A-Z0-9]{2,12}/[A-Z0-9]{2,12}$"


@extend_schema_field({"type": "string", "pattern": AMOUNT_PATTERN})
class AmountText(serializers.CharField):
    """Money, a price or a quantity: a string in plain decimal notation."""


@extend_schema_field({"type": "string", "pattern": SYMBOL_PATTERN})
class SymbolText(serializers.CharField):
    """The symbol of a market, as it is always answered."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**({"help_text": "The market", "style": {"example": "BTC/USDT"}} | options))
