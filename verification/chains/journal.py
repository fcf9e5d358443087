"""The chain of a market's journal, by code that it does not share with `journal/`."""

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from exchange.models import Market
from verification.chains.links import BEGINNING, GENESIS, Known, Place, Walk

PAGE_BATCHES: Final = 50
_HEAD: Final = "SELECT last_seq, journal_hash FROM orders_marketsequence WHERE market_id = %s"
_ANCHORS: Final = "SELECT seq, hash FROM orders_journalanchor WHERE market_id = %s ORDER BY seq"
_FIRST: Final = "SELECT first_seq FROM orders_journalbatch WHERE market_id = %s ORDER BY last_seq LIMIT 1"
_BEFORE: Final = """
SELECT last_seq FROM orders_journalbatch WHERE market_id = %s AND last_seq <= %s AND hash IS NOT NULL
ORDER BY last_seq DESC LIMIT 1
"""
_PAGE: Final = """
SELECT uuid_send(id), first_seq, last_seq, state_hash, commands,
    (extract(epoch FROM created_at) * 1000000)::bigint, hash
FROM orders_journalbatch
WHERE market_id = %s AND (last_seq, id) > (%s, %s) AND last_seq <= %s ORDER BY last_seq, id LIMIT %s
"""


class ChainedBatch(NamedTuple):
    """A row of the journal, as far as its hash covers it; `hash` is None in what an older release wrote."""

    id: bytes
    first_seq: int
    last_seq: int
    state_hash: str
    commands: bytes
    created_us: int
    hash: bytes | None

    def hash_after(self, previous: bytes, market_id: int) -> bytes:
        digest = hashlib.sha256(previous + self.id)
        digest.update(b"%d %d %d %d " % (market_id, self.first_seq, self.last_seq, self.created_us))
        digest.update(self.state_hash.encode() + b"\n" + self.commands)
        return digest.digest()


def journal_walk(
    connection: Connection, market: Market, *, since: Place | None = None, kept: Known | None = None
) -> Walk:
    """Walk along a market's chain up to its head: from the beginning, or from what an earlier walk has seen.

    `kept` are hashes that are known from elsewhere. Reads the part of the journal that it walks along, page by page.
    """
    head = _head(connection, market)
    anchors = _places(connection, _ANCHORS, market)
    known = {**{place.number: place.hash for place in anchors}, **(kept or {})}
    walk = Walk(since or BEGINNING, known)
    if since is None:
        _begin(connection, market, walk, anchors)
    else:
        _check_since(connection, market, walk, since)
    for batch in _batches(connection, market, walk.place.number, head.number):
        _step(walk, market, batch)
    if walk.place != head and head.hash != GENESIS:
        walk.add(f"{market.symbol} {head.number}", _sides(head), _sides(walk.place))
    walk.check_end(f"{market.symbol} {walk.place.number}")
    return walk


def _step(walk: Walk, market: Market, batch: ChainedBatch) -> None:
    def differing() -> Iterator[tuple[str, object, object]]:
        if batch.first_seq != walk.place.number + 1:
            yield "first_seq", walk.place.number + 1, batch.first_seq
        if batch.last_seq < batch.first_seq:
            yield "last_seq", f"at least {batch.first_seq}", batch.last_seq

    expected = batch.hash_after(walk.place.hash, market.pk)
    subject = f"batch {UUID(bytes=batch.id)}"
    walk.step(subject, Place(batch.last_seq, batch.hash or b""), expected, differing())


def _begin(connection: Connection, market: Market, walk: Walk, anchors: list[Place]) -> None:
    """Find where the chain begins: at the market's first batch, or at an anchor if what was before is detached.

    The first anchor of a market that is older than the chain has no hash before it; others go on from one.
    """
    row = connection.execute(_FIRST, [market.pk]).fetchone()
    last_before = (row[0] if row else 1) - 1
    is_older = bool(anchors) and anchors[0].hash == GENESIS
    places = anchors if is_older else [BEGINNING, *anchors]
    walk.place = next((place for place in places if place.number >= last_before), places[-1])
    skipped = connection.execute(_BEFORE, [market.pk, walk.place.number]).fetchone()
    if skipped is not None:
        expected = f"one of {', '.join(str(place.number + 1) for place in places)}"
        walk.add(f"{market.symbol} {last_before + 1}", {"first_seq": expected}, {"first_seq": last_before + 1})


def _check_since(connection: Connection, market: Market, walk: Walk, since: Place) -> None:
    """Compare the batch where an earlier walk ended with what it was then."""
    query = "SELECT hash FROM orders_journalbatch WHERE market_id = %s AND last_seq = %s"
    with connection.cursor(binary=True) as cursor:
        found = [row[0] for row in cursor.execute(query, [market.pk, since.number]).fetchall()]
    if found not in ([since.hash], []):  # none: it may have been detached
        stored = ", ".join(each.hex() if each else "none" for each in found)
        walk.add(f"{market.symbol} {since.number}", {"hash": since.hash.hex()}, {"hash": stored})


def _batches(connection: Connection, market: Market, after_seq: int, until_seq: int) -> Iterator[ChainedBatch]:
    after_id = UUID(int=(1 << 128) - 1)
    while True:
        with connection.cursor(binary=True) as cursor:
            values = [market.pk, after_seq, after_id, until_seq, PAGE_BATCHES]
            rows = [ChainedBatch._make(row) for row in cursor.execute(_PAGE, values).fetchall()]
        yield from rows
        if len(rows) < PAGE_BATCHES:
            return
        after_seq, after_id = rows[-1].last_seq, UUID(bytes=rows[-1].id)


def _head(connection: Connection, market: Market) -> Place:
    with connection.cursor(binary=True) as cursor:
        row = cursor.execute(_HEAD, [market.pk]).fetchone()
    return Place(row[0], row[1] or GENESIS) if row else BEGINNING


def _places(connection: Connection, query: str, market: Market) -> list[Place]:
    with connection.cursor(binary=True) as cursor:
        return [Place._make(row) for row in cursor.execute(query.encode(), [market.pk]).fetchall()]


def _sides(place: Place) -> dict[str, object]:
    return {"last_seq": place.number, "hash": place.hash.hex()}
