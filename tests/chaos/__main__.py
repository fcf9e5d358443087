"""Kill everything at random and see whether anything is lost: `python -m tests.chaos --kills 200`, or `make chaos`."""

import argparse
import random
import secrets
import sys
import time

from tests.chaos import report
from tests.chaos.cluster import Cluster
from tests.chaos.rounds import Plan, Run

CONTROLS = ("async-commit", "early-reply")


def main() -> int:
    """Run the chaos; return 1 when something was lost."""
    plan = _plan()
    print(f"chaos: {plan.kills} kills, seed {plan.seed}", flush=True)
    cluster = Cluster(random.Random(plan.seed), control=plan.control)
    print(f"data folder {cluster.folder}", flush=True)
    started = time.monotonic()
    with cluster:
        print(f"the exchange is ready after {time.monotonic() - started:.0f} s", flush=True)
        run, started = Run(cluster, plan), time.monotonic()
        run.go()
    for line in report.lines(run, time.monotonic() - started):
        print(line, flush=True)
    if run.findings.differences:
        all_of_them = "\n".join(map(str, run.findings.differences))
        (cluster.folder / "differences.txt").write_text(all_of_them + "\n")
        print(f"everything is kept in {cluster.folder}: diary.jsonl, differences.txt, logs, the database")
        return 1
    cluster.remove()
    return 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--round", type=int, default=15, help="kills between two verifications")
    parser.add_argument("--rate", type=float, default=9.0, help="requests a second of each client")
    parser.add_argument("--only", action="append", metavar="KIND", help="this kind of fault only (may be repeated)")
    parser.add_argument("--control", choices=CONTROLS, default="", help="break the exchange on purpose")
    given = parser.parse_args()
    seed = secrets.randbelow(1 << 32) if given.seed is None else given.seed
    return Plan(given.kills, seed, given.round, rate=given.rate, only=given.only, control=given.control)


if __name__ == "__main__":
    sys.exit(main())
