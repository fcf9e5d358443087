"""Every message that clients get, by stream and type. What may come in several streams is described in each."""

from base.errors import STATUS, ErrorCode
from exchange.models import TradingState
from marketdata.api.outputs import CandleOutput, TickerOutput
from marketdata.asyncapi.shapes import (
    Schema,
    checksum,
    closed,
    flag,
    identifier,
    levels,
    members_of,
    moment,
    nullable,
    number,
    sequence_numbers,
    several,
    symbol,
    text,
    word,
)
from orders.api.outputs import OrderOutput, OwnTradeOutput
from orders.timeframes import TIMEFRAMES
from settlement.api import BalanceOutput

__all__ = ["RECEIVED", "Message"]

Message = tuple[str, Schema]
"""A summary, and the schema."""

_PUBLIC_CODES = {
    ErrorCode.RATE_LIMITED,
    ErrorCode.MARKET_NOT_FOUND,
    ErrorCode.VALIDATION_ERROR,
    ErrorCode.SERVICE_UNAVAILABLE,
    ErrorCode.INTERNAL_ERROR,
}
# From logins, and from switches, which engines set.
_PRIVATE_STATUSES = (401, 403, 503, 504)
_PRIVATE_CODES = _PUBLIC_CODES | {code for code, status in STATUS.items() if status in _PRIVATE_STATUSES}


def _message(kind: str, summary: str, **members: Schema) -> dict[str, Message]:
    named = {"type": {"const": kind, "description": "The type of the message"}, **members}
    return {kind: (summary, closed(named))}


def _common(codes: set[ErrorCode]) -> dict[str, Message]:
    return {
        **_message("heartbeat", "After 15 s of silence", timestamp=moment("Now")),
        **_message("pong", "The answer to `ping`"),
        **_message(
            "error",
            "A request was refused, or the connection is about to be closed",
            code=word(
                "What went wrong; the codes are those of REST", [code.value for code in ErrorCode if code in codes]
            ),
            message=text("An explanation for people"),
        ),
    }


def _answers_of_subscriptions() -> dict[str, Message]:
    return {
        **_message(
            "subscribed",
            "Everything after these numbers will be sent",
            seq=sequence_numbers("The current number of each market"),
        ),
        **_message(
            "unsubscribed",
            "Nothing more will be sent about these markets",
            symbols=several("The markets", symbol("A market")),
        ),
        **_message(
            "resumed",
            "Everything missed after `from_seq` follows, without a snapshot",
            symbol=symbol(),
            from_seq=number("The number that the client gave"),
            seq=number("The market's current number"),
        ),
    }


def _market_messages() -> dict[str, Message]:
    return {
        **_message(
            "snapshot",
            "The whole book. It may come at any time and replaces what the client has",
            symbol=symbol(),
            seq=number("The last event that the book contains"),
            bids=levels("Highest price first"),
            asks=levels("Lowest price first"),
            checksum=checksum(),
        ),
        **_message(
            "update",
            "The changes that take the book from `first_seq` - 1 to `last_seq`",
            symbol=symbol(),
            first_seq=number("Always one more than the `seq` or `last_seq` of the message before", 1),
            last_seq=number("The last event that the book contains afterwards", 1),
            bids=levels("Absolute volumes; 0 removes the level, even if the client does not have it"),
            asks=levels("Absolute volumes; 0 removes the level, even if the client does not have it"),
            checksum=checksum(),
        ),
        **_message(
            "market",
            "What the market accepts; sent after each snapshot, and after an update in which it changed",
            symbol=symbol(),
            seq=number("As of this event"),
            trading_state=word("What the market accepts", TradingState.values),
            timestamp=moment("When it changed"),
        ),
        **_message(
            "ticker",
            "As `GET /markets/{symbol}/ticker`: at once, then after changes, at most every 250 ms",
            **members_of(TickerOutput()),
        ),
        **_message(
            "candle",
            "A candle as it is now, after the batch that changed it",
            symbol=symbol(),
            timeframe=word("The length of the candle", TIMEFRAMES),
            **members_of(CandleOutput()),
        ),
    }


def _trade_messages() -> dict[str, Message]:
    trade = members_of(OwnTradeOutput())
    shown = {name: trade[name] for name in ("id", "price", "quantity", "taker_side", "executed_at")}
    return {
        **_message("trade", "A trade", symbol=symbol(), seq=number("Its number in the market", 1), **shown),
        **_message(
            "resync",
            "Trades in between are missing: `resume`, or read them over REST",
            symbol=symbol(),
            after_seq=number("The last number before the gap"),
            seq=number("Everything after this number is sent"),
        ),
    }


def _user_messages() -> dict[str, Message]:
    session = text("The session's name, for a client that comes back")
    private_seq = number("Counts the messages of the session, from 1", 1)
    order = closed(members_of(OrderOutput()), description="The order, as `GET /orders/{id}`")
    balance = members_of(BalanceOutput())
    return {
        **_message(
            "authenticated",
            "Logged in",
            user_id=identifier("The user"),
            expires_at=nullable(moment("When the login expires; null for an API key that never does")),
        ),
        **_message(
            "snapshot",
            "Open orders and balances at one moment. It may come at any time and replaces what the client has",
            session=session,
            private_seq=private_seq,
            seq=sequence_numbers("The number of each market at that moment"),
            bookmark=text("From here `GET /orders` and `GET /trades?mine=true` go on with `after`"),
            orders=several("The newest 1,000 open and pending orders, newest first", order),
            orders_complete=flag("Whether these are all of them"),
            balances=several("All balances", closed(balance)),
        ),
        **_message(
            "order",
            "One of the user's orders, as it is after an event in its market",
            seq=number("The event", 1),
            order=order,
            bookmark=text("The order's place: `after` of `GET /orders`, joined to those of other markets by points"),
            private_seq=private_seq,
        ),
        **_message(
            "fill",
            "One of the user's trades, as `GET /trades?mine=true`; a trade with oneself is shown from the taker's side",
            **members_of(OwnTradeOutput()),
            bookmark=text("The trade's place: `after` of `GET /trades?mine=true`, joined by points likewise"),
            private_seq=private_seq,
        ),
        **_message("balance", "What the user has of an asset", **balance, private_seq=private_seq),
        **_message(
            "resumed",
            "The messages after `from_seq` up to `private_seq` follow, without a snapshot",
            session=session,
            from_seq=number("The number that the client gave"),
            private_seq=number("The session's last number"),
        ),
        **_message(
            "cancel_on_disconnect",
            "Whether all orders are cancelled when the session ends",
            timeout_ms=number("How long a lost session may be silent; 0: it is off"),
            symbol=nullable(symbol("The market; null means all markets")),
        ),
        **_message(
            "cancel_after",
            "The answer, as from `POST /orders/cancel-after`",
            timeout_ms=number("0: it is off"),
            cancel_at=nullable(moment("When orders are cancelled unless it is renewed; null: it is off")),
            symbols=several("The markets that it is set for", symbol("A market")),
        ),
    }


RECEIVED: dict[str, dict[str, Message]] = {
    "markets": {**_market_messages(), **_answers_of_subscriptions(), **_common(_PUBLIC_CODES)},
    "trades": {**_trade_messages(), **_answers_of_subscriptions(), **_common(_PUBLIC_CODES)},
    "orders": {**_user_messages(), **_common(_PRIVATE_CODES)},
}
