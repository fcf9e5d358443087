"""What staff do about settlements that failed for good: try again, or declare them resolved.

Where money must move, an adjustment closes them: `settlement.services.adjustments`.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from base.errors import ApiError, ErrorCode, ValidationError
from exchange.audit import audit_record
from exchange.models import User
from settlement.models import FailedSettlement
from settlement.ports import trade_outbox
from settlement.services.settlements import Settled, settle_retries

_State = FailedSettlement.State


def failed_settlement_retry(*, actor: User, failure_ids: Sequence[int]) -> Settled:
    """Give dead letters new attempts and make the first one at once; others than dead letters are left out.

    Must not run inside a transaction. Writes one audit entry for each. Should the process die in between, or another
    member of staff have a trade locked at that moment, the sweeper makes the attempt.
    """
    return settle_retries(trade_ids=[failure.trade_id for failure in _reopen(actor, failure_ids)])


@transaction.atomic(durable=True)
def failed_settlement_resolve(*, actor: User, failure_id: int, note: str) -> FailedSettlement:
    """Declare a dead letter dealt with; its trade stays `failed`, its holds stay. Writes an audit entry.

    It is for trades whose money needs no moving. An adjustment may still close the trade afterwards.
    Raises ApiError NOT_FOUND when it is not, or no longer, a dead letter; ValidationError without a note.
    """
    if not note.strip():
        raise ValidationError({"note": ["Say how it was resolved"]})
    failure = _dead_letters([failure_id]).first()
    if failure is None:
        raise ApiError(ErrorCode.NOT_FOUND, "That settlement is no longer a dead letter")
    failure.state, failure.note, failure.resolved_by = _State.RESOLVED, note, actor
    failure.save(update_fields=["state", "note", "resolved_by", "updated_at"])
    _audit(actor, "settlement.resolve", failure, note)
    return failure


@transaction.atomic(durable=True)
def _reopen(actor: User, failure_ids: Sequence[int]) -> list[FailedSettlement]:
    now = timezone.now()
    named = FailedSettlement.objects.filter(id__in=failure_ids).values_list("trade_id", flat=True)
    trades = {trade.id for trade in trade_outbox().claim_failed(trade_ids=list(named))}
    failures = list(_dead_letters(failure_ids).filter(trade_id__in=trades))
    for failure in failures:
        failure.state, failure.attempt_count, failure.next_attempt_at = _State.RETRYING, 0, now
        failure.save(update_fields=["state", "attempt_count", "next_attempt_at", "updated_at"])
        _audit(actor, "settlement.retry", failure)
    trade_outbox().mark(trade_ids=[failure.trade_id for failure in failures], status="retrying", at=now)
    return failures


def _dead_letters(failure_ids: Sequence[int]) -> QuerySet[FailedSettlement]:
    locked = FailedSettlement.objects.select_for_update(no_key=True).order_by("trade_id")
    return locked.filter(id__in=failure_ids, state=_State.DEAD)


def _audit(actor: User, action: str, failure: FailedSettlement, note: str = "") -> None:
    audit_record(
        actor=actor,
        action=action,
        target=failure,
        old={"state": _State.DEAD.value},
        new={"state": failure.state, "trade_id": str(failure.trade_id)},
        note=note,
    )
