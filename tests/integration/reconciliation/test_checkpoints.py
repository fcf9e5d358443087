"""Where a run begins: at the last checkpoint, at the beginning, or, after an upgrade, where the stored orders stand."""

import importlib
import threading
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from base.errors import ValidationError
from exchange.models import AuditEntry, Market, TradingState, User
from orders.models import JournalBatch, MarketSequence, Mismatch, Order, ReconcileRun, ReplayCheckpoint
from settlement.services import settle_pending
from tests.administrator import as_administrator, unguarded
from tests.desk import BUY, SELL, Desk
from tests.engines import running_engine, wait_until
from tests.integration.reconciliation.tampering import differing, trade_a_little
from verification.reconciliation.run import reconcile
from verification.reconciliation.snapshots import AlreadyRunningError, reading
from verification.replay.checkpoints import beginning_from, checkpoint_store
from verification.services import journal_anchor, market_rebase, mismatch_acknowledge
from verification.tasks import reconcile as reconcile_task


@pytest.fixture
def busy(desk: Desk, maker: User, taker: User) -> Desk:
    trade_a_little(desk, maker, taker)
    return desk


def age_journal(desk: Desk, market: Market) -> None:
    """Make the journal one of an older release: it cannot be replayed and has no hashes."""
    batches = JournalBatch.objects.filter(market=market)
    with unguarded():
        batches.filter(pk=batches.earliest("first_seq").pk).update(commands=b"of another time")
        batches.update(hash=None)
        MarketSequence.objects.filter(market=market).update(journal_hash=None)
        statement = importlib.import_module("orders.migrations.0014_journal_chain").BEGINNING
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} AND market_id = {market.pk}")
    desk.processor.close()
    desk._start()


def test_the_next_run_replays_only_what_is_new(busy: Desk, market: Market, maker: User) -> None:
    first = reconcile(markets=[market]).markets[0]
    busy.place(maker, SELL, 10, 10_050)
    second = reconcile(markets=[market]).markets[0]
    assert (first.replayed_from, second.replayed_from, second.commands) == (0, first.last_seq, 1)
    assert ReplayCheckpoint.objects.filter(market=market).count() == 2
    reconcile(markets=[market])
    assert ReplayCheckpoint.objects.filter(market=market).count() == 2  # nothing new to say


def test_a_full_run_begins_at_the_beginning_and_sees_behind_checkpoints(busy: Desk, market: Market) -> None:
    assert reconcile(markets=[market]).is_clean
    order = Order.objects.filter(market=market, status="filled").earliest("id")
    Order.objects.filter(pk=order.pk).update(reason="CHANGED")
    assert reconcile(markets=[market]).is_clean  # it ended before the checkpoint
    done = differing(market, full=True)
    assert (done.markets[0].replayed_from, done.mismatches[0].subject) == (0, str(order.pk))


def test_old_parts_of_the_journal_may_go_once_there_is_a_checkpoint(busy: Desk, market: Market, maker: User) -> None:
    reconcile(markets=[market])
    with as_administrator():
        assert journal_anchor(market=market, before=timezone.now() + timedelta(days=1), note="Detached")
    with unguarded():
        JournalBatch.objects.filter(market=market).delete()
    busy.place(maker, SELL, 10, 10_050)
    assert reconcile(markets=[market]).is_clean
    full = reconcile(markets=[market], full=True)
    assert full.is_clean and full.markets[0].replayed_from == full.markets[0].last_seq - 2


def test_a_market_that_an_older_release_wrote_gets_its_first_checkpoint_from_its_orders(
    busy: Desk, market: Market, maker: User
) -> None:
    """As the migration leaves it: what is in the journal then is never replayed, so it raises no alarm."""
    age_journal(busy, market)
    statement = importlib.import_module("orders.migrations.0004_reconciliation").ORIGIN_SQL
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} AND market_id = {market.pk}")
    MarketSequence.objects.filter(market=market).update(state_hash="")  # its formula was another one
    first = reconcile(markets=[market])
    assert first.is_clean and "REBASED" in first.markets[0].note and first.markets[0].replayed_from is None
    busy.place(maker, SELL, 10, 10_050)
    for full in (False, True):
        done = reconcile(markets=[market], full=full)
        assert done.is_clean and done.markets[0].replayed_from == first.markets[0].last_seq
    newest = ReplayCheckpoint.objects.filter(market=market).latest("id")
    assert not newest.is_rebase and beginning_from(newest).engine.open_order_count == newest.open_orders


def test_a_market_that_never_traded_has_nothing_to_say(market: Market) -> None:
    done = reconcile(markets=[market])
    assert done.is_clean and "never traded" in done.markets[0].note


def test_a_rebase_takes_the_stored_orders_and_is_audited(busy: Desk, market: Market, staff: User, maker: User) -> None:
    age_journal(busy, market)
    assert differing(market).mismatches[0].check_name == Mismatch.Check.JOURNAL
    checkpoint = market_rebase(actor=staff, market=market, note="Restored from a backup of yesterday")
    assert checkpoint.is_rebase
    entry = AuditEntry.objects.get(actor=staff, action="market.rebase")
    assert (entry.new, entry.note) == ({"seq": checkpoint.seq}, "Restored from a backup of yesterday")
    busy.place(maker, SELL, 10, 10_050)
    assert reconcile(markets=[market]).is_clean


