"""The checks of one market: its journal is replayed up to now, and its open orders are compared with the book."""

from collections.abc import Callable, Container
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from base.scaling import plain
from exchange.models import Market
from matching.engine import Engine, TradingState
from orders.models import Mismatch, ReplayCheckpoint
from verification.reconciliation.holds import hold_problems
from verification.reconciliation.snapshots import rows, snapshot
from verification.replay.checkpoints import (
    Beginning,
    CheckpointError,
    beginning_from,
    checkpoint_store,
    checkpoints_of,
    genesis,
    newest_checkpoint,
)
from verification.replay.comparison import Comparison
from verification.replay.findings import Finding, Findings
from verification.replay.journal import JournalBrokenError, journal_beginning, replay, stored_batches
from verification.replay.stored_rows import MarketRows, StoredOrder, tracked
from verification.replay.tracked_orders import TrackedOrder, rebuilt_engine

COMPARED_AT_ONCE: Final = 5_000
_Check = Mismatch.Check
_STOPPING: Final = (_Check.JOURNAL, _Check.STATE_HASH, _Check.BOOK)
_SEQUENCE: Final = """
SELECT last_seq, last_price, state_hash, trading_state, price_band_ppm, reference_price, max_orders, max_stops,
    trailing_marks, edition, unfinished
FROM orders_marketsequence WHERE market_id = %s
"""
_SWITCHES: Final = """
SELECT uuid_send(user_id), (extract(epoch FROM due_at) * 1000)::bigint FROM orders_cancelafter WHERE market_id = %s
"""


@dataclass(slots=True)
class MarketResult:
    """What a run did in one market; `replayed_from` is None when nothing was replayed."""

    market: Market
    replayed_from: int | None = None
    last_seq: int = 0
    commands: int = 0
    trades: int = 0
    orders: int = 0
    open_orders: int = 0
    note: str = ""
    checkpoint: int | None = None
    _state: dict[str, Any] = field(default_factory=dict, repr=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "market": self.market.symbol,
            "replayed_from": self.replayed_from,
            "last_seq": self.last_seq,
            "commands": self.commands,
            "trades": self.trades,
            "orders": self.orders,
            "open_orders": self.open_orders,
            "note": self.note,
        }


