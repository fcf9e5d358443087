"""`/ws/markets/{symbol}`: a book that is always right, or known not to be."""

from collections.abc import Sequence
from urllib.parse import urlencode

from trade_engine_client.book import ChecksumError, GapError, OrderBook
from trade_engine_client.stream import Message, Stream


class MarketStream(Stream):
    """The messages of one market. `book` has taken each `snapshot` and `update` before it is handed out."""

    def __init__(
        self,
        url: str,
        symbol: str,
        *,
        channels: Sequence[str] = ("book", "ticker"),
        timeframes: Sequence[str] = (),
        interval: str = "0ms",
    ) -> None:
        """Name the exchange by `ws://host:port`; an `interval` such as `100ms` merges the updates of that time."""
        super().__init__()
        self.symbol = symbol
        self.book = OrderBook()
        self.resumed = self.repairs = 0
        self._is_waiting = False  # for what was asked for after a gap
        self._address = f"{url}/ws/markets/{symbol.replace('/', '-')}"
        self._query = {"channels": ",".join(channels), "interval": interval}
        if timeframes:
            self._query |= {"channels": ",".join({*channels, "candles"}), "timeframes": ",".join(timeframes)}

    def address(self) -> str:
        """Return where to connect: with the number that the book is at, so that only what was missed is sent."""
        self._is_waiting = False
        where = {} if self.book.seq is None else {"from_seq": str(self.book.seq)}
        return f"{self._address}?{urlencode(self._query | where)}"

    async def take(self, message: Message) -> None:
        if message.get("symbol") != self.symbol:
            return
        self.resumed += message["type"] == "resumed"
        if message["type"] in ("snapshot", "resumed"):
            self._is_waiting = False
        if self._is_waiting:
            return
        try:
            self.book.apply(message)
        except GapError:  # ask for what is missing
            await self._repair({"from_seq": self.book.seq})
        except ChecksumError:  # ask for the whole book, even if the connection is lost meanwhile
            self.book.seq = None
            await self._repair({})

    async def _repair(self, where: Message) -> None:
        self.repairs += 1
        self._is_waiting = True
        await self.send({"op": "resume", "symbol": self.symbol, **where})
