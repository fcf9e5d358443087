"""One market's engine and its batches, in one thread: recover, then batch after batch; on a failure, recover again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from base.times import wall_clock_ms
from matching import metrics
from matching.engine import Engine
from matching.memory import keep_what_is_there, let_go
from matching.messages import MaintenanceRequest, Reply, Request, not_executed
from matching.storage import AwaitingSettlement, BatchOutcome, BatchTransaction, MarketStorage, Unfunded
from matching.throughput import Throughput, ThroughputMeter
from matching.timing import GRACE_MS

log = structlog.get_logger(__name__)

EVENTS_MAX = 5_000  # after that a batch begins no more requests: what it writes takes some 0.05 ms an event
SHORTEST_PAUSE_S = 0.01
BRACKET_PAUSE_S = 0.05  # settlement takes about this long, and the exits of a bracket wait for it
BRACKET_EAGER_MS = 5_000  # after that, settlement waits for staff


class BatchFailedError(Exception):
    """A batch was not committed, or nobody knows yet (`in_doubt`); the engine must recover before it goes on.

    `is_transient` when storage failed, and not what the batch asked for.
    """

    def __init__(self, message: str, *, in_doubt: bool, is_transient: bool) -> None:
        super().__init__(message)
        self.in_doubt = in_doubt
        self.is_transient = is_transient


class BatchLateError(Exception):
    """A batch was ready to be committed only after its callers had given up."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recovery found. `since_ms` is when the lock was taken; `is_warm` when the book was there already."""

    open_orders: int
    seq: int
    state_hash: str
    seconds: float
    since_ms: int
    is_warm: bool


@dataclass(slots=True)
class _InDoubt:
    """A batch whose commit was sent and never answered."""

    batch_id: bytes
    outcome: BatchOutcome
    left: Sequence[Request]


