"""The board of a market: what everybody may see of it at once, kept in Valkey by the engine that serves it.

It holds the best levels, the last trades, the day's figures. A second key, the stamp, names the board that was right a
moment ago and expires by itself: without it, or when it names another board, readers take the database.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgpack
import structlog
from prometheus_client import Counter

from base.pagination import EnvelopePagination
from base.valkey import ValkeyLine, ValkeyUnreachableError
from exchange.models import Market
from matching.engine import DepthLevel
from matching.messages import BOARD_SEAL, board_keys
from orders.day import DaySums

__all__ = ["BOARD_LEVELS", "BOARD_TRADES", "TRADES_COUNTED", "Board", "BoardTrade", "board_of"]

log = structlog.get_logger(__name__)

BOARD_LEVELS: Final = 100  # of each side
BOARD_TRADES: Final = 100
TRADES_COUNTED: Final = EnvelopePagination.TOTAL_MAX
_LINE = ValkeyLine("boards", 0.1)  # the database has the same, and is not much slower
_READS = Counter(
    "trade_engine_board_reads",
    "Reads of a market's board: shown, none that is right, or no answer from the cache",
    ["outcome"],
)


class BoardTrade(NamedTuple):
    """What is public of a trade and never changes."""

    id: bytes
    price_ticks: int
    quantity_lots: int
    taker_side: int
    executed_ms: int


@dataclass(frozen=True, slots=True)
class Board:
    """Levels best first, trades newest first. `time_ms` is when batch `seq` was made.

    `day` is what was traded since `since_ms`; `has_all_levels` tells that the book has no more levels. `trade_count` is
    how many trades the market has had, counted up to TRADES_COUNTED.
    """

    seq: int
    time_ms: int
    trading_state: str
    bids: Sequence[DepthLevel]
    asks: Sequence[DepthLevel]
    has_all_levels: bool
    trades: Sequence[BoardTrade]
    trade_count: int
    since_ms: int
    day: DaySums | None

    def packed(self, stamp: str) -> bytes:
        """Return the board as it is kept, under the name that its stamp gives it."""
        day = None if self.day is None else [*map(str, self.day[:-1]), self.day.trade_count]
        fields = (self.seq, self.time_ms, self.trading_state, self.bids, self.asks, self.has_all_levels, self.trades)
        packed: bytes = msgpack.packb((stamp, *fields, self.trade_count, self.since_ms, day))
        return packed

    @classmethod
    def unpacked(cls, packed: bytes, stamp: str) -> "Board | None":
        """Return a board from what is kept; None if it goes by another name. Raises ValueError for anything else."""
        name, seq, time_ms, state, bids, asks, all_levels, trades, trade_count, since_ms, day = msgpack.unpackb(packed)
        if name != stamp:
            return None
        return cls(
            seq,
            time_ms,
            state,
            [DepthLevel._make(level) for level in bids],
            [DepthLevel._make(level) for level in asks],
            all_levels,
            [BoardTrade._make(trade) for trade in trades],
            trade_count,
            since_ms,
            None if day is None else DaySums._make([*map(Decimal, day[:-1]), day[-1]]),
        )


def board_of(market: Market) -> Board | None:
    """Return a market's board if it is at most 250 ms old; None otherwise, and then the database has to be asked.

    One round trip to Valkey, or none after it has failed. Never raises: a broken, empty or missing cache gives None.
    """
    try:
        packed, stamp = _LINE.ask(lambda valkey: valkey.mget(board_keys(market.slug)))
    except ValkeyUnreachableError:
        _READS.labels("unreachable").inc()
        return None
    board = _unpacked(packed, stamp, market) if packed and stamp else None
    _READS.labels("shown" if board else "none").inc()
    return board


def _unpacked(packed: Any, stamp: Any, market: Market) -> Board | None:
    try:
        return Board.unpacked(BOARD_SEAL.opened(packed, market.slug), stamp.decode())
    except Exception as error:  # msgpack has many, and whatever is wrong with a board, the database is right
        log.warning("board_unreadable", market=market.symbol, error=repr(error))
        return None
