"""What a client of `/ws/markets` may subscribe to, in the query of the address or by `subscribe`."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from base.errors import ApiError, ErrorCode
from marketdata.view import INTERVALS_MS, Subscription
from orders.timeframes import FINEST, TIMEFRAMES

CHANNELS = ("book", "ticker", "candles")
INTERVALS = {f"{ms}ms": ms for ms in INTERVALS_MS} | {"1s": 1_000}
SEQ_MAX = 2**63 - 1
_NUMBER = re.compile(r"[0-9]{1,19}")  # what is longer stays a text, and int() refuses thousands of digits


def subscription_of(fields: Mapping[str, Any]) -> Subscription:
    """Return what a message's fields ask for; book and ticker by default. Raises VALIDATION_ERROR."""
    timeframes = _names(fields, "timeframes", tuple(TIMEFRAMES), ())
    channels = _names(fields, "channels", CHANNELS, ("book", "ticker", "candles") if timeframes else ("book", "ticker"))
    if "candles" in channels and not timeframes:
        timeframes = (FINEST,)
    interval = fields.get("interval", "0ms")
    if not isinstance(interval, str) or interval not in INTERVALS:
        raise _refused("interval", INTERVALS)
    return Subscription(
        "book" in channels, "ticker" in channels, timeframes if "candles" in channels else (), INTERVALS[interval]
    )


def query_fields(query: bytes) -> dict[str, Any]:
    """Return an address's query as the fields of a message: lists are separated by commas."""
    fields: dict[str, Any] = dict(parse_qsl(query.decode("latin-1")))
    for name in ("channels", "timeframes"):
        if name in fields:
            fields[name] = fields[name].split(",")
    if _NUMBER.fullmatch(fields.get("from_seq", "")):
        fields["from_seq"] = int(fields["from_seq"])
    return fields


def seq_of(fields: Mapping[str, Any]) -> int | None:
    """Return the `from_seq` of a message; None without one. Raises VALIDATION_ERROR."""
    seq = fields.get("from_seq")
    if seq is None or (isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq <= SEQ_MAX):
        return seq
    raise ApiError(ErrorCode.VALIDATION_ERROR, "`from_seq` must be the last sequence number that you have")


def _names(fields: Mapping[str, Any], field: str, known: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
    names = fields.get(field)
    if names is None:
        return default
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name in known for name in names):
        raise _refused(field, known)
    return tuple(name for name in known if name in names)


def _refused(field: str, known: Any) -> ApiError:
    return ApiError(ErrorCode.VALIDATION_ERROR, f"Choose `{field}` from: {', '.join(known)}")