def test_a_rebase_wants_a_reason_and_a_book_that_is_sound(busy: Desk, market: Market, staff: User, taker: User) -> None:
    with pytest.raises(ValidationError):
        market_rebase(actor=staff, market=market, note=" ")
    Order.objects.filter(market=market, user=taker, status="partially_filled").update(filled_quantity=0)
    with pytest.raises(ValidationError):
        market_rebase(actor=staff, market=market, note="it must go on")
    assert not ReplayCheckpoint.objects.filter(market=market).exists()


def test_what_staff_acknowledge_halts_no_more_and_lets_checkpoints_go_on(
    busy: Desk, market: Market, staff: User
) -> None:
    order = Order.objects.filter(market=market, status="filled").latest("id")
    Order.objects.filter(pk=order.pk).update(reason="CHANGED")
    (mismatch,) = differing(market).mismatches
    assert Market.objects.get(pk=market.pk).trading_state == TradingState.HALTED
    with pytest.raises(ValidationError):
        mismatch_acknowledge(actor=staff, mismatch_id=mismatch.pk, note="")
    mismatch_acknowledge(actor=staff, mismatch_id=mismatch.pk, note="A test wrote there")
    assert Market.objects.get(pk=market.pk).trading_state == TradingState.HALTED  # staff set it, nobody else
    Market.objects.filter(pk=market.pk).update(trading_state="continuous")

    done = reconcile(markets=[market])

    assert done.is_clean and done.run.counts["acknowledged"] == 1
    assert Market.objects.get(pk=market.pk).trading_state == TradingState.CONTINUOUS
    assert ReplayCheckpoint.objects.filter(market=market).exists()
    entry = AuditEntry.objects.get(actor=staff, action="mismatch.acknowledge")
    assert entry.new["subject"] == str(order.pk)
    Mismatch.objects.filter(pk=mismatch.pk).update(state="gone")


def test_checkpoints_are_thinned_out_with_age(busy: Desk, market: Market) -> None:
    state: dict[str, Any] = {
        "engine": busy.engine,
        "orders": [],
        "trades_since": UUID(int=0),
        "orders_since": UUID(int=0),
    }
    ages = [timedelta(minutes=5 * n) for n in range(36)] + [timedelta(hours=6 * n) for n in range(4, 160)]
    now = timezone.now()
    for age in ages:
        made = ReplayCheckpoint.objects.create(market=market, seq=1, state=b"", state_hash="x", open_orders=0)
        ReplayCheckpoint.objects.filter(pk=made.pk).update(created_at=now - age)
    checkpoint_store(market=market, **state)
    left = ReplayCheckpoint.objects.filter(market=market)
    assert left.filter(created_at__gt=now - timedelta(hours=1)).count() == 13
    of_the_day = left.filter(created_at__lte=now - timedelta(hours=1), created_at__gt=now - timedelta(days=1))
    assert 2 <= of_the_day.count() <= 4
    assert left.filter(created_at__lte=now - timedelta(days=1)).count() <= 31
    assert not left.filter(created_at__lt=now - timedelta(days=30)).exists()


# --- while everything goes on ----------------------------------------------------------------------------


def test_no_false_alarm_while_trading_and_settlement_go_on(
    desk: Desk, market: Market, maker: User, taker: User
) -> None:
    """Batches and settlements commit between any two statements of a run."""
    ended = threading.Event()
    failures: list[BaseException] = []

    def trade() -> None:
        try:
            while not ended.is_set():
                side = {SELL: maker, BUY: taker}
                lots = 1 + desk.engine.seq % 7
                for direction, user in side.items():
                    requests = [desk.order(user, direction, lots, 10_000 + n - 2) for n in range(3)]
                    requests.append(desk.order(user, direction, lots, 10_000, display_lots=1))
                    desk.processor.process(requests)
                desk._now_ms += 1
        except BaseException as error:
            failures.append(error)

    def settle() -> None:
        try:
            while not ended.is_set():
                settle_pending(market_id=market.pk, limit=20)
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for work in (trade, settle)]
    for thread in threads:
        thread.start()
    try:
        seqs = []
        for number in range(12):
            done = reconcile(markets=[market], full=number % 3 == 0)
            assert done.mismatches == [], [(m.check_name, m.subject, m.expected, m.found) for m in done.mismatches]
            seqs.append(done.markets[0].last_seq)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert len(set(seqs)) > 6, "it traded meanwhile"


def test_a_running_engine_is_compared_with_the_journal(market: Market, maker: User) -> None:
    with running_engine(market):
        wait_until(lambda: "engine agrees" in reconcile(markets=[market]).markets[0].note, "the engine's heartbeat")
        stored = MarketSequence.objects.get(market=market)
        with unguarded():
            JournalBatch.objects.filter(market=market, last_seq=stored.last_seq).update(state_hash="0123456789abcdef")
        done = differing(market)
        engine = [m for m in done.mismatches if m.check_name == Mismatch.Check.ENGINE]
        assert (engine[0].expected, engine[0].found) == (
            {"state_hash": "0123456789abcdef"},
            {"state_hash": stored.state_hash},
        )
        with unguarded():
            JournalBatch.objects.filter(market=market, last_seq=stored.last_seq).update(state_hash=stored.state_hash)


def test_the_scheduled_run_leaves_it_to_the_one_at_work() -> None:
    before = ReconcileRun.objects.count()
    with reading(), pytest.raises(AlreadyRunningError):
        reconcile()
    with reading():
        assert reconcile_task() == "running already"
    assert ReconcileRun.objects.count() == before
