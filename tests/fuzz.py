"""Compare the engine with its naive model over a great many random commands: `make fuzz`.

A sequence is 50 commands for an empty market; its number and the seed give it, so one that failed can be run again
alone. Each command that engine and model both executed and agreed on counts as one, whatever came of it. A failure
prints the seed, the shortest commands found that fail, and how they fail; the exit status is then 1.
"""

import argparse
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from random import Random, SystemRandom

from matching.engine import Command
from matching.engine.editions import WORK_MAX
from tests.unit.engine.random_commands import CommandMaker
from tests.unit.engine.shrinking import as_code, shrunk
from tests.unit.engine.twins import run_both

COMMANDS_PER_SEQUENCE = 50
SEQUENCES_PER_TASK = 20
WORKS = (WORK_MAX, 3, WORK_MAX, 6)
PROCESSES = 2
REPORT_S = 5


def commands_of(seed: int, sequence: int) -> list[Command]:
    return CommandMaker(Random(f"{seed}:{sequence}").randrange).commands(COMMANDS_PER_SEQUENCE)


def work_max_of(sequence: int) -> int:
    """Return how much one command of a sequence does: in half of them so little that much is left for the next."""
    return WORKS[sequence % len(WORKS)]


def failure(commands: list[Command], work_max: int) -> Exception | None:
    """Return how the commands fail; an error of the engine is a failure like a difference."""
    try:
        run_both(commands, work_max)
    except Exception as error:
        return error
    return None


def kind(failed: Exception | None) -> str:
    return repr(failed).partition("\\n")[0]


def first_failing(seed: int, sequences: range) -> int | None:
    return next((n for n in sequences if failure(commands_of(seed, n), work_max_of(n))), None)


def fuzz(seed: int, commands: int, processes: int = PROCESSES) -> int | None:
    """Run at least so many commands, print how it goes, return the number of a sequence that failed."""
    tasks = -(-commands // (COMMANDS_PER_SEQUENCE * SEQUENCES_PER_TASK))
    ranges = (range(n * SEQUENCES_PER_TASK, (n + 1) * SEQUENCES_PER_TASK) for n in range(tasks))
    started = reported = time.monotonic()
    with ProcessPoolExecutor(processes) as pool:
        for done, failed in enumerate(_in_turn(pool, seed, ranges, processes), start=1):
            if failed is not None:
                return failed
            now = time.monotonic()
            if now - reported > REPORT_S or done == tasks:
                reported = now
                _report(done * SEQUENCES_PER_TASK * COMMANDS_PER_SEQUENCE, now - started)
    return None


def _in_turn(pool: ProcessPoolExecutor, seed: int, ranges: Iterator[range], processes: int) -> Iterator[int | None]:
    """Give the pool a few tasks at a time, so that a failure does not wait for all of them."""
    waiting = [pool.submit(first_failing, seed, task) for task in islice(ranges, 2 * processes)]
    while waiting:
        yield waiting.pop(0).result()
        waiting += [pool.submit(first_failing, seed, task) for task in islice(ranges, 1)]


def _report(commands: int, seconds: float) -> None:
    print(f"{commands:>12,} commands agree, {commands / seconds:,.0f} a second", flush=True)


def explain(seed: int, sequence: int) -> None:
    print(f"\nSequence {sequence} of seed {seed} fails. Shrinking it ...", flush=True)
    commands, work_max = commands_of(seed, sequence), work_max_of(sequence)
    first_kind = kind(failure(commands, work_max))
    commands = shrunk(commands, lambda shorter: kind(failure(shorter, work_max)) == first_kind)
    print(f"\nwork_max = {work_max}\ncommands = [\n{as_code(commands)}\n]\n")
    traceback.print_exception(failure(commands, work_max), limit=-3, file=sys.stdout)
    print(f"Again: python -m tests.fuzz --seed {seed} --sequence {sequence}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status; without `arguments` those of the command line are taken."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--commands", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None, help="by default another one each time")
    parser.add_argument("--sequence", type=int, default=None, help="run this one alone")
    options = parser.parse_args(arguments)
    seed = SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    if options.sequence is None:
        failed = fuzz(seed, options.commands)
    else:
        failed = first_failing(seed, range(options.sequence, options.sequence + 1))
    if failed is None:
        return 0
    explain(seed, failed)
    return 1


if __name__ == "__main__":
    sys.exit(main())
