"""Every message that clients send, by stream and operation, and what answers it."""

from typing import Any, NamedTuple

from marketdata.asyncapi.shapes import Schema, closed, nullable, number, several, text, word
from marketdata.consumers.base import StreamConsumer
from marketdata.consumers.subscriptions import CHANNELS, INTERVALS, SEQ_MAX
from marketdata.switches import DISCONNECT_TIMEOUT_MS
from orders.services.cancellation import TIMEOUT_MS_MAX, TIMEOUT_MS_MIN
from orders.timeframes import TIMEFRAMES

__all__ = ["QUERIES", "SENT", "Operation"]


class Operation(NamedTuple):
    """A message that a client sends. `answers` are the types of messages that may follow from it at once."""

    summary: str
    schema: Schema
    examples: list[dict[str, Any]]
    answers: tuple[str, ...]


def _operation(
    op: str,
    summary: str,
    examples: list[dict[str, Any]],
    answers: tuple[str, ...],
    *,
    optional: tuple[str, ...] = (),
    **members: Schema,
) -> dict[str, Operation]:
    named = {"op": {"const": op, "description": "The operation"}, **members}
    shown = [{"op": op, **example} for example in examples]
    return {op: Operation(summary, closed(named, optional=optional), shown, (*answers, "error"))}


def _either(operation: dict[str, Operation], *sets: tuple[str, ...]) -> dict[str, Operation]:
    """Require the members of exactly one of several sets."""
    known = {member for members in sets for member in members}
    alternatives = [
        {"required": list(members), "not": {"anyOf": [{"required": [other]} for other in sorted(known - {*members})]}}
        for members in sets
    ]
    return {op: one._replace(schema=one.schema | {"oneOf": alternatives}) for op, one in operation.items()}


def _symbol(description: str = "The market; `-` and `_` work like `/`, and case does not matter") -> Schema:
    return text(description)


def _timeout(description: str, least: int, most: int) -> Schema:
    bounds = [{"const": 0}, {"minimum": least, "maximum": most}]
    return {"type": "integer", "description": description, "anyOf": bounds}


_TOKEN, _SIGNATURE = ("token",), ("api_key", "timestamp", "signature")
_KEY_ID = "01900000-0000-7000-8000-000000000001"
_SYMBOLS = several("The markets", _symbol(), minItems=1, maxItems=StreamConsumer.symbols_max)
_FROM_SEQ = number("The last number that the client has", 0, SEQ_MAX)
_WISH: dict[str, Schema] = {
    "channels": nullable(
        several(
            "What to send of the markets; book and ticker if omitted",
            {"type": "string", "enum": list(CHANNELS)},
            minItems=1,
        )
    ),
    "timeframes": nullable(
        several("Lengths of candles; 1m if omitted", {"type": "string", "enum": list(TIMEFRAMES)}, minItems=1)
    ),
    "interval": word("At most one message of each kind in this time; `0ms`: as fast as possible", INTERVALS),
}
_BOOK_ANSWERS = ("snapshot", "subscribed", "market", "ticker", "candle")
_PING = _operation("ping", "Ask whether the connection is alive", [{}], ("pong",))
_UNSUBSCRIBE = _operation(
    "unsubscribe",
    "Get nothing more about some markets",
    [{"symbols": ["BTC/USDT"]}],
    ("unsubscribed",),
    symbols=_SYMBOLS,
)
_SWITCH: dict[str, Schema] = {"symbol": nullable(_symbol("Only this market; every market if omitted"))}

