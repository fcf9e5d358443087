"""What an exchange may ask of its wallet. Each operation has a key, happens once, and answers the same ever after.

`available` is the user's own to use; `held` is reserved for the exchange. What trading credits stays reserved: the
exchange releases what it does not need.

Locks: the operation's row first (the insert waits for a concurrent one of the same key), then accounts as everywhere.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid5

import orjson
from django.db import connection, transaction
from django.utils import timezone

from base.scaling import AMOUNT_LIMIT, EXACT, ZERO, decimals_of, plain
from exchange.models import Asset, User
from settlement.accounts import Change, accounts_change, accounts_lock
from settlement.ledger import Entry, entries_write
from settlement.legs import AccountKey
from settlement.models import Account, LedgerEntry, WalletOperation
from settlement.wallet.protocol import WalletCode, WalletRefusalError, amounts_moved

_Kind, _State = WalletOperation.Kind, WalletOperation.State
_CLAIM = """
INSERT INTO settlement_walletoperation (id, kind, state, digest, payload, refusal, trade_id, updated_at)
VALUES (%s, %s, 'done', %s, %s, '{}', %s, now()) ON CONFLICT (id) DO NOTHING
"""


def reservation_make(*, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> WalletOperation:
    """Reserve available money for the exchange; repeated with the same key it gives the first outcome again.

    Raises WalletRefusalError: INSUFFICIENT_BALANCE (kept: the key is used up), RESERVATION_VOIDED, IDEMPOTENCY_CONFLICT
    for other contents, and what is wrong with user, asset or amount (not kept).
    """
    operation = _move(_Kind.RESERVATION, key, user_id, asset, amount)
    if operation.state == _State.UNDONE:
        raise WalletRefusalError(WalletCode.RESERVATION_VOIDED, "This reservation was voided")
    return _outcome(operation)


def release_make(*, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> WalletOperation:
    """Give reserved money back to the user; repeated with the same key it gives the first outcome again.

    Raises WalletRefusalError as `reservation_make` does; INSUFFICIENT_HOLD is not kept, so it may be sent again.
    """
    return _outcome(_move(_Kind.RELEASE, key, user_id, asset, amount))


@transaction.atomic
def reservation_void(*, key: UUID) -> WalletOperation:
    """Undo a reservation if it was made, and see to it that it is never made if it comes later. Safe to repeat.

    Raises INSUFFICIENT_HOLD when less than its amount is reserved by now.
    """
    operation = _take(_Kind.RESERVATION, key, "", {}, None)
    if operation.state == _State.DONE and operation.digest:
        payload = operation.payload
        account = AccountKey(UUID(payload["user_id"]), payload["asset"])
        ids = accounts_lock([account])
        amount = Decimal(payload["amount"])
        _require_held(ids[account], amount)
        accounts_change({account: Change(amount, -amount)}, ids)
    _close(operation, _State.UNDONE)
    return operation


@transaction.atomic
def settlements_make(*, trades: Sequence[Mapping[str, Any]]) -> int:
    """Move the money of all these trades between what is reserved, or of none; return how many were new.

    Each has its own key, so trades that were settled before are skipped. Raises WalletRefusalError:
    IDEMPOTENCY_CONFLICT, SETTLEMENT_REVERSED, TRADE_SETTLED_ALREADY (by another key), INSUFFICIENT_HOLD,
    USER_NOT_FOUND, ASSET_NOT_FOUND. Refusals are not kept.
    """
    claimed = [(trade, _take_settlement(trade)) for trade in sorted(trades, key=lambda trade: trade["id"])]
    new = [trade for trade, operation in claimed if operation is None]
    if new:
        _require_users({UUID(trade[side]) for trade in new for side in ("buyer_id", "seller_id")})
        _require_assets({trade[asset] for trade in new for asset in ("base", "quote")})
        _transfer([(UUID(trade["id"]), trade) for trade in new], 1)
    return len(new)


@transaction.atomic
def settlement_reverse(*, key: UUID, trade_id: UUID) -> WalletOperation:
    """Undo a settlement if it was made, and see to it that it is never made if it comes later. Safe to repeat.

    Raises INSUFFICIENT_HOLD when the money of its trade is not reserved any more.
    """
    operation = _take(_Kind.SETTLEMENT, key, "", {}, trade_id)
    if operation.state == _State.DONE and operation.digest:
        operation.reversal_id = uuid5(key, "reversal")
        operation.save(update_fields=["reversal_id"])
        _transfer([(operation.reversal_id, operation.payload)], -1)
    _close(operation, _State.UNDONE)
    return operation


# --- one user's money -----------------------------------------------------------------------------


@transaction.atomic
def _move(kind: WalletOperation.Kind, key: UUID, user_id: UUID, asset: str, amount: Decimal) -> WalletOperation:
    _require_users({user_id})
    decimals = _require_assets({asset})[asset]
    _require_amount(amount, decimals)
    payload = {"user_id": str(user_id), "asset": asset, "amount": plain(amount)}
    digest = _digest(payload)
    operation = _take(kind, key, digest, payload, None)
    if not _is_new(operation):
        _require_same(operation, digest)
        return operation
    account = AccountKey(user_id, asset)
    ids = accounts_lock([account])
    if kind == _Kind.RELEASE:
        _require_held(ids[account], amount)
        accounts_change({account: Change(amount, -amount)}, ids)
        return operation
    available = Account.objects.values_list("available", flat=True).get(pk=ids[account])
    if available < amount:
        operation.refusal = _insufficient(asset, decimals, amount, available).body
        _close(operation, _State.REFUSED)
        return operation
    accounts_change({account: Change(-amount, amount)}, ids)
    return operation


def _insufficient(asset: str, decimals: int, required: Decimal, available: Decimal) -> WalletRefusalError:
    details = {"asset": asset, "required": plain(required, decimals), "available": plain(available, decimals)}
    return WalletRefusalError(WalletCode.INSUFFICIENT_BALANCE, "Not enough is available", details)


def _outcome(operation: WalletOperation) -> WalletOperation:
    if operation.state == _State.REFUSED:
        refusal = operation.refusal
        raise WalletRefusalError(WalletCode(refusal["code"]), refusal["message"], refusal["details"])
    return operation


# --- trades ---------------------------------------------------------------------------------------


def _take_settlement(trade: Mapping[str, Any]) -> WalletOperation | None:
    """Claim a trade's settlement; return None when it is new, the operation when it was made before."""
    trade_id = UUID(trade["trade_id"])
    digest = _digest(trade)
    rival = WalletOperation.objects.filter(trade_id=trade_id, kind=_Kind.SETTLEMENT, state=_State.DONE)
    if rival.exclude(pk=trade["id"]).exists():
        raise WalletRefusalError(WalletCode.TRADE_SETTLED_ALREADY, f"Trade {trade_id} is settled under another key")
    operation = _take(_Kind.SETTLEMENT, UUID(trade["id"]), digest, dict(trade), trade_id)
    if _is_new(operation):
        return None
    if operation.state == _State.UNDONE:
        raise WalletRefusalError(WalletCode.SETTLEMENT_REVERSED, f"The settlement of trade {trade_id} was reversed")
    _require_same(operation, digest)
    return operation


