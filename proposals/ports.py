"""What this room asks of those above it: an audit trail, and rules about who may take part."""

from collections.abc import Callable
from typing import Any, Protocol

from proposals.models import Proposal

__all__ = ["AuditTrail", "audit_trail", "audit_trail_use", "participation_check", "participation_check_use"]


class AuditTrail(Protocol):
    """Records one step of a proposal, in its transaction."""

    def __call__(
        self, *, actor: Any, action: str, target: Proposal, old: dict[str, Any], new: dict[str, Any], note: str
    ) -> object: ...


_trail: list[AuditTrail] = []
_participation: list[Callable[[Any], None]] = []


def audit_trail_use(trail: AuditTrail) -> None:
    """Record all steps there from now on."""
    _trail[:] = [trail]


def audit_trail() -> AuditTrail:
    """Return where steps are recorded."""
    assert _trail, "Invariant: no step of a proposal goes unrecorded"
    return _trail[0]


def participation_check_use(check: Callable[[Any], None]) -> None:
    """Ask `check(user)` before somebody decides; it refuses by raising."""
    _participation[:] = [check]


def participation_check() -> Callable[[Any], None]:
    """Return what refuses people who may not decide yet."""
    assert _participation, "Invariant: nobody decides unasked"
    return _participation[0]
