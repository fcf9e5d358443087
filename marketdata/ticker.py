"""A market's ticker, sent to viewers when they come and whenever a trade, the quote or a new minute changes it.

One task makes it, so a newer one never comes before an older one. It is made at most every `TICKER_INTERVAL_S`; the
figures of the day are read from the database only when they may have changed.
"""

import asyncio
from typing import Any

import structlog

from exchange.models import Market
from marketdata.background_tasks import LAST_RETRY_S, BackgroundTasks
from marketdata.database import in_database
from marketdata.statistics import DayStatistics, Quote, day_begins, day_statistics, ticker_fields
from marketdata.view import MarketView

log = structlog.get_logger(__name__)

TICKER_INTERVAL_S = 0.25


class LiveTicker:
    """Belongs to one event loop. What changes while nobody wants tickers waits until somebody does."""

    def __init__(self, market: Market, view: MarketView, tasks: BackgroundTasks) -> None:
        self._market = market
        self._view = view
        self._tasks = tasks
        self._is_due = False
        self._statistics: DayStatistics | None = None
        self._has_traded = False  # since the statistics were read
        self._quote: Quote | None = None  # what was sent last
        self._fields: dict[str, Any] = {}

    def wanted(self) -> None:
        """Make a ticker for a viewer that has just come, unless there is one."""
        if not self._view.knows_ticker:
            self._due()

    def traded(self) -> None:
        """Take note that the day's figures have changed."""
        self._has_traded = True
        self._due()

    def moved(self) -> None:
        """Take note of a change of the book."""
        if self._present_quote() != self._quote:
            self._due()

    def check(self) -> None:
        """Look whether the day has moved on by a minute."""
        if self._view.knows_ticker and self._is_outdated():
            self._due()

    def _due(self) -> None:
        self._is_due = True
        self._tasks.start("ticker", self._publish)

    async def _publish(self) -> None:
        while self._is_due and self._view.wants_tickers:
            self._is_due = False
            try:
                statistics = await self._present_statistics()
            except Exception as error:  # it comes when the database is back
                log.warning("ticker_failed", market=self._market.symbol, error=repr(error))
                self._is_due = True
                await asyncio.sleep(LAST_RETRY_S)
                continue
            self._tell(statistics)
            await asyncio.sleep(TICKER_INTERVAL_S)

    def _tell(self, statistics: DayStatistics) -> None:
        self._quote = self._present_quote()
        if self._quote is None:  # there is no book yet; its arrival counts as a change
            return
        fields = ticker_fields(self._market, statistics, self._quote)
        if fields != self._fields or not self._view.knows_ticker:
            self._fields = fields
            self._view.set_ticker(fields)

    async def _present_statistics(self) -> DayStatistics:
        statistics = self._statistics
        if statistics is None or self._has_traded or self._is_outdated():
            self._has_traded = False
            try:
                statistics = self._statistics = await in_database(day_statistics, self._market)
            except BaseException:
                self._has_traded = True
                raise
        return statistics

    def _is_outdated(self) -> bool:
        return self._statistics is None or self._statistics.since != day_begins()

    def _present_quote(self) -> Quote | None:
        book = self._view.book.replica
        return Quote(book.best_bid, book.best_ask) if book else None
