"""Adjusting entries under four eyes: one member of staff proposes what is to be moved, another one approves it.

Deposits and withdrawals by hand are adjustments against the outside world.

Locks, in this order: the adjustment, the row of the member of staff, the trade it closes, that trade's failure, users'
accounts, the house's accounts.
Nobody who has one of the later ones locked waits for an earlier one.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Model
from django.utils import timezone

from base.ids import uuid7
from base.scaling import EXACT, grouped, plain
from exchange.audit import audit_record
from exchange.models import AuditEntry, User
from proposals.errors import ProposalCode, ProposalError
from proposals.kinds import Kind
from proposals.models import Proposal
from proposals.services import proposal_make
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
    require_reference,
    require_sound,
)
from settlement.services.hand_limits import LIMIT_WINDOW, require_within_limit

DEPOSIT, WITHDRAWAL, CORRECTION = (
    kind.value for kind in (LedgerEntry.Kind.DEPOSIT, LedgerEntry.Kind.WITHDRAWAL, LedgerEntry.Kind.CORRECTION)
)
APPROVE, BEYOND_LIMIT = "settlement.approve_adjustment", "adjustment.beyond_limit"
_State, _Code = Adjustment.State, AdjustmentCode


def adjustment_propose(
    *,
    actor: User,
    moves: Sequence[Move],
    reason: str,
    kind: str = CORRECTION,
    reference: str = "",
    failure_id: int | None = None,
    adjustment_id: UUID | None = None,
) -> Adjustment:
    """Propose to change balances; nothing moves before somebody else approves. Writes an audit entry.

    Moves of one account become one line, and must be possible with the balances of now. With a failure the adjustment
    is to close it: then it must take exactly what the trade holds. Money from or to the outside world needs the
    `reference` of its transaction there, which is used once. An `adjustment_id` makes it happen once: the second time
    returns the first. Makes missing accounts. Locks the actor's row, then the failure. Raises AdjustmentError,
    ProposalError; a limit that was reached is recorded.
    """
    try:
        return _propose(actor, moves, reason, kind, reference, failure_id, adjustment_id or uuid7())
    except AdjustmentError as error:
        _record_if_beyond(actor, error, User(pk=actor.pk))
        raise


@transaction.atomic(durable=True)
def _propose(
    actor: User,
    moves: Sequence[Move],
    reason: str,
    kind: str,
    reference: str,
    failure_id: int | None,
    adjustment_id: UUID,
) -> Adjustment:
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)  # one at a time: the form may be sent twice at once
    if known := Adjustment.objects.filter(id=adjustment_id, proposed_by=actor).first():
        return known
    lines = moves_merged(moves)
    if not actor.has_perm(_PROPOSE[kind]):
        raise ProposalError(ProposalCode.FORBIDDEN, f"This needs the right {_PROPOSE[kind]}")
    trade = None if failure_id is None else _trade_to_close(failure_id)
    require_sound(lines)
    require_reference(lines, reference)
    if trade is not None:
        require_holds(lines, trade)
    ids = accounts_find({line.account for line in lines})
    _require_possible(lines, ids)
    require_within_limit(actor, lines)
    about = {"lines": [move_as_json(line) for line in lines], **_about(trade)}
    adjustment = Adjustment(
        id=adjustment_id,
        kind=kind,
        reason=reason,
        reference=reference,
        proposed_by=actor,
        failure_id=failure_id,
        claim="" if failure_id is None else f"failure:{failure_id}",
        subject=_subject(lines),
        beneficiaries=sorted({line.account.owner_id for line in lines if line.account.owner_id is not None}),
    )
    proposal_make(adjustment, told=about)
    AdjustmentLine.objects.bulk_create(
        AdjustmentLine(
            adjustment=adjustment, number=number, account_id=ids[line.account], available=line.available, held=line.held
        )
        for number, line in enumerate(lines, start=1)
    )
    return adjustment


def adjustment_execute(proposal: Proposal, actor: User) -> str:
    """Do what was approved: write the entries, change the balances, close the failure.

    A line whose available and held cancel out moves nothing between accounts and gets no entry. Locks as the module
    says; publishes users' balances on commit; writes an audit entry for the balances and one for the failure.
    """
    adjustment = Adjustment.objects.select_related("failure").get(pk=proposal.pk)
    moves = adjustment_moves(adjustment)
    trade = None
    if adjustment.failure is not None:
        trade = _close_failure(adjustment.failure, actor, adjustment)
        require_holds(moves, trade)
    old, new = _move(adjustment, moves)
    audit_record(
        actor=actor,
        action=f"ledger.{adjustment.kind}",
        target=adjustment,
        old={"balances": old},
        new={"balances": new, **_about(trade)},
        note=adjustment.reason,
    )
    return ""


def adjustment_check_decider(proposal: Proposal, actor: User) -> None:
    """Refuse somebody who would approve more than one person may in a day. Locks the actor's row."""
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    require_within_limit(actor, adjustment_moves(Adjustment.objects.get(pk=proposal.pk)))


