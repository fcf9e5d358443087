"""`python -m benchmarks [name ...]`: measure the named workloads, print tables, write benchmarks/latest.json."""

import json
import os
import subprocess
import sys
import tempfile
import textwrap
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.environment import servers
from benchmarks.figures import machine
from benchmarks.targets import TARGETS, Run, is_met, shown_value

NAMES = ("engine", "stops", "durable", "rest", "settlement", "backlog", "recovery", "failover")
# Only when they are named: each takes minutes, or compares instead of measuring.
LONG_NAMES = (
    *("recovery_million", "reconcile", "back_office", "signed", "reads", "history", "page_frames", "page_load"),
    "worst",
)
LATEST = Path(__file__).with_name("latest.json")
_WIDTH = 100


def main() -> int:
    """Run what was asked for, each in a process of its own; return 1 when a target was missed."""
    parser = ArgumentParser(prog="python -m benchmarks", description="Measure the named workloads, or the usual ones.")
    known = (*NAMES, *LONG_NAMES)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument(
        "--only", choices=(*NAMES, *LONG_NAMES), help="measure one here, on the servers of the environment"
    )
    parser.add_argument("--output", type=Path, help="with --only: file for the figures, as JSON")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures of this run to another file, too")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(known):
        parser.error(f"there is no {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    if arguments.only:
        _measure_here(arguments.only, arguments.output)
        return 0
    wanted = [name for name in known if name in (arguments.names or NAMES)]
    with servers():
        where = machine()
        _print_pairs("machine", where)
    results = {name: _measure(name) for name in wanted}
    document = _document(results, where)
    LATEST.write_text(json.dumps(document, indent=2) + "\n")
    if arguments.json:
        run = {name: value for result in results.values() for name, value in result.items() if name in TARGETS}
        Run(figures=run, machine=where, measured_on=f"{datetime.now(UTC):%Y-%m-%d}").write(arguments.json)
    return _print_targets(document, [name for name in TARGETS if any(name in result for result in results.values())])


def _measure_here(name: str, output: Path | None) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    result = import_module(f"benchmarks.{name}").run()
    if output is None:
        _print_result(name, result)
    else:
        output.write_text(json.dumps(result))


def _measure(name: str) -> dict[str, Any]:
    """Run one measurement on servers and in an interpreter of its own, so that none inherits what another left."""
    with servers(), tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "result.json"
        command = [sys.executable, "-m", "benchmarks", "--only", name, "--output", str(output)]
        subprocess.run(command, check=True)
        result: dict[str, Any] = json.loads(output.read_text())
    _print_result(name, result)
    return result


def _document(results: Mapping[str, Mapping[str, Any]], where: Mapping[str, str]) -> dict[str, Any]:
    """Return the figures by their names; those of workloads that were not run now stay as they were."""
    known: dict[str, Any] = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    figures = {name: value for result in results.values() for name, value in result.items() if name in TARGETS}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {
        **{name: value for name, value in known.items() if name in TARGETS},
        **figures,
        "targets": {name: f"{sign} {value:g}" for name, (sign, value) in TARGETS.items()},
        "measured_at": known.get("measured_at", {}) | dict.fromkeys(results, now),
        "machine": dict(where),
        "details": known.get("details", {}) | dict(results),
    }


# --- tables ---------------------------------------------------------------------------------------------


def _print_result(name: str, result: Mapping[str, Any]) -> None:
    print(f"\n== {name} " + "=" * (_WIDTH - len(name) - 4))
    print(textwrap.fill(str(result.get("workload", "")), _WIDTH, initial_indent="  ", subsequent_indent="  "))
    for key, value in result.items():
        if key != "workload":
            _print_value(key, value)
    sys.stdout.flush()


def _print_value(key: str, value: Any) -> None:
    if isinstance(value, list):
        for row in value:
            _print_value(key, row)
    else:
        print(f"  {key:28} {shown_value(value)}")


def _print_pairs(title: str, pairs: Mapping[str, str]) -> None:
    print(f"== {title} " + "=" * (_WIDTH - len(title) - 4))
    for key, value in pairs.items():
        print(f"  {key:28} {value}")
    sys.stdout.flush()


def _print_targets(document: Mapping[str, Any], names: list[str]) -> int:
    print("\n== targets " + "=" * (_WIDTH - 11))
    missed = 0
    for name in names:
        sign, target = TARGETS[name]
        value = document[name]
        missed += not is_met(name, value)
        word = "met" if is_met(name, value) else "MISSED"
        print(f"  {name:28} {shown_value(value):>12}  {sign} {shown_value(target):>9}  {word}")
    print(f"\nWritten to {LATEST}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
