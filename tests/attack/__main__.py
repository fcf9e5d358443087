"""Attack a whole exchange in every known way: `python -m tests.attack`, or `make attack`.

Everything stays on loopback, is bounded in time and number, and ends by itself.
"""

import argparse
import os
import signal
import sys

from tests.attack.attack import all_attacks
from tests.attack.report import table
from tests.attack.target import raise_limit_of_files, target
from tests.attack.trial import Trial, try_attack
from tests.attack.watch import Watch

NICE = 10
"""So that on a small machine the work of attacking, which has machines of its own elsewhere, takes little of this."""


def main() -> int:
    """Run the attacks; return 1 when one did harm."""
    known = all_attacks()
    parser = argparse.ArgumentParser(prog="python -m tests.attack")
    parser.add_argument("--only", action="append", choices=sorted(known), metavar="NAME", help="may be repeated")
    parser.add_argument("--seconds", type=float, default=10.0, help="before, during and after each attack")
    given = parser.parse_args()
    raise_limit_of_files()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the copy is stopped then, too
    trials: list[Trial] = []
    with target() as exchange, Watch(exchange) as watch:
        os.nice(NICE)
        for name in given.only or known:
            trials.append(try_attack(known[name], exchange, watch, given.seconds))
            print(f"{name}: {'; '.join(trials[-1].complaints) or 'held'} ({trials[-1].outcome})", flush=True)
    print(f"\n{table(trials)}")
    return 1 if any(trial.complaints for trial in trials) else 0


if __name__ == "__main__":
    sys.exit(main())
