"""Settlement by real Celery workers: hints, lost hints, killed workers, a broker that is away."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from config.celery import app
from orders.models import Trade
from settlement.coalescer import Coalescer
from settlement.models import FailedSettlement
from settlement.tasks import retry_settlements, settle_market, settle_market_soon, sweep_pending_trades
from tests.engines import wait_until
from tests.integration.settlement.cast import Cast, celery_worker, status_of

pytestmark = pytest.mark.xdist_group("celery worker")

SETTINGS = "tests.integration.settlement.wallet_settings"


@pytest.fixture(scope="module")
def _worker() -> Iterator[None]:
    """A worker without -Q, as it runs in production."""
    app.control.purge()
    with celery_worker():
        yield


@pytest.mark.usefixtures("_worker")
def test_hints_settle_trades_and_the_sweeper_finds_what_had_none(cast: Cast) -> None:
    hinted = cast.trade()
    settle_market_soon(market_id=cast.market.pk)
    wait_until(lambda: status_of(hinted.id) == "settled", "the hinted trade is settled")

    forgotten = cast.trade()
    wait_until(lambda: _swept(forgotten), "the sweeper finds the trade without a hint")


@pytest.mark.usefixtures("_worker")
def test_overdue_retries_are_swept(cast: Cast) -> None:
    trade = cast.trade()
    FailedSettlement.objects.create(
        trade_id=trade.id, market=cast.market, code="WALLET_UNAVAILABLE", attempt_count=1,
        next_attempt_at=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip
    Trade.objects.filter(id=trade.id).update(settlement_status="retrying")

    wait_until(lambda: _swept(trade), "the sweeper sends the retry again")


@pytest.mark.usefixtures("_worker")
def test_a_worker_killed_in_the_middle_of_settling_leaves_the_trades_to_the_next(cast: Cast, tmp_path: Path) -> None:
    trades = [cast.trade() for _ in range(10)]
    reached = tmp_path / "the-money-has-moved"

    with celery_worker(
        "-Q", "sleepy", DJANGO_SETTINGS_MODULE=SETTINGS, TEST_WALLET="SleepyWallet", SLEEPY_WALLET_FILE=str(reached)
    ) as worker:
        settle_market.apply_async(kwargs={"market_id": cast.market.pk}, queue="sleepy")
        wait_until(reached.exists, "the worker is in the middle of settling")
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
    assert {status_of(trade.id) for trade in trades} == {"pending"}

    wait_until(lambda: all(_swept(trade) for trade in trades), "the other worker settles them")


@pytest.mark.usefixtures("_worker")
def test_a_retry_settles_on_any_worker(cast: Cast) -> None:
    trade = cast.trade()

    with celery_worker("-Q", "flaky", DJANGO_SETTINGS_MODULE=SETTINGS, TEST_WALLET="FlakyOnceWallet"):
        settle_market.apply_async(kwargs={"market_id": cast.market.pk}, queue="flaky")
        wait_until(lambda: status_of(trade.id) == "settled", "the second attempt succeeds")

    failure = FailedSettlement.objects.get(trade_id=trade.id)
    assert (failure.state, len(failure.attempts)) == ("settled", 1)


def test_the_same_task_twice_settles_once(cast: Cast) -> None:
    trade = cast.trade()

    for _ in range(2):
        settle_market(market_id=cast.market.pk)
        retry_settlements(trade_ids=[str(trade.id)])

    assert status_of(trade.id) == "settled"


def test_a_hint_neither_blocks_nor_fails_when_the_broker_is_away() -> None:
    calls: list[float] = []

    def unreachable(_: int, __: Sequence[str]) -> None:
        calls.append(time.monotonic())
        time.sleep(0.2)
        raise ConnectionError("the broker is away")

    hints = Coalescer(unreachable, interval_s=0.01)
    started = time.monotonic()
    for _ in range(1000):
        hints.add(1)

    assert time.monotonic() - started < 0.2
    wait_until(lambda: len(calls) >= 1, "it was tried")


def _swept(trade: Trade) -> bool:
    if status_of(trade.id) == "settled":
        return True
    sweep_pending_trades.delay()
    time.sleep(0.3)
    return status_of(trade.id) == "settled"