SENT: dict[str, dict[str, Operation]] = {
    "markets": {
        **_PING,
        **_operation(
            "subscribe",
            "Get more markets, or change what is sent of one",
            [
                {"symbols": ["BTC/USDT", "ETH/USDT"]},
                {"symbols": ["BTC/USDT"], "channels": ["book", "candles"], "timeframes": ["1m", "1h"]},
                {"symbols": ["BTC/USDT"], "channels": ["ticker"], "interval": "1000ms"},
            ],
            _BOOK_ANSWERS,
            optional=tuple(_WISH),
            symbols=_SYMBOLS,
            **_WISH,
        ),
        **_UNSUBSCRIBE,
        **_operation(
            "resume",
            "Get what was missed after a number, or a fresh snapshot, of a subscribed market",
            [{"symbol": "BTC/USDT", "from_seq": 0}, {"symbol": "BTC/USDT"}],
            ("resumed", "update", *_BOOK_ANSWERS),
            optional=("from_seq",),
            symbol=_symbol(),
            from_seq=nullable(
                _FROM_SEQ | {"description": "The last number that the client has; a snapshot if omitted"}
            ),
        ),
    },
    "trades": {
        **_PING,
        **_operation(
            "subscribe",
            "Get the trades of more markets",
            [{"symbols": ["BTC/USDT"]}],
            ("subscribed",),
            symbols=_SYMBOLS,
        ),
        **_UNSUBSCRIBE,
        **_operation(
            "resume",
            "Get the trades after a number, as far as they are kept",
            [{"symbol": "BTC/USDT", "from_seq": 0}],
            ("resumed", "resync", "trade"),
            symbol=_symbol(),
            from_seq=_FROM_SEQ,
        ),
    },
    "orders": {
        **_PING,
        **_either(
            _operation(
                "auth",
                "Log in within 5 s, with a token or an API key's signature over timestamp, `GET` and `/ws/orders`;"
                " with the session and the last number of an earlier connection, continue it",
                [
                    {"token": "an access token"},
                    {"api_key": _KEY_ID, "timestamp": 1_767_225_600_000, "signature": "5f1c" * 16},
                    {"token": "an access token", "session": "rO2hPq7xTn4kWm1c", "private_seq": 17},
                ],
                ("authenticated", "snapshot", "resumed"),
                optional=("session", "private_seq", *_TOKEN, *_SIGNATURE),
                token=text("An access token"),
                api_key=text("Id of an API key", format="uuid"),
                timestamp={
                    "description": "Milliseconds since 1970, at most 5 s from the exchange's clock",
                    "oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": "^[0-9]{1,15}$"}],
                },
                signature=text("HMAC-SHA256 with the key's secret; it can be used once", pattern="^[0-9a-fA-F]{64}$"),
                session=text("`session` of the last snapshot"),
                private_seq=number("The last number that the client has"),
            ),
            _TOKEN,
            _SIGNATURE,
        ),
        **_operation(
            "cancel_on_disconnect",
            "Have all orders cancelled when this session ends",
            [{"timeout_ms": 10_000, "symbol": "BTC/USDT"}, {"timeout_ms": 10_000}, {"timeout_ms": 0}],
            ("cancel_on_disconnect",),
            optional=tuple(_SWITCH),
            timeout_ms=_timeout("How long a lost session may be silent; 0 turns it off", *DISCONNECT_TIMEOUT_MS),
            **_SWITCH,
        ),
        **_operation(
            "cancel_after",
            "Have all orders cancelled after a time, unless this is sent again",
            [{"timeout_ms": 60_000}, {"timeout_ms": 0, "symbol": "BTC/USDT"}],
            ("cancel_after",),
            optional=tuple(_SWITCH),
            timeout_ms=_timeout("After how long; 0 turns it off", TIMEOUT_MS_MIN, TIMEOUT_MS_MAX),
            **_SWITCH,
        ),
    },
}


def _words(words: Any) -> str:
    return f"^({'|'.join(words)})(,({'|'.join(words)}))*$"


QUERIES: dict[str, Schema] = {
    "markets": {
        "type": "object",
        "properties": {
            "channels": text("What to send of the market, separated by commas", pattern=_words(CHANNELS)),
            "timeframes": text("Lengths of candles, separated by commas", pattern=_words(TIMEFRAMES)),
            "interval": _WISH["interval"],
            "from_seq": _FROM_SEQ | {"description": "Continue after this number, if what was missed is still kept"},
        },
    },
    "trades": {
        "type": "object",
        "properties": {"symbol": _symbol("Only this market; all markets if omitted")},
    },
}
"""What may follow the `?` of an address; `/ws/orders` takes nothing."""
