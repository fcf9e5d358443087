"""The outcome of a run, for people and for programs."""

from collections.abc import Iterator
from typing import Any

from orders.models import Mismatch
from verification.reconciliation.run import Reconciled

SHOWN_MAX = 20  # mismatches in the text; all are in the admin


def as_json(done: Reconciled) -> dict[str, Any]:
    """Return everything about a run as JSON values."""
    run = done.run
    assert run.finished_at is not None, "Invariant: a report is about a finished run"
    return {
        "run": run.pk,
        "kind": run.kind,
        "scope": run.scope,
        "status": run.status,
        "started_at": run.started_at.isoformat(),
        "seconds": round((run.finished_at - run.started_at).total_seconds(), 3),
        "counts": run.counts,
        "mismatches": [_mismatch_json(mismatch) for mismatch in done.mismatches],
    }


def _mismatch_json(mismatch: Mismatch) -> dict[str, Any]:
    return {
        "id": mismatch.pk,
        "check": mismatch.check_name,
        "subject": mismatch.subject,
        "market": mismatch.market.symbol if mismatch.market else None,
        "asset": mismatch.asset or None,
        "expected": mismatch.expected,
        "found": mismatch.found,
    }


def lines(done: Reconciled) -> Iterator[str]:
    """Yield a summary: a line per market, a line per check, and the first mismatches with both sides."""
    run, counts = done.run, done.run.counts
    yield f"{'market':<14}{'from':>12}{'to':>12}{'commands':>12}{'trades':>12}{'orders':>12}{'open':>10}  note"
    for result in done.markets:
        since = "-" if result.replayed_from is None else f"{result.replayed_from:,}"
        yield (
            f"{result.market.symbol:<14}{since:>12}{result.last_seq:>12,}{result.commands:>12,}{result.trades:>12,}"
            f"{result.orders:>12,}{result.open_orders:>10,}  {result.note}"
        )
    yield ""
    found = done.findings.counts
    for check in Mismatch.Check:
        yield f"{check.label:<46} {'agrees' if not found[check.value] else f'{found[check.value]:,} MISMATCHES'}"
    yield ""
    for mismatch in done.mismatches[:SHOWN_MAX]:
        yield from _mismatch_lines(mismatch)
    if len(done.mismatches) > SHOWN_MAX:
        yield f"... and {len(done.mismatches) - SHOWN_MAX:,} more: see the admin"
    assert run.finished_at is not None, "Invariant: a report is about a finished run"
    seconds = (run.finished_at - run.started_at).total_seconds()
    known = f", {counts['acknowledged']:,} acknowledged before" if counts["acknowledged"] else ""
    yield (
        f"run {run.pk}: {run.status.upper()}{known}; {counts['entries']:,} entries, {counts['trades']:,} trades and "
        f"{counts['orders']:,} orders compared in {seconds:.1f} s"
    )


def _mismatch_lines(mismatch: Mismatch) -> Iterator[str]:
    where = mismatch.market.symbol if mismatch.market else mismatch.asset
    yield f"MISMATCH {mismatch.pk}: {mismatch.get_check_name_display()}: {where} {mismatch.subject}"
    for name in dict.fromkeys([*mismatch.expected, *mismatch.found]):
        yield f"    {name:<22} expected {mismatch.expected.get(name, '-'):<40} found {mismatch.found.get(name, '-')}"