class MarketCheck:
    """Checks one market on the run's connection. Memory: the market's open orders and some thousands of rows.

    `acknowledged` has the signatures of mismatches that staff have looked at.
    """

    def __init__(
        self,
        connection: Connection,
        market: Market,
        findings: Findings,
        progress: Callable[[int], None],
        acknowledged: Container[str] = (),
    ) -> None:
        self._acknowledged = acknowledged
        self._connection = connection
        self._market = market
        self._findings = findings
        self._progress = progress
        self._rows = MarketRows(connection, market)
        self.result = MarketResult(market)
        self._replay: _Replay | None = None

    def run(self, *, full: bool, rebase: bool = False) -> MarketResult:
        """Replay and compare. Stores a checkpoint when nothing differs but what is acknowledged.

        With `rebase` nothing is replayed: the stored orders need only make the book that the last batch left.
        """
        items_before, found_before = len(self._findings.items), self._findings.total
        self.result.last_seq = last_seq(self._connection, self._market)
        if not self.result.last_seq:
            self.result.note = "never traded"
            return self.result
        beginning = None if rebase else self._beginning(full=full)
        if beginning is not None:
            self.result.replayed_from = beginning.engine.seq
            self._replay = _Replay(self._connection, self._market, self._findings, beginning, self._progress)
            self._replay.catch_up(self.result.last_seq)  # in short transactions: it may take long
        with snapshot(self._connection):
            self._compare_with_now(checks_holds=not rebase)
        items = self._findings.items[items_before:]
        are_all_kept = self._findings.total - found_before == len(items)
        if are_all_kept and all(self._is_passed(finding) for finding in items):
            self._store_checkpoint()
        self.result._state.clear()
        return self.result

    def _is_passed(self, finding: Finding) -> bool:
        """Tell whether a replay may go on behind a finding: staff know it, and the book is what it should be."""
        return finding.check not in _STOPPING and finding.signature in self._acknowledged

    def _beginning(self, *, full: bool) -> Beginning | None:
        """Return where to begin; None when there is nothing that the stored orders could be replayed from."""
        first_seq = journal_beginning(self._connection, market_id=self._market.pk)
        newest = newest_checkpoint(self._market.pk)
        is_written_by_older_release = checkpoints_of(self._market.pk).filter(state_hash="").exists()
        if first_seq == 1 and not is_written_by_older_release and (full or newest is None):
            return genesis(self._market)
        chosen = self._oldest_usable(first_seq) if full else newest
        if chosen is None or not chosen.state_hash:
            why = "of an older release" if is_written_by_older_release else "without its beginning"
            self.result.note = f"REBASED: the journal is {why}; the stored orders were taken as they are"
            return None
        try:
            return beginning_from(chosen)
        except CheckpointError as error:
            self._add(
                _Check.JOURNAL, f"checkpoint {chosen.pk}", {"checkpoint": chosen.state_hash}, {"checkpoint": str(error)}
            )
            return None

    def _oldest_usable(self, first_seq: int | None) -> ReplayCheckpoint | None:
        """Return the oldest checkpoint from which the stored journal goes on, or the newest of all."""
        usable = checkpoints_of(self._market.pk).exclude(state_hash="").filter(seq__gte=(first_seq or 1) - 1)
        return usable.defer(None).order_by("seq", "id").first() or newest_checkpoint(self._market.pk)

    def _compare_with_now(self, *, checks_holds: bool) -> None:
        """Replay the rest up to this snapshot and compare what is open in it."""
        sequence = rows(self._connection, _SEQUENCE, [self._market.pk])[0]
        self.result.last_seq = sequence[0]
        if self._replay is not None:
            self._replay.catch_up(sequence[0])
            self._replay.finish()
            self.result.commands = self._replay.commands
            self.result.trades = self._replay.comparison.trades_compared
        stored = self._rows.open_orders()
        self.result.open_orders = len(stored)
        engine = self._book(stored, sequence)
        if self._replay is not None and not self._replay.is_broken:
            self._compare_open(self._replay, stored, sequence[0])
            self.result.orders = self._replay.comparison.orders_compared
        if checks_holds:
            self._check_holds(stored)
        self.result._state = {
            "trades_since": self._rows.end_of("orders_trade"),
            "orders_since": self._rows.end_of("orders_order"),
        }
        if self._replay is None:  # else the replay's own engine and orders are what a checkpoint is made of
            self.result._state |= {"engine": engine, "stored": stored}

    # --- the book -------------------------------------------------------------------------------------

    def _book(self, stored: list[StoredOrder], sequence: tuple[Any, ...]) -> Engine | None:
        """Rebuild the engine as recovery does and compare its hash with the last batch's."""
        try:
            engine = self._rebuilt(stored, sequence)
        except Exception as error:  # stored values that make no book may fail anywhere in it
            found = {"book": f"{type(error).__name__}: {error}"[:300]}
            self._add(_Check.BOOK, self._market.symbol, {"book": "open orders that make a book"}, found)
            return None
        found_hash, last_hash = engine.state_hash_text(), sequence[2]
        if last_hash and found_hash != last_hash:
            sides = {"state_hash": last_hash}, {"state_hash": found_hash}
            self._add(_Check.BOOK, f"{self._market.symbol} {engine.seq}", *sides)
        return engine

    def _rebuilt(self, stored: list[StoredOrder], sequence: tuple[Any, ...]) -> Engine:
        seq, last_price, _, trading_state, band_ppm, reference_price, max_orders, max_stops, *rest = sequence
        marks, edition, unfinished = rest
        scale = self._market.scale
        with self._connection.cursor(binary=True) as cursor:
            switches = cursor.execute(_SWITCHES, [self._market.pk]).fetchall()
        return rebuilt_engine(
            self._tracked(stored),
            seq=seq,
            trading_state=TradingState[trading_state.upper()],
            band_ppm=band_ppm,
            reference_price_ticks=int(reference_price / scale.tick_size),
            last_price_ticks=int(last_price / scale.tick_size),
            max_orders=max_orders,
            max_stops=max_stops,
            trailing_marks=marks,
            edition=edition,
            unfinished=unfinished,
            cancel_after={int.from_bytes(user_id): due_ms for user_id, due_ms in switches},
        )

    def _tracked(self, stored: list[StoredOrder]) -> list[TrackedOrder]:
        return [tracked(order, tick_lot_units=self._market.scale.tick_lot_units) for order in stored]

    def _compare_open(self, done: "_Replay", stored: list[StoredOrder], last_seq: int) -> None:
        """Compare what the replay left open with what is stored as open, both ways."""
        if done.engine.seq != last_seq:
            sides = {"last_seq": str(done.engine.seq)}, {"last_seq": str(last_seq)}
            self._add(_Check.JOURNAL, f"{self._market.symbol} {last_seq}", *sides)
            return
        left = dict(done.orders)
        for row in stored:
            order = left.pop(int.from_bytes(row.id), None)
            if order is not None:
                done.comparison.compare_order(order, row)
        done.comparison.compare_orders(list(left.values()))  # stored as ended, or not at all
        extra = [row.id for row in stored if int.from_bytes(row.id) not in done.orders]
        done.report_ended_before(extra)

    # --- holds ----------------------------------------------------------------------------------------

    def _check_holds(self, stored: list[StoredOrder]) -> None:
        known = self._replay.orders if self._replay is not None and not self._replay.is_broken else {}
        filled = {row.id: row.filled_lots for row in stored}  # each fill is a lot or more

        def fills_of(order_id: bytes) -> int:
            order = known.get(int.from_bytes(order_id))
            return filled[order_id] if order is None else order.fills

        scale = self._market.scale
        for order, least, most in hold_problems(stored, scale, fills_of):
            text = scale.quote if order.side == "buy" else scale.base
            needs = plain(text(most)) if least == most else f"{plain(text(least))} to {plain(text(most))}"
            sides = {"held": needs}, {"held": plain(text(order.held_units))}
            self._add(_Check.ORDER_HOLD, str(UUID(bytes=order.id)), *sides)

    def _add(self, check: Mismatch.Check, subject: str, expected: dict[str, str], found: dict[str, str]) -> None:
        self._findings.add(Finding(check, subject, expected, found, market=self._market))

    # --- checkpoints ----------------------------------------------------------------------------------

    def _store_checkpoint(self) -> None:
        state, newest = self.result._state, checkpoints_of(self._market.pk).first()
        is_rebase = self._replay is None
        if newest is not None and newest.state_hash and newest.seq == self.result.last_seq and not is_rebase:
            return
        engine = state["engine"] if self._replay is None else self._replay.engine
        orders = self._tracked(state["stored"]) if self._replay is None else list(self._replay.orders.values())
        since = {name: state[name] for name in ("trades_since", "orders_since")}
        checkpoint = checkpoint_store(market=self._market, engine=engine, orders=orders, **since, is_rebase=is_rebase)
        self.result.checkpoint = checkpoint.pk


