"""Counting a user's trades into positions: from the bookmark on, step by step, each trade once.

Trades are read as a client follows them (`orders.changes`), so none is missed, whatever commits late. Each step is one
transaction that has locked the user's portfolio: two who count at once take turns, and a step that fails leaves
nothing behind.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from base.pagination import START
from base.scaling import MarketScale, to_units
from exchange.models import User
from exchange.selectors import market_by_id
from orders.bookmarks import BEGINNING, bookmark_of, bookmark_text
from orders.changes import trades_made
from orders.models import SettlementStatus, Trade
from portfolio.figures import NOTHING, Deal, Figures
from portfolio.models import Portfolio, Position
from settlement.selectors import closed_trades

__all__ = ["CountedPositions", "portfolio_count"]

STEP_TRADES: Final = 1_000
PATIENCE_S: Final = 1.0  # what is left is for the next request


class CountedPositions(NamedTuple):
    """A user's positions by market id, as of the trades up to a bookmark; those are all that there are if complete."""

    figures: dict[int, Figures]
    bookmark: str
    is_complete: bool


def portfolio_count(*, user: User) -> CountedPositions:
    """Count what a user has traded since the last time, for a second at most, and return the positions.

    Five queries and the user's row locked when there is nothing new, some more for each thousand trades.
    """
    give_up_at = time.monotonic() + PATIENCE_S
    counted = _count_step(user)
    while not counted.is_complete and time.monotonic() < give_up_at:
        counted = _count_step(user)
    return counted


@transaction.atomic
def _count_step(user: User) -> CountedPositions:
    portfolio = _lock(user)
    _forget_if_closed(portfolio)
    made = trades_made(user, bookmark_of(portfolio.bookmark), at_most=STEP_TRADES)
    counting = [trade for trade in made.rows if trade.settlement_status != SettlementStatus.RESOLVED]
    figures = _stored(portfolio)
    changed = _counted(figures, user.pk, counting)
    _store(portfolio, changed)
    portfolio.left_out += len(made.rows) - len(counting)
    portfolio.bookmark = bookmark_text(made.bookmark)
    portfolio.save()
    return CountedPositions(figures | changed, portfolio.bookmark, not made.has_more)


def _lock(user: User) -> Portfolio:
    rows = Portfolio.objects.select_for_update(no_key=True).filter(pk=user.pk)
    portfolio = rows.first()
    if portfolio is None:
        Portfolio.objects.bulk_create([Portfolio(user=user)], ignore_conflicts=True)
        portfolio = rows.get()
    return portfolio


def _forget_if_closed(portfolio: Portfolio) -> None:
    """Begin anew if an adjustment has closed a trade that is counted: what followed it was counted from there."""
    closed = closed_trades()
    count = closed.count()
    if count == portfolio.closed_trades:
        return
    portfolio.closed_trades = count
    if _closed_up_to_bookmark(portfolio, list(closed)) != portfolio.left_out:
        portfolio.positions.all().delete()
        portfolio.bookmark, portfolio.left_out = START, 0


def _closed_up_to_bookmark(portfolio: Portfolio, closed: Sequence[UUID]) -> int:
    bookmark, user_id = bookmark_of(portfolio.bookmark), portfolio.pk
    own = Trade.objects.filter(Q(buyer_id=user_id) | Q(seller_id=user_id), id__in=closed)
    places = own.values_list("market_id", "seq")
    return sum(seq <= bookmark.get(market_id, BEGINNING).seq for market_id, seq in places)


def _counted(before: dict[int, Figures], user_id: UUID, trades: Iterable[Trade]) -> dict[int, Figures]:
    """Return the figures that trades have changed, as they are after these. A market's trades count by `seq`."""
    changed: dict[int, Figures] = {}
    for trade in sorted(trades, key=attrgetter("market_id", "seq")):
        market_id = trade.market_id
        figures = changed.get(market_id) or before.get(market_id, NOTHING)
        changed[market_id] = figures.after(_deal(trade, user_id, market_by_id(market_id).scale))
    return changed


def _deal(trade: Trade, user_id: UUID, scale: MarketScale) -> Deal:
    is_buyer, is_seller = trade.buyer_id == user_id, trade.seller_id == user_id
    buyer_fee, seller_fee = (to_units(fee, scale.quote_decimals) for fee in (trade.buyer_fee, trade.seller_fee))
    return Deal(
        (is_buyer - is_seller) * scale.quantity_lots(trade.quantity),
        scale.price_ticks(trade.price) * scale.tick_lot_units,
        is_buyer * buyer_fee + is_seller * seller_fee,
    )


def _stored(portfolio: Portfolio) -> dict[int, Figures]:
    rows = portfolio.positions.values_list("market_id", *Figures._fields)
    return {market_id: Figures._make(map(int, numbers)) for market_id, *numbers in rows}


def _store(portfolio: Portfolio, changed: Mapping[int, Figures]) -> None:
    rows = [Position(portfolio=portfolio, market_id=key, **figures._asdict()) for key, figures in changed.items()]
    unique = ["portfolio", "market"]
    Position.objects.bulk_create(rows, update_conflicts=True, unique_fields=unique, update_fields=Figures._fields)
