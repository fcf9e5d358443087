"""Steps of a proposal: made by one person, decided by another, withdrawn by its proposer, or expired by itself.

Each step locks the proposal's row first and writes an audit entry. Executors lock what they change after that.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from base.errors import CodedError
from base.ids import uuid7
from proposals.errors import ProposalCode, ProposalError
from proposals.kinds import Kind, kind_of
from proposals.models import REASON_MAX, Proposal
from proposals.ports import audit_trail, participation_check

__all__ = [
    "PROPOSER_TEXT",
    "Approved",
    "decision_refusal",
    "proposal_approve",
    "proposal_make",
    "proposal_new",
    "proposal_reject",
    "proposal_withdraw",
    "proposals_expire",
]

PROPOSER_TEXT = "You proposed this: somebody else has to decide on it"
AnyProposal = TypeVar("AnyProposal", bound=Proposal)
_State, _Code = Proposal.State, ProposalCode
_BY_CONSTRAINT = {
    "proposal_reference_once": (_Code.REFERENCE_USED, "There is already a proposal with this reference"),
    "proposal_claim_once": (_Code.ALREADY_PROPOSED, "There is already a proposal about this"),
}


class Approved(NamedTuple):
    """A proposal that was approved and done, and what only the one who approved it is to be told."""

    proposal: Proposal
    told: str


@transaction.atomic
def proposal_make(proposal: AnyProposal, *, note: str = "", told: dict[str, Any] | None = None) -> AnyProposal:
    """Store a new proposal; nothing happens before somebody else approves it. Writes an audit entry.

    `told` goes into the entry beside what would change. Raises ProposalError: without the right, a reason, or when
    the proposer is among those whom it benefits, or its reference or claim is taken.
    """
    kind, actor = kind_of(proposal), proposal.proposed_by
    _require_right(actor, kind.propose)
    if not proposal.reason.strip() or len(proposal.reason) > REASON_MAX:
        raise ProposalError(_Code.INVALID, f"Give a reason of at most {REASON_MAX} characters")
    if actor.pk in proposal.beneficiaries:
        raise ProposalError(_Code.BENEFICIARY, "This is about yourself: ask a colleague to propose it")
    proposal.expires_at = timezone.now() + timedelta(hours=settings.PROPOSAL_HOURS)
    try:
        with transaction.atomic():
            proposal.save(force_insert=True)
    except IntegrityError as error:
        raise _explained(error) from error
    new = {"state": _State.PROPOSED.value, **proposal.after, **(told or {})}
    if proposal.reference:
        new["reference"] = proposal.reference
    _record(kind, "propose", proposal, actor, dict(proposal.before), new, note or proposal.reason)
    return proposal


def proposal_approve(*, actor: Any, proposal_id: UUID, note: str = "") -> Approved:
    """Do what somebody else has proposed, once, ever.

    Raises ProposalError, or what the executor refuses with; then nothing has happened and the proposal stands.
    """
    try:
        return _approve(actor, proposal_id, note)
    except CodedError as error:
        if proposal := Proposal.objects.filter(id=proposal_id).first():
            kind_of(proposal).refused(proposal, actor, error)
        raise


@transaction.atomic(durable=True)
def _approve(actor: Any, proposal_id: UUID, note: str) -> Approved:
    proposal, kind = _lock_undecided(proposal_id)
    if refusal := decision_refusal(proposal, actor):
        raise refusal
    participation_check()(actor)
    kind.check_decider(proposal, actor)
    _decide(proposal, _State.APPROVED, actor, note)
    told = kind.execute(proposal, actor)
    old = {"state": _State.PROPOSED.value, **proposal.before}
    _record(kind, "approve", proposal, actor, old, {"state": _State.APPROVED.value, **proposal.after}, note)
    return Approved(proposal, told)


@transaction.atomic(durable=True)
def proposal_reject(*, actor: Any, proposal_id: UUID, note: str) -> Proposal:
    """Refuse what somebody else has proposed; nothing happens. Raises ProposalError. Writes an audit entry."""
    proposal, _ = _lock_undecided(proposal_id)
    if refusal := decision_refusal(proposal, actor):
        raise refusal
    if not note.strip():
        raise ProposalError(_Code.INVALID, "Say why you reject it")
    return _close(proposal, _State.REJECTED, actor, note)


@transaction.atomic(durable=True)
def proposal_withdraw(*, actor: Any, proposal_id: UUID, note: str = "") -> Proposal:
    """Take back one's own proposal; nothing happens. Raises ProposalError. Writes an audit entry."""
    proposal, _ = _lock_undecided(proposal_id)
    if proposal.proposed_by_id != actor.pk:
        raise ProposalError(_Code.FORBIDDEN, "Only the member of staff who proposed it can withdraw it")
    return _close(proposal, _State.WITHDRAWN, actor, note)


