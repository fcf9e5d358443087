"""What people do about reconciliation: acknowledge a mismatch, begin replays or chains anew."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from base.errors import ApiError, ErrorCode, ValidationError
from base.ids import uuid7_floor
from base.times import ms_of
from exchange.audit import audit_record
from exchange.models import Market, User
from orders.models import JournalAnchor, JournalBatch, Mismatch, ReplayCheckpoint
from verification.chains.journal import journal_walk
from verification.explanation.connections import plain_reading
from verification.reconciliation.market import MarketCheck
from verification.reconciliation.snapshots import reading
from verification.replay.findings import Findings

__all__ = ["journal_anchor", "market_rebase", "mismatch_acknowledge"]


@transaction.atomic
def mismatch_acknowledge(*, actor: User, mismatch_id: int, note: str) -> Mismatch:
    """Note that staff have looked at a mismatch: it halts nothing any more. Changes no market. Writes an audit entry.

    Raises ApiError NOT_FOUND when it is not, or no longer, open; ValidationError without a note.
    """
    if not note.strip():
        raise ValidationError({"note": ["Say what it was and what was done"]})
    open_ones = Mismatch.objects.select_for_update(of=("self",)).filter(state=Mismatch.State.OPEN)
    mismatch = open_ones.filter(pk=mismatch_id).first()
    if mismatch is None:
        raise ApiError(ErrorCode.NOT_FOUND, "That mismatch is no longer open")
    mismatch.state, mismatch.note = Mismatch.State.ACKNOWLEDGED, note
    mismatch.acknowledged_by, mismatch.acknowledged_at = actor, timezone.now()
    mismatch.save(update_fields=["state", "note", "acknowledged_by", "acknowledged_at"])
    audit_record(
        actor=actor,
        action="mismatch.acknowledge",
        target=mismatch,
        old={"state": Mismatch.State.OPEN.value},
        new={"state": mismatch.state.value, "check": mismatch.check_name, "subject": mismatch.subject},
        note=note,
    )
    return mismatch


def market_rebase(*, actor: User | None, market: Market, note: str) -> ReplayCheckpoint:
    """Take a market's stored open orders as they are for the beginning of later replays. Writes an audit entry.

    For a journal that cannot be replayed: after an upgrade, or once a mismatch is understood. `actor` is None for
    somebody who runs commands on the host. Raises AlreadyRunningError; ValidationError without a note, for a market
    that never traded, and when the stored orders are not the book whose hash the last batch left.
    """
    if not note.strip():
        raise ValidationError({"note": ["Give a reason"]})
    findings = Findings()
    with reading() as connection:
        result = MarketCheck(connection, market, findings, lambda _: None).run(full=False, rebase=True)
    if result.checkpoint is None:
        differences = [f"{finding.subject}: {dict(finding.found)}" for finding in findings.items[:5]]
        raise ValidationError({"market": ["The stored orders are not the book that the last batch left", *differences]})
    checkpoint = ReplayCheckpoint.objects.get(pk=result.checkpoint)
    audit_record(actor=actor, action="market.rebase", target=market, old={}, new={"seq": checkpoint.seq}, note=note)
    return checkpoint


@transaction.atomic
def journal_anchor(*, market: Market, before: datetime, note: str) -> int | None:
    """Let a market's chain begin with what came after a moment, and return the sequence number; None without such.

    Partitions before that moment may be detached then. Only for the owner of the tables. Writes an audit entry. Raises
    ValidationError when the chain is broken: first find out why.
    """
    batches = JournalBatch.objects.filter(market=market, id__lt=uuid7_floor(ms_of(before)), hash__isnull=False)
    last = batches.order_by("-last_seq").first()
    if last is None or last.hash is None:
        return None
    with plain_reading() as connection:
        walk = journal_walk(connection, market)
    if walk.breaks:
        raise ValidationError({"market": [f"{each.subject}: {each.found}" for each in walk.breaks[:5]]})
    fields = {"hash": last.hash, "note": note}
    _, is_new = JournalAnchor.objects.get_or_create(market=market, seq=last.last_seq, defaults=fields)
    if is_new:
        audit_record(actor=None, action="market.anchor_journal", target=market, new={"seq": last.last_seq}, note=note)
    return last.last_seq
