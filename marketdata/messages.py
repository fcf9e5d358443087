"""The public stream messages, each encoded once for all who get it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson

from exchange.models import Market
from exchange.scaling import EXACT, MarketScale, plain
from exchange.times import iso_ms, iso_ms_of
from marketdata.batches import Batch, Level
from marketdata.replica import BookReplica
from marketdata.statistics import DayStatistics, Quote, ticker_fields
from orders.representation import order_as_json, own_trade_as_json
from orders.rows import SIDE_NAMES, OrderRow, TradeRow, order_from_row, trade_from_row
from orders.services import CancelAfter


def encode(message: Mapping[str, Any]) -> str:
    return orjson.dumps(message).decode()


def snapshot(market: Market, book: BookReplica) -> str:
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


def update(market: Market, batch: Batch) -> str:
    return encode(
        {
            "type": "update",
            "symbol": market.symbol,
            "first_seq": batch.first_seq,
            "last_seq": batch.last_seq,
            "bids": _levels(batch.bids, market.scale),
            "asks": _levels(batch.asks, market.scale),
            "checksum": batch.checksum,
        }
    )


def trading_state(market: Market, book: BookReplica) -> str:
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


def trade(market: Market, row: TradeRow) -> str:
    scale = market.scale
    return encode(
        {
            "type": "trade",
            "symbol": market.symbol,
            "seq": row.seq,
            "id": str(UUID(bytes=row.id)),
            "price": price_text(row.price_ticks, scale),
            "quantity": lots_text(row.quantity_lots, scale),
            "taker_side": SIDE_NAMES[row.taker_side],
            "executed_at": iso_ms_of(row.executed_ms),
        }
    )


def ticker(market: Market, statistics: DayStatistics, quote: Quote) -> str:
    return encode({"type": "ticker", **ticker_fields(market, statistics, quote)})


def order(market: Market, row: OrderRow) -> str:
    fields = order_as_json(order_from_row(row, market), market)
    return encode({"type": "order", "seq": row.seq, "order": fields})


def fill(market: Market, row: TradeRow, user_id: UUID) -> str:
    fields = own_trade_as_json(trade_from_row(row, market), market, user_id)
    return encode({"type": "fill", "seq": row.seq, **fields})


def balance(asset: str, available: Decimal, held: Decimal) -> str:
    """Amounts come with the asset's decimals and keep them."""
    return encode(
        {
            "type": "balance",
            "asset": asset,
            "available": f"{available:f}",
            "held": f"{held:f}",
            "total": f"{EXACT.add(available, held):f}",
        }
    )


def authenticated(user_id: UUID, expires_at: str) -> str:
    return encode({"type": "authenticated", "user_id": str(user_id), "expires_at": expires_at})


def cancel_on_disconnect(timeout_ms: int, symbol: str | None) -> str:
    return encode({"type": "cancel_on_disconnect", "timeout_ms": timeout_ms, "symbol": symbol})


def cancel_after(answer: CancelAfter) -> str:
    return encode(
        {
            "type": "cancel_after",
            "timeout_ms": answer.timeout_ms,
            "cancel_at": iso_ms(answer.cancel_at) if answer.cancel_at else None,
            "symbols": [market.symbol for market in answer.markets],
        }
    )


def subscribed(seqs: Mapping[str, int]) -> str:
    """From now on everything after these sequence numbers, by symbol, is sent."""
    return encode({"type": "subscribed", "seq": dict(seqs)})


def unsubscribed(symbols: Iterable[str]) -> str:
    return encode({"type": "unsubscribed", "symbols": list(symbols)})


def resync(symbol: str, *, after_seq: int, seq: int) -> str:
    """Messages between `after_seq` and `seq` may have been lost: read the state over REST."""
    return encode({"type": "resync", "symbol": symbol, "after_seq": after_seq, "seq": seq})


def resync_balances() -> str:
    """Balance changes may have been lost: read the balances over REST."""
    return encode({"type": "resync", "balances": True})


def error(code: str, message: str) -> str:
    return encode({"type": "error", "code": code, "message": message})


def heartbeat(now: datetime) -> str:
    return encode({"type": "heartbeat", "timestamp": iso_ms(now)})


def price_text(ticks: int, scale: MarketScale) -> str:
    return plain(scale.price(ticks), scale.price_decimals)


def lots_text(lots: int, scale: MarketScale) -> str:
    return plain(scale.quantity(lots), scale.quantity_decimals)


def _levels(levels: Iterable[Level], scale: MarketScale) -> list[list[str]]:
    return [[price_text(ticks, scale), lots_text(lots, scale) if lots else "0"] for ticks, lots in levels]
