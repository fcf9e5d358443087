"""The chain of a market's journal: each batch has a hash over itself and the hash of the batch before it.

Who changes, removes or inserts a batch later breaks the chain there; `verification` finds it by code of its own.
"""

from hashlib import sha256
from typing import Final

from psycopg import Connection

from journal.terms import MarketTerms

GENESIS: Final = bytes(32)
_LAST: Final = "SELECT journal_hash FROM orders_marketsequence WHERE market_id = %s"


def last_hash(connection: Connection, terms: MarketTerms) -> bytes:
    """Return the hash of a market's last batch; GENESIS before the first. One query."""
    with connection.cursor(binary=True) as cursor:
        row = cursor.execute(_LAST, [terms.market_id]).fetchone()
    return (row and row[0]) or GENESIS


def batch_hash(
    previous: bytes,
    *,
    batch_id: bytes,
    terms: MarketTerms,
    seqs: tuple[int, int],
    state_hash: str,
    now_ms: int,
    commands: bytes,
) -> bytes:
    """Return the hash of the batch after the one with the hash `previous`."""
    head = f"{terms.market_id} {seqs[0]} {seqs[1]} {now_ms * 1_000} {state_hash}\n"
    return sha256(b"".join((previous, batch_id, head.encode(), commands))).digest()
