"""Which failure is which, and whether another try can help."""

import psycopg
import pytest
from django.db import OperationalError
from psycopg import errors

from settlement.errors import SettlementCode, SettlementError, to_settlement_error
from settlement.services.attempts import LONGEST_WAIT_S, wait_s

CASES: list[tuple[Exception, SettlementCode, bool]] = [
    (SettlementError(SettlementCode.WALLET_UNAVAILABLE, "away"), SettlementCode.WALLET_UNAVAILABLE, True),
    (errors.AdminShutdown("terminating"), SettlementCode.DATABASE_UNAVAILABLE, True),
    (errors.TooManyConnections("too many"), SettlementCode.DATABASE_UNAVAILABLE, True),
    (psycopg.OperationalError("the connection is lost"), SettlementCode.DATABASE_UNAVAILABLE, True),
    (psycopg.InterfaceError("the connection is closed"), SettlementCode.DATABASE_UNAVAILABLE, True),
    (errors.DeadlockDetected("deadlock"), SettlementCode.DEADLOCK, True),
    (errors.SerializationFailure("serialize"), SettlementCode.SERIALIZATION_FAILURE, True),
    (errors.LockNotAvailable("lock timeout"), SettlementCode.LOCK_TIMEOUT, True),
    (errors.QueryCanceled("statement timeout"), SettlementCode.LOCK_TIMEOUT, True),
    (errors.CheckViolation("some other check"), SettlementCode.UNKNOWN, False),
    (errors.UniqueViolation("some other index"), SettlementCode.UNKNOWN, False),
    (RuntimeError("a bug"), SettlementCode.UNKNOWN, False),
]


@pytest.mark.parametrize(("error", "code", "is_transient"), CASES, ids=lambda value: str(value)[:40])
def test_errors_are_told_apart(error: Exception, code: SettlementCode, is_transient: bool) -> None:
    failure = to_settlement_error(error)

    assert (failure.code, failure.is_transient) == (code, is_transient)


def test_django_s_wrapping_is_looked_through() -> None:
    wrapped = OperationalError("deadlock")
    wrapped.__cause__ = errors.DeadlockDetected("deadlock")

    assert to_settlement_error(wrapped).code is SettlementCode.DEADLOCK


@pytest.mark.parametrize(("attempts", "least", "most"), [(1, 0.1, 0.2), (2, 1.0, 2.0), (3, 5.0, 5.0), (9, 5.0, 5.0)])
def test_waits_grow_from_100_ms_to_5_s_with_jitter(attempts: int, least: float, most: float) -> None:
    assert wait_s(attempts, 0.0) == pytest.approx(least)
    assert wait_s(attempts, 1.0) == pytest.approx(most)
    assert wait_s(attempts, 0.5) <= LONGEST_WAIT_S
