"""The comparison of both ledgers: what a user has here must be what is reserved at the wallet."""

import time
from collections import defaultdict
from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from base.scaling import EXACT, ZERO
from settlement.models import Account, WalletRelease, WalletReservation, WalletReversal
from settlement.ports import Reserving, wallet
from settlement.wallet.protocol import amounts_moved

LOOKS = 3
PAUSE_S = 0.5
_Key = tuple[UUID, str]


class WalletDifference(NamedTuple):
    """An account that differs here and there: `reserved` should be from `here` + `least` to `here` + `most`.

    These bounds are what is on its way and may or may not have arrived: 0 and 0 for most accounts.
    """

    user_id: UUID
    asset: str
    here: Decimal
    reserved: Decimal
    least: Decimal
    most: Decimal


def wallet_differences() -> list[WalletDifference]:
    """Return the accounts whose money here is not what is reserved at the remote wallet; none with the embedded one.

    Reads all accounts with money and all that is reserved. Both go on moving meanwhile, so what differs is looked at
    LOOKS times, some moments apart, and told only if it differs each time. Raises WalletUnavailableError.
    """
    reserving = wallet().reserving
    if reserving is None:
        return []
    suspects: set[_Key] | None = None
    found: list[WalletDifference] = []
    for look in range(LOOKS):
        if look:
            time.sleep(PAUSE_S)
        found = [each for each in _look(reserving) if suspects is None or (each.user_id, each.asset) in suspects]
        suspects = {(each.user_id, each.asset) for each in found}
        if not suspects:
            return []
    return found


def _look(reserving: Reserving) -> list[WalletDifference]:
    on_its_way = _on_its_way()  # before both sides: what arrives meanwhile only widens the bounds
    here = _here()
    there = {(user_id, asset): amount for user_id, asset, amount in reserving.reserved()}
    differences = []
    for key in sorted(here.keys() | there.keys()):
        least, most = on_its_way.get(key, (ZERO, ZERO))
        extra = EXACT.subtract(there.get(key, ZERO), here.get(key, ZERO))
        if not least <= extra <= most:
            amounts = (here.get(key, ZERO), there.get(key, ZERO), least, most)
            differences.append(WalletDifference(*key, *amounts))
    return differences


def _here() -> dict[_Key, Decimal]:
    rows = Account.objects.filter(owner__isnull=False, total__gt=0).values_list("owner_id", "asset_id", "total")
    return {(owner_id, asset): total for owner_id, asset, total in rows.iterator()}


def _on_its_way() -> dict[_Key, tuple[Decimal, Decimal]]:
    """Return what the wallet may have reserved more, or less, than is here. Three queries by index."""
    more: dict[_Key, list[Decimal]] = defaultdict(list)
    reservations = WalletReservation.objects.filter(state__in=("reserving", "voiding"))
    releases = WalletRelease.objects.filter(state="sending")
    for rows in (reservations, releases):
        for user_id, asset, amount in rows.values_list("user_id", "asset_id", "amount"):
            more[user_id, asset].append(amount)
    for trade in WalletReversal.objects.filter(state="reversing").values_list("trade", flat=True):
        for user_id, asset, amount in amounts_moved(trade):
            more[user_id, asset].append(amount)
    return {key: _bounds(amounts) for key, amounts in more.items()}


def _bounds(amounts: Collection[Decimal]) -> tuple[Decimal, Decimal]:
    least = sum((amount for amount in amounts if amount < 0), ZERO)
    return least, sum((amount for amount in amounts if amount > 0), ZERO)
