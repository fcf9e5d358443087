"""Follow the streams of a Trade Engine exchange: a reference client, small enough to be read.

    async with MarketStream("ws://127.0.0.1:8000", "BTC/USDT") as stream:
        async for message in stream:
            print(stream.book.seq, stream.book.best_bid, stream.book.best_ask)

A stream reconnects by itself and goes on where it was. `Changes` asks REST for what is new of one's own, `portfolio`
for what it is worth and has brought, and `positions_of` counts that again. `ApiKey` logs a `PrivateStream` in and
signs requests.
Errors: `GapError` and `ChecksumError` of a book that is used alone; `RefusedError` when the server closes for good.
"""

from trade_engine_client.book import ChecksumError, GapError, OrderBook
from trade_engine_client.changes import Changes
from trade_engine_client.markets import MarketStream
from trade_engine_client.positions import Position, portfolio, positions_of
from trade_engine_client.private import PrivateStream
from trade_engine_client.signing import ApiKey
from trade_engine_client.stream import RefusedError

__all__ = [
    "ApiKey",
    "Changes",
    "ChecksumError",
    "GapError",
    "MarketStream",
    "OrderBook",
    "Position",
    "PrivateStream",
    "RefusedError",
    "portfolio",
    "positions_of",
]
