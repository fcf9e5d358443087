"""Money for an order, before the engine sees it: first what is free here, then the rest from the wallet.

    intent committed (`reserving`) -> reserved at the wallet -> entered here (`reserved`) -> engine -> `spent`

If the wallet refuses, the reservation is `refused`. If nobody knows what the wallet did, it is `voiding` until the
wallet confirms that nothing is reserved under this key and never will be (`voided`).

Nothing here is needed for the engine to be right: it holds what is available, in its own transaction, or denies the
order. Reservations under way only keep others from counting on the same money.

Locks: the reservation, then the user's account.
"""

from collections.abc import Collection
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from base.scaling import EXACT, ZERO, plain
from exchange.selectors import asset_decimals
from settlement.accounts import Change, accounts_change, accounts_lock
from settlement.ledger import Entry, entries_write
from settlement.legs import AccountKey
from settlement.models import Account, LedgerEntry, WalletRelease, WalletReservation
from settlement.ports import Reserving
from settlement.wallet.availability import UNDER_WAY, free_amounts
from settlement.wallet.connection import WalletUnavailableError
from settlement.wallet.protocol import WalletCode, WalletRefusalError
from settlement.wallet.returns import release_finish

log = structlog.get_logger(__name__)

_AWAY = "The wallet cannot be reached; nothing was done, try again"
_State = WalletReservation.State


