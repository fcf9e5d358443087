"""A market's lock: an advisory lock of the very session that writes the market's batches."""

from psycopg import Connection

from base.advisory_locks import MarketLock
from journal.deposition import depose
from journal.session import EngineSession
from journal.terms import MarketTerms
from journal.working_set import WorkingSet

_TRY_LOCK = "SELECT pg_try_advisory_lock(%s, %s), (extract(epoch FROM clock_timestamp()) * 1000)::bigint"


class PostgresLock:
    """Implements `matching.storage.MarketLock`."""

    def __init__(self, session: EngineSession, working_set: WorkingSet) -> None:
        self._session = session
        self._working_set = working_set
        self._market_id: int | None = None

    @property
    def locked_ms(self) -> int:
        return self._session.locked_ms

    def try_lock(self) -> bool:
        """Connect if need be and try to take the market's lock; False while another engine has it."""
        connection = self._session.connect()
        if self._session.locked_ms:
            return True
        row = connection.execute(_TRY_LOCK, self._key(connection)).fetchone()
        connection.commit()
        assert row is not None, "Invariant: the database answers"
        is_locked, now_ms = row
        self._session.locked_ms = now_ms if is_locked else 0
        return bool(is_locked)

    def depose(self) -> str | None:
        """End the session that has the lock if its process is suspended; return its name, None when nothing was done.

        See `journal.deposition` for when that is. One query.
        """
        if self._session.process_id is None:
            return None
        connection = self._session.connect()
        deposed = depose(connection, self._key(connection), self._session.process_id)
        connection.commit()
        return deposed

    def close(self) -> None:
        """Give the lock back, disconnect, and drop the working set. The warm copy stays."""
        self._session.close()
        self._working_set.clear()

    def _key(self, connection: Connection) -> tuple[int, int]:
        if self._market_id is None:
            self._market_id = MarketTerms.read(connection, self._session.symbol).market_id
        return MarketLock.ENGINE, self._market_id
