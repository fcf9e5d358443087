"""What the matching worker needs from storage, as five protocols; `journal` implements them on PostgreSQL.

They belong to one market and are called from one thread. The lock and the batches share a connection: if it is lost,
so are both.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from matching.engine import Command, Engine, Event
from matching.messages import Reply, Request


class Unfunded(NamedTuple):
    """What became of a request whose user has too little, but also trades that are not settled yet.

    `denial` is the answer if settlement does not bring enough.
    """

    denial: Reply


@dataclass(slots=True)
class AwaitingSettlement:
    """Requests of one user, in their order, that wait until what the user has traded is settled.

    The first is the one that is not funded; `denial` is its answer if settlement does not bring enough.
    """

    user_id: bytes
    denial: Reply
    requests: list[Request]


@dataclass(slots=True)
class BatchOutcome:
    """What a committed batch leaves to be published: answers, and messages for groups of the pub/sub layer.

    `left` are requests that the batch did not come to, in their order: they belong into the next one. `awaiting` are
    those that wait for settlement, by user.
    """

    replies: list[Reply] = field(default_factory=list)
    publications: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    trades: int = 0
    left: list[Request] = field(default_factory=list)
    awaiting: dict[bytes, AwaitingSettlement] = field(default_factory=dict)


class BatchTransaction(Protocol):
    """One open transaction; leaving its context without `commit` rolls it back."""

    batch_id: bytes
    outcome: BatchOutcome

    def reply(self, reply: Reply) -> None:
        """Take the reply of a request that ends before the engine."""

    def admit(self, request: Request) -> list[Command] | Reply | Unfunded:
        """Hold what the request needs and return its commands, or the reply that ends it here.

        Unfunded: it may be admitted when what its user has traded is settled.
        """

    def record(self, request: Request, command: Command, events: Sequence[Event]) -> None:
        """Take note of what the engine did: rows to write, funds to release, the reply."""

    def write(self, engine: Engine) -> None:
        """Write everything, and complete the outcome."""

    def commit(self) -> None:
        """Commit: after this the batch is durable."""


class MarketLock(Protocol):
    """Decides which process writes to a market."""

    @property
    def locked_ms(self) -> int:
        """When the lock was taken, by the storage's clock; 0 without it. May be read from any thread."""

    def try_lock(self) -> bool:
        """Connect if need be and try to take the market's lock; False while another engine has it."""

    def depose(self) -> str | None:
        """Take the lock from a holder that is known to be suspended; return its name, None when nothing was done.

        The lock is free a moment later, for whichever process tries first.
        """

    def close(self) -> None:
        """Give the lock back, disconnect, and drop what was kept to serve the market."""


class WarmCopy(Protocol):
    """A copy of the book that follows the active engine."""

    @property
    def seq(self) -> int | None:
        """How far the copy has come, None without one or while it is behind. May be read from any thread."""

    def follow(self) -> bool:
        """Bring the copy closer to the active engine's book; True when nothing is left to follow.

        The first call reads the whole book. Needs no lock. After an error the next call begins anew.
        """

    def forget(self) -> None:
        """Drop the copy."""


class RecoveredEngine(NamedTuple):
    """An engine as of the last committed batch; `is_warm` when it was made from the warm copy."""

    engine: Engine
    is_warm: bool


class BatchStore(Protocol):
    """Makes batches durable, and rebuilds the engine from them."""

    def recover(self) -> RecoveredEngine:
        """Return the engine as of the last committed batch. Needs the lock."""

    def begin(
        self, requests: Sequence[Request], engine: Engine, now_ms: int
    ) -> AbstractContextManager[BatchTransaction]:
        """Open the transaction of a batch."""

    def committed(self, batch_id: bytes) -> bool | None:
        """Tell whether this batch is durable: asked when a commit ended in doubt, also after others have written.

        None as long as the commit may still be under way.
        """

    def is_changed(self, engine: Engine) -> bool:
        """Tell whether a MaintenanceRequest would do something: the stored market differs from the engine's,
        settlement lets a bracket go on, or holds are owed. A query or two.
        """

    def after_commit(self, outcome: BatchOutcome) -> None:
        """Do what follows a committed batch before it is answered, and add to its outcome what is to be published.

        Never blocks for long, never raises.
        """

    def is_transient(self, error: Exception) -> bool:
        """Tell whether an error of a batch is the storage's and says nothing about the batch's requests."""


class BoardSource(Protocol):
    """Makes the board: what everybody may see of a market."""

    def board(self, engine: Engine, now_ms: int, stamp: str) -> bytes:
        """Return the board as of the last batch, under a name. A query now and then."""


class ProceedsSettlement(Protocol):
    """Brings settlement forward."""

    def settle_soon(self, user_id: bytes, patience_s: float) -> Future[None]:
        """Settle what a user has traded lately, in all markets, in a thread of its own.

        Done when nothing of it waits any more, or when so much time has passed.
        """


class MarketStorage(Protocol):
    """The storage of one market: each part of the worker takes the protocol that it needs."""

    @property
    def lock(self) -> MarketLock: ...

    @property
    def warm_copy(self) -> WarmCopy: ...

    @property
    def batches(self) -> BatchStore: ...

    @property
    def boards(self) -> BoardSource: ...

    @property
    def proceeds(self) -> ProceedsSettlement: ...
