"""The public stream messages, each encoded once for all receivers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from base.scaling import MarketScale
from base.times import iso_ms, iso_ms_of
from exchange.models import Market
from marketdata.batches import Candle, Level
from marketdata.payload import Payload, encode
from marketdata.replica import BookReplica
from marketdata.selectors import Balance, PrivateState
from orders.bookmarks import Place, bookmark_text
from orders.models import Order
from orders.representation import order_as_json, own_trade_as_json
from orders.rows import TradeRow, trade_from_row
from orders.services import CancelAfter
from orders.vocabulary import SIDES

Fields = dict[str, Any]
NOTHING = Payload()
PONG = encode({"type": "pong"})


def snapshot(market: Market, book: BookReplica) -> Payload:
    return encode(
        {
            "type": "snapshot",
            "symbol": market.symbol,
            "seq": book.seq,
            "bids": _levels(book.bids, book.scale),
            "asks": _levels(book.asks, book.scale),
            "checksum": book.checksum,
        }
    )


def update(
    market: Market, book: BookReplica, *, after_seq: int, bids: Iterable[Level], asks: Iterable[Level]
) -> Payload:
    """The changes that take a book from `after_seq` to the present one."""
    return encode(
        {
            "type": "update",
            "symbol": market.symbol,
            "first_seq": after_seq + 1,
            "last_seq": book.seq,
            "bids": _levels(bids, book.scale),
            "asks": _levels(asks, book.scale),
            "checksum": book.checksum,
        }
    )


def resumed(market: Market, from_seq: int, seq: int) -> Payload:
    """What was missed after `from_seq` follows, without a snapshot."""
    return encode({"type": "resumed", "symbol": market.symbol, "from_seq": from_seq, "seq": seq})


def trading_state(market: Market, book: BookReplica) -> Payload:
    """What the market accepts since `seq` or before, as of the book."""
    return encode(
        {
            "type": "market",
            "symbol": market.symbol,
            "seq": book.seq,
            "trading_state": book.trading_state,
            "timestamp": iso_ms_of(book.time_ms),
        }
    )


def trade(market: Market, row: TradeRow) -> Payload:
    scale = market.scale
    return encode(
        {
            "type": "trade",
            "symbol": market.symbol,
            "seq": row.seq,
            "id": str(UUID(bytes=row.id)),
            "price": price_text(row.price_ticks, scale),
            "quantity": lots_text(row.quantity_lots, scale),
            "taker_side": SIDES.name[row.taker_side],
            "executed_at": iso_ms_of(row.executed_ms),
        }
    )


def ticker(fields: Mapping[str, object]) -> Payload:
    return encode({"type": "ticker", **fields})


def candle(market: Market, candle: Candle) -> Payload:
    """A candle as it is now, as `GET /markets/{symbol}/candles` shows it."""
    timeframe, opened_ms, open_ticks, high_ticks, low_ticks, close_ticks, lots, quote_volume, trade_count = candle
    scale = market.scale
    return encode(
        {
            "type": "candle",
            "symbol": market.symbol,
            "timeframe": timeframe,
            "time": iso_ms_of(opened_ms),
            "open": price_text(open_ticks, scale),
            "high": price_text(high_ticks, scale),
            "low": price_text(low_ticks, scale),
            "close": price_text(close_ticks, scale),
            "volume": lots_text(lots, scale),
            "quote_volume": quote_volume,
            "trade_count": trade_count,
        }
    )


def order(market: Market, order: Order, place: Place) -> Fields:
    """An order as it is. Whoever has this message has all own orders of the market up to a place."""
    shown, bookmark = order_as_json(order, market), bookmark_text({market.pk: place})
    return {"type": "order", "seq": order.seq, "order": shown, "bookmark": bookmark}


def fill(market: Market, row: TradeRow, user_id: UUID) -> Fields:
    bookmark = bookmark_text({market.pk: Place(row.seq, row.executed_ms)})
    shown = own_trade_as_json(trade_from_row(row, market), market, user_id)
    return {"type": "fill", **shown, "bookmark": bookmark}


def balance(asset: str, amounts: Balance) -> Fields:
    return {"type": "balance", "asset": asset, **amounts._asdict()}


def private_snapshot(session: str, state: PrivateState) -> Fields:
    """Open orders and balances as of the sequence numbers in `seq`; what follows is later."""
    return {
        "type": "snapshot",
        "session": session,
        "seq": {state.symbols[market_id]: place.seq for market_id, place in state.places.items()},
        "bookmark": bookmark_text(state.places),
        "orders": [order_as_json(order, order.market) for order in state.orders],
        "orders_complete": state.is_complete,
        "balances": [{"asset": asset, **amounts._asdict()} for asset, amounts in state.balances],
    }


def numbered(fields: Fields, private_seq: int) -> Payload:
    """A message of a private session."""
    return encode(fields | {"private_seq": private_seq})


def session_resumed(session: str, from_seq: int, seq: int) -> Payload:
    """The messages after `from_seq` up to `private_seq` follow, without a snapshot."""
    return encode({"type": "resumed", "session": session, "from_seq": from_seq, "private_seq": seq})


def authenticated(user_id: UUID, expires_at: str | None) -> Payload:
    """Logged in; `expires_at` is None for an API key that never expires."""
    return encode({"type": "authenticated", "user_id": str(user_id), "expires_at": expires_at})


def cancel_on_disconnect(timeout_ms: int, symbol: str | None) -> Payload:
    return encode({"type": "cancel_on_disconnect", "timeout_ms": timeout_ms, "symbol": symbol})


def cancel_after(answer: CancelAfter) -> Payload:
    return encode(
        {
            "type": "cancel_after",
            "timeout_ms": answer.timeout_ms,
            "cancel_at": iso_ms(answer.cancel_at) if answer.cancel_at else None,
            "symbols": [market.symbol for market in answer.markets],
        }
    )


def subscribed(seqs: Mapping[str, int]) -> Payload:
    """From now on everything after these sequence numbers, by symbol, is sent."""
    return encode({"type": "subscribed", "seq": dict(seqs)})


def unsubscribed(symbols: Iterable[str]) -> Payload:
    return encode({"type": "unsubscribed", "symbols": list(symbols)})


def resync(symbol: str, *, after_seq: int, seq: int) -> Payload:
    """Messages between `after_seq` and `seq` may have been lost: read the state over REST."""
    return encode({"type": "resync", "symbol": symbol, "after_seq": after_seq, "seq": seq})


def error(code: str, message: str) -> Payload:
    return encode({"type": "error", "code": code, "message": message})


def heartbeat(now: datetime) -> Payload:
    return encode({"type": "heartbeat", "timestamp": iso_ms(now)})


def price_text(ticks: int, scale: MarketScale) -> str:
    return _fixed(ticks * scale.tick_digits, scale.price_decimals)


def lots_text(lots: int, scale: MarketScale) -> str:
    return _fixed(lots * scale.lot_digits, scale.quantity_decimals)


def _fixed(number: int, decimals: int) -> str:
    """Write a whole number of 10^-decimals; ten times as fast as by a Decimal, and a book has many of them."""
    if not decimals:
        return str(number)
    whole, rest = divmod(number, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}"


def _levels(levels: Iterable[Level], scale: MarketScale) -> list[list[str]]:
    return [[price_text(ticks, scale), lots_text(lots, scale) if lots else "0"] for ticks, lots in levels]
