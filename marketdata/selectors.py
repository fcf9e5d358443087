"""Reading what the streams and the market data API show."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from base.scaling import MarketScale, plain
from base.times import ms_of
from exchange.models import Market
from exchange.selectors import market_by_id
from exchange.streams import CandleMessage
from marketdata.replica import BookReplica
from matching.engine import DepthLevel
from orders.bookmarks import Place, last_places
from orders.lifecycle import OPEN_STATUSES
from orders.models import Candle, MarketSequence, Order, Trade
from orders.rows import TradeRow, trade_row
from orders.selectors import book_depth
from orders.timeframes import TIMEFRAMES
from orders.trailing import Marks, with_marks
from settlement.models import Account

__all__ = [
    "Balance",
    "PrivateState",
    "TrailingMarks",
    "balances_of",
    "last_candles",
    "last_seq",
    "last_seqs",
    "last_trades",
    "market_book",
    "private_state",
    "trailing_marks",
]

OPEN_ORDERS_MAX = 1_000
TRADES_MAX = 1_000
_PRICES = ("open", "high", "low", "close")


class Balance(NamedTuple):
    """Decimal strings with the asset's decimals."""

    available: str
    held: str
    total: str


class TrailingMarks(NamedTuple):
    """The marks of a market's trailing stops (`orders.trailing`) as of a sequence number."""

    seq: int
    marks: Marks


@dataclass(frozen=True, slots=True)
class PrivateState:
    """A user's orders and balances as of one moment. `orders` are the newest open ones, all if `is_complete`."""

    places: dict[int, Place]  # by market id
    symbols: dict[int, str]
    orders: list[Order]
    is_complete: bool
    balances: list[tuple[str, Balance]]


def last_seq(market: Market) -> int:
    """Return the sequence number of a market's last committed batch; 0 before the first."""
    return MarketSequence.objects.filter(pk=market.id).values_list("last_seq", flat=True).first() or 0


def last_seqs() -> dict[int, int]:
    """Return the last sequence numbers by market id; a market without a batch is left out."""
    return dict(MarketSequence.objects.values_list("market_id", "last_seq"))


def market_book(market: Market) -> BookReplica:
    """Return the whole book and the trading state as of the last batch. One query."""
    depth = book_depth(market, None)
    return BookReplica(
        seq=depth.seq,
        bids=_pairs(depth.bids),
        asks=_pairs(depth.asks),
        scale=market.scale,
        trading_state=depth.trading_state,
        time_ms=ms_of(depth.time),
    )


def last_candles(market: Market) -> list[tuple[CandleMessage, int]]:
    """Return the last candle of each timeframe as batches carry them, each with its last trade's number. One query."""
    fields = ("timeframe", "opened_at", *_PRICES, "volume", "quote_volume", "trade_count", "last_seq")
    candles = Candle.objects.filter(market_id=market.pk).order_by("-opened_at")
    newest = [candles.filter(timeframe=name).values_list(*fields)[:1] for name in TIMEFRAMES]
    return [_candle(values, market.scale) for values in newest[0].union(*newest[1:], all=True)]


def last_trades(market: Market) -> list[TradeRow]:
    """Return the last TRADES_MAX trades, the oldest first. One query."""
    trades = list(Trade.objects.filter(market_id=market.pk).order_by("-id")[:TRADES_MAX])
    trades.sort(key=lambda trade: trade.seq)  # ids ascend as these do, unless an engine's clock was put back
    return [trade_row(trade, market) for trade in trades]


def private_state(user_id: UUID) -> PrivateState:
    """Return a user's open orders and balances, and the sequence numbers of that moment. Four queries."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        open_orders = with_marks(Order.objects.filter(user_id=user_id, status__in=OPEN_STATUSES)).order_by("-id")
        orders = list(open_orders[: OPEN_ORDERS_MAX + 1])
        balances = [(asset, balance) for _, asset, balance in balances_of([user_id.bytes])]
        places = last_places()
    for order in orders:
        order.market = market_by_id(order.market_id)
    return PrivateState(
        places=places,
        symbols={market_id: market_by_id(market_id).symbol for market_id in places},
        orders=orders[:OPEN_ORDERS_MAX],
        is_complete=len(orders) <= OPEN_ORDERS_MAX,
        balances=balances,
    )


def trailing_marks(market: Market) -> TrailingMarks:
    """Return where the trailing stops of a market stand. One query."""
    row = MarketSequence.objects.filter(pk=market.pk).values_list("last_seq", "trailing_marks").first()
    return TrailingMarks(*row) if row else TrailingMarks(0, [])


def balances_of(users: Iterable[bytes]) -> list[tuple[UUID, str, Balance]]:
    """Return the balances of some users by asset. One query."""
    accounts = Account.objects.filter(owner_id__in=[UUID(bytes=each) for each in users]).order_by(
        "owner_id", "asset_id"
    )
    fields = ("owner_id", "asset_id", "asset__decimals", "available", "held", "total")
    return [
        (owner_id, asset, Balance(*(plain(amount, decimals) for amount in amounts)))
        for owner_id, asset, decimals, *amounts in accounts.values_list(*fields)
        if owner_id
    ]


def _candle(values: tuple[Any, ...], scale: MarketScale) -> tuple[CandleMessage, int]:
    timeframe, opened_at, *prices, volume, quote_volume, trade_count, last_seq = values
    first, highest, lowest, last = (scale.price_ticks(price) for price in prices)
    opened_ms, lots = ms_of(opened_at), scale.quantity_lots(volume)
    return (timeframe, opened_ms, first, highest, lowest, last, lots, plain(quote_volume), trade_count), last_seq


def _pairs(levels: Iterable[DepthLevel]) -> list[tuple[int, int]]:
    return [(level.price_ticks, level.quantity_lots) for level in levels]
