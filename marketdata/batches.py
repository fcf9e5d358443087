"""One committed batch of a market's engine, as it arrives from the pub/sub layer (exchange.streams)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Level = Sequence[int]  # price_ticks, quantity_lots
Candle = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Levels are absolute, quantity 0 = gone; `orders` and `trades` are rows (orders.rows) as plain lists.

    `trading_state` is None unless the batch changed it. `candles` are those that the batch's trades changed, as they
    are now, each as `[timeframe, open_ms, open, high, low, close, volume, quote_volume, trade_count]`: prices in
    ticks, the volume in lots, the quote volume as a decimal string.
    """

    market_id: int
    first_seq: int
    last_seq: int
    time_ms: int
    bids: Sequence[Level]
    asks: Sequence[Level]
    checksum: int
    orders: Sequence[Sequence[Any]]
    trades: Sequence[Sequence[Any]]
    trading_state: str | None = None
    candles: Sequence[Candle] = ()

    @classmethod
    def from_message(cls, message: Mapping[str, Any]) -> "Batch":
        """Raises KeyError when the message lacks a field."""
        return cls(
            market_id=message["market_id"],
            first_seq=message["first_seq"],
            last_seq=message["last_seq"],
            time_ms=message["time_ms"],
            bids=message["bids"],
            asks=message["asks"],
            checksum=message["checksum"],
            orders=message["orders"],
            trades=message["trades"],
            trading_state=message["state"],
            candles=message.get("candles", ()),
        )
