"""What is kept in memory beside a market's engine while this process has the market's lock."""

from dataclasses import dataclass, field

from journal.board import BoardState
from journal.chain import GENESIS
from journal.open_orders import OpenOrders
from journal.owed_holds import OwedHolds
from journal.recent_orders import RecentOrders
from journal.terms import MarketTerms


@dataclass(slots=True)
class WorkingSet:
    """Filled by a recovery and moved on by each batch. `terms` are None until the first recovery.

    `journal_hash` is that of the last batch, to which the next one is chained.
    """

    terms: MarketTerms | None = None
    open_orders: OpenOrders = field(default_factory=OpenOrders)
    owed: OwedHolds = field(default_factory=OwedHolds)
    recent: RecentOrders = field(default_factory=RecentOrders)
    board: BoardState = field(default_factory=BoardState)
    journal_hash: bytes = GENESIS

    @property
    def recovered_terms(self) -> MarketTerms:
        assert self.terms is not None, "Invariant: a market is recovered before it is written or shown"
        return self.terms

    def clear(self) -> None:
        """Drop what grows with the market."""
        self.open_orders = OpenOrders()
        self.owed = OwedHolds()
