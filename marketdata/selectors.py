"""Reading what the streams and the market data API show."""

from collections.abc import Iterable

from exchange.models import Market
from marketdata.replica import BookReplica
from marketdata.statistics import Quote
from orders.models import MarketSequence
from orders.selectors import DepthLevel, book_depth

__all__ = ["last_seq", "last_seqs", "market_book", "market_quote"]


def last_seq(market: Market) -> int:
    """Return the sequence number of a market's last committed batch; 0 before the first."""
    return MarketSequence.objects.filter(pk=market.id).values_list("last_seq", flat=True).first() or 0


def last_seqs() -> dict[int, int]:
    """Return the last sequence numbers by market id; a market without a batch is left out."""
    return dict(MarketSequence.objects.values_list("market_id", "last_seq"))


def market_quote(market: Market) -> Quote:
    """Return the best bid and ask as they are in the database. One query."""
    depth = book_depth(market, 1)
    bid, ask = (next(iter(_pairs(side)), None) for side in (depth.bids, depth.asks))
    return Quote(bid, ask)


def market_book(market: Market) -> BookReplica:
    """Return the whole book and the trading state as of the last batch. One query."""
    depth = book_depth(market, None)
    return BookReplica(
        seq=depth.seq,
        bids=_pairs(depth.bids),
        asks=_pairs(depth.asks),
        scale=market.scale,
        trading_state=depth.trading_state,
        time_ms=int(depth.time.timestamp() * 1000),
    )


def _pairs(levels: Iterable[DepthLevel]) -> list[tuple[int, int]]:
    return [(level.price_ticks, level.quantity_lots) for level in levels]
