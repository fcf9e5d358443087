"""Fields of forms: amounts as the back office writes them, and rows that are chosen by their keys."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import models

from base.scaling import MOVE_LIMIT, plain

if TYPE_CHECKING:
    AnyChoiceField = forms.ModelChoiceField[Any]
else:
    AnyChoiceField = forms.ModelChoiceField

__all__ = ["FORM_FIELDS", "AmountField", "RowField"]

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")
_NUL = "\0"


class AmountField(forms.DecimalField):
    """An amount below MOVE_LIMIT. Is shown without the zeros that the database keeps, and read with thousands' commas.

    A comma is never a decimal point: `1,5` is refused.
    """

    default_error_messages = {
        "invalid": "Enter a number, such as 1234.5 or 1,234.5",
        "too_large": f"Must be below {MOVE_LIMIT:,f}",
        "too_small": "Must be above zero",
    }

    def __init__(self, *, is_positive: bool = False, **named: Any) -> None:
        self.is_positive = is_positive
        super().__init__(**named)

    def prepare_value(self, value: Any) -> Any:
        return plain(value) if isinstance(value, Decimal) and value.is_finite() else value

    def to_python(self, value: Any) -> Any:
        text = str(value).strip()
        return super().to_python(text.replace(",", "") if _GROUPED.fullmatch(text) else value)

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value is not None and value.copy_abs() >= MOVE_LIMIT:
            raise forms.ValidationError(self.error_messages["too_large"], code="too_large")
        if value is not None and self.is_positive and value <= 0:
            raise forms.ValidationError(self.error_messages["too_small"], code="too_small")


class RowField(AnyChoiceField):
    """A row chosen by its key, which no database need be asked for when it cannot be one."""

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and _NUL in value:
            raise forms.ValidationError(self.error_messages["invalid_choice"], code="invalid_choice")
        return super().to_python(value)


FORM_FIELDS: "Mapping[type[models.Field[Any, Any]], Mapping[str, Any]]" = {
    models.DecimalField: {"form_class": AmountField},
    models.ForeignKey: {"form_class": RowField},
}
