"""A user's ledger entries after one that is known: none that comes later has a lower number.

Numbers are given when entries are written, and transactions commit in another order. So whoever has read up to a number
could miss a lower one that was still on its way. Every transaction that writes entries has the table's lock for rows
until its end. So when those that had it have ended, what they wrote is there, and lower numbers cannot come any more.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection

from base.errors import ApiError, ErrorCode
from settlement.models import LedgerEntry
from settlement.selectors import user_accounts

__all__ = ["NewEntries", "entries_after", "last_entry_id"]

PATIENCE_S: Final = 0.5  # settlement commits within a tenth of a second
_PAUSE_S: Final = 0.005

# The range of one account is what makes the planner take the index on (account, id), and not read what others wrote.
_AFTER: Final = """
    SELECT entry.* FROM unnest(%(accounts)s::bigint[]) AS own (id)
    CROSS JOIN LATERAL (
        SELECT * FROM settlement_ledgerentry
        WHERE account_id >= own.id AND account_id <= own.id AND id > %(after)s AND id <= %(until)s
        ORDER BY account_id, id LIMIT %(limit)s
    ) AS entry
    ORDER BY entry.id LIMIT %(limit)s
"""
_LAST: Final = """
    SELECT coalesce(max(entry.id), 0) FROM unnest(%(accounts)s::bigint[]) AS own (id)
    CROSS JOIN LATERAL (
        SELECT id FROM settlement_ledgerentry WHERE account_id >= own.id AND account_id <= own.id
        ORDER BY account_id DESC, id DESC LIMIT 1
    ) AS entry
"""
_WRITERS: Final = """
    SELECT virtualtransaction FROM pg_locks
    WHERE relation = 'settlement_ledgerentry'::regclass AND mode = 'RowExclusiveLock' AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_END: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class NewEntries:
    """A page of entries, the oldest first, and the number from which the next one goes on."""

    entries: Sequence[LedgerEntry]
    has_more: bool
    last_id: int


def entries_after(*, user_id: UUID, after: int, at_most: int, asset: str | None = None) -> NewEntries:
    """Return a user's entries after a number, of one asset or of all. Two queries without any, five or more with.

    Waits up to half a second for transactions that may still add lower numbers; if that is not enough, the page is
    empty and there is more. Raises ASSET_NOT_FOUND.
    """
    seen = _read(user_accounts(user_id=user_id, asset=asset), after, _END, at_most + 1)
    if not seen:
        return NewEntries([], False, after)
    if not _writers_ended():
        return NewEntries([], True, after)
    accounts = user_accounts(user_id=user_id, asset=asset)  # anew: the first entry of an account comes with it
    found = _read(accounts, after, seen[:at_most][-1].pk, at_most + 1)
    page = found[:at_most]
    return NewEntries(page, len(found) > at_most or len(seen) > at_most, page[-1].pk)


def last_entry_id(*, user_id: UUID, asset: str | None = None) -> int:
    """Return the number of a user's newest entry, 0 without one. Waits as `entries_after` does.

    Raises ASSET_NOT_FOUND, and SERVICE_UNAVAILABLE if that is not enough.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"accounts": user_accounts(user_id=user_id, asset=asset)})
        last_id: int = cursor.fetchone()[0]
    if not _writers_ended():
        raise ApiError(ErrorCode.SERVICE_UNAVAILABLE, "Entries are being written: ask again")
    return last_id


def _read(accounts: Sequence[int], after: int, until: int, limit: int) -> list[LedgerEntry]:
    parameters: dict[str, Any] = {"accounts": accounts, "after": after, "until": until, "limit": limit}
    return list(LedgerEntry.objects.raw(_AFTER, parameters))


def _writers_ended() -> bool:
    """Wait until the transactions that write entries now have ended; return False when they take too long."""
    waited_for, give_up_at = _writers(), time.monotonic() + PATIENCE_S
    while waited_for and time.monotonic() < give_up_at:
        time.sleep(_PAUSE_S)
        waited_for &= _writers()
    return not waited_for


def _writers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS)
        return {transaction for (transaction,) in cursor.fetchall()}