def proposals_expire(*, now: datetime | None = None) -> int:
    """End the proposals that nobody has decided in time; return how many. One transaction each, safe to repeat."""
    due = Proposal.objects.filter(state=_State.PROPOSED, expires_at__lte=now or timezone.now())
    return sum(_expire(proposal_id) for proposal_id in due.order_by("id").values_list("id", flat=True))


def decision_refusal(proposal: Proposal, actor: Any) -> ProposalError | None:
    """Return why somebody may not decide on a proposal, or None; an executor may still refuse. No query of its own."""
    kind = kind_of(proposal)
    if not actor.has_perm(kind.decide):
        return ProposalError(_Code.FORBIDDEN, f"This needs the right {kind.decide}")
    if proposal.proposed_by_id == actor.pk:
        return ProposalError(_Code.FORBIDDEN, PROPOSER_TEXT)
    if actor.pk in proposal.beneficiaries:
        return ProposalError(_Code.BENEFICIARY, "This is about yourself: somebody else has to decide on it")
    if proposal.expires_at <= timezone.now():
        return ProposalError(_Code.EXPIRED, "It has waited too long: propose it again")
    return None


# --- steps ----------------------------------------------------------------------------------------


def _lock_undecided(proposal_id: UUID) -> tuple[Proposal, Kind]:
    proposal = Proposal.objects.select_for_update(no_key=True).filter(id=proposal_id).first()
    if proposal is None:
        raise ProposalError(_Code.PROPOSAL_NOT_FOUND, "There is no such proposal")
    if proposal.state != _State.PROPOSED:
        message = f"It is already {proposal.get_state_display().lower()}"
        raise ProposalError(_Code.ALREADY_DECIDED, message)
    return proposal, kind_of(proposal)


def _decide(proposal: Proposal, state: Proposal.State, actor: Any, note: str) -> None:
    proposal.state, proposal.decided_by, proposal.note = state, actor, note
    proposal.decided_at = timezone.now()  # the database puts the time of the transaction in its place
    proposal.save(update_fields=["state", "decided_by", "note", "decided_at"])


def _close(proposal: Proposal, state: Proposal.State, actor: Any, note: str) -> Proposal:
    _decide(proposal, state, actor, note)
    old, new = {"state": _State.PROPOSED.value}, {"state": state.value}
    _record(kind_of(proposal), _VERBS[state], proposal, actor, old, new, note)
    return proposal


_VERBS = {_State.REJECTED: "reject", _State.WITHDRAWN: "withdraw", _State.EXPIRED: "expire"}


@transaction.atomic
def _expire(proposal_id: UUID) -> bool:
    row = Proposal.objects.select_for_update(no_key=True, skip_locked=True)
    proposal = row.filter(id=proposal_id, state=_State.PROPOSED).first()
    if proposal is None:
        return False
    _close(proposal, _State.EXPIRED, None, "")
    return True


def _record(
    kind: Kind, verb: str, proposal: Proposal, actor: Any, old: dict[str, Any], new: dict[str, Any], note: str
) -> None:
    audit_trail()(
        actor=actor,
        action=f"{kind.audited_as}.{verb}",
        target=kind.load(proposal),
        old=old,
        new={**new, **_named(kind, proposal)},
        note=note,
    )


def _named(kind: Kind, proposal: Proposal) -> dict[str, str]:
    return {"kind": kind.label.lower(), "about": proposal.subject} if proposal.subject else {}


def _require_right(actor: Any, right: str) -> None:
    if not actor.has_perm(right):
        raise ProposalError(_Code.FORBIDDEN, f"This needs the right {right}")


def _explained(error: IntegrityError) -> Exception:
    for name, (code, message) in _BY_CONSTRAINT.items():
        if name in str(error):
            return ProposalError(code, message)
    return error


def proposal_new(
    *,
    kind: str,
    actor: Any,
    reason: str,
    target: str = "",
    subject: str = "",
    payload: dict[str, Any] | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    beneficiaries: Sequence[UUID] = (),
) -> Proposal:
    """Make a proposal of a kind that has nothing but its payload; see `proposal_make`."""
    proposal = Proposal(
        id=uuid7(),
        kind=kind,
        target=target,
        subject=subject,
        proposed_by=actor,
        reason=reason,
        payload=payload or {},
        before=before or {},
        after=after or {},
        beneficiaries=list(beneficiaries),
    )
    return proposal_make(proposal)
