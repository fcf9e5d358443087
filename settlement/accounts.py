"""Accounts by set-based SQL: make, lock, change. The one place of settlement that locks balances.

Lock order, for every transaction of the exchange that changes balances: first users' accounts in ascending account id,
in one statement; then the house's accounts (fees, outside world) in ascending account id, by the UPDATE that comes
last before the commit. Everybody's trades meet on the fee account, so it is held for nothing but that commit.

Calls run in the caller's transaction on Django's default connection.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from base.scaling import plain
from exchange.selectors import asset_decimals
from exchange.streams import BALANCES_GROUP, publish
from settlement.legs import AccountKey

_ADD_MISSING_USERS = """
    INSERT INTO settlement_account (kind, owner_id, asset_id, available, held)
    SELECT 'user', wanted.owner_id, wanted.asset_id, 0, 0
    FROM unnest(%s::uuid[], %s::varchar[]) AS wanted (owner_id, asset_id)
    WHERE NOT EXISTS (SELECT FROM settlement_account WHERE (owner_id, asset_id) = (wanted.owner_id, wanted.asset_id))
    ORDER BY wanted.owner_id, wanted.asset_id
    ON CONFLICT DO NOTHING
"""
_ADD_MISSING_HOUSE = """
    INSERT INTO settlement_account (kind, asset_id, available, held)
    SELECT wanted.kind, wanted.asset_id, 0, 0
    FROM unnest(%s::varchar[], %s::varchar[]) AS wanted (kind, asset_id)
    WHERE NOT EXISTS (
        SELECT FROM settlement_account WHERE owner_id IS NULL AND (kind, asset_id) = (wanted.kind, wanted.asset_id)
    )
    ORDER BY wanted.kind, wanted.asset_id
    ON CONFLICT DO NOTHING
"""
_FIND_USERS = """
    SELECT wanted.position, account.id
    FROM unnest(%s::uuid[], %s::varchar[]) WITH ORDINALITY AS wanted (owner_id, asset_id, position)
    JOIN settlement_account account USING (owner_id, asset_id)
"""
_LOCK = "SELECT FROM settlement_account WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_FIND_HOUSE = """
    SELECT wanted.position, account.id
    FROM unnest(%s::varchar[], %s::varchar[]) WITH ORDINALITY AS wanted (kind, asset_id, position)
    JOIN settlement_account account USING (kind, asset_id)
    WHERE account.owner_id IS NULL
"""
_CHANGE = """
    UPDATE settlement_account account
    SET available = account.available + change.available, held = account.held + change.held
    FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[]) AS change (id, available, held)
    WHERE account.id = change.id
"""
_CHANGED_BALANCES = """
    RETURNING account.owner_id, account.asset_id, account.available, account.held
"""


class Change(NamedTuple):
    available: Decimal
    held: Decimal


def accounts_lock(keys: Collection[AccountKey]) -> dict[AccountKey, int]:
    """Return the account id of each key, the users' accounts locked in ascending id. Five queries.

    Call it once per transaction: a second call would lock out of order.
    """
    ids = accounts_find(keys)
    _lock(sorted(account_id for key, account_id in ids.items() if key.owner_id is not None))
    return ids


def accounts_find(keys: Collection[AccountKey]) -> dict[AccountKey, int]:
    """Return the account id of each key and make missing accounts; four queries. Locks nothing."""
    users = sorted(key for key in keys if key.owner_id is not None)
    house = sorted((key for key in keys if key.owner_id is None), key=lambda key: (key.kind, key.asset))
    ids: dict[AccountKey, int] = {}
    with connection.cursor() as cursor:
        by_house: list[Any] = [[key.kind for key in house], [key.asset for key in house]]
        cursor.execute(_ADD_MISSING_HOUSE, by_house)
        cursor.execute(_FIND_HOUSE, by_house)
        ids.update((house[position - 1], account_id) for position, account_id in cursor.fetchall())
        by_user: list[Any] = [[key.owner_id for key in users], [key.asset for key in users]]
        cursor.execute(_ADD_MISSING_USERS, by_user)
        cursor.execute(_FIND_USERS, by_user)
        ids.update((users[position - 1], account_id) for position, account_id in cursor.fetchall())
    assert len(ids) == len(keys), "Invariant: every key has one account"
    return ids


def accounts_change(changes: Mapping[AccountKey, Change], ids: Mapping[AccountKey, int]) -> None:
    """Lock the accounts in ascending id and add the changes, the house's last. Publishes users' balances on commit.

    Comes last in a transaction: engines and other settlers wait for these rows. Three queries or four.
    """
    users = sorted((ids[key], change) for key, change in changes.items() if key.owner_id is not None)
    house = sorted((ids[key], change) for key, change in changes.items() if key.owner_id is None)
    with connection.cursor() as cursor:
        if users:
            _lock([account_id for account_id, _ in users])
            cursor.execute(_CHANGE + _CHANGED_BALANCES, _columns(users))
            balances = cursor.fetchall()
            assert len(balances) == len(users), "Invariant: every user's account was changed"
            transaction.on_commit(lambda: _publish(balances))
        for row in house:  # one or two, one statement each so that they are locked in this order
            cursor.execute(_CHANGE, _columns([row]))
            assert cursor.rowcount == 1, "Invariant: the house's account was changed"


def _lock(account_ids: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [account_ids])


def _columns(rows: list[tuple[int, Change]]) -> list[Any]:
    return [
        [account_id for account_id, _ in rows],
        [change.available for _, change in rows],
        [change.held for _, change in rows],
    ]


def _publish(balances: list[tuple[UUID, str, Decimal, Decimal]]) -> None:
    rows = [
        [owner_id.bytes, asset, *(plain(amount, asset_decimals(asset)) for amount in amounts)]
        for owner_id, asset, *amounts in balances
    ]
    publish(BALANCES_GROUP, {"type": "balances.changed", "balances": rows})
