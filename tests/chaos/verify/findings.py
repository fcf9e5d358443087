"""What a check found: differences with all their evidence, and how much was looked at."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Difference:
    """Something that must not be: what, and the diary's lines and stored rows that show it."""

    check: str
    text: str
    evidence: list[str]

    def __str__(self) -> str:
        return "\n".join([f"[{self.check}] {self.text}", *(f"      {line}" for line in self.evidence)])


@dataclass(slots=True)
class Findings:
    """Collects what all checks of a run found."""

    differences: list[Difference] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)  # what happened, and is no fault

    def differ(self, check: str, text: str, *evidence: Any) -> None:
        """Note a difference."""
        self.differences.append(Difference(check, text, [str(line) for line in evidence]))

    def none(self, check: str, rows: Iterable[Any], text: str) -> None:
        """Note each row of a query that must find nothing."""
        self.checked[check] += 1
        for row in rows:
            self.differ(check, text, row)
