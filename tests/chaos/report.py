"""The figures of a run, as a table for people."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.chaos.rounds import Run

SHOWN = 3


def lines(run: Run, seconds: float) -> Iterator[str]:
    """Yield what a run did and found."""
    kills, tally, findings = Counter(done.kind for done in run.faults.done), run.tally, run.findings
    total = sum(kills.values())
    yield f"seed {run.plan.seed} · {total} kills in {seconds:.0f} s ({seconds / max(1, total):.1f} s each), "
    yield from _table("kills by kind", kills)
    yield f"struck nothing, as the victim was down already, and are not counted: {run.faults.missed}"
    yield from _table("requests", tally.requests)
    yield from _table("acknowledged", tally.acknowledged)
    yield from _table("refused", tally.refused)
    yield from _table("answers unknown", tally.unknown)
    yield from _table("what happened", findings.facts)
    yield f"stored: {tally.orders:,} orders, {tally.trades:,} trades"
    for endpoint, longest in run.outages.longest():
        yield f"longest outage of {endpoint}: {longest:.1f} s"
    yield from _outages_by_kind(run)
    yield from _table("messages", run.listeners.counts)
    yield from _table("checks", findings.checked)
    if findings.differences:
        yield f"DIFFERENCES: {len(findings.differences)} {dict(Counter(d.check for d in findings.differences))}"
        for check in dict.fromkeys(difference.check for difference in findings.differences):
            yield from [str(each) for each in findings.differences if each.check == check][:SHOWN]
    else:
        yield "nothing lost, nothing twice, nothing from nowhere"


def _table(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"{title}: {sum(counts.values()):,}"
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        yield f"    {count:8,}  {name}"


def _outages_by_kind(run: Run) -> Iterator[str]:
    """Give each outage to the last fault before it ended."""
    longest: dict[str, float] = {}
    for _, begin, end in run.outages.gaps:
        causes = [done for done in run.faults.done if begin - 0.3 <= done.at <= end]
        for done in causes[:1]:
            longest[done.kind] = max(longest.get(done.kind, 0.0), end - begin)
    yield "longest outage by the fault that began it:"
    for kind, seconds in sorted(longest.items(), key=lambda item: -item[1]):
        yield f"    {seconds:6.1f} s  {kind}"
