"""Adjusting entries under four eyes: one member of staff proposes what is to be moved, another one approves it.

Locks, in this order: the adjustment, the trade it closes, that trade's failure, users' accounts, the house's accounts.
Nobody who has one of the later ones locked waits for an earlier one.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from base.ids import uuid7
from base.scaling import EXACT, plain
from exchange.audit import audit_record
from exchange.models import User
from settlement.accounts import Change, accounts_change, accounts_find, accounts_lock
from settlement.errors import HOLD_CONSTRAINTS, AdjustmentCode, AdjustmentError
from settlement.ledger import Entry, entries_write
from settlement.legs import AccountKey, Move, moves_merged
from settlement.models import Account, Adjustment, AdjustmentLine, FailedSettlement, LedgerEntry
from settlement.ports import TradeToSettle, trade_outbox
from settlement.services.adjustment_rules import (
    move_as_json,
    require_funds,
    require_holds,
    require_not_moved,
    require_other,
    require_right,
    require_sound,
)

PROPOSE, APPROVE = "settlement.add_adjustment", "settlement.approve_adjustment"
_State, _Code = Adjustment.State, AdjustmentCode


@transaction.atomic(durable=True)
def adjustment_propose(
    *,
    actor: User,
    moves: Sequence[Move],
    reason: str,
    failure_id: int | None = None,
    adjustment_id: UUID | None = None,
) -> Adjustment:
    """Propose to change balances; nothing moves before somebody else approves. Writes an audit entry.

    Moves of one account become one line, and must be possible with the balances of now. With a failure the adjustment
    is to close it: then it must take exactly what the trade holds. An `adjustment_id` makes it happen once: the second
    time returns the first. Makes missing accounts. Locks the failure. Raises AdjustmentError.
    """
    require_right(actor, PROPOSE)
    if known := _proposed_before(actor, adjustment_id):
        return known
    trade = None if failure_id is None else _trade_to_close(failure_id)
    if not reason.strip() or len(reason) > 200:
        raise AdjustmentError(_Code.INVALID, "Give a reason of at most 200 characters")
    lines = moves_merged(moves)
    require_sound(lines)
    if trade is not None:
        require_holds(lines, trade)
    adjustment = Adjustment(id=adjustment_id or uuid7(), reason=reason, proposed_by=actor, failure_id=failure_id)
    try:
        with transaction.atomic():
            adjustment.save(force_insert=True)
    except IntegrityError:  # the same form, sent twice at once
        if known := _proposed_before(actor, adjustment_id):
            return known
        raise
    ids = accounts_find({line.account for line in lines})
    _require_possible(lines, ids)
    AdjustmentLine.objects.bulk_create(
        AdjustmentLine(
            adjustment=adjustment, number=number, account_id=ids[line.account], available=line.available, held=line.held
        )
        for number, line in enumerate(lines, start=1)
    )
    new = {"state": _State.PROPOSED.value, **_about(trade), "lines": [move_as_json(line) for line in lines]}
    audit_record(actor=actor, action="adjustment.propose", target=adjustment, new=new, note=reason)
    return adjustment


@transaction.atomic(durable=True)
def adjustment_approve(*, actor: User, adjustment_id: UUID, note: str = "") -> Adjustment:
    """Do what somebody else has proposed: write the entries, change the balances, close the failure. Once, ever.

    A line whose available and held cancel out moves nothing between accounts and gets no entry. Locks as the module
    says; publishes users' balances on commit; writes an audit entry for the adjustment and one for the failure.
    Raises AdjustmentError, and then nothing has happened: the proposal stands.
    """
    adjustment = _lock_proposed(actor, adjustment_id, APPROVE)
    require_other(actor, adjustment)
    moves = adjustment_moves(adjustment)
    trade = None
    if adjustment.failure is not None:
        trade = _close_failure(adjustment.failure, actor, adjustment)
        require_holds(moves, trade)
    old, new = _move(adjustment, moves)
    _decide(adjustment, _State.APPROVED, actor, note)
    audit_record(
        actor=actor,
        action="adjustment.approve",
        target=adjustment,
        old={"state": _State.PROPOSED.value, "balances": old},
        new={"state": _State.APPROVED.value, "balances": new, **_about(trade)},
        note=note,
    )
    return adjustment


@transaction.atomic(durable=True)
def adjustment_reject(*, actor: User, adjustment_id: UUID, note: str) -> Adjustment:
    """Refuse what somebody else has proposed; nothing moves. Raises AdjustmentError. Writes an audit entry."""
    adjustment = _lock_proposed(actor, adjustment_id, APPROVE)
    require_other(actor, adjustment)
    if not note.strip():
        raise AdjustmentError(_Code.INVALID, "Say why you reject it")
    return _close(adjustment, _State.REJECTED, actor, note)


@transaction.atomic(durable=True)
def adjustment_withdraw(*, actor: User, adjustment_id: UUID, note: str = "") -> Adjustment:
    """Take back one's own proposal; nothing moves. Raises AdjustmentError. Writes an audit entry."""
    adjustment = _lock_proposed(actor, adjustment_id, PROPOSE)
    if adjustment.proposed_by_id != actor.pk:
        raise AdjustmentError(_Code.FORBIDDEN, "Only the member of staff who proposed it can withdraw it")
    return _close(adjustment, _State.WITHDRAWN, actor, note)


