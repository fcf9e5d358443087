"""Money that no order needs goes back to the wallet.

What is available here is entered as released first, so that no order can hold it any more, and then sent until the
wallet confirms. What orders on their way count on stays, and what brackets wait for.

Locks: the users' accounts, all of one transaction at once.
"""

from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from base.ids import uuid7
from base.scaling import ZERO
from settlement.accounts import Change, accounts_change, accounts_lock
from settlement.ledger import Entry, entries_write
from settlement.legs import AccountKey
from settlement.models import Account, LedgerEntry, WalletRelease
from settlement.ports import Reserving, awaited_funds
from settlement.wallet.availability import free_amounts

ACCOUNTS_MAX = 100
_State = WalletRelease.State
_WITH_MONEY = """
SELECT owner_id, asset_id, id FROM settlement_account
WHERE kind = 'user' AND available > 0 AND id > %s ORDER BY id LIMIT %s
"""


def accounts_with_money(*, after: int, limit: int = ACCOUNTS_MAX) -> list[tuple[AccountKey, int]]:
    """Return users' accounts with something available, by id, after an id. One query, in the order of the key.

    Reads past all accounts without: with a remote wallet that is nearly all of them, some 0.1 s for a million.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WITH_MONEY, [after, limit])
        return [(AccountKey(owner_id, asset), account_id) for owner_id, asset, account_id in cursor.fetchall()]


@transaction.atomic(durable=True)
def releases_begin(*, accounts: list[AccountKey]) -> list[WalletRelease]:
    """Enter as released what is free on these users' accounts; return what is to be sent. Locks the accounts."""
    house = {AccountKey(None, account.asset, Account.Kind.EXTERNAL.value) for account in accounts}
    ids = accounts_lock([*accounts, *house])
    free = free_amounts([ids[account] for account in accounts])
    awaited = awaited_funds().awaited(user_ids={account.owner_id for account in accounts if account.owner_id})
    releases, amounts = list[WalletRelease](), dict[AccountKey, Decimal]()
    now = timezone.now()
    for account in accounts:
        amount = free[ids[account]]
        if amount <= 0 or account[:2] in awaited:
            continue
        assert account.owner_id is not None, "Invariant: only users' money is released"
        releases.append(
            WalletRelease(
                id=uuid7(),
                user_id=account.owner_id,
                asset_id=account.asset,
                amount=amount,
                state=_State.SENDING,
                updated_at=now,
            )
        )
        outside = AccountKey(None, account.asset, Account.Kind.EXTERNAL.value)
        amounts[account] = -amount
        amounts[outside] = amounts.get(outside, ZERO) + amount
    if releases:
        WalletRelease.objects.bulk_create(releases)
        entries_write(entry for release in releases for entry in _entries(release, ids))
        accounts_change({key: Change(amount, ZERO) for key, amount in amounts.items()}, ids)
    return releases


def _entries(release: WalletRelease, ids: dict[AccountKey, int]) -> list[Entry]:
    kind, asset = LedgerEntry.Kind.RELEASE.value, release.asset_id
    user, outside = AccountKey(release.user_id, asset), AccountKey(None, asset, Account.Kind.EXTERNAL.value)
    return [
        Entry(release.pk, 1, ids[user], asset, -release.amount, kind),
        Entry(release.pk, 2, ids[outside], asset, release.amount, kind),
    ]


def release_finish(*, release: WalletRelease, reserving: Reserving) -> None:
    """Have the wallet confirm a release, and note that it has. Safe to repeat. Raises what the call raises."""
    user_id: UUID = release.user_id
    reserving.release(key=release.pk, user_id=user_id, asset=release.asset_id, amount=release.amount)
    sending = WalletRelease.objects.filter(pk=release.pk, state=_State.SENDING)
    sending.update(state=_State.RELEASED, error="", updated_at=timezone.now())
