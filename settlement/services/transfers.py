"""Play money: funds of demo copies, of tests and of replays, which come from nowhere and go there.

Real money is moved by hand as an adjustment, which takes two people: `settlement.services.adjustments`.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from django.db import DatabaseError, transaction

from base.errors import ApiError, ErrorCode, ValidationError
from base.ids import uuid7
from base.scaling import AMOUNT_LIMIT, EXACT, MOVE_LIMIT, ZERO, decimals_of, plain
from exchange.models import Asset, User
from exchange.selectors import plays
from settlement.accounts import Change, accounts_change, accounts_lock
from settlement.errors import SettlementCode, to_settlement_error
from settlement.ledger import Entry, entries_write
from settlement.legs import AccountKey
from settlement.models import Account, LedgerEntry
from settlement.ports import wallet


def ledger_deposit(*, owner: User, asset: str, amount: Decimal, reason: str, transfer_id: UUID | None = None) -> UUID:
    """Bring play money in from the outside world; return the transfer's id.

    A transfer id makes it happen once: the second time raises SettlementError DUPLICATE_TRANSFER. Raises ApiError
    FORBIDDEN where money is real, or is kept at a remote wallet, and VALIDATION_ERROR. Locks the user's account and
    makes it when it is missing; publishes the balance on commit.
    """
    _require_positive(amount)
    return _transfer(owner, asset, amount, LedgerEntry.Kind.DEPOSIT, reason, transfer_id)


@transaction.atomic
def ledger_deposit_several(*, owner: User, amounts: Mapping[str, Decimal], reason: str) -> UUID:
    """Bring money of several assets in from the outside world by one transfer; return its id.

    Locks and publishes as `ledger_deposit` does, and raises the same.
    """
    _require_play_here()
    for asset, amount in amounts.items():
        _require_positive(amount)
        _require_sound(asset, amount, reason)
    transfer_id, kind = uuid7(), LedgerEntry.Kind.DEPOSIT.value
    users = {asset: AccountKey(owner.id, asset) for asset in amounts}
    outside = {asset: AccountKey(None, asset, Account.Kind.EXTERNAL.value) for asset in amounts}
    ids = accounts_lock([*users.values(), *outside.values()])
    changes = {users[asset]: amount for asset, amount in amounts.items()}
    changes |= {outside[asset]: amount.copy_negate() for asset, amount in amounts.items()}
    _write_once(
        *(
            Entry(transfer_id, leg, ids[key], key.asset, amount, kind, reason)
            for leg, (key, amount) in enumerate(changes.items(), 1)
        )
    )
    accounts_change({key: Change(amount, ZERO) for key, amount in changes.items()}, ids)
    return transfer_id


def ledger_withdraw(*, owner: User, asset: str, amount: Decimal, reason: str, transfer_id: UUID | None = None) -> UUID:
    """Take available play money out to the outside world; as `ledger_deposit`, and raises INSUFFICIENT_BALANCE."""
    _require_positive(amount)
    return _transfer(owner, asset, amount.copy_negate(), LedgerEntry.Kind.WITHDRAWAL, reason, transfer_id)


@transaction.atomic
def _transfer(
    owner: User, asset: str, amount: Decimal, kind: LedgerEntry.Kind, reason: str, transfer_id: UUID | None
) -> UUID:
    _require_play_here()
    _require_sound(asset, amount, reason)
    transfer_id = transfer_id or uuid7()
    user, outside = AccountKey(owner.id, asset), AccountKey(None, asset, Account.Kind.EXTERNAL.value)
    ids = accounts_lock([user, outside])
    before = Account.objects.values_list("available", flat=True).get(id=ids[user])
    after = EXACT.add(before, amount)
    if after >= AMOUNT_LIMIT:
        raise ValidationError({"amount": ["the balance would be larger than can be kept"]})
    if after < 0:
        raise ApiError(
            ErrorCode.INSUFFICIENT_BALANCE,
            f"Only {plain(before)} {asset} are available",
            {"asset": asset, "available": plain(before), "required": plain(amount.copy_abs())},
        )
    _write_once(
        Entry(transfer_id, 1, ids[user], asset, amount, kind.value, reason),
        Entry(transfer_id, 2, ids[outside], asset, amount.copy_negate(), kind.value, reason),
    )
    accounts_change({user: Change(amount, ZERO), outside: Change(amount.copy_negate(), ZERO)}, ids)
    return transfer_id


def _require_play_here() -> None:
    if not plays():
        raise ApiError(ErrorCode.FORBIDDEN, "Money is real here: it comes and goes by what two people decide")
    if wallet().reserving is not None:
        raise ApiError(ErrorCode.FORBIDDEN, "The money is kept at the remote wallet: deposit or withdraw it there")


def _require_positive(amount: Decimal) -> None:
    if amount.is_nan() or amount <= 0:
        raise ValidationError({"amount": ["must be above zero"]})


def _require_sound(asset_code: str, amount: Decimal, reason: str) -> None:
    asset = Asset.objects.filter(code=asset_code).first()
    if asset is None:
        raise ApiError(ErrorCode.ASSET_NOT_FOUND, f"There is no asset {asset_code}")
    if not amount.is_finite() or amount == 0 or amount.copy_abs() >= MOVE_LIMIT:
        raise ValidationError({"amount": [f"must be a number other than zero, below {MOVE_LIMIT:,f}"]})
    if decimals_of(amount) > asset.decimals:
        raise ValidationError({"amount": [f"{asset.code} has at most {asset.decimals} decimals"]})
    if not reason.strip():
        raise ValidationError({"reason": ["must not be empty"]})


def _write_once(*entries: Entry) -> None:
    try:
        with transaction.atomic():
            entries_write(entries)
    except DatabaseError as error:
        failure = to_settlement_error(error)
        if failure.code is SettlementCode.DUPLICATE_TRANSFER:
            raise failure from error
        raise
