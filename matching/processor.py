"""One market's engine and journal, in one thread: recover, then batch after batch; on any failure, recover again."""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from matching import metrics
from matching.engine import Engine
from matching.journal import BatchOutcome, BatchTransaction, Journal
from matching.messages import Correlation, Reply, ReplyStatus, Request

log = structlog.get_logger(__name__)


class BatchFailedError(Exception):
    """A batch was not committed, or nobody knows yet (`in_doubt`); the engine must recover before it goes on."""

    def __init__(self, message: str, *, in_doubt: bool) -> None:
        super().__init__(message)
        self.in_doubt = in_doubt


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery found."""

    open_orders: int
    seq: int
    state_hash: str
    seconds: float


@dataclass(slots=True)
class _InDoubt:
    """A batch whose commit was sent and never answered."""

    batch_id: bytes
    outcome: BatchOutcome


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


class MarketProcessor:
    """Executes the requests of one market. Not thread-safe: one thread calls everything."""

    def __init__(self, journal: Journal, symbol: str, clock: Callable[[], int] = wall_clock_ms) -> None:
        self.symbol = symbol
        self._journal = journal
        self._clock = clock
        self._engine: Engine | None = None
        self._in_doubt: _InDoubt | None = None

    @property
    def seq(self) -> int:
        return self._engine.seq if self._engine else 0

    def try_recover(self) -> Recovered | None:
        """Take the lock and rebuild the engine; None while another engine has the lock. Raises what storage raises."""
        if not self._journal.try_lock():
            return None
        started = time.perf_counter()
        engine = self._journal.recover()
        self._engine = engine
        _keep_from_garbage_collector()
        return Recovered(
            engine.open_order_count,
            engine.seq,
            f"{engine.state_hash():016x}",
            time.perf_counter() - started,
        )

    def resolve_doubt(self) -> BatchOutcome | None:
        """Return the outcome of the batch whose commit was in doubt, now that recovery knows; None without one.

        It was committed if it is the last one stored; then its answers are true. Otherwise nothing of it is stored.
        """
        doubt, self._in_doubt = self._in_doubt, None
        if doubt is None:
            return None
        if self._journal.committed(doubt.batch_id):
            return doubt.outcome
        return BatchOutcome([not_executed(reply.correlation) for reply in doubt.outcome.replies])

    def process(self, requests: Sequence[Request]) -> BatchOutcome:
        """Execute requests as one durable batch. Raises BatchFailedError; then recovery must come before the next."""
        engine = self._engine
        assert engine is not None, "Invariant: a market is recovered before it is served"
        now_ms = self._clock()
        due = [request for request in requests if request.deadline_ms >= now_ms]
        late = [not_executed(r.correlation, "TIMEOUT") for r in requests if r.deadline_ms < now_ms]
        started = time.perf_counter()
        try:
            outcome = self._commit(engine, due, now_ms) if due else BatchOutcome()
        except Exception as error:
            self._engine = None
            doubt = self._in_doubt is not None
            raise BatchFailedError(f"{type(error).__name__}: {error}", in_doubt=doubt) from error
        metrics.observe_batch(self.symbol, len(due), time.perf_counter() - started, engine.seq)
        self._journal.after_commit(outcome)
        outcome.replies.extend(late)
        return outcome

    def _commit(self, engine: Engine, requests: Sequence[Request], now_ms: int) -> BatchOutcome:
        with self._journal.begin(requests, engine, now_ms) as batch:
            for request in requests:
                self._execute(engine, batch, request)
            batch.write(engine)
            self._in_doubt = _InDoubt(batch.batch_id, batch.outcome)
            batch.commit()
            self._in_doubt = None
            return batch.outcome

    def _execute(self, engine: Engine, batch: BatchTransaction, request: Request) -> None:
        admitted = batch.admit(request)
        if isinstance(admitted, Reply):
            batch.reply(admitted)
            return
        for command in admitted:
            batch.record(request, command, engine.execute(command))

    def is_changed(self) -> bool:
        """Tell whether staff changed the market since the engine last looked. One query; raises what storage raises."""
        return self._engine is not None and self._journal.is_changed(self._engine)

    def close(self) -> None:
        """Give the lock back."""
        self._engine = None
        self._journal.close()


def _keep_from_garbage_collector() -> None:
    """Leave the book, which lives long, out of every collection; let go of one that a failure threw away."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def not_executed(correlation: Correlation, code: str = "ENGINE_UNAVAILABLE") -> Reply:
    """Return the reply to a request of which nothing is stored and nothing will be."""
    return Reply(correlation, ReplyStatus.NOT_EXECUTED, code)
