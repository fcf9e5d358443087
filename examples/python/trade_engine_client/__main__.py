"""`python -m trade_engine_client ws://127.0.0.1:8000 BTC/USDT`: show the best prices of a market until Ctrl-C."""

import asyncio
import contextlib
import sys

from trade_engine_client import MarketStream


async def watch(url: str, symbol: str) -> None:
    async with MarketStream(url, symbol, interval="250ms") as stream:
        async for message in stream:
            if message["type"] in ("snapshot", "update"):
                book = stream.book
                print(f"{symbol} {book.seq}: bid {book.best_bid}, ask {book.best_ask}, {stream.reconnects} reconnects")


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(watch(*sys.argv[1:]))


if __name__ == "__main__":
    main()
