"""What a check found: a mismatch, not stored yet."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from exchange.models import Market
from orders.models import Mismatch

STORED_MAX = 1_000  # of one check in one run; all are counted


@dataclass(frozen=True, slots=True)
class Finding:
    """Both sides of a difference, by the names of what differs, as text.

    `asset` is set for differences of money, which concern every market of the asset; `market` otherwise.
    """

    check: Mismatch.Check
    subject: str
    expected: Mapping[str, str]
    found: Mapping[str, str]
    market: Market | None = None
    asset: str = ""

    @property
    def signature(self) -> str:
        """What identifies the same mismatch in later runs: for money the difference, as both sides go on changing."""
        sides = [self.found["difference"]] if "difference" in self.found else [dict(self.expected), dict(self.found)]
        key = [self.check.value, self.market.pk if self.market else None, self.asset, self.subject, sides]
        return hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()


class Findings:
    """The mismatches of a run: at most STORED_MAX of each check, and how many there were."""

    def __init__(self) -> None:
        self.items: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self._subjects: set[tuple[str, str]] = set()

    def has(self, check: Mismatch.Check, subject: str) -> bool:
        """Tell whether a check has found something about a subject in this run, among what is kept."""
        return (check.value, subject) in self._subjects

    def add(self, finding: Finding) -> None:
        self.counts[finding.check.value] += 1
        if self.counts[finding.check.value] <= STORED_MAX:
            self.items.append(finding)
            self._subjects.add((finding.check.value, finding.subject))

    @property
    def total(self) -> int:
        return sum(self.counts.values())
