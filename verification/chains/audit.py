"""The chain of the audit trail, whose links the database makes; here they are computed by other code."""

import hashlib
from collections.abc import Iterator
from typing import Any, Final

from psycopg import Connection

from verification.chains.links import BEGINNING, Known, Place, Walk

PAGE_LINKS: Final = 1_000
STRAYS_SHOWN: Final = 100
_PAGE: Final = """
SELECT link.number, link.entry_id, link.hash, entry.id::text,
    (extract(epoch FROM entry.created_at) * 1000000)::bigint::text, coalesce(entry.actor_id::text, ''),
    entry.action, entry.target_type, entry.target_id, entry.old::text, entry.new::text, entry.note
FROM exchange_auditlink link LEFT JOIN exchange_auditentry entry ON entry.id = link.entry_id
WHERE number > %s ORDER BY number LIMIT %s
"""
# One statement sees one moment: an entry is there together with its link, or with its place among those that wait.
_STRAYS: Final = """
SELECT id FROM exchange_auditentry entry WHERE id > %s
    AND NOT EXISTS (SELECT FROM exchange_auditlink WHERE entry_id = entry.id)
    AND NOT EXISTS (SELECT FROM exchange_auditwaiting WHERE entry_id = entry.id)
ORDER BY id LIMIT %s
"""
_LOST: Final = """
SELECT entry_id FROM exchange_auditwaiting waiting
WHERE NOT EXISTS (SELECT FROM exchange_auditentry WHERE id = waiting.entry_id) ORDER BY 1 LIMIT %s
"""
_AT: Final = "SELECT hash, entry_id FROM exchange_auditlink WHERE number = %s"


def audit_walk(connection: Connection, *, since: Place | None = None, kept: Known | None = None) -> Walk:
    """Walk along the chain to its end: from the beginning, or from what an earlier walk has seen.

    `kept` are hashes that are known from elsewhere. Entries that are in no chain are found as well.
    """
    walk = Walk(since or BEGINNING, kept or {})
    first_entry = _check_since(connection, walk, since) if since and since.number else 0
    while rows := connection.execute(_PAGE, [walk.place.number, PAGE_LINKS], binary=True).fetchall():
        for row in rows:
            _step(walk, *row)
    _check_strays(connection, walk, first_entry)
    walk.check_end(f"link {walk.place.number}")
    return walk


def _step(walk: Walk, number: int, entry_id: int, stored: bytes, *fields: str | None) -> None:
    def differing() -> Iterator[tuple[str, object, object]]:
        if number != walk.place.number + 1:
            yield "number", walk.place.number + 1, number
        if fields[0] is None:
            yield "entry", entry_id, "gone"

    text = b"".join(b"%d:%s" % (len(each), each) for each in _encoded(number, fields))
    expected = hashlib.sha256(walk.place.hash + text).digest() if fields[0] is not None else stored
    walk.step(f"entry {entry_id}", Place(number, stored), expected, differing())


def _encoded(number: int, fields: tuple[Any, ...]) -> list[bytes]:
    return [str(each).encode() for each in (number, *fields)]


def _check_since(connection: Connection, walk: Walk, since: Place) -> int:
    """Compare the link where an earlier walk ended with what it was then; return its entry."""
    row = connection.execute(_AT, [since.number], binary=True).fetchone()
    if row is None or row[0] != since.hash:
        found = row[0].hex() if row else "gone"
        walk.add(f"link {since.number}", {"hash": since.hash.hex()}, {"hash": found})
    return row[1] if row else 0


def _check_strays(connection: Connection, walk: Walk, after_id: int) -> None:
    for (entry_id,) in connection.execute(_STRAYS, [after_id, STRAYS_SHOWN]).fetchall():
        walk.add(f"entry {entry_id}", {"link": "one in the chain"}, {"link": "none"})
    for (entry_id,) in connection.execute(_LOST, [STRAYS_SHOWN]).fetchall():
        walk.add(f"entry {entry_id}", {"entry": "waits for its link"}, {"entry": "gone"})
