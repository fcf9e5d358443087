"""The rules of adjustments; what breaks one is refused with a code of its own."""

import re
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from base.scaling import AMOUNT_LIMIT, EXACT, MOVE_LIMIT, ZERO, decimals_of, plain
from exchange.models import Asset
from settlement.errors import AdjustmentCode, AdjustmentError
from settlement.legs import AccountKey, Move, trade_holds
from settlement.models import Account, LedgerEntry
from settlement.ports import TradeToSettle, wallet

LINES_MAX = 50
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:/_-]{3,127}")
_Code = AdjustmentCode


def require_reference(lines: Sequence[Move], reference: str) -> None:
    """Refuse money from or to the outside world without the transaction there that it belongs to."""
    if not reference:
        if any(line.account.kind == Account.Kind.EXTERNAL and line.amount for line in lines):
            raise AdjustmentError(
                _Code.REFERENCE_MISSING, "Give the reference of the transaction outside: money comes and goes by one"
            )
    elif not _REFERENCE.fullmatch(reference):
        message = "A reference has 4 to 128 letters, digits and . : / _ - and begins with a letter or digit"
        raise AdjustmentError(_Code.INVALID, message)


def require_sound(lines: Sequence[Move]) -> None:
    """Refuse no lines, too many, amounts that are too fine, and lines that do not add up to zero. One query.

    With a remote wallet also those that move money between accounts: the wallet would not follow.
    """
    if not 1 <= len(lines) <= LINES_MAX:
        raise AdjustmentError(_Code.INVALID, f"An adjustment changes 1 to {LINES_MAX} accounts")
    if wallet().reserving is not None and any(line.amount for line in lines):
        raise AdjustmentError(
            _Code.FORBIDDEN,
            "The money is kept at the remote wallet: move it there, and here only between available and held",
        )
    decimals = dict(
        Asset.objects.filter(code__in={line.account.asset for line in lines}).values_list("code", "decimals")
    )
    sums: dict[str, Decimal] = {}
    for line in lines:
        if problem := _problem_of(line, decimals):
            raise AdjustmentError(_Code.INVALID, problem, move_as_json(line))
        asset = line.account.asset
        sums[asset] = EXACT.add(sums.get(asset, ZERO), line.amount)
    if not_zero := {asset: plain(total) for asset, total in sums.items() if total}:
        message = "What is taken and what is given must add up to zero in each asset"
        raise AdjustmentError(_Code.ADJUSTMENT_NOT_ZERO_SUM, message, not_zero)


def _problem_of(line: Move, decimals: dict[str, int]) -> str:
    asset = line.account.asset
    if asset not in decimals:
        return f"There is no asset {asset}"
    for number in (line.available, line.held):
        if not number.is_finite() or number.copy_abs() >= MOVE_LIMIT:
            return f"An amount must be a number below {MOVE_LIMIT:,f}"
        if decimals_of(number) > decimals[asset]:
            return f"{asset} has at most {decimals[asset]} decimals"
    if line.account.owner_id is None and line.held:
        return "The exchange's own accounts hold nothing"
    return ""


def require_holds(lines: Sequence[Move], trade: TradeToSettle) -> None:
    """Refuse lines that do not take exactly the holds of the trade to close."""
    wanted = {key: amount.copy_negate() for key, amount in trade_holds(trade).items()}
    found = {line.account: line.held for line in lines if line.held}
    if found != wanted:
        raise AdjustmentError(
            _Code.HOLDS_DIFFER,
            "To close the trade, take exactly what it holds",
            {"buyer": f"{plain(trade.buyer_hold)} {trade.quote}", "seller": f"{plain(trade.quantity)} {trade.base}"},
        )


def require_not_moved(trade_id: UUID) -> None:
    """Refuse to move by hand what the ledger has moved. One query."""
    if LedgerEntry.objects.filter(transfer_id=trade_id).exists():
        raise AdjustmentError(
            _Code.TRADE_ALREADY_MOVED, "The money of this trade has moved already: the ledger has its entries"
        )


def require_funds(key: AccountKey, move: Move, account: Account) -> None:
    """Refuse to take what an account does not have, and to give more than one can keep."""
    details = {"account": str(account.pk), "asset": key.asset}
    for balance, change in ((account.available, move.available), (account.held, move.held)):
        if EXACT.add(balance, change).copy_abs() >= AMOUNT_LIMIT:
            raise AdjustmentError(_Code.INVALID, f"Account {account.pk} cannot keep so much {key.asset}", details)
    if move.held < 0 and EXACT.add(account.held, move.held) < 0:
        raise AdjustmentError(
            _Code.INSUFFICIENT_HOLD, f"Account {account.pk} holds only {plain(account.held)} {key.asset}", details
        )
    if key.kind != Account.Kind.EXTERNAL and move.available < 0 and EXACT.add(account.available, move.available) < 0:
        raise AdjustmentError(
            _Code.INSUFFICIENT_BALANCE,
            f"Only {plain(account.available)} {key.asset} are available in account {account.pk}",
            details,
        )


def move_as_json(move: Move) -> dict[str, str]:
    """Return a move as the audit trail and the details of a refusal show it."""
    owner = str(move.account.owner_id or move.account.kind)
    return {
        "owner": owner,
        "asset": move.account.asset,
        "available": plain(move.available),
        "held": plain(move.held),
    }
