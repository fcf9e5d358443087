"""Reading what the streams and the market data API show."""

from datetime import datetime

from django.db.models import QuerySet

from exchange.ids import uuid7_floor
from exchange.models import Market
from marketdata.statistics import Quote
from orders.models import MarketSequence, Trade
from orders.selectors import book_depth

__all__ = ["last_seq", "last_seqs", "market_quote", "market_trades"]


def last_seq(market: Market) -> int:
    """Return the sequence number of a market's last committed batch; 0 before the first."""
    return MarketSequence.objects.filter(pk=market.id).values_list("last_seq", flat=True).first() or 0


def last_seqs() -> dict[int, int]:
    """Return the last sequence numbers by market id; a market without a batch is left out."""
    return dict(MarketSequence.objects.values_list("market_id", "last_seq"))


def market_quote(market: Market) -> Quote:
    """Return the best bid and ask as they are in the database. One query."""
    depth = book_depth(market, 1)
    bids, asks = ([(level.price_ticks, level.quantity_lots) for level in side] for side in (depth.bids, depth.asks))
    return Quote(next(iter(bids), None), next(iter(asks), None))


def market_trades(market: Market, *, since: datetime | None, until: datetime | None) -> QuerySet[Trade]:
    """Return a market's trades of [since, until), newest first. The id carries the time, so partitions are pruned."""
    trades = Trade.objects.filter(market_id=market.id).order_by("-id")
    if since:
        trades = trades.filter(pk__gte=uuid7_floor(_ceil_ms(since)))
    if until:
        trades = trades.filter(pk__lt=uuid7_floor(_ceil_ms(until)))
    return trades


def _ceil_ms(moment: datetime) -> int:
    return -int(-moment.timestamp() * 1000 // 1)
