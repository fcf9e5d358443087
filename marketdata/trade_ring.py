"""The last trades of a market, kept rendered for clients that missed some of them."""

from collections import deque
from collections.abc import Iterable

from exchange.models import Market
from marketdata import messages
from marketdata.payload import Payload
from orders.rows import TradeRow

__all__ = ["TradeRing"]


class KeptTrade:
    """A trade, rendered when it is first asked for."""

    __slots__ = ("_text", "row")

    def __init__(self, row: TradeRow) -> None:
        self.row = row
        self._text: Payload | None = None

    def text(self, market: Market) -> Payload:
        if self._text is None:
            self._text = messages.trade(market, self.row)
        return self._text


class TradeRing:
    """The trades after `missing_to`, without a gap and the oldest first."""

    def __init__(self, market: Market, rows: Iterable[TradeRow], *, at_most: int) -> None:
        """Begin with the last trades; as many as `at_most` means that there may have been others before."""
        self._market = market
        self._at_most = at_most
        self._trades = deque(KeptTrade(row) for row in rows)
        self.missing_to = self._trades[0].row.seq - 1 if len(self._trades) >= at_most else 0

    def add(self, rows: Iterable[TradeRow]) -> None:
        """Add trades that follow, and forget the oldest when there are too many; those that are there are left out."""
        last_seq = self._trades[-1].row.seq if self._trades else self.missing_to
        self._trades.extend(KeptTrade(row) for row in rows if row.seq > last_seq)
        while len(self._trades) > self._at_most:
            self.missing_to = self._trades.popleft().row.seq

    def between(self, after_seq: int, last_seq: int) -> list[KeptTrade]:
        """Return what is kept of the trades after a sequence number, up to another one."""
        return [trade for trade in self._trades if after_seq < trade.row.seq <= last_seq]

    def texts(self, trades: Iterable[KeptTrade]) -> Iterable[Payload]:
        """Return trades as messages."""
        return (trade.text(self._market) for trade in trades)
