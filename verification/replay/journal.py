"""The stored journal of a market, batch by batch, and its execution on an engine."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple
from uuid import UUID

from psycopg import Connection

from matching.codec import decode_commands
from matching.engine import Command, Engine, Event
from orders.models import Mismatch

PAGE_BATCHES = 50
_PAGE = """
SELECT uuid_send(id), first_seq, last_seq, state_hash, commands FROM orders_journalbatch
WHERE market_id = %s AND last_seq > %s AND last_seq <= %s ORDER BY last_seq LIMIT %s
"""
_FIRST = "SELECT first_seq FROM orders_journalbatch WHERE market_id = %s ORDER BY last_seq LIMIT 1"
_Check = Mismatch.Check


class StoredBatch(NamedTuple):
    """A row of the journal."""

    id: bytes
    first_seq: int
    last_seq: int
    state_hash: str
    commands: bytes


class JournalBrokenError(Exception):
    """The journal cannot be replayed beyond this batch; `expected` and `found` are both sides of why."""

    def __init__(
        self, check: Mismatch.Check, batch: StoredBatch, expected: dict[str, object], found: dict[str, object]
    ) -> None:
        super().__init__(f"batch {UUID(bytes=batch.id)}: expected {expected}, found {found}")
        self.check = check
        self.batch_id = UUID(bytes=batch.id)
        self.expected = expected
        self.found = found


def stored_batches(connection: Connection, *, market_id: int, after_seq: int, until_seq: int) -> Iterator[StoredBatch]:
    """Yield a market's batches of a range of sequence numbers in order, PAGE_BATCHES per query."""
    while after_seq < until_seq:
        with connection.cursor(binary=True) as cursor:
            rows = cursor.execute(_PAGE, [market_id, after_seq, until_seq, PAGE_BATCHES]).fetchall()
        if not rows:
            return
        yield from map(StoredBatch._make, rows)
        after_seq = rows[-1][2]


def journal_beginning(connection: Connection, *, market_id: int) -> int | None:
    """Return the first sequence number that the stored journal has, None when it has none. One query."""
    row = connection.execute(_FIRST, [market_id]).fetchone()
    return None if row is None else row[0]


def replay(engine: Engine, batches: Iterable[StoredBatch]) -> Iterator[tuple[StoredBatch, Command, list[Event]]]:
    """Execute batches on an engine that stands right before them; yield each command with its events.

    Raises JournalBrokenError for a gap, for what cannot be read or executed, and when a batch leaves another sequence
    number or state hash than is stored.
    """
    for batch in batches:
        if batch.first_seq != engine.seq + 1 or batch.last_seq < batch.first_seq:
            expected: dict[str, object] = {"first_seq": engine.seq + 1}
            raise JournalBrokenError(
                _Check.JOURNAL, batch, expected, {"first_seq": batch.first_seq, "last_seq": batch.last_seq}
            )
        for command in batch_commands(batch):
            yield batch, command, execute(engine, batch, command)
        check_batch(engine, batch)


def batch_commands(batch: StoredBatch) -> list[Command]:
    """Return the commands of a batch. Raises JournalBrokenError when they cannot be read."""
    try:
        return decode_commands(batch.commands)
    except Exception as error:  # anything may be in there, and so anything may be raised
        raise _broken(batch, "commands that can be read", error) from error


def execute(engine: Engine, batch: StoredBatch, command: Command) -> list[Event]:
    """Execute one command. Raises JournalBrokenError when the engine cannot."""
    try:
        return engine.execute(command)
    except Exception as error:  # as above
        raise _broken(batch, "commands that can be executed", error) from error


def check_batch(engine: Engine, batch: StoredBatch) -> None:
    """Compare the engine with what the batch says it left. Raises JournalBrokenError."""
    if engine.seq != batch.last_seq:
        raise JournalBrokenError(_Check.JOURNAL, batch, {"last_seq": engine.seq}, {"last_seq": batch.last_seq})
    state_hash = engine.state_hash_text()
    if batch.state_hash and batch.state_hash != state_hash:
        raise JournalBrokenError(_Check.STATE_HASH, batch, {"state_hash": state_hash}, {"state_hash": batch.state_hash})


def _broken(batch: StoredBatch, expected: str, error: Exception) -> JournalBrokenError:
    found: dict[str, object] = {"commands": f"{type(error).__name__}: {error}"[:300]}
    return JournalBrokenError(_Check.JOURNAL, batch, {"commands": expected}, found)