def _transfer(trades: Sequence[tuple[UUID, Mapping[str, Any]]], sign: int) -> None:
    """Move the money of trades (1) or back (-1); each pair is the transfer's id and its trade."""
    changes: dict[AccountKey, Decimal] = defaultdict(Decimal)
    legs: list[tuple[UUID, int, AccountKey, Decimal]] = []
    for transfer_id, trade in trades:
        fees = EXACT.add(Decimal(trade["buyer_fee"]), Decimal(trade["seller_fee"]))
        moved = [(AccountKey(user_id, asset), amount) for user_id, asset, amount in amounts_moved(trade)]
        moved.append((AccountKey(None, trade["quote"], Account.Kind.FEES.value), fees))
        for number, (account, amount) in enumerate(moved, 1):
            legs.append((transfer_id, number, account, sign * amount))
            changes[account] = EXACT.add(changes[account], sign * amount)
    ids = accounts_lock(list(changes))
    _require_all_held({ids[key]: amount for key, amount in changes.items() if key.owner_id is not None})
    kind = (LedgerEntry.Kind.TRADE if sign > 0 else LedgerEntry.Kind.CORRECTION).value
    reason = "" if sign > 0 else "Settlement given up by the exchange"
    entries_write(
        Entry(transfer_id, number, ids[account], account.asset, amount, kind, reason)
        for transfer_id, number, account, amount in legs
        if amount
    )
    accounts_change({key: _placed(key, amount) for key, amount in changes.items()}, ids)