def funds_reserve(*, reserving: Reserving, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> list[UUID]:
    """Make sure that the user has an amount available here; return the reservations for it, for `funds_spent`.

    Must not run inside a transaction. Two short ones and a call to the wallet, none when enough is free here. Raises
    ApiError INSUFFICIENT_BALANCE, or WALLET_UNAVAILABLE: at once while the wallet is known to be away; nothing stays
    reserved then.
    """
    if amount <= 0:
        return []
    try:
        return [_reserve(reserving, key, user_id, asset, amount)]
    except WalletRefusalError as refusal:
        if not _is_in_transit(user_id, asset):
            raise _denied(refusal, asset, amount) from refusal
    # Money of this user was on its way a moment ago: look again, once, when it has arrived.
    _finish_releases(reserving, user_id, asset)
    try:
        return [_reserve(reserving, uuid7(), user_id, asset, amount)]
    except WalletRefusalError as refusal:
        raise _denied(refusal, asset, amount) from refusal


def funds_spent(*, reservation_ids: Collection[UUID]) -> None:
    """Note that orders have been answered: their money is held by now, or free for others. One query, none without."""
    if reservation_ids:
        reserved = WalletReservation.objects.filter(pk__in=reservation_ids, state=_State.RESERVED)
        reserved.update(state=_State.SPENT, updated_at=timezone.now())


def _reserve(reserving: Reserving, key: UUID, user_id: UUID, asset: str, needed: Decimal) -> UUID:
    reservation = _begin(reserving, key, user_id, asset, needed)
    if reservation.state == _State.RESERVED:
        return key
    try:
        reserving.reserve(key=key, user_id=user_id, asset=asset, amount=reservation.amount)
    except WalletRefusalError as refusal:
        _close(key, _State.REFUSED, str(refusal.code))
        raise
    except WalletUnavailableError as error:
        _close(key, _State.VOIDING if error.was_sent else _State.VOIDED, str(error))
        raise ApiError(ErrorCode.WALLET_UNAVAILABLE, _AWAY) from error
    if not _enter(key):  # it took so long that the sweeper has given it up
        raise ApiError(ErrorCode.WALLET_UNAVAILABLE, _AWAY)
    return key


@transaction.atomic(durable=True)
def _begin(reserving: Reserving, key: UUID, user_id: UUID, asset: str, needed: Decimal) -> WalletReservation:
    """Commit what is about to happen. What is free here is taken first."""
    account = AccountKey(user_id, asset)
    account_id = accounts_lock([account])[account]
    here = min(max(free_amounts([account_id])[account_id], ZERO), needed)
    amount = EXACT.subtract(needed, here)
    if amount and reserving.is_rejecting:
        raise ApiError(ErrorCode.WALLET_UNAVAILABLE, _AWAY)
    return WalletReservation.objects.create(
        id=key,
        user_id=user_id,
        asset_id=asset,
        amount=amount,
        needed=needed,
        state=_State.RESERVING if amount else _State.RESERVED,
    )


@transaction.atomic(durable=True)
def _enter(key: UUID) -> bool:
    """Enter what the wallet has reserved; False when the reservation was given up meanwhile."""
    reservation = WalletReservation.objects.select_for_update().get(pk=key)
    if reservation.state != _State.RESERVING:
        return False
    reservation.state = _State.RESERVED
    reservation.save(update_fields=["state", "updated_at"])
    user = AccountKey(reservation.user_id, reservation.asset_id)
    outside = AccountKey(None, reservation.asset_id, Account.Kind.EXTERNAL.value)
    transfer(key, {user: reservation.amount, outside: -reservation.amount}, LedgerEntry.Kind.RESERVE)
    return True


def transfer(transfer_id: UUID, amounts: dict[AccountKey, Decimal], kind: LedgerEntry.Kind) -> None:
    """Write the entries of one transfer of available money and change the balances. Locks the accounts."""
    ids = accounts_lock(list(amounts))
    legs = enumerate(amounts.items(), 1)
    entries_write(Entry(transfer_id, leg, ids[key], key.asset, amount, kind.value) for leg, (key, amount) in legs)
    accounts_change({key: Change(amount, ZERO) for key, amount in amounts.items()}, ids)


def _close(key: UUID, state: WalletReservation.State, error: str) -> None:
    if state is not _State.REFUSED:
        log.warning("reservation_failed", reservation=str(key), state=state.value, error=error)
    reserving = WalletReservation.objects.filter(pk=key, state=_State.RESERVING)
    reserving.update(state=state, error=error[:200], updated_at=timezone.now())


def _is_in_transit(user_id: UUID, asset: str) -> bool:
    """Tell whether money of the user was on its way between wallet, here and orders a moment ago. Two queries."""
    of_account = {"user_id": user_id, "asset_id": asset}
    since = timezone.now() - UNDER_WAY
    return (
        WalletReservation.objects.filter(**of_account, state__in=(_State.RESERVING, _State.RESERVED)).exists()
        or WalletRelease.objects.filter(**of_account, created_at__gt=since).exists()
    )


def _finish_releases(reserving: Reserving, user_id: UUID, asset: str) -> None:
    sending = WalletRelease.objects.filter(user_id=user_id, asset_id=asset, state=WalletRelease.State.SENDING)
    try:
        for release in sending[:10]:
            release_finish(release=release, reserving=reserving)
    except (WalletUnavailableError, WalletRefusalError) as error:
        raise ApiError(ErrorCode.WALLET_UNAVAILABLE, _AWAY) from error


def _denied(refusal: WalletRefusalError, asset: str, amount: Decimal) -> ApiError:
    if refusal.code not in (WalletCode.INSUFFICIENT_BALANCE, WalletCode.USER_NOT_FOUND):
        log.error("wallet_refused", code=refusal.code, error=refusal.message)
        return ApiError(ErrorCode.WALLET_UNAVAILABLE, "The wallet refuses to reserve; nothing was done")
    decimals = asset_decimals(asset)
    asked_for = Decimal(refusal.details.get("required", plain(amount)))
    available = EXACT.add(Decimal(refusal.details.get("available", "0")), EXACT.subtract(amount, asked_for))
    details = {"asset": asset, "required": plain(amount, decimals), "available": plain(available, decimals)}
    text = "Not enough {asset}: {required} needed, {available} available".format_map(details)
    return ApiError(ErrorCode.INSUFFICIENT_BALANCE, text, details)
