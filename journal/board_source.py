"""The board of a served market, from the engine's own session."""

from journal.session import EngineSession
from journal.working_set import WorkingSet
from matching.engine import Engine


class PostgresBoardSource:
    """Implements `matching.storage.BoardSource`."""

    def __init__(self, session: EngineSession, working_set: WorkingSet) -> None:
        self._session = session
        self._working_set = working_set

    def board(self, engine: Engine, now_ms: int, stamp: str) -> bytes:
        """Return the packed board (orders.board) as of the last batch. Queries after a recovery and once a minute."""
        connection, kept = self._session.connection, self._working_set
        assert connection is not None, "Invariant: a market is locked before it is shown"
        try:
            return kept.board.board(connection, kept.recovered_terms, engine, now_ms).packed(stamp)
        finally:
            if not connection.closed:
                connection.rollback()  # ends what was only read; does nothing if nothing was
