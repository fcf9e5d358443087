"""An account's entries in order: statements for a period, and what a balance is made of."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max, Q, Sum

from base.scaling import EXACT, ZERO
from settlement.models import Account, LedgerEntry

PAGE_LINES = 2_000


class StatementLine(NamedTuple):
    """An entry, and the account's `available + held` after it."""

    id: int
    created_at: datetime
    kind: str
    transfer_id: UUID
    leg: int
    amount: Decimal
    reason: str
    balance: Decimal


_ENTRY_FIELDS = StatementLine._fields[:-1]
_AMOUNT = _ENTRY_FIELDS.index("amount")


@dataclass(frozen=True, slots=True)
class Statement:
    """The entries of an account from `since` on and before `until`; `last_id` is the newest there was."""

    account: Account
    since: datetime | None
    until: datetime | None
    opening: Decimal
    last_id: int


class KindTotal(NamedTuple):
    """The entries of one kind added up."""

    kind: str
    entries: int
    received: Decimal
    given: Decimal


@dataclass(frozen=True, slots=True)
class BalanceExplained:
    """What an account has, as of one moment: what it had at `since`, and what came and went from then on by kind."""

    account: Account
    since: datetime
    opening: Decimal
    kinds: list[KindTotal]

    @property
    def sum_of_entries(self) -> Decimal:
        total = self.opening
        for kind in self.kinds:
            total = EXACT.add(total, EXACT.add(kind.received, kind.given))
        return total


def statement_open(*, account: Account, since: datetime | None, until: datetime | None) -> Statement:
    """Return a statement's frame. One query, over all entries of the account before `since`."""
    before = Q(created_at__lt=since) if since else Q(pk__in=[])
    found = LedgerEntry.objects.filter(account=account).aggregate(
        opening=Sum("amount", filter=before), last_id=Max("id")
    )
    return Statement(account, since, until, found["opening"] or ZERO, found["last_id"] or 0)


def statement_pages(statement: Statement) -> Iterator[list[StatementLine]]:
    """Yield the lines, the oldest first, page by page: one query and at most 2,000 lines in memory for each.

    No transaction stays open between pages. Entries that come after the statement was opened are left out.
    """
    balance, after = statement.opening, 0
    while entries := list(_page(statement, after)):
        lines = []
        for entry in entries:
            balance = EXACT.add(balance, entry[_AMOUNT])
            lines.append(StatementLine._make((*entry, balance)))
        yield lines
        after = lines[-1].id


def _page(statement: Statement, after: int) -> Any:
    conditions: dict[str, Any] = {"account": statement.account, "id__gt": after, "id__lte": statement.last_id}
    if statement.since:
        conditions["created_at__gte"] = statement.since
    if statement.until:
        conditions["created_at__lt"] = statement.until
    return LedgerEntry.objects.filter(**conditions).order_by("id").values_list(*_ENTRY_FIELDS)[:PAGE_LINES]


# One statement is one snapshot. The outer join keeps the account that has no entries.
_EXPLAIN = """
    SELECT entry.kind, coalesce(entry.created_at >= %(since)s, true) AS recent, count(entry.id),
           coalesce(sum(entry.amount) FILTER (WHERE entry.amount > 0), 0),
           coalesce(sum(entry.amount) FILTER (WHERE entry.amount < 0), 0)
    FROM settlement_account account LEFT JOIN settlement_ledgerentry entry ON entry.account_id = account.id
    WHERE account.id = %(account_id)s
    GROUP BY entry.kind, recent
"""
_NEWEST = """
    SELECT id, created_at, kind, transfer_id, leg, amount, reason,
           (SELECT sum(amount) FROM settlement_ledgerentry WHERE account_id = %(account_id)s)
               - sum(amount) OVER (ORDER BY id DESC) + amount
    FROM settlement_ledgerentry WHERE account_id = %(account_id)s
    ORDER BY id DESC LIMIT %(limit)s
"""


def balance_explained(*, account_id: int, since: datetime) -> BalanceExplained:
    """Return what an account's balance is made of. Two queries, one over all its entries; see `one_snapshot`."""
    account = Account.objects.select_related("owner", "asset").get(id=account_id)
    with connection.cursor() as cursor:
        cursor.execute(_EXPLAIN, {"account_id": account_id, "since": since})
        rows = cursor.fetchall()
    opening = ZERO
    for _, recent, _, received, given in rows:
        opening = opening if recent else EXACT.add(opening, EXACT.add(received, given))
    kinds = sorted(KindTotal(kind, *numbers) for kind, recent, *numbers in rows if recent and kind)
    return BalanceExplained(account, since, opening, kinds)


def newest_lines(*, account_id: int, limit: int) -> list[StatementLine]:
    """Return an account's newest entries, the newest first, each with the balance after it. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"account_id": account_id, "limit": limit})
        return [StatementLine(*row) for row in cursor.fetchall()]


def one_snapshot() -> AbstractContextManager[None]:
    """Make the queries inside see one moment of the database, so that numbers of several tables fit together.

    Inside a transaction it does nothing: that one goes on as it is.
    """
    return nullcontext() if connection.in_atomic_block else _snapshot()


@contextmanager
def _snapshot() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
