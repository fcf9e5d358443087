"""Settle trades: claim a batch, move its money, mark it, all in one transaction; on failure find the trade to blame.

A permanent error of a batch is bisected, each part in a transaction of its own, until the trade that causes it stands
alone: it becomes a dead letter, the others settle. A transient error is one attempt of every trade of the batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from settlement.errors import SettlementError, to_settlement_error
from settlement.models import FailedSettlement
from settlement.ports import TradeToSettle, trade_outbox, wallet
from settlement.services.attempts import RetryPlan, attempt_record

log = structlog.get_logger(__name__)

# Large enough to share the cost of a transaction, small enough to give its locks back within a tenth of a second.
BATCH_TRADES = 200


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a batch. `retries` says when which trades are to be tried again.

    `is_wallet_away`: not even an attempt was made, so the trades stay as they are; go on later.
    """

    claimed: int = 0
    settled: int = 0
    dead: int = 0
    last_id: UUID | None = None
    retries: list[RetryPlan] = field(default_factory=list)
    is_wallet_away: bool = False

    def __add__(self, other: "Settled") -> "Settled":
        return Settled(
            self.claimed + other.claimed,
            self.settled + other.settled,
            self.dead + other.dead,
            max(filter(None, (self.last_id, other.last_id)), default=None),
            self.retries + other.retries,
            self.is_wallet_away or other.is_wallet_away,
        )


def settle_pending(*, market_id: int, limit: int = BATCH_TRADES, after: UUID | None = None) -> Settled:
    """Settle the oldest pending trades of a market, those after an id; safe to run twice and concurrently.

    Must not run inside a transaction. Trades that another settler has locked are left to it. Raises only when the
    database fails before anything was claimed.
    """
    return _settle(partial(trade_outbox().claim, market_id=market_id, limit=limit, after=after))


def settle_of_user(*, user_id: UUID, after: UUID) -> tuple[int, Settled]:
    """Settle what a user has traded after an id, in all markets, the oldest first; return how many trades waited.

    Must not run inside a transaction. Trades that another settler has locked are left to it, and those that failed for
    the moment to their next attempt.
    """
    waiting = trade_outbox().unsettled_of(user_id=user_id, limit=BATCH_TRADES, after=after)
    return len(waiting), _settle_ids([trade_id for trade_id, status in waiting.items() if status == "pending"])


def settle_retries(*, trade_ids: Sequence[UUID]) -> Settled:
    """Settle those of the named trades whose next attempt is due; safe to run twice and concurrently.

    Must not run inside a transaction.
    """
    due = FailedSettlement.objects.filter(
        trade_id__in=trade_ids, state=FailedSettlement.State.RETRYING, next_attempt_at__lte=timezone.now()
    )
    return _settle_ids(list(due.values_list("trade_id", flat=True)))


def _settle_ids(trade_ids: Sequence[UUID]) -> Settled:
    return _settle(partial(trade_outbox().claim_ids, trade_ids=trade_ids))


def _settle(claim: Callable[[], list[TradeToSettle]]) -> Settled:
    trades: list[TradeToSettle] = []
    try:
        with transaction.atomic(durable=True):
            trades = claim()
            if trades:
                _move(trades)
    except Exception as error:  # a wallet may fail in any way; nothing of it may reach other trades
        if not trades:
            raise
        return _blame(trades, to_settlement_error(error))
    return Settled(len(trades), settled=len(trades), last_id=trades[-1].id if trades else None)


def _move(trades: Sequence[TradeToSettle]) -> None:
    trade_ids = [trade.id for trade in trades]
    trade_outbox().mark(trade_ids=trade_ids, status="settled", at=timezone.now())
    FailedSettlement.objects.filter(trade_id__in=trade_ids).update(
        state=FailedSettlement.State.SETTLED, next_attempt_at=None, updated_at=timezone.now()
    )
    wallet().settle(trades=trades)  # last, because it ends with the row that everybody waits for


def _blame(trades: Sequence[TradeToSettle], error: SettlementError) -> Settled:
    if error.is_transient or len(trades) == 1:
        return _record(trades, error)
    middle = len(trades) // 2
    parts = ([trade.id for trade in part] for part in (trades[:middle], trades[middle:]))
    first, second = (_settle_ids(part) for part in parts)
    return first + second


def _record(trades: Sequence[TradeToSettle], error: SettlementError) -> Settled:
    if not error.was_tried:
        return Settled(len(trades), last_id=trades[-1].id, is_wallet_away=True)
    log.warning("settlement_failed", code=error.code, error=error.message, trades=len(trades), first=str(trades[0].id))
    dead, retry = attempt_record(trade_ids=[trade.id for trade in trades], error=error)
    return Settled(len(trades), dead=dead, last_id=trades[-1].id, retries=[retry] if retry else [])
