"""The kinds of proposals: each room registers its own, with who may take which step and what an approval does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from proposals.models import Proposal

__all__ = ["Kind", "kind_of", "kind_register", "kinds"]


@dataclass(frozen=True, slots=True)
class Kind:
    """`execute` does what was decided, once, in the transaction of the decision, for the one who decided.

    It returns what only the one who decided is to be told, if anything, and may refuse by raising a CodedError: then
    nothing has happened and the proposal stands. `check_decider` may refuse somebody who has the right `decide`.
    """

    name: str
    label: str
    propose: str  # rights, as app.codename
    decide: str
    execute: Callable[[Proposal, Any], str]
    check_decider: Callable[[Proposal, Any], None] = field(default=lambda proposal, actor: None)
    # Told, after everything was undone, why an approval was refused.
    refused: Callable[[Proposal, Any, Exception], None] = field(default=lambda proposal, actor, error: None)
    audited_as: str = "proposal"
    # Returns the proposal as the model of the room that has more to say about it.
    load: Callable[[Proposal], Proposal] = field(default=lambda proposal: proposal)


_kinds: dict[str, Kind] = {}


def kind_register(kind: Kind) -> None:
    """Make a kind known to this process. Safe to repeat."""
    _kinds[kind.name] = kind


def kind_of(proposal: Proposal) -> Kind:
    """Return the kind of a proposal, which is known: kinds are registered when the rooms start, and never go."""
    return _kinds[proposal.kind]


def kinds() -> list[Kind]:
    """Return all kinds in the order of their labels."""
    return sorted(_kinds.values(), key=lambda kind: kind.label)
