"""Strict input fields: a number does not pass for a string, and an unknown field is refused."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from base.times import moment_of

__all__ = [
    "AmountField",
    "ChoiceField",
    "CountField",
    "MomentField",
    "StrictBoolean",
    "StrictSerializer",
    "StrictString",
]

_AMOUNT = re.compile(r"[0-9]{1,38}(?:\.([0-9]{1,38}))?")
_COUNT = re.compile(r"[0-9]{1,9}")
_DIGITS_MAX = 38
_DECIMALS_MAX = 18


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields by name. Validation only; answers are plain dicts."""

    _shared: ClassVar["StrictSerializer"]

    @classmethod
    def validated(cls, data: Any) -> dict[str, Any]:
        """Return the validated fields of a request. Raises VALIDATION_ERROR that names all wrong fields."""
        # Building a serializer copies each field, which takes longer than all validation; running one leaves no state.
        if "_shared" not in cls.__dict__:
            cls._shared = cls()
        return dict(cls._shared.run_validation(data))

    def to_internal_value(self, data: Any) -> Any:
        unknown = [name for name in data if name not in self.fields] if isinstance(data, Mapping) else []
        problems: dict[str, Any] = {name[:64]: ["This field is unknown"] for name in unknown}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            problems |= error.detail if isinstance(error.detail, dict) else {}
            value = {}
        if problems:
            raise serializers.ValidationError(problems)
        return value


class StrictString(serializers.CharField):
    """A JSON string, and not a number that could be written as one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class StrictBoolean(serializers.BooleanField):
    """`true` or `false`."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=type(data).__name__)
        return bool(data)


class ChoiceField(serializers.ChoiceField):
    """One of a few words, in any case; the value is in lower case."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or data.lower() not in self.choices:
            raise serializers.ValidationError(f"Give one of: {', '.join(map(str, self.choices))}")
        return data.lower()


class CountField(serializers.IntegerField):
    """A whole number in a query, in plain digits: no sign, no space, no fraction, no digits of other scripts."""

    def to_internal_value(self, data: Any) -> int:
        if not _COUNT.fullmatch(str(data)):
            self.fail("invalid")
        return int(data)


@extend_schema_field(
    {
        "oneOf": [{"type": "string", "pattern": r"^[0-9]{1,38}(\.[0-9]{1,18})?$"}, {"type": "integer", "minimum": 1}],
        "example": "0.5",
    }
)
class AmountField(serializers.Field[Decimal, Any, Any, Any]):
    """A positive amount as a string in plain decimal notation, or a whole JSON number.

    A JSON number with a fraction has passed through a binary float in most clients, so it is refused.
    """

    default_error_messages = {
        "type": 'Send this number as a string, such as "0.5"',
        "notation": "Use plain decimal notation, such as 0.5",
        "positive": "This must be greater than zero",
        "decimals": f"At most {_DECIMALS_MAX} decimals",
        "digits": f"At most {_DIGITS_MAX} digits, {_DIGITS_MAX - _DECIMALS_MAX} of them before the point",
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int):
            self.fail("type")
        text = data if isinstance(data, str) else str(data)
        if text.startswith("-") and text[1:2].isdigit():
            self.fail("positive")
        match = _AMOUNT.fullmatch(text)
        if match is None:
            self.fail("digits" if len(text) > _DIGITS_MAX and text[:80].replace(".", "").isdigit() else "notation")
        if len(match[1] or "") > _DECIMALS_MAX:
            self.fail("decimals")
        value = Decimal(text)
        if value.adjusted() >= _DIGITS_MAX - _DECIMALS_MAX:
            self.fail("digits")
        if not value:
            self.fail("positive")
        return value

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field(
    {
        "oneOf": [{"type": "string", "format": "date-time"}, {"type": "integer", "minimum": 0}],
        "example": "2026-01-31T12:00:00Z",
    }
)
class MomentField(serializers.Field[datetime, Any, Any, Any]):
    """A moment in ISO 8601, UTC unless it says otherwise, or as milliseconds since 1970."""

    default_error_messages = {"invalid": "Give ISO 8601, such as 2026-01-31T12:00:00Z, or milliseconds since 1970"}

    def to_internal_value(self, data: Any) -> datetime:
        text = str(data)[:64].replace(" ", "+")  # a plus sign in a query string arrives as a space
        try:
            if text.isascii() and text.isdigit():
                return moment_of(int(text))
            moment = datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            if moment.timestamp() < 0:
                self.fail("invalid")
        except (ValueError, OverflowError, OSError):
            self.fail("invalid")
        return moment

    def to_representation(self, value: datetime) -> str:
        return value.isoformat()
