"""Kill everything at random and see whether anything is lost: `python -m tests.chaos --kills 200`, or `make chaos`."""

import argparse
import random
import secrets
import sys
import time

from tests.chaos import report
from tests.chaos.cluster import Cluster
from tests.chaos.rounds import LOSSES, Plan, Run

# What each control needs to lose something, and what shows that it did.
CONTROLS = {
    "async-commit": ["kill postgres", "immediate postgres"],
    "early-reply": ["kill engine", "kill postgres"],
}
CONTROL_KILLS, CONTROL_ROUND = 30, 3


def main() -> int:
    """Run the chaos; return 1 when something was lost, or when a control lost nothing."""
    return chaos(_plan())


def chaos(plan: Plan) -> int:
    """Run a plan against an exchange of its own and print what came of it; return the exit status."""
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
    found = run.findings.differences
    if plan.control:
        is_seen = bool(LOSSES & {difference.check for difference in found})
        print(f"control {plan.control}: {'SEEN, as it must be' if is_seen else 'NOT SEEN'}", flush=True)
        cluster.remove()
        return 0 if is_seen else 1
    if found:
        all_of_them = "\n".join(map(str, found))
        (cluster.folder / "differences.txt").write_text(all_of_them + "\n")
        print(f"everything is kept in {cluster.folder}: diary.jsonl, differences.txt, logs, the database")
        return 1
    cluster.remove()
    return 0


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--kills", type=int, default=0, help="200, or a few for a control")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--round", type=int, default=0, help="kills between two verifications")
    parser.add_argument("--rate", type=float, default=9.0, help="requests a second of each client")
    parser.add_argument("--only", action="append", metavar="KIND", help="this kind of fault only (may be repeated)")
    parser.add_argument("--control", choices=sorted(CONTROLS), default="", help="break the exchange on purpose")
    given = parser.parse_args()
    seed = secrets.randbelow(1 << 32) if given.seed is None else given.seed
    kills, per_round = (CONTROL_KILLS, CONTROL_ROUND) if given.control else (200, 15)
    only = given.only or CONTROLS.get(given.control)
    return Plan(given.kills or kills, seed, given.round or per_round, rate=given.rate, only=only, control=given.control)


if __name__ == "__main__":
    sys.exit(main())
