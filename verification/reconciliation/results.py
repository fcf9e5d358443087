"""The outcome of a run: mismatches with both sides, halted markets, an alert. Nothing is repaired."""

from collections.abc import Iterable, Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from exchange.models import Market, TradingState
from exchange.services import market_set_state
from orders.models import Mismatch, ReconcileRun
from verification.replay.findings import Finding, Findings

log = structlog.get_logger(__name__)

_State = Mismatch.State
_TRADING = (TradingState.CONTINUOUS, TradingState.POST_ONLY, TradingState.PRE_OPEN)


@transaction.atomic
def findings_store(*, run: ReconcileRun, findings: Findings, markets: Sequence[Market], halt: bool) -> list[Mismatch]:
    """Store what is new, halt the markets concerned, and return the mismatches that nobody has acknowledged.

    What was found before is not stored again. What staff have acknowledged halts nothing: they have looked at it.
    """
    known = {row.signature: row for row in Mismatch.objects.exclude(state=_State.GONE)}
    unsettled, new = list[Mismatch](), list[Finding]()
    for finding in findings.items:
        row = known.get(finding.signature)
        if row is None:
            new.append(finding)
        elif row.state == _State.OPEN:
            unsettled.append(row)
    created = Mismatch.objects.bulk_create(_mismatch(run, finding) for finding in new)
    for finding in new:
        _tell(run, finding)
    unsettled += created
    if halt:
        markets_halt(run=run, markets=_concerned(unsettled, markets))
    return unsettled


def _mismatch(run: ReconcileRun, finding: Finding) -> Mismatch:
    return Mismatch(
        run=run,
        market=finding.market,
        asset=finding.asset,
        check_name=finding.check,
        subject=finding.subject[:100],
        expected=dict(finding.expected),
        found=dict(finding.found),
        signature=finding.signature,
    )


def _tell(run: ReconcileRun, finding: Finding) -> None:
    log.error(
        "reconcile_mismatch",
        run=run.pk,
        check=finding.check.value,
        subject=finding.subject,
        market=finding.market.symbol if finding.market else None,
        asset=finding.asset or None,
    )


def _concerned(mismatches: Iterable[Mismatch], markets: Sequence[Market]) -> list[Market]:
    """Return the markets of the mismatches; a difference of money concerns all markets of its asset."""
    ids = {mismatch.market_id for mismatch in mismatches if mismatch.market_id}
    assets = {mismatch.asset for mismatch in mismatches if mismatch.asset}
    return [market for market in markets if market.pk in ids or {market.base_id, market.quote_id} & assets]


def markets_halt(*, run: ReconcileRun, markets: Iterable[Market]) -> None:
    """Halt those of the markets that trade; each leaves an audit entry without an actor."""
    for market in markets:
        if Market.objects.filter(pk=market.pk, trading_state__in=_TRADING).exists():
            note = f"Reconciliation {run.pk} found a mismatch"
            market_set_state(actor=None, market_id=market.pk, state=TradingState.HALTED, note=note)
            log.error("market_halted", market=market.symbol, run=run.pk, reason="reconcile_mismatch")


def acknowledged_signatures() -> set[str]:
    """Return the signatures of the mismatches that staff have looked at. One query."""
    return set(Mismatch.objects.filter(state=_State.ACKNOWLEDGED).values_list("signature", flat=True))


def acknowledged_forget(*, findings: Findings) -> None:
    """Note which acknowledged mismatches a full run did not find again: if they come back they count as new."""
    found = [finding.signature for finding in findings.items]
    gone = Mismatch.objects.filter(state=_State.ACKNOWLEDGED).exclude(signature__in=found)
    gone.update(state=_State.GONE)


def runs_abandon() -> None:
    """Mark unfinished runs as failed. Needs the lock of a run: then none of them is still running."""
    unfinished = ReconcileRun.objects.filter(status=ReconcileRun.Status.RUNNING)
    unfinished.update(status=ReconcileRun.Status.FAILED, finished_at=timezone.now(), error="The process ended")
