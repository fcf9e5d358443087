"""Why a settlement failed, as a closed set, and whether trying again can help; and why an adjustment was refused.

    SettlementError             code, message; `is_transient` follows from the code
    AdjustmentError             code, message, details

Wallets raise it themselves or let a database error through; `to_settlement_error` names either.
"""

from enum import StrEnum

import psycopg
from django.db import Error as DjangoDatabaseError

from base.errors import CodedError

HOLD_CONSTRAINTS = frozenset({"account_available_not_negative", "account_held_not_negative"})
TRANSFER_CONSTRAINT = "entry_once_per_transfer_leg"


class SettlementCode(StrEnum):
    """The outcomes of a failed settlement, in order of precedence: the first that applies is recorded."""

    WALLET_UNAVAILABLE = "WALLET_UNAVAILABLE"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    DEADLOCK = "DEADLOCK"
    SERIALIZATION_FAILURE = "SERIALIZATION_FAILURE"
    LOCK_TIMEOUT = "LOCK_TIMEOUT"
    WALLET_REFUSED = "WALLET_REFUSED"
    INSUFFICIENT_HOLD = "INSUFFICIENT_HOLD"
    DUPLICATE_TRANSFER = "DUPLICATE_TRANSFER"
    UNKNOWN = "UNKNOWN"

    @property
    def is_transient(self) -> bool:
        """Whether the same settlement may succeed later without anybody's doing."""
        return self in _TRANSIENT


_TRANSIENT = frozenset(
    {
        SettlementCode.WALLET_UNAVAILABLE,
        SettlementCode.DATABASE_UNAVAILABLE,
        SettlementCode.DEADLOCK,
        SettlementCode.SERIALIZATION_FAILURE,
        SettlementCode.LOCK_TIMEOUT,
    }
)


class SettlementError(CodedError[SettlementCode]):
    """Trades could not be settled; nothing of them was.

    `was_tried` False: not even an attempt was made, because the wallet is known to be away; it does not count as one.
    """

    def __init__(self, code: SettlementCode, message: str, *, was_tried: bool = True) -> None:
        super().__init__(code, message)
        self.was_tried = was_tried

    @property
    def is_transient(self) -> bool:
        return self.code.is_transient


class AdjustmentCode(StrEnum):
    """Why an adjustment is refused, in order of precedence; `proposals.errors` has what any proposal is refused for."""

    FORBIDDEN = "FORBIDDEN"
    TRADE_NOT_FAILED = "TRADE_NOT_FAILED"
    TRADE_ALREADY_MOVED = "TRADE_ALREADY_MOVED"
    INVALID = "INVALID"
    REFERENCE_MISSING = "REFERENCE_MISSING"
    ADJUSTMENT_NOT_ZERO_SUM = "ADJUSTMENT_NOT_ZERO_SUM"
    HOLDS_DIFFER = "HOLDS_DIFFER"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    INSUFFICIENT_HOLD = "INSUFFICIENT_HOLD"
    LIMIT_REACHED = "LIMIT_REACHED"


class AdjustmentError(CodedError[AdjustmentCode]):
    """An adjustment was refused; nothing of it was done."""


def to_settlement_error(error: Exception) -> SettlementError:
    """Return the SettlementError that stands for any exception of a settlement, also a wallet's bug."""
    if isinstance(error, SettlementError):
        return error
    cause = error.__cause__ if isinstance(error, DjangoDatabaseError) else error
    code = _code_of(cause) if isinstance(cause, psycopg.Error) else SettlementCode.UNKNOWN
    return SettlementError(code, f"{type(error).__name__}: {error}".strip())


def _code_of(error: psycopg.Error) -> SettlementCode:
    """By SQLSTATE: https://www.postgresql.org/docs/18/errcodes-appendix.html."""
    state = error.sqlstate or ""
    if code := _BY_STATE.get(state):
        return code
    if state[:2] in _UNAVAILABLE_CLASSES or (not state and isinstance(error, _CONNECTION_ERRORS)):
        return SettlementCode.DATABASE_UNAVAILABLE
    if isinstance(error, psycopg.errors.CheckViolation) and error.diag.constraint_name in HOLD_CONSTRAINTS:
        return SettlementCode.INSUFFICIENT_HOLD
    if isinstance(error, psycopg.errors.UniqueViolation) and error.diag.constraint_name == TRANSFER_CONSTRAINT:
        return SettlementCode.DUPLICATE_TRANSFER
    return SettlementCode.UNKNOWN


_BY_STATE = {
    "40P01": SettlementCode.DEADLOCK,
    "40001": SettlementCode.SERIALIZATION_FAILURE,
    "55P03": SettlementCode.LOCK_TIMEOUT,
    "57014": SettlementCode.LOCK_TIMEOUT,  # statement timeout: it waited, or the machine was too slow
}
# Connection exceptions, insufficient resources, operator intervention, system errors.
_UNAVAILABLE_CLASSES = frozenset({"08", "53", "57", "58"})
_CONNECTION_ERRORS = (psycopg.OperationalError, psycopg.InterfaceError)