def adjustment_moves(adjustment: Adjustment) -> list[Move]:
    """Return the lines of an adjustment. One query."""
    lines = adjustment.lines.select_related("account").order_by("number")
    return [
        Move(AccountKey(line.account.owner_id, line.account.asset_id, line.account.kind), line.available, line.held)
        for line in lines
    ]


# --- steps ----------------------------------------------------------------------------------------


def _lock_proposed(actor: User, adjustment_id: UUID, right: str) -> Adjustment:
    adjustment = Adjustment.objects.select_for_update(no_key=True).filter(id=adjustment_id).first()
    if adjustment is None:
        raise AdjustmentError(_Code.ADJUSTMENT_NOT_FOUND, "There is no such adjustment")
    require_right(actor, right)
    if adjustment.state != _State.PROPOSED:
        message = f"It is already {adjustment.get_state_display().lower()}"
        raise AdjustmentError(_Code.ADJUSTMENT_ALREADY_DECIDED, message)
    return adjustment


def _proposed_before(actor: User, adjustment_id: UUID | None) -> Adjustment | None:
    if adjustment_id is None:
        return None
    return Adjustment.objects.filter(id=adjustment_id, proposed_by=actor).first()


def _trade_to_close(failure_id: int) -> TradeToSettle:
    failure = FailedSettlement.objects.select_for_update(no_key=True).filter(id=failure_id).first()
    found = trade_outbox().find(trade_ids=[failure.trade_id]) if failure else []
    if failure is None or not found or failure.state not in _OPEN_FAILURES:
        raise AdjustmentError(_Code.TRADE_NOT_FAILED, "The settlement of that trade has not failed for good")
    require_not_moved(failure.trade_id)
    if failure.adjustments.filter(state__in=[_State.PROPOSED, _State.APPROVED]).exists():
        raise AdjustmentError(_Code.ADJUSTMENT_ALREADY_PROPOSED, "There is already an adjustment for this settlement")
    return found[0]


# One that was resolved with a note only may have turned out to need an adjustment: its trade is failed still.
_OPEN_FAILURES = (FailedSettlement.State.DEAD, FailedSettlement.State.RESOLVED)


