"""One attack from beginning to end: before it, while it lasts, and after; and whether it did harm."""

import time
from dataclasses import dataclass, field

from tests.attack.attack import Attack
from tests.attack.target import Target
from tests.attack.watch import Watch

TIMES_MAX = 2.0
"""How much longer a bystander may wait at the 99th percentile while an attack lasts."""
NOISE_MS = 60.0
"""What the scheduler of a small shared machine alone may cost: a wait below it is no harm, whatever it was before."""
MEMORY_GROWTH_MB = 150.0
"""What an attack may add for a while: a hash of a password is 100 MiB. Afterwards it must be gone."""
MEMORY_KEPT_MB = 60.0
_REST_S = 1.5


@dataclass(slots=True)
class Phase:
    """What was seen in one of the three times."""

    p99_ms: dict[str, float]
    failures: int
    memory_mb: float


@dataclass(slots=True)
class Trial:
    """What came of an attack."""

    name: str
    before: Phase
    during: Phase
    after: Phase
    outcome: str
    complaints: list[str] = field(default_factory=list)

    def worst(self) -> str:
        """Return the kind of question that suffered most."""
        return max(self.during.p99_ms, key=lambda kind: self.during.p99_ms[kind] / max(self.before.p99_ms[kind], 1))


def try_attack(attack: Attack, target: Target, watch: Watch, seconds: float) -> Trial:
    """Watch for so many seconds before, during and after an attack."""
    time.sleep(_REST_S)
    began = time.monotonic()
    time.sleep(seconds)
    attacked = time.monotonic()
    complaints = []
    try:
        outcome = attack.run(target, lambda: time.monotonic() > attacked + seconds)
    except AssertionError as error:
        outcome = "not refused"
        complaints.append(str(error))
    over = time.monotonic()
    time.sleep(_REST_S + seconds)
    before, during, after = (
        Phase(watch.p99_ms(*times), watch.failures(*times), watch.memory_mb(*times))
        for times in ((began, attacked), (attacked, over), (over + _REST_S, over + _REST_S + seconds))
    )
    trial = Trial(attack.name, before, during, after, outcome, complaints)
    trial.complaints += _complaints(trial)
    return trial


def _complaints(trial: Trial) -> list[str]:
    before, during, after = trial.before, trial.during, trial.after
    found = [
        f"{kind}: p99 {before.p99_ms[kind]:.0f} -> {phase.p99_ms[kind]:.0f} ms {when}"
        for when, phase in (("during", during), ("after", after))
        for kind in before.p99_ms
        if phase.p99_ms.get(kind, float("inf")) > max(NOISE_MS, before.p99_ms[kind] * TIMES_MAX)
    ]
    if during.failures or after.failures:
        found.append(f"{during.failures + after.failures} requests of a bystander failed")
    if during.memory_mb > before.memory_mb + MEMORY_GROWTH_MB or after.memory_mb > before.memory_mb + MEMORY_KEPT_MB:
        found.append(f"memory {before.memory_mb:.0f} -> {during.memory_mb:.0f} -> {after.memory_mb:.0f} MB")
    return found