def adjustment_refused(proposal: Proposal, actor: User, error: Exception) -> None:
    """Record that an approval would have gone beyond a limit; called after it was undone."""
    _record_if_beyond(actor, error, proposal)


def _record_if_beyond(actor: User, error: Exception, target: Model) -> None:
    if isinstance(error, AdjustmentError) and error.code is _Code.LIMIT_REACHED:
        audit_record(actor=actor, action=BEYOND_LIMIT, target=target, new=dict(error.details), note=error.message)


def beyond_limits(*, now: datetime) -> int:
    """Return how often within a day somebody tried to move more than a person may. One query, by an index."""
    return AuditEntry.objects.filter(action=BEYOND_LIMIT, created_at__gt=now - LIMIT_WINDOW).count()


def _subject(lines: Sequence[Move]) -> str:
    """Return what an adjustment is about, in a line: `+5 BTC for alice`."""
    given = next((line for line in lines if line.account.owner_id is not None), lines[0])
    owner = given.account.owner_id
    who = User.objects.values_list("username", flat=True).get(pk=owner) if owner else "the exchange"
    sign = "+" if given.amount > 0 else ""
    text = f"{sign}{grouped(given.amount)} {given.account.asset} for {who}"
    others = len(lines) - 2
    return (f"{text} and {others} more" if others > 0 else text)[:_SUBJECT_MAX]


_SUBJECT_MAX = 200
_PROPOSE = {
    DEPOSIT: "settlement.deposit_account",
    WITHDRAWAL: "settlement.withdraw_account",
    CORRECTION: "settlement.add_adjustment",
}
KINDS = tuple(
    Kind(
        name,
        name.capitalize(),
        right,
        APPROVE,
        adjustment_execute,
        check_decider=adjustment_check_decider,
        refused=adjustment_refused,
        audited_as="adjustment",
        load=lambda proposal: Adjustment.objects.get(pk=proposal.pk),
    )
    for name, right in _PROPOSE.items()
)


def adjustment_moves(adjustment: Adjustment) -> list[Move]:
    """Return the lines of an adjustment. One query."""
    lines = adjustment.lines.select_related("account").order_by("number")
    return [
        Move(AccountKey(line.account.owner_id, line.account.asset_id, line.account.kind), line.available, line.held)
        for line in lines
    ]


# --- steps ----------------------------------------------------------------------------------------


def _trade_to_close(failure_id: int) -> TradeToSettle:
    failure = FailedSettlement.objects.select_for_update(no_key=True).filter(id=failure_id).first()
    found = trade_outbox().find(trade_ids=[failure.trade_id]) if failure else []
    if failure is None or not found or failure.state not in _OPEN_FAILURES:
        raise AdjustmentError(_Code.TRADE_NOT_FAILED, "The settlement of that trade has not failed for good")
    require_not_moved(failure.trade_id)
    if failure.adjustments.filter(state__in=[_State.PROPOSED, _State.APPROVED]).exists():
        raise ProposalError(ProposalCode.ALREADY_PROPOSED, "There is already an adjustment for this settlement")
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
    kind = adjustment.kind
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
