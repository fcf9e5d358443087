"""The storage of one market's engine on PostgreSQL: lock, warm copy, batches and board, all on one session."""

from journal.batch_store import PostgresBatchStore
from journal.board_source import PostgresBoardSource
from journal.market_lock import PostgresLock
from journal.proceeds import PostgresProceeds
from journal.session import EngineSession
from journal.warm_copy import PostgresWarmCopy
from journal.working_set import WorkingSet


class PostgresStorage:
    """Implements `matching.storage.MarketStorage`. Without a `process_id` it deposes no other engine."""

    def __init__(self, symbol: str, process_id: str | None = None) -> None:
        self.session = EngineSession(symbol, process_id)
        self.working_set = WorkingSet()
        self.lock = PostgresLock(self.session, self.working_set)
        self.warm_copy = PostgresWarmCopy(self.session)
        self.batches = PostgresBatchStore(self.session, self.warm_copy, self.working_set)
        self.proceeds = PostgresProceeds()
        self.boards = PostgresBoardSource(self.session, self.working_set)
