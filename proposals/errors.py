"""Why a step of a proposal is refused. Its executor may raise errors of its own; then nothing has happened either."""

from enum import StrEnum

from base.errors import CodedError

__all__ = ["ProposalCode", "ProposalError"]


class ProposalCode(StrEnum):
    """Why a step is refused, in order of precedence."""

    PROPOSAL_NOT_FOUND = "PROPOSAL_NOT_FOUND"
    FORBIDDEN = "FORBIDDEN"
    ALREADY_DECIDED = "ALREADY_DECIDED"
    EXPIRED = "EXPIRED"
    BENEFICIARY = "BENEFICIARY"
    TOO_SOON = "TOO_SOON"
    INVALID = "INVALID"
    ALREADY_PROPOSED = "ALREADY_PROPOSED"
    REFERENCE_USED = "REFERENCE_USED"
    CHANGED_MEANWHILE = "CHANGED_MEANWHILE"


class ProposalError(CodedError[ProposalCode]):
    """A step of a proposal was refused; nothing of it was done."""
