"""Settlement in the background, on the queue `settlement`.

Messages are hints: the trade table says what waits, and the sweeper reads it.

A worker that dies leaves its trades pending and unlocked; a lost message is replaced within seconds.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from celery import Task, shared_task
from django.utils import timezone

from base.ids import uuid7_floor
from base.times import ms_of
from settlement.coalescer import Coalescer
from settlement.ports import trade_outbox
from settlement.selectors import overdue_retries
from settlement.services import Settled, settle_of_user, settle_pending, settle_retries
from settlement.services.settlements import BATCH_TRADES
from settlement.wallet.sweeps import wallet_sweep

log = structlog.get_logger(__name__)

DRAIN_S = 5.0
PAUSE_SHARE = 0.5  # of a batch's time, after each full one: a backlog leaves orders room on processors and accounts
PAUSE_S = 1.0  # before going on after a transient error, so that a short outage does not use up everybody's attempts
RECENT = timedelta(days=1)
OVERDUE = timedelta(seconds=2)
HINT_INTERVAL_S = 0.1
LATELY = timedelta(minutes=1)
LOOK_AGAIN_S = 0.005


@shared_task
def settle_market(*, market_id: int, everything: bool = False) -> None:
    """Settle the pending trades of a market, batch by batch; after five seconds let other markets have a turn.

    It pauses after each full batch, so that a backlog does not delay orders (`python -m benchmarks backlog`).
    Trades older than a day are left to the sweeper, which asks for `everything`: so a hint touches few partitions.
    """
    after = None if everything else _recent_id()
    deadline = time.monotonic() + DRAIN_S
    while True:
        began = time.monotonic()
        batch = settle_pending(market_id=market_id, limit=BATCH_TRADES, after=after)
        _plan_retries(batch)
        if batch.claimed < BATCH_TRADES or batch.is_wallet_away:  # then the sweeper comes back to it
            return
        after = batch.last_id
        if batch.retries or time.monotonic() > deadline:
            break
        time.sleep(PAUSE_SHARE * (time.monotonic() - began))
    wait_s = PAUSE_S if batch.retries else 0.0
    _send(settle_market, wait_s, market_id=market_id, everything=everything)


@shared_task
def retry_settlements(*, trade_ids: Sequence[str]) -> None:
    """Try trades again whose attempt is due; others are left alone."""
    _plan_retries(settle_retries(trade_ids=[UUID(trade_id) for trade_id in trade_ids]))


@shared_task
def sweep_pending_trades() -> None:
    """Find what waits although it should not: pending trades whose message was lost, and overdue retries."""
    before = timezone.now() - OVERDUE
    for market_id in trade_outbox().waiting_markets(older_than=before):
        _send(settle_market, 0, market_id=market_id, everything=True)
    overdue = [str(trade_id) for trade_id in overdue_retries(before=before)]
    for start in range(0, len(overdue), BATCH_TRADES):
        _send(retry_settlements, 0, trade_ids=overdue[start : start + BATCH_TRADES])


@shared_task
def sweep_wallet() -> None:
    """Go on with what is under way between here and a remote wallet, and return what nobody needs here."""
    wallet_sweep()


def settle_market_soon(*, market_id: int) -> None:
    """Have a market's trades settled within moments; call it after their commit. Never blocks, never raises.

    At most one message per market, process and 100 ms; one that cannot be sent is logged and left to the sweeper. The
    task's lines in the log have the `request_ids` that are bound where this is called.
    """
    _hints.add(market_id, structlog.contextvars.get_contextvars().get("request_ids", ()))


def settle_user_now(*, user_id: UUID, until: float) -> bool:
    """Settle here and now what a user has traded in the last minute, in all markets; return False if nothing waited.

    Returns when nothing of it waits any more, or at `until` (monotonic). Must not run inside a transaction. What others
    are settling at this moment, and what failed for the moment, is looked for again.
    """
    after, has_waited = uuid7_floor(ms_of(timezone.now() - LATELY)), False
    while True:
        waiting, batch = settle_of_user(user_id=user_id, after=after)
        _plan_retries(batch)
        has_waited = has_waited or waiting > 0
        if waiting == batch.settled < BATCH_TRADES or time.monotonic() > until:
            return has_waited
        if not batch.settled:
            time.sleep(LOOK_AGAIN_S)


def _send_hint(market_id: int, request_ids: Sequence[str]) -> None:
    with structlog.contextvars.bound_contextvars(request_ids=request_ids):
        settle_market.delay(market_id=market_id)


_hints = Coalescer(_send_hint, interval_s=HINT_INTERVAL_S)


def _recent_id() -> UUID:
    return uuid7_floor(ms_of(timezone.now() - RECENT))


def _plan_retries(batch: Settled) -> None:
    for retry in batch.retries:
        # A moment later than planned, so that it is due whatever the clocks of two hosts say.
        _send(retry_settlements, retry.wait_s + 0.05, trade_ids=[str(trade_id) for trade_id in retry.trade_ids])


def _send(task: "Task[Any, Any]", wait_s: float, **arguments: object) -> None:
    try:
        task.apply_async(kwargs=arguments, countdown=wait_s)
    except Exception as error:  # the broker may fail in many ways; the sweeper sends it again
        log.warning("task_not_sent", task=task.name, error=f"{type(error).__name__}: {error}")
