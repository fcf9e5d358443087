"""The JSON Schemas that messages are made of."""

from collections.abc import Callable, Iterable
from typing import Any

from rest_framework import serializers

from base.outputs import AMOUNT_PATTERN, SYMBOL_PATTERN, AmountText, SymbolText

Schema = dict[str, Any]

_UUID_PATTERN = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_MOMENT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
_CRC_MAX = 2**32 - 1


def text(description: str, **rules: Any) -> Schema:
    return {"type": "string", "description": description, **rules}


def amount(description: str) -> Schema:
    """Money, a price or a quantity."""
    return text(description, pattern=AMOUNT_PATTERN)


def symbol(description: str = "The market") -> Schema:
    return text(description, pattern=SYMBOL_PATTERN)


def moment(description: str) -> Schema:
    return text(description, format="date-time", pattern=_MOMENT_PATTERN)


def identifier(description: str) -> Schema:
    return text(description, format="uuid", pattern=_UUID_PATTERN)


def word(description: str, words: Iterable[str]) -> Schema:
    """One of a few strings."""
    return text(description, enum=list(words))


def number(description: str, least: int = 0, most: int | None = None) -> Schema:
    """A whole number."""
    bounds = {"minimum": least} if most is None else {"minimum": least, "maximum": most}
    return {"type": "integer", "description": description, **bounds}


def flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def checksum() -> Schema:
    return number("CRC-32 of the best 10 asks, then the best 10 bids, after this message", 0, _CRC_MAX)


def levels(description: str) -> Schema:
    """Levels of a book, each a pair of strings."""
    pair = {
        "type": "array",
        "items": [amount("Price"), amount("Volume")],
        "minItems": 2,
        "additionalItems": False,
    }
    return {"type": "array", "description": description, "items": pair}


def several(description: str, items: Schema, **rules: Any) -> Schema:
    return {"type": "array", "description": description, "items": items, **rules}


def sequence_numbers(description: str) -> Schema:
    """A sequence number for each symbol."""
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": SYMBOL_PATTERN},
        "additionalProperties": number("The last event of that market that is included"),
    }


def nullable(schema: Schema) -> Schema:
    """Return a schema that takes null as well."""
    allowed = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return schema | {"type": [schema["type"], "null"]} | allowed


def closed(properties: dict[str, Schema], *, optional: Iterable[str] = (), description: str = "") -> Schema:
    """Return the schema of an object that has these members and no others."""
    told = {"description": description} if description else {}
    left_out = set(optional)
    required = [name for name in properties if name not in left_out]
    return {"type": "object", **told, "required": required, "additionalProperties": False, "properties": properties}


def members_of(serializer: serializers.Serializer[Any]) -> dict[str, Schema]:
    """Return the members of what a serializer describes, so that REST and streams cannot say different things.

    Raises TypeError for a kind of field that no stream has had so far.
    """
    return {name: _member(field) for name, field in serializer.fields.items()}


def _member(field: Any) -> Schema:
    make = next((make for kind, make in _KINDS if isinstance(field, kind)), None)
    if make is None:
        raise TypeError(f"{type(field).__name__} has no JSON Schema here")
    schema = make(field, str(field.help_text or ""))
    if (example := field.style.get("example")) is not None:
        schema["examples"] = [example]
    return nullable(schema) if field.allow_null else schema


_KINDS: tuple[tuple[type, Callable[[Any, str], Schema]], ...] = (
    (AmountText, lambda _, description: amount(description)),
    (SymbolText, lambda _, description: symbol(description)),
    (serializers.DateTimeField, lambda _, description: moment(description)),
    (serializers.UUIDField, lambda _, description: identifier(description)),
    (serializers.ChoiceField, lambda field, description: word(description, field.choices)),
    (serializers.BooleanField, lambda _, description: flag(description)),
    (serializers.IntegerField, lambda _, description: number(description)),
    (serializers.CharField, lambda _, description: text(description)),
)
