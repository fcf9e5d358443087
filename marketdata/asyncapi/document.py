"""The document itself, put together from what clients get and what they send."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from exchange import __version__
from marketdata.asyncapi.received import RECEIVED
from marketdata.asyncapi.sent import QUERIES, SENT
from marketdata.consumers.base import CloseCode

__all__ = ["CLOSE_CODES", "asyncapi_document"]

_DESCRIPTION = """Market data and a user's own orders, live. Every message is a JSON object in a text frame; amounts of
money, prices and quantities are strings. A stream never has a silent gap: its numbers are consecutive, and where
something was lost, a message says so and the stream begins anew.

Pages of other origins are refused with 403. A client may send 20 messages a second, up to 100 at once, of at most 64 KB
each, of which each KB counts as another, and must finish a message within 10 s; members that are not described here
are ignored. The next message is read when the one before is done. What is asked for counts in rows, such as levels of a
book and trades, at 5,000 a second for a connection: beyond 50,000 at once, answers wait."""
_STREAMS = {
    "markets": (
        "/ws/markets/{symbol}",
        "A market's book as a snapshot and updates, its ticker and candles; more markets by `subscribe`.",
    ),
    "trades": ("/ws/trades", "Public trades, of one market or of all."),
    "orders": ("/ws/orders", "A user's own orders, fills and balances. The first message is `auth`."),
}
CLOSE_CODES = {
    CloseCode.TOO_LARGE: "A message of more than 64 KB",
    CloseCode.TRY_AGAIN_LATER: "The database cannot be reached: try again later",
    CloseCode.INTERNAL_ERROR: "An error on our side; it was logged",
    CloseCode.BAD_MESSAGE: "The third bad message, or an unknown subscription in the address",
    CloseCode.UNAUTHENTICATED: "No login within 5 s, or a login that is malformed, expired or revoked, even later",
    CloseCode.FORBIDDEN: "The login has no right to this stream",
    CloseCode.MARKET_NOT_FOUND: "The market in the address does not exist",
    CloseCode.TOO_SLOW: "The client reads its messages too slowly, or does not finish one that it sends",
    CloseCode.TAKEN_OVER: "Another connection has taken over this session",
    CloseCode.IDLE: "Subscribed to nothing for 60 s",
    CloseCode.TOO_MANY: "Too many connections or messages",
}
_OF_MARKETS = (CloseCode.MARKET_NOT_FOUND, CloseCode.IDLE)
_ONLY: dict[str, tuple[CloseCode, ...]] = {
    "markets": _OF_MARKETS,
    "trades": _OF_MARKETS,
    "orders": (CloseCode.UNAUTHENTICATED, CloseCode.FORBIDDEN, CloseCode.TAKEN_OVER),
}
"""Close codes that not every stream has."""


@cache
def _parts() -> dict[str, Any]:
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Trade Engine: streams", "version": __version__, "description": _DESCRIPTION},
        "defaultContentType": "application/json",
        "channels": {stream: _channel(stream) for stream in _STREAMS},
        "operations": {name: operation for stream in _STREAMS for name, operation in _operations(stream)},
        "components": {"messages": {name: message for stream in _STREAMS for name, message in _messages(stream)}},
    }


def asyncapi_document(*, host: str, is_secure: bool) -> dict[str, Any]:
    """Return the document, with the address of the exchange that was asked for it. Not to be changed."""
    server = {"host": host, "protocol": "wss" if is_secure else "ws", "description": "This exchange"}
    head = {name: _parts()[name] for name in ("asyncapi", "info", "defaultContentType")}
    return head | {"servers": {"exchange": server}} | _parts()


def _channel(stream: str) -> dict[str, Any]:
    address, description = _STREAMS[stream]
    binding: dict[str, Any] = {"method": "GET", "bindingVersion": "0.1.0"}
    if stream in QUERIES:
        binding["query"] = QUERIES[stream]
    channel = {
        "address": address,
        "description": description,
        "messages": {_short(name): _ref(f"components/messages/{name}") for name, _ in _messages(stream)},
        "bindings": {"ws": binding},
        "x-close-codes": _close_codes(stream),
    }
    if "{symbol}" in address:
        explained = "The market, such as `BTC-USDT`; `_` works like `-`, and case does not matter"
        channel["parameters"] = {"symbol": {"description": explained, "examples": ["BTC-USDT"]}}
    return channel


def _close_codes(stream: str) -> dict[str, str]:
    special = {code for codes in _ONLY.values() for code in codes} - set(_ONLY[stream])
    return {str(int(code)): text for code, text in CLOSE_CODES.items() if code not in special}


def _messages(stream: str) -> Iterable[tuple[str, dict[str, Any]]]:
    for kind, (summary, schema) in RECEIVED[stream].items():
        yield f"{stream}.{kind}", {"name": kind, "summary": summary, "payload": schema}
    for op, operation in SENT[stream].items():
        examples = [{"payload": example} for example in operation.examples]
        message = {"name": op, "summary": operation.summary, "payload": operation.schema, "examples": examples}
        yield f"{stream}.ask.{op}", message


def _operations(stream: str) -> Iterable[tuple[str, dict[str, Any]]]:
    channel = _ref(f"channels/{stream}")
    yield (
        f"{stream}.get",
        {
            "action": "send",
            "channel": channel,
            "summary": "What the exchange sends",
            "messages": [_ref(f"channels/{stream}/messages/{kind}") for kind in RECEIVED[stream]],
        },
    )
    for op, operation in SENT[stream].items():
        answers = [_ref(f"channels/{stream}/messages/{kind}") for kind in operation.answers]
        yield (
            f"{stream}.{op}",
            {
                "action": "receive",
                "channel": channel,
                "summary": operation.summary,
                "messages": [_ref(f"channels/{stream}/messages/ask.{op}")],
                "reply": {"channel": channel, "messages": answers},
            },
        )


def _short(name: str) -> str:
    return name.partition(".")[2]


def _ref(path: str) -> dict[str, str]:
    return {"$ref": f"#/{path}"}
