"""Tell how much of each room the tests have reached, and fail when one is below the floor: `make coverage`.

Reads the JSON report of coverage.py. Lines and branches count alike.
"""

import argparse
import json
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = Path(__file__).resolve().parents[1]
FLOOR_PERCENT = 85.0


class Reach(NamedTuple):
    """Lines and branches of a room that were reached, and all there are."""

    reached: int
    all: int

    @property
    def percent(self) -> float:
        return 100 * self.reached / self.all if self.all else 100.0


def reach_of_rooms(report: dict[str, Any], rooms: list[str]) -> dict[str, Reach]:
    """Return the reach of each room; a room without code counts as reached."""
    reached: dict[str, int] = defaultdict(int)
    total: dict[str, int] = defaultdict(int)
    for name, file in report["files"].items():
        room, summary = Path(name).parts[0], file["summary"]
        reached[room] += summary["covered_lines"] + summary["covered_branches"]
        total[room] += summary["num_statements"] + summary["num_branches"]
    return {room: Reach(reached[room], total[room]) for room in rooms}


def main() -> int:
    """Print a table; return 1 when a room is below the floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    rooms = list(tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["trade-engine"]["rooms"])
    reach = reach_of_rooms(json.loads(parser.parse_args().report.read_text()), rooms)
    for room, (reached, total) in reach.items():
        print(f"{room:<14}{reach[room].percent:6.1f} %  {reached:>6,} of {total:,} lines and branches")
    low = [room for room in rooms if reach[room].percent < FLOOR_PERCENT]
    if low:
        print(f"Below {FLOOR_PERCENT:.0f} %: {', '.join(low)}", file=sys.stderr)
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
