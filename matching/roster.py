"""What the engine processes tell each other, as a protocol; `operations` implements it over the database.

The roster helps to share markets, to keep one warm standby for each, and to find an engine that is suspended. It
does not decide which process may write: the market's lock does.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from matching.throughput import Throughput


class Role(StrEnum):
    """What a process is for a market."""

    ACTIVE = "active"  # has the lock and serves
    RECOVERING = "recovering"  # has the lock and reads the book
    WARM = "warm"  # waits for the lock with a book that follows the journal
    COLD = "cold"  # waits for the lock


HOLDERS = (Role.ACTIVE, Role.RECOVERING)


class MarketReport(NamedTuple):
    """One market as a process sees itself; `heir` is the process that it hands the market over to.

    The process that serves the market adds its throughput and how many orders are open; neither decides anything.
    """

    symbol: str
    role: Role
    since_ms: int
    seq: int
    heir: str = ""
    throughput: Throughput | None = None
    open_orders: int = 0


class Peer(NamedTuple):
    """A live engine process; `listed` are the markets it was started for, None when it shares all of them."""

    id: str
    listed: frozenset[str] | None
    markets: Mapping[str, MarketReport]

    def role(self, symbol: str) -> Role | None:
        report = self.markets.get(symbol)
        return report.role if report else None

    def may_serve(self, symbol: str) -> bool:
        return self.listed is None or symbol in self.listed


class Roster(Protocol):
    """Its calls block and are made from one thread."""

    process_id: str

    def beat(self, reports: Sequence[MarketReport]) -> list[Peer]:
        """Say that this process lives and what it does; return all that live, itself included. Raises what storage
        raises.
        """

    def leave(self) -> None:
        """Say that this process is ending, and disconnect. Never raises."""
