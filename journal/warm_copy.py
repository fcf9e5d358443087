"""The warm copy of a market's book in a standby: started, moved on, dropped, and taken over under the lock."""

import structlog
from psycopg import Connection

from journal.follower import JournalFollower
from journal.open_orders import OpenOrders
from journal.recent_orders import RecentOrders
from journal.session import EngineSession
from journal.terms import MarketTerms
from matching.engine import Engine

log = structlog.get_logger(__name__)


class PostgresWarmCopy:
    """Implements `matching.storage.WarmCopy`."""

    def __init__(self, session: EngineSession) -> None:
        self._session = session
        self._follower: JournalFollower | None = None
        self._seq: int | None = None

    @property
    def seq(self) -> int | None:
        return self._seq

    def follow(self) -> bool:
        """Bring the copy closer to the journal; True when nothing is left to follow, or the market is new."""
        connection = self._session.connect()
        try:
            follower = self._follower = self._follower or self._start(connection)
            is_done = follower is None or follower.step(connection)
        except Exception:
            self.forget()
            raise
        if follower is not None and (is_done or self._seq is not None):
            self._seq = follower.seq
        return is_done

    def _start(self, connection: Connection) -> JournalFollower | None:
        terms = MarketTerms.read(connection, self._session.symbol)
        connection.commit()
        return JournalFollower.start(connection, terms)

    def forget(self) -> None:
        """Drop the copy."""
        self._follower = self._seq = None

    def take(self, connection: Connection, terms: MarketTerms) -> tuple[Engine, OpenOrders, RecentOrders] | None:
        """Return the copy if it is what the last batch left, else None; it is dropped here either way.

        Needs the lock.
        """
        follower = self._follower
        self.forget()
        if follower is None:
            return None
        try:
            return follower.finish(connection, terms)
        except Exception as error:  # the stored book is there in any case
            log.error("warm_copy_refused", market=terms.symbol, error=f"{type(error).__name__}: {error}")
            connection.rollback()
            return None
