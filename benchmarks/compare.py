"""`python -m benchmarks.compare --base REF [name ...]`: measure another commit and this tree by turns, compare.

Figures of two machines say nothing about two commits. So both are measured here, pair by pair, and the medians are
compared by ratio. Beside them stand the figures that are kept in the repository, with the machine they are from.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.targets import TARGETS, Run, is_rate, shown_value

PROJECT = Path(__file__).resolve().parent.parent
STORED = Path(__file__).with_name("figures.json")
Figures = Mapping[str, float]


class Change(NamedTuple):
    """A figure before and after, as medians. A ratio below 1 is a loss, of times as well as of rates."""

    name: str
    before: float
    after: float
    ratio: float


def main() -> int:
    """Measure by turns, print the table; return 1 when a figure has lost more than is tolerated."""
    parser = ArgumentParser(prog="python -m benchmarks.compare", description="Measure another commit and this tree.")
    parser.add_argument("names", nargs="*", metavar="name", help="workloads, as for python -m benchmarks")
    parser.add_argument("--base", required=True, metavar="REF", help="the commit to compare with")
    parser.add_argument("--pairs", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--tolerance", type=float, default=0.05, help="which loss is taken for noise (0.05)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the medians of this tree to a file")
    arguments = parser.parse_args()
    with _checked_out(arguments.base) as base:
        turns = range(arguments.pairs)
        pairs = [(_measured_there(base, arguments.names), _measured_here(arguments.names)) for _ in turns]
    after = [run for _, run in pairs]
    changes = compare([run.figures for run, _ in pairs], [run.figures for run in after])
    _print_table(changes, arguments.tolerance)
    if arguments.json:
        medians = {change.name: change.after for change in changes}
        Run(figures=medians, machine=after[-1].machine, measured_on=after[-1].measured_on).write(arguments.json)
    return 1 if losses(changes, arguments.tolerance) else 0


def compare(before: Sequence[Figures], after: Sequence[Figures]) -> list[Change]:
    """Return the change of each figure that all runs have."""
    common = [name for name in TARGETS if all(name in figures for figures in (*before, *after))]
    return [_change(name, median(run[name] for run in before), median(run[name] for run in after)) for name in common]


def losses(changes: Sequence[Change], tolerance: float) -> list[str]:
    """Return the names of the figures that have lost more than that share."""
    return [change.name for change in changes if change.ratio < 1 - tolerance]


def _change(name: str, before: float, after: float) -> Change:
    worse, better = (before, after) if is_rate(name) else (after, before)
    ratio = 1.0 if before == after else better / worse if worse else math.inf
    return Change(name, before, after, ratio)


# --- measuring --------------------------------------------------------------------------------------------


@contextmanager
def _checked_out(ref: str) -> Iterator[Path]:
    """Check a commit out beside this tree, with an environment of its own."""
    with tempfile.TemporaryDirectory(prefix="trade-engine-base-") as folder:
        tree = Path(folder) / "tree"
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), ref], cwd=PROJECT, check=True)
        try:
            subprocess.run(["make", "setup", f"VENV={tree / '.venv'}"], cwd=tree, check=True)
            yield tree
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=PROJECT, check=True)


def _measured_here(names: Sequence[str]) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "run.json"
        _measure(PROJECT, Path(sys.executable), [*names, "--json", str(file)])
        return Run.read(file)


def _measured_there(tree: Path, names: Sequence[str]) -> Run:
    """Read what the other commit writes at any rate: it may be older than the option `--json`."""
    latest = tree / "benchmarks" / "latest.json"
    latest.unlink(missing_ok=True)
    _measure(tree, tree / ".venv" / "bin" / "python", names)
    document = json.loads(latest.read_text())
    figures = {name: document[name] for name in TARGETS if name in document}
    return Run(figures=figures, machine=document["machine"], measured_on=max(document["measured_at"].values())[:10])


def _measure(tree: Path, python: Path, arguments: Sequence[str]) -> None:
    """Run the workloads of a tree. A target that is missed is no failure: the table shows what has changed."""
    environment = {name: value for name, value in os.environ.items() if name != "VENV"}
    subprocess.run([str(python), "-m", "benchmarks", *arguments], cwd=tree, env=environment, check=False)


# --- the table --------------------------------------------------------------------------------------------


def _print_table(changes: Sequence[Change], tolerance: float) -> None:
    stored = Run.read(STORED)
    lost = losses(changes, tolerance)
    print(f"\n  {'figure':30} {'before':>12} {'after':>12} {'ratio':>7} {'stored':>12}")
    for name, before, after, ratio in changes:
        kept = shown_value(stored.figures[name]) if name in stored.figures else "-"
        row = f"  {name:30} {shown_value(before):>12} {shown_value(after):>12} {ratio:7.3f} {kept:>12}"
        print(f"{row}  {'WORSE' if name in lost else ''}".rstrip())
    print(f"\nA ratio below {1 - tolerance:g} is a loss. The stored figures are of {stored.measured_on}, measured on:")
    for key, value in stored.machine.items():
        print(f"  {key:28} {value}")


if __name__ == "__main__":
    sys.exit(main())