class _Replay:
    """A replay under way, compared with what is stored as it goes."""

    def __init__(
        self,
        connection: Connection,
        market: Market,
        findings: Findings,
        beginning: Beginning,
        progress: Callable[[int], None],
    ) -> None:
        self.engine, self._tracker = beginning.engine, beginning.tracker
        since = {"trades_since": beginning.trades_since, "orders_since": beginning.orders_since}
        self.comparison = Comparison(market, MarketRows(connection, market), findings, **since)
        self.commands = 0
        self.is_broken = False
        self._connection = connection
        self._market = market
        self._findings = findings
        self._progress = progress

    @property
    def orders(self) -> dict[int, TrackedOrder]:
        """The open orders by id."""
        return self._tracker.orders

    def catch_up(self, until_seq: int) -> None:
        """Replay up to a sequence number; a journal that cannot be replayed any further is a finding and the end."""
        if self.is_broken:
            return
        tracker, seq, batch_id = self._tracker, self.engine.seq, bytes(16)
        batches = stored_batches(self._connection, market_id=self._market.pk, after_seq=seq, until_seq=until_seq)
        try:
            for batch, command, events in replay(self.engine, batches):
                batch_id = batch.id
                tracker.apply(command, events)
                self.commands += 1
                if len(tracker.ended) + len(tracker.trades) >= COMPARED_AT_ONCE:
                    self.comparison.compare(tracker)
                    self._progress(self.engine.seq - seq)
                    seq = self.engine.seq
        except JournalBrokenError as error:
            self._break(error.check, f"batch {error.batch_id}", error.expected, error.found)
        except (AssertionError, KeyError) as error:  # events that no order can have
            self._break(
                _Check.JOURNAL,
                f"batch {UUID(bytes=batch_id)}",
                {"events": "fit the orders"},
                {"events": f"{error}"[:300]},
            )
        if not self.is_broken:
            self.comparison.compare(tracker)
            self._progress(self.engine.seq - seq)

    def finish(self) -> None:
        if not self.is_broken:
            self.comparison.finish()

    def report_ended_before(self, order_ids: list[bytes]) -> None:
        """Report orders that are stored as open and ended before the part of the journal that was replayed."""
        for subject in (str(UUID(bytes=order_id)) for order_id in order_ids):
            if not self._findings.has(_Check.ORDER, subject):
                sides = {"status": "ended"}, {"status": "open"}
                self._findings.add(Finding(_Check.ORDER, subject, *sides, market=self._market))

    def _break(
        self, check: Mismatch.Check, subject: str, expected: dict[str, object], found: dict[str, object]
    ) -> None:
        self.is_broken = True
        both = _texts(expected), _texts(found)
        self._findings.add(Finding(check, subject, *both, market=self._market))


def _texts(side: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in side.items()}


def last_seq(connection: Connection, market: Market) -> int:
    """Return how far a market has come; 0 when it was never served. One query."""
    found = rows(connection, _SEQUENCE, [market.pk])
    return int(found[0][0]) if found else 0
