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
# Of logins, and of switches, which engines set.
_PRIVATE_STATUSES = (401, 403, 503, 504)
_PRIVATE_CODES = _PUBLIC_CODES | {code for code, status in STATUS.items() if status in _PRIVATE_STATUSES}


def _message(kind: str, summary: str, **members: Schema) -> dict[str, Message]:
    named = {"type": {"const": kind, "description": "What this message is"}, **members}
    return {kind: (summary, closed(named))}


def _common(codes: set[ErrorCode]) -> dict[str, Message]:
    return {
        **_message("heartbeat", "After 15 s of silence", timestamp=moment("Now")),
        **_message("pong", "The answer to `ping`"),
        **_message(
            "error",
            "What was asked is refused, or the connection is about to be closed",
            code=word(
                "What went wrong; the codes are those of REST", [code.value for code in ErrorCode if code in codes]
            ),
            message=text("For a person"),
        ),
    }


def _answers_of_subscriptions() -> dict[str, Message]:
    return {
        **_message(
            "subscribed",
            "Everything after these numbers will be sent",
            seq=sequence_numbers("For each market the number that it is at"),
        ),
        **_message(
            "unsubscribed", "Nothing more comes of these markets", symbols=several("The markets", symbol("A market"))
        ),
        **_message(
            "resumed",
            "What was missed after `from_seq` follows, and no snapshot",
            symbol=symbol(),
            from_seq=number("The number that the client named"),
            seq=number("The market's number now"),
        ),
    }


def _market_messages() -> dict[str, Message]:
    return {
        **_message(
            "snapshot",
            "The whole book; it replaces what the client has, at any time",
            symbol=symbol(),
            seq=number("The last event that the book contains"),
            bids=levels("Highest price first"),
            asks=levels("Lowest price first"),
            checksum=checksum(),
        ),
        **_message(
            "update",
            "What leads the book from `first_seq` - 1 to `last_seq`",
            symbol=symbol(),
            first_seq=number("The number after the last message's `seq` or `last_seq`, always", 1),
            last_seq=number("The last event that the book then contains", 1),
            bids=levels("Absolute volumes; 0 removes the level, also one that is not there"),
            asks=levels("Absolute volumes; 0 removes the level, also one that is not there"),
            checksum=checksum(),
        ),
        **_message(
            "market",
            "What the market accepts; after each snapshot, and after the update that contains a change",
            symbol=symbol(),
            seq=number("As of this event"),
            trading_state=word("What the market accepts", TradingState.values),
            timestamp=moment("When that was"),
        ),
        **_message(
            "ticker",
            "As `GET /markets/{symbol}/ticker`: at first, then when it changed, at most every 250 ms",
            **members_of(TickerOutput()),
        ),
        **_message(
            "candle",
            "A candle as it is now, after the batch that changed it",
            symbol=symbol(),
            timeframe=word("Its length", TIMEFRAMES),
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
            seq=number("The number from which on everything is sent"),
        ),
    }


def _account_messages() -> dict[str, Message]:
    session = text("Names the session, for a client that comes back")
    private_seq = number("Counts the messages of the session, from 1", 1)
    order = closed(members_of(OrderOutput()), description="The order, as `GET /orders/{id}`")
    balance = members_of(BalanceOutput())
    return {
        **_message(
            "authenticated",
            "Logged in",
            user_id=identifier("Who"),
            expires_at=nullable(moment("Until when; null: an API key without an end")),
        ),
        **_message(
            "snapshot",
            "Open orders and balances of one moment; it replaces what the client has, at any time",
            session=session,
            private_seq=private_seq,
            seq=sequence_numbers("For each market the number that it was at"),
            orders=several("The newest 1,000 open and pending orders, newest first", order),
            orders_complete=flag("Whether that is all of them"),
            balances=several("All balances", closed(balance)),
        ),
        **_message(
            "order",
            "An own order, as it is after an event of its market",
            seq=number("That event", 1),
            order=order,
            private_seq=private_seq,
        ),
        **_message(
            "fill",
            "An own trade, as `GET /trades?mine=true`; who trades with themselves gets the taker's side",
            seq=number("The trade's number in its market", 1),
            **members_of(OwnTradeOutput()),
            private_seq=private_seq,
        ),
        **_message("balance", "What the account has of an asset", **balance, private_seq=private_seq),
        **_message(
            "resumed",
            "The messages after `from_seq` up to `private_seq` follow, and no snapshot",
            session=session,
            from_seq=number("The number that the client named"),
            private_seq=number("The session's last number"),
        ),
        **_message(
            "cancel_on_disconnect",
            "The session is guarded, or no longer",
            timeout_ms=number("0: no longer"),
            symbol=nullable(symbol("The market; null is all of them")),
        ),
        **_message(
            "cancel_after",
            "As `POST /orders/cancel-after` answers",
            timeout_ms=number("0: it is off"),
            cancel_at=nullable(moment("When it goes off unless it is renewed; null: it is off")),
            symbols=several("The markets that it is set in", symbol("A market")),
        ),
    }


RECEIVED: dict[str, dict[str, Message]] = {
    "markets": {**_market_messages(), **_answers_of_subscriptions(), **_common(_PUBLIC_CODES)},
    "trades": {**_trade_messages(), **_answers_of_subscriptions(), **_common(_PUBLIC_CODES)},
    "orders": {**_account_messages(), **_common(_PRIVATE_CODES)},
}
