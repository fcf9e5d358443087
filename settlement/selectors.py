"""Reading balances, entries and failures; and the checks of the ledger as a whole."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from base.errors import ApiError, ErrorCode
from exchange.models import Asset
from settlement.legs import BUYER_LEGS
from settlement.models import Account, Adjustment, FailedSettlement, LedgerEntry
from settlement.ports import TradeParties, trade_outbox
from settlement.statements import StatementLine

OVERDUE_MAX = 5_000


def user_balances(*, user_id: UUID) -> QuerySet[Account]:
    """Return a user's accounts by asset. One query."""
    return Account.objects.filter(owner_id=user_id).order_by("asset_id")


def user_accounts(*, user_id: UUID, asset: str | None = None) -> list[int]:
    """Return the ids of a user's accounts, or of the one of an asset. Raises ASSET_NOT_FOUND. One query or two."""
    accounts = Account.objects.filter(owner_id=user_id).order_by("pk")
    if asset is None:
        return list(accounts.values_list("pk", flat=True))
    code = asset.upper()
    found = list(accounts.filter(asset_id=code).values_list("pk", flat=True))
    if not found and not Asset.objects.filter(code=code).exists():
        raise ApiError(ErrorCode.ASSET_NOT_FOUND, "There is no such asset", {"asset": asset[:64]})
    return found


def entries_of(
    *,
    accounts: Sequence[int],
    at_most: int,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: str | None = None,
    before: int | None = None,
) -> QuerySet[LedgerEntry]:
    """Return the newest ledger entries of some accounts, newest first, written from `since` on and before `until`.

    Only those before the entry `before`, if it is given.
    """
    wanted = {"created_at__gte": since, "created_at__lt": until, "kind": kind, "id__lt": before}
    conditions = {name: value for name, value in wanted.items() if value is not None}
    if not accounts:
        return LedgerEntry.objects.none()
    # A limit for each account, by the index on (account, id): else everybody's newest entries are read for those few.
    first, *others = [
        LedgerEntry.objects.filter(account_id=account, **conditions).order_by("-id")[:at_most] for account in accounts
    ]
    return first.union(*others, all=True).order_by("-id")[:at_most] if others else first


def orders_of_entries(*, entries: Sequence[LedgerEntry | StatementLine], user_id: UUID) -> dict[int, UUID]:
    """Return, by entry id, the user's own order behind each entry of a trade. One query, none without such entries."""
    of_trades = [entry for entry in entries if entry.kind == LedgerEntry.Kind.TRADE]
    parties = trade_outbox().parties(trade_ids=[entry.transfer_id for entry in of_trades])
    found = ((entry.id, _own_order(entry, parties.get(entry.transfer_id), user_id)) for entry in of_trades)
    return {entry_id: order_id for entry_id, order_id in found if order_id is not None}


def _own_order(entry: LedgerEntry | StatementLine, parties: TradeParties | None, user_id: UUID) -> UUID | None:
    if parties is None:
        return None
    if entry.leg in BUYER_LEGS:
        return parties.buyer_order_id if parties.buyer_id == user_id else None
    return parties.seller_order_id if parties.seller_id == user_id else None


def overdue_retries(*, before: datetime) -> list[UUID]:
    """Return trades whose next attempt was due before a moment, the longest overdue first. One query."""
    overdue = FailedSettlement.objects.filter(state=FailedSettlement.State.RETRYING, next_attempt_at__lt=before)
    return list(overdue.order_by("next_attempt_at").values_list("trade_id", flat=True)[:OVERDUE_MAX])


def closed_trades() -> QuerySet[Adjustment, UUID]:
    """Return the trades that adjustments have closed instead of settlement. One query."""
    closing = Adjustment.objects.filter(state=Adjustment.State.APPROVED, failure__isnull=False)
    return closing.values_list("failure__trade_id", flat=True)


class Imbalance(NamedTuple):
    """A broken rule of the ledger: `subject` is an asset or an account; `expected` and `found` differ."""

    rule: str
    subject: str
    expected: Decimal
    found: Decimal


_ASSETS_NOT_ZERO = """
    SELECT 'entries of an asset sum to zero', asset_id, 0, sum(amount)
    FROM settlement_ledgerentry GROUP BY asset_id HAVING sum(amount) <> 0
"""
_ACCOUNTS_NOT_EXPLAINED = """
    SELECT 'a balance is the sum of its entries', account.id || ' ' || account.asset_id,
           coalesce(entries.total, 0), account.total
    FROM settlement_account account
    LEFT JOIN (SELECT account_id, sum(amount) AS total FROM settlement_ledgerentry GROUP BY account_id) entries
        ON entries.account_id = account.id
    WHERE account.total <> coalesce(entries.total, 0)
"""


def ledger_imbalances() -> list[Imbalance]:
    """Return where the ledger does not add up, which must be nowhere. One query over all entries."""
    with connection.cursor() as cursor:
        cursor.execute(f"{_ASSETS_NOT_ZERO} UNION ALL {_ACCOUNTS_NOT_EXPLAINED}")
        return [Imbalance(*row) for row in cursor.fetchall()]