class MarketProcessor:
    """Executes the requests of one market. Not thread-safe: one thread calls everything."""

    def __init__(self, storage: MarketStorage, symbol: str, clock: Callable[[], int] = wall_clock_ms) -> None:
        self.symbol = symbol
        self._lock = storage.lock
        self._batches = storage.batches
        self._boards = storage.boards
        self._clock = clock
        self._engine: Engine | None = None
        self._in_doubt: _InDoubt | None = None
        self.committed_state = (0, "")  # sequence number and state hash after the last batch, for the heartbeat
        self._armed: frozenset[int] = frozenset()  # brackets that waited for settlement when last looked at
        self._armed_ms = 0
        self._meter = ThroughputMeter()

    @property
    def seq(self) -> int:
        return self._engine.seq if self._engine else 0

    @property
    def open_orders(self) -> int:
        """How many orders are open and waiting. May be read from any thread."""
        engine = self._engine
        return engine.open_order_count if engine else 0

    def throughput(self) -> Throughput:
        """Return how fast batches are committed now. From any thread."""
        return self._meter.measured()

    def try_recover(self) -> Recovered | None:
        """Take the lock and rebuild the engine; None while another engine has the lock. Raises what storage raises."""
        if not self._lock.try_lock():
            return None
        started = time.perf_counter()
        engine, is_warm = self._batches.recover()
        self._engine = engine
        self.committed_state = _state_of(engine)
        if not is_warm:
            keep_what_is_there()
        return Recovered(
            open_orders=engine.open_order_count,
            seq=engine.seq,
            state_hash=engine.state_hash_text(),
            seconds=time.perf_counter() - started,
            since_ms=self._lock.locked_ms,
            is_warm=is_warm,
        )

    def resolve_doubt(self) -> BatchOutcome | None:
        """Return the outcome of the batch whose commit was in doubt; None without one, or when it is too early to tell.

        If it was committed its answers are true, even if others have written since. Otherwise nothing of it is stored.
        """
        doubt = self._in_doubt
        if doubt is None or (is_committed := self._batches.committed(doubt.batch_id)) is None:
            return None
        self._in_doubt = None
        left = [not_executed(request.correlation) for request in doubt.left]
        if is_committed:
            doubt.outcome.replies.extend(left)
            return doubt.outcome
        return BatchOutcome([*(not_executed(reply.correlation) for reply in doubt.outcome.replies), *left])

    def process(self, requests: Sequence[Request]) -> BatchOutcome:
        """Execute requests as one durable batch. Raises BatchFailedError; then recovery must come before the next."""
        engine = self._engine
        assert engine is not None, "Invariant: a market is recovered before it is served"
        now_ms = self._clock()
        due = [request for request in requests if request.deadline_ms >= now_ms]
        if _is_due(engine, now_ms):  # nothing is filled after its time is over, as far as one command may end it
            due = [MaintenanceRequest(), *(request for request in due if not isinstance(request, MaintenanceRequest))]
        late = [not_executed(r.correlation, "TIMEOUT") for r in requests if r.deadline_ms < now_ms]
        started = time.perf_counter()
        try:
            outcome = self._commit(engine, due, now_ms) if due else BatchOutcome()
        except Exception as error:
            self._let_go()
            raise BatchFailedError(
                f"{type(error).__name__}: {error}",
                in_doubt=self._in_doubt is not None,
                is_transient=isinstance(error, BatchLateError) or self._batches.is_transient(error),
            ) from error
        took_s = time.perf_counter() - started
        done = len(due) - len(outcome.left)
        metrics.observe_batch(self.symbol, done, took_s, engine.seq)
        self._meter.add(done, took_s)
        self._batches.after_commit(outcome)
        outcome.replies.extend(late)
        return outcome

    def _commit(self, engine: Engine, requests: Sequence[Request], now_ms: int) -> BatchOutcome:
        with self._batches.begin(requests, engine, now_ms) as batch:
            done = self._execute_some(engine, batch, requests)
            batch.write(engine)
            self._require_in_time(requests[:done])
            unanswered = [each for awaiting in batch.outcome.awaiting.values() for each in awaiting.requests]
            self._in_doubt = _InDoubt(batch.batch_id, batch.outcome, [*unanswered, *requests[done:]])
            batch.commit()
            self._in_doubt = None
            self.committed_state = _state_of(engine)
            batch.outcome.left.extend(requests[done:])
            return batch.outcome

    def _execute_some(self, engine: Engine, batch: BatchTransaction, requests: Sequence[Request]) -> int:
        """Execute requests, at least one, until the batch has enough to write; return how many."""
        enough, awaiting = engine.seq + EVENTS_MAX, batch.outcome.awaiting
        for done, request in enumerate(requests, start=1):
            if awaiting and not isinstance(request, MaintenanceRequest) and request.user_id in awaiting:
                awaiting[request.user_id].requests.append(request)  # each user's requests keep their order
            else:
                self._execute(engine, batch, request)
            if engine.seq >= enough:
                return done
        return len(requests)

    def _require_in_time(self, requests: Sequence[Request]) -> None:
        """Refuse to commit after the callers have given up: this process may have been suspended."""
        late_ms = self._clock() - min(request.deadline_ms for request in requests)
        if late_ms > GRACE_MS:
            raise BatchLateError(f"{late_ms} ms after the deadline of one of its requests")

    def _execute(self, engine: Engine, batch: BatchTransaction, request: Request) -> None:
        admitted = batch.admit(request)
        if isinstance(admitted, Reply):
            batch.reply(admitted)
            return
        if isinstance(admitted, Unfunded):
            assert not isinstance(request, MaintenanceRequest), "Invariant: maintenance holds nothing"
            awaiting = AwaitingSettlement(request.user_id, admitted.denial, [request])
            batch.outcome.awaiting[request.user_id] = awaiting
            return
        for command in admitted:
            batch.record(request, command, engine.execute(command))

    def needs_maintenance(self) -> bool:
        """Tell whether something is due, changed or settled. A query or two; raises what storage raises."""
        engine = self._engine
        return engine is not None and (_is_due(engine, self._clock()) or self._batches.is_changed(engine))

    def pause_s(self, longest_s: float) -> float:
        """Return how long `needs_maintenance` can wait: until something is due, briefly with a bracket armed."""
        engine, now_ms = self._engine, self._clock()
        if engine is None:
            return longest_s
        armed = frozenset(engine.armed_brackets())
        if armed != self._armed:
            self._armed, self._armed_ms = armed, now_ms
        if armed and now_ms - self._armed_ms < BRACKET_EAGER_MS:
            return min(longest_s, BRACKET_PAUSE_S)
        due_ms = engine.next_due_ms
        until_s = longest_s if due_ms is None else (due_ms - now_ms) / 1000
        return min(longest_s, max(SHORTEST_PAUSE_S, until_s))

    @property
    def stamp(self) -> str:
        """Name what the board shows now; the name changes with each event and each minute. From any thread."""
        return f"{self.seq}-{self._clock() // 60_000}"

    def board(self) -> tuple[str, bytes, float]:
        """Return the stamp, the board, and when by the monotonic clock it was right. Raises what storage raises."""
        engine = self._engine
        assert engine is not None, "Invariant: a market that is not served has no board"
        stamp, made = self.stamp, time.monotonic()
        return stamp, self._boards.board(engine, self._clock(), stamp), made

    def close(self) -> None:
        """Give the lock back."""
        self._let_go()
        self._lock.close()

    def _let_go(self) -> None:
        let_go(self.open_orders)
        self._engine = None


def _state_of(engine: Engine) -> tuple[int, str]:
    return engine.seq, engine.state_hash_text()


def _is_due(engine: Engine, now_ms: int) -> bool:
    due_ms = engine.next_due_ms
    return due_ms is not None and due_ms <= now_ms
