"""The table of all attacks."""

from collections.abc import Sequence

from tests.attack.trial import Trial

HEAD = (
    "attack",
    "bystander's p99 in ms: before, during, after (worst of)",
    "failed",
    "memory in MB",
    "verdict",
    "outcome",
)


def row(trial: Trial) -> tuple[str, ...]:
    """Return one attack as cells."""
    kind, phases = trial.worst(), (trial.before, trial.during, trial.after)
    p99 = ", ".join(f"{phase.p99_ms.get(kind, float('inf')):.0f}" for phase in phases)
    memory = ", ".join(f"{phase.memory_mb:.0f}" for phase in phases)
    failed = str(trial.during.failures + trial.after.failures)
    verdict = "held" if not trial.complaints else "HARMED: " + "; ".join(trial.complaints)
    return trial.name, f"{p99} ({kind})", failed, memory, verdict, trial.outcome


def table(trials: Sequence[Trial]) -> str:
    """Return the trials as a table of Markdown."""
    rows = [HEAD, *(row(trial) for trial in trials)]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |" for cells in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
