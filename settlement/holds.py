"""Holds of the matching journal's hot path: the balances of one batch, locked, in memory, written once.

It runs on the engine's own connection, so on psycopg and not on the ORM. Amounts are whole units of 10^-decimals of
their asset; the conversion is done by PostgreSQL, whose NUMERIC never rounds.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from psycopg import Cursor

from base.sql import array_literal

__all__ = ["Holdings"]

Key = tuple[bytes, str]

# Arrays travel as one text each: for hundreds of elements several times faster than a list of parameters.
# Never prepared: a plan made while the table was small would stay for the session.
# NO KEY UPDATE is the lock that the UPDATE takes anyway; it lets foreign key checks of other transactions pass.
_LOCK = """
    SELECT wanted.position, account.id,
           trim_scale(account.available * wanted.scale)::text, trim_scale(account.held * wanted.scale)::text
    FROM unnest(%s::uuid[], %s::varchar[], %s::numeric[])
         WITH ORDINALITY AS wanted (owner_id, asset_id, scale, position)
    JOIN settlement_account account USING (owner_id, asset_id)
    ORDER BY account.id
    FOR NO KEY UPDATE OF account
"""
_FLUSH = """
    UPDATE settlement_account account
    SET available = changed.available, held = changed.held
    FROM unnest(%s::bigint[], %s::numeric[], %s::numeric[]) AS changed (id, available, held)
    WHERE account.id = changed.id
"""


class _Balance:
    __slots__ = ("account_id", "available", "decimals", "held")

    def __init__(self, account_id: int, available: int, held: int, decimals: int) -> None:
        self.account_id = account_id
        self.available = available
        self.held = held
        self.decimals = decimals


class Holdings:
    """Balances of one batch, locked until its transaction ends. Every method but `lock` and `flush` is O(1)."""

    __slots__ = ("_balances", "_changed")

    def __init__(self, balances: dict[Key, _Balance]) -> None:
        self._balances = balances
        self._changed: dict[Key, _Balance] = {}

    @classmethod
    def lock(cls, cursor: Cursor[Any], keys: Iterable[Key], decimals: Mapping[str, int]) -> "Holdings":
        """Lock the accounts of (user id as 16 bytes, asset code) in ascending account id and read them; one query.

        Call it once per transaction, as late as possible. A key without an account counts as a balance of zero.
        """
        wanted = list(dict.fromkeys(keys))
        if not wanted:
            return cls({})
        owners = array_literal(user_id.hex() for user_id, _ in wanted)
        assets = array_literal(asset for _, asset in wanted)
        scales = array_literal(f"1e{decimals[asset]}" for _, asset in wanted)
        cursor.execute(_LOCK, (owners, assets, scales), prepare=False)
        balances: dict[Key, _Balance] = {}
        for position, account_id, available, held in cursor.fetchall():
            key = wanted[position - 1]
            balances[key] = _Balance(account_id, int(available), int(held), decimals[key[1]])
        return cls(balances)

    def available(self, user_id: bytes, asset: str) -> int:
        """Return what a user may use, in units; 0 without an account."""
        balance = self._balances.get((user_id, asset))
        return balance.available if balance else 0

    def is_locked(self, user_id: bytes, asset: str) -> bool:
        """Tell whether this balance may be changed."""
        return (user_id, asset) in self._balances

    def hold(self, user_id: bytes, asset: str, units: int) -> bool:
        """Move units from available to held; return False and change nothing when there are too few."""
        assert units >= 0, "Invariant: a hold is not negative"
        key = (user_id, asset)
        balance = self._balances.get(key)
        if balance is None or balance.available < units:
            return False
        balance.available -= units
        balance.held += units
        self._changed[key] = balance
        return True

    def release(self, user_id: bytes, asset: str, units: int) -> None:
        """Move units from held back to available. The key must have been locked."""
        key = (user_id, asset)
        balance = self._balances[key]
        assert 0 <= units <= balance.held, "Invariant: what is released was held"
        balance.available += units
        balance.held -= units
        self._changed[key] = balance

    def flush(self, cursor: Cursor[Any]) -> None:
        """Write the changed balances; one query, none when nothing changed."""
        changed = self._changed.values()
        if not changed:
            return
        account_ids = array_literal(str(balance.account_id) for balance in changed)
        available = array_literal(f"{balance.available}e-{balance.decimals}" for balance in changed)
        held = array_literal(f"{balance.held}e-{balance.decimals}" for balance in changed)
        cursor.execute(_FLUSH, (account_ids, available, held), prepare=False)
        assert cursor.rowcount == len(changed), "Invariant: every changed account was written"

    def changed(self) -> list[tuple[bytes, str, Decimal, Decimal]]:
        """Return (user id, asset, available, held) of the changed balances, exact, with the asset's decimals."""
        return [
            (
                user_id,
                asset,
                Decimal(f"{balance.available}e-{balance.decimals}"),
                Decimal(f"{balance.held}e-{balance.decimals}"),
            )
            for (user_id, asset), balance in self._changed.items()
        ]
