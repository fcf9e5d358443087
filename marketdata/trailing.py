"""Where users' trailing stops are now: told after trades, each at most once a second.

The marks that stops follow are stored with each batch. They are read when a market has traded and somebody listens who
has a trailing stop there, and again a second later if it has traded since.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from exchange.models import Market
from marketdata import selectors
from marketdata.background_tasks import BackgroundTasks
from marketdata.database import in_database
from marketdata.session import PrivateSession

PACE_S = 1.0


class TrailingWatch:
    """Belongs to one event loop. `sessions` are all there are."""

    pace_s = PACE_S

    def __init__(self, sessions: Callable[[], Iterable[PrivateSession]]) -> None:
        self._sessions = sessions
        self._tasks = BackgroundTasks("trailing stops")
        self._seen: dict[int, int] = {}  # by market id, the last batch whose orders the sessions know
        self._due: set[int] = set()
        self._marks: dict[int, selectors.TrailingMarks] = {}  # that are ahead of the batches that were seen

    def seen(self, market: Market, seq: int, *, has_traded: bool) -> None:
        """Take note of a batch, after the sessions."""
        self._seen[market.pk] = seq
        if market.pk in self._marks:
            self._tell(market, self._marks[market.pk])
        if has_traded and any(market in session.trails_in for session in self._sessions()):
            self._look_at(market)

    def look(self, session: PrivateSession) -> None:
        """Have a user told who was told nothing for a time."""
        for market in session.trails_in:
            self._look_at(market)

    async def close(self) -> None:
        await self._tasks.stop()

    def _look_at(self, market: Market) -> None:
        self._due.add(market.pk)
        self._tasks.start(market.symbol, partial(self._follow, market))

    async def _follow(self, market: Market) -> None:
        while market.pk in self._due:
            self._due.discard(market.pk)
            marks = await self._tasks.retry(lambda: in_database(selectors.trailing_marks, market))
            self._tell(market, marks)
            await asyncio.sleep(self.pace_s)

    def _tell(self, market: Market, marks: selectors.TrailingMarks) -> None:
        """Tell where the stops are, once it is known which of them were triggered before these marks."""
        if self._seen.get(market.pk, 0) < marks.seq:
            self._marks[market.pk] = marks
            return
        self._marks.pop(market.pk, None)
        for session in self._sessions():
            session.trail(market, marks)
