"""JSON as every answer and every stream message has it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise

from base.scaling import plain
from base.times import iso_ms

__all__ = ["dumps"]


def dumps(value: Any) -> bytes:
    """Return JSON; decimals in plain notation, times with milliseconds."""
    return orjson.dumps(value, default=_as_text, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _as_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return iso_ms(value)
    if isinstance(value, Promise):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in an answer")