def _placed(key: AccountKey, amount: Decimal) -> Change:
    return Change(amount, ZERO) if key.owner_id is None else Change(ZERO, amount)


# --- keys -----------------------------------------------------------------------------------------


def _take(kind: str, key: UUID, digest: str, payload: Mapping[str, Any], trade_id: UUID | None) -> WalletOperation:
    """Insert the operation, or lock and return the one that has the key. Raises IDEMPOTENCY_CONFLICT."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [key, kind, digest, orjson.dumps(payload).decode(), trade_id])
        is_new = cursor.rowcount == 1
    operation = WalletOperation.objects.select_for_update().get(pk=key)
    if operation.kind != kind:
        raise WalletRefusalError(WalletCode.IDEMPOTENCY_CONFLICT, "This key belongs to another kind of operation")
    operation.is_new = is_new  # type: ignore[attr-defined]  # a mark on the row, for the view alone
    return operation


def _is_new(operation: WalletOperation) -> bool:
    is_new: bool = operation.is_new  # type: ignore[attr-defined]  # set above
    return is_new


def _require_same(operation: WalletOperation, digest: str) -> None:
    if operation.state != _State.UNDONE and operation.digest != digest:
        raise WalletRefusalError(WalletCode.IDEMPOTENCY_CONFLICT, "This key was used before for something else")


def _close(operation: WalletOperation, state: WalletOperation.State) -> None:
    operation.state, operation.updated_at = state, timezone.now()
    operation.save(update_fields=["state", "refusal", "updated_at"])


def _digest(payload: Mapping[str, Any]) -> str:
    return blake2b(orjson.dumps(payload, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


# --- what must be true ----------------------------------------------------------------------------


def _require_users(user_ids: set[UUID]) -> None:
    known = set(User.objects.filter(pk__in=user_ids).values_list("pk", flat=True))
    if unknown := sorted(str(user_id) for user_id in user_ids - known):
        raise WalletRefusalError(WalletCode.USER_NOT_FOUND, "There is no such user", {"users": unknown})


def _require_assets(codes: set[str]) -> dict[str, int]:
    known = dict(Asset.objects.filter(code__in=codes).values_list("code", "decimals"))
    if unknown := sorted(codes - known.keys()):
        raise WalletRefusalError(WalletCode.ASSET_NOT_FOUND, "There is no such asset", {"assets": unknown})
    return known


def _require_amount(amount: Decimal, decimals: int) -> None:
    if amount <= 0 or amount >= AMOUNT_LIMIT or decimals_of(amount) > decimals:
        text = f"Give an amount above zero, below 1e20, with at most {decimals} decimals"
        raise WalletRefusalError(WalletCode.VALIDATION_ERROR, "The request is not valid", {"amount": [text]})


def _require_held(account_id: int, amount: Decimal) -> None:
    _require_all_held({account_id: -amount})


def _require_all_held(changes: Mapping[int, Decimal]) -> None:
    rows = Account.objects.filter(pk__in=changes).values_list("pk", "held", "owner_id", "asset_id")
    for account_id, held, owner_id, asset in rows:
        if EXACT.add(held, changes[account_id]) < 0:
            details = {"user_id": str(owner_id), "asset": asset, "held": plain(held)}
            raise WalletRefusalError(WalletCode.INSUFFICIENT_HOLD, "Less is reserved than this needs", details)
