"""Record a failed attempt: when to try again, or that a person has to look at it first."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from settlement.errors import SettlementError
from settlement.legs import trade_payload
from settlement.models import FailedSettlement
from settlement.ports import TradeToSettle, trade_outbox, wallet
from settlement.wallet.reversals import reversals_note

ATTEMPTS_MAX = 3
FIRST_WAIT_S = 0.1
WAIT_FACTOR = 10
LONGEST_WAIT_S = 5.0
_State = FailedSettlement.State


@dataclass(frozen=True, slots=True)
class RetryPlan:
    wait_s: float
    trade_ids: list[UUID]


def wait_s(attempts: int, jitter: float) -> float:
    """Return the seconds to wait after so many failed attempts: 0.1, 1, then 5; `jitter` in [0, 1) up to doubles it.

    >>> wait_s(1, 0.0), wait_s(1, 1.0), wait_s(2, 0.5), wait_s(9, 1.0)
    (0.1, 0.2, 1.5, 5.0)
    """
    wait: float = FIRST_WAIT_S * WAIT_FACTOR ** (attempts - 1)
    return min(LONGEST_WAIT_S, wait * (1 + jitter))


@transaction.atomic(durable=True)
def attempt_record(*, trade_ids: Sequence[UUID], error: SettlementError) -> tuple[int, RetryPlan | None]:
    """Add one failed attempt to each trade that is still unsettled and locked by nobody else.

    Returns the number of new dead letters, and what is to be tried again. A permanent error, or the third attempt,
    makes a dead letter, whose settlement is undone at a remote wallet. Locks the trades, then their failures.
    """
    trades = {trade.id: trade for trade in trade_outbox().claim_ids(trade_ids=trade_ids)}
    now = timezone.now()
    failures = _failures_of(trades)
    jitter = random.random()
    for failure in failures:
        failure.payload = failure.payload or trade_payload(trades[failure.trade_id])
        _add_attempt(failure, error, now, jitter)
    FailedSettlement.objects.bulk_create(
        failures,
        update_conflicts=True,
        unique_fields=["trade_id"],
        update_fields=[
            "state",
            "code",
            "error",
            "attempts",
            "attempt_count",
            "next_attempt_at",
            "payload",
            "updated_at",
        ],
    )
    dead = [failure.trade_id for failure in failures if failure.state == _State.DEAD]
    retrying = [failure for failure in failures if failure.state == _State.RETRYING]
    trade_outbox().mark(trade_ids=dead, status="failed", at=now)
    if dead and wallet().reserving is not None:
        reversals_note(trades=[trades[trade_id] for trade_id in dead])
    trade_outbox().mark(trade_ids=[failure.trade_id for failure in retrying], status="retrying", at=now)
    return len(dead), _plan(retrying, now)


def _failures_of(trades: dict[UUID, TradeToSettle]) -> list[FailedSettlement]:
    known = FailedSettlement.objects.select_for_update().filter(trade_id__in=trades).order_by("trade_id")
    by_trade = {failure.trade_id: failure for failure in known}
    return [
        by_trade.get(trade_id) or FailedSettlement(trade_id=trade_id, market_id=trade.market_id)
        for trade_id, trade in trades.items()
    ]


def _add_attempt(failure: FailedSettlement, error: SettlementError, now: datetime, jitter: float) -> None:
    failure.attempt_count += 1
    failure.attempts.append(
        {"at": now.isoformat(), "code": error.code.value, "error": error.message, "transient": error.is_transient}
    )
    failure.code, failure.error, failure.updated_at = error.code.value, error.message, now
    if error.is_transient and failure.attempt_count < ATTEMPTS_MAX:
        failure.state = _State.RETRYING
        failure.next_attempt_at = now + timedelta(seconds=wait_s(failure.attempt_count, jitter))
    else:
        failure.state, failure.next_attempt_at = _State.DEAD, None


def _plan(retrying: Sequence[FailedSettlement], now: datetime) -> RetryPlan | None:
    due = [failure.next_attempt_at for failure in retrying if failure.next_attempt_at]
    if not due:
        return None
    return RetryPlan((max(due) - now).total_seconds(), [failure.trade_id for failure in retrying])