def _close_failure(failure: FailedSettlement, actor: User, adjustment: Adjustment) -> TradeToSettle:
    trades = trade_outbox().claim_failed(trade_ids=[failure.trade_id])
    if not trades:
        raise AdjustmentError(
            _Code.TRADE_NOT_FAILED, "The settlement of that trade is no longer failed", _about_id(failure.trade_id)
        )
    require_not_moved(failure.trade_id)
    locked = FailedSettlement.objects.select_for_update(no_key=True).get(id=failure.pk)
    old = locked.state
    locked.state, locked.note, locked.resolved_by = FailedSettlement.State.RESOLVED, adjustment.reason, actor
    locked.next_attempt_at = None
    locked.save(update_fields=["state", "note", "resolved_by", "next_attempt_at", "updated_at"])
    trade_outbox().mark(trade_ids=[failure.trade_id], status="resolved", at=timezone.now())
    new = {"state": locked.state, "adjustment": str(adjustment.pk), **_about_id(failure.trade_id)}
    audit_record(
        actor=actor, action="settlement.resolve", target=locked, old={"state": old}, new=new, note=adjustment.reason
    )
    return trades[0]


def _move(adjustment: Adjustment, moves: Sequence[Move]) -> tuple[list[Any], list[Any]]:
    """Write entries and balances; return the users' balances before and after, as the audit trail keeps them."""
    by_key = {move.account: move for move in moves}
    ids = accounts_lock(by_key)
    before = _require_possible(moves, ids)
    kind = LedgerEntry.Kind.CORRECTION.value
    entries_write(
        Entry(adjustment.pk, number, ids[move.account], move.account.asset, move.amount, kind, adjustment.reason)
        for number, move in enumerate(moves, start=1)
        if move.amount
    )
    try:
        accounts_change({move.account: Change(move.available, move.held) for move in moves}, ids)
    except DatabaseError as error:  # the fees may have gone meanwhile: the house is locked last
        if not any(name in str(error) for name in HOLD_CONSTRAINTS):
            raise
        raise AdjustmentError(_Code.INSUFFICIENT_BALANCE, "The exchange's own account has less than that") from error
    users = [move for move in moves if move.account.owner_id is not None]
    old = [_balance_as_json(before[ids[move.account]], None) for move in users]
    return old, [_balance_as_json(before[ids[move.account]], move) for move in users]


def _require_possible(moves: Sequence[Move], ids: Mapping[AccountKey, int]) -> dict[int, Account]:
    """Return the accounts as they are; raises AdjustmentError if one of them has too little. One query."""
    accounts = {account.pk: account for account in Account.objects.filter(id__in=ids.values())}
    for move in moves:
        require_funds(move.account, move, accounts[ids[move.account]])
    return accounts


def _close(adjustment: Adjustment, state: Adjustment.State, actor: User, note: str) -> Adjustment:
    _decide(adjustment, state, actor, note)
    audit_record(
        actor=actor,
        action=f"adjustment.{_VERBS[state]}",
        target=adjustment,
        old={"state": _State.PROPOSED.value},
        new={"state": state.value},
        note=note,
    )
    return adjustment


_VERBS = {_State.REJECTED: "reject", _State.WITHDRAWN: "withdraw"}


def _decide(adjustment: Adjustment, state: Adjustment.State, actor: User, note: str) -> None:
    adjustment.state, adjustment.decided_by, adjustment.note = state, actor, note
    adjustment.decided_at = timezone.now()
    adjustment.save(update_fields=["state", "decided_by", "note", "decided_at"])


# --- for the audit trail --------------------------------------------------------------------------


def _about(trade: TradeToSettle | None) -> dict[str, str]:
    return {} if trade is None else _about_id(trade.id)


def _about_id(trade_id: UUID) -> dict[str, str]:
    return {"trade_id": str(trade_id)}


def _balance_as_json(account: Account, move: Move | None) -> dict[str, str]:
    available = EXACT.add(account.available, move.available) if move else account.available
    held = EXACT.add(account.held, move.held) if move else account.held
    return {
        "account": str(account.pk),
        "asset": account.asset_id,
        "available": plain(available),
        "held": plain(held),
    }
