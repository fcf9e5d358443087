"""What dies, and what is left: nothing acknowledged is lost, nothing is done twice."""

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection

from base.errors import ApiError, ErrorCode
from base.ids import uuid7_floor
from base.times import wall_clock_ms
from exchange.models import Market, User
from journal import PostgresStorage
from journal.batch import PostgresBatch
from journal.recovery import RecoveryError
from matching.messages import MaintenanceRequest, ReplyStatus
from matching.processor import BatchFailedError, MarketProcessor
from matching.timing import HORIZON_MS
from orders.models import MarketSequence, Order, OrderStatus
from orders.selectors import book_depth
from orders.services import PlacedOrder, order_cancel
from settlement.services import settle_pending
from tests.engines import EngineProcess, is_served, running_engine, wait_until
from tests.integration.matching.diary import check_diary
from tests.integration.matching.requests import place
from tests.invariants import assert_ledger_balances
from tests.orders import buy, sell


@contextmanager
def serving(market: Market) -> Iterator[MarketProcessor]:
    """A processor that has the market's lock, called directly: no thread, no channel layer."""
    processor = MarketProcessor(PostgresStorage(market.symbol), market.symbol)
    assert processor.try_recover() is not None
    processor.process([MaintenanceRequest()])
    try:
        yield processor
    finally:
        processor.close()


def stored_orders(user: User) -> int:
    return Order.objects.filter(user_id=user.pk).count()


def test_a_command_past_its_deadline_is_never_executed(market: Market, maker: User) -> None:
    with serving(market) as processor:
        outcome = processor.process([place(maker, market, deadline_ms=wall_clock_ms() - 1)])
    assert [(reply.status, reply.code) for reply in outcome.replies] == [(ReplyStatus.NOT_EXECUTED, "TIMEOUT")]
    assert stored_orders(maker) == 0


def test_a_batch_is_not_committed_when_its_callers_have_given_up(market: Market, maker: User) -> None:
    """The process was suspended between the look at the deadline and the commit."""
    clock = Clock()
    processor = MarketProcessor(PostgresStorage(market.symbol), market.symbol, clock)
    assert processor.try_recover() is not None
    request = place(maker, market, deadline_ms=clock.now_ms + 3_000)

    clock.jump_ms = 3_300
    with pytest.raises(BatchFailedError, match="300 ms after the deadline") as failure:
        processor.process([request])
    assert failure.value.is_transient and not failure.value.in_doubt
    assert stored_orders(maker) == 0

    assert processor.try_recover() is not None
    (reply,) = processor.process([request]).replies
    assert (reply.status, reply.code) == (ReplyStatus.NOT_EXECUTED, "TIMEOUT")
    processor.close()


class Clock:
    """Stands, but jumps once after it has been looked at."""

    def __init__(self) -> None:
        self.now_ms = wall_clock_ms()
        self.jump_ms = 0

    def __call__(self) -> int:
        seen = self.now_ms
        self.now_ms += self.jump_ms
        self.jump_ms = 0
        return seen


def test_a_command_older_than_what_the_engine_remembers_is_refused(market: Market, maker: User) -> None:
    old = uuid7_floor(wall_clock_ms() - HORIZON_MS - 1_000)
    with serving(market) as processor:
        outcome = processor.process([place(maker, market, order_id=old.bytes)])
    assert [(reply.status, reply.code) for reply in outcome.replies] == [(ReplyStatus.NOT_EXECUTED, "TIMEOUT")]
    assert stored_orders(maker) == 0


def test_a_command_delivered_twice_is_executed_once(market: Market, maker: User) -> None:
    request = place(maker, market, deadline_ms=wall_clock_ms() + 60_000)
    with serving(market) as processor:
        first = processor.process([request]).replies[0]
        again = processor.process([request]).replies[0]
    with serving(market) as restarted:
        after_restart = restarted.process([request]).replies[0]
    assert [first.status, again.status, after_restart.status] == [
        ReplyStatus.EXECUTED,
        ReplyStatus.REPLAYED,
        ReplyStatus.REPLAYED,
    ]
    assert stored_orders(maker) == 1


def test_a_failure_before_the_commit_leaves_nothing_and_the_book_is_rebuilt(
    market: Market, maker: User, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(market) as processor:
        processor.process([place(maker, market, side=2)])
        seq = processor.seq
        with monkeypatch.context() as patch:
            patch.setattr(PostgresBatch, "write", _fail)
            with pytest.raises(BatchFailedError) as caught:
                processor.process([place(taker, market)])
        assert processor.try_recover() is not None
        assert processor.resolve_doubt() is None
        assert processor.seq == seq
        outcome = processor.process([place(taker, market)])

    assert not caught.value.in_doubt
    assert stored_orders(taker) == 1
    assert outcome.trades == 1
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


def test_a_commit_that_lost_its_answer_is_answered_truly_after_recovery(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = PostgresBatch.commit

    def commit_and_lose_the_answer(batch: PostgresBatch) -> None:
        commit(batch)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with serving(market) as processor:
        monkeypatch.setattr(PostgresBatch, "commit", commit_and_lose_the_answer)
        with pytest.raises(BatchFailedError) as caught:
            processor.process([place(maker, market)])
        monkeypatch.undo()
        processor.try_recover()
        outcome = processor.resolve_doubt()

    assert caught.value.in_doubt
    assert outcome is not None
    assert [reply.status for reply in outcome.replies] == [ReplyStatus.EXECUTED]
    assert stored_orders(maker) == 1


def test_a_commit_that_never_arrived_is_answered_as_not_executed(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(market) as processor:
        monkeypatch.setattr(PostgresBatch, "commit", _fail)
        with pytest.raises(BatchFailedError):
            processor.process([place(maker, market)])
        monkeypatch.undo()
        processor.try_recover()
        outcome = processor.resolve_doubt()

    assert outcome is not None
    assert [reply.status for reply in outcome.replies] == [ReplyStatus.NOT_EXECUTED]
    assert stored_orders(maker) == 0


def test_a_second_engine_waits_and_takes_over(market: Market, maker: User) -> None:
    standby = MarketProcessor(PostgresStorage(market.symbol), market.symbol)
    with serving(market) as active:
        active.process([place(maker, market)])
        assert standby.try_recover() is None
    recovered = standby.try_recover()
    standby.close()
    assert recovered is not None and recovered.open_orders == 1


def test_a_writer_that_is_behind_is_refused_by_the_database(market: Market, maker: User) -> None:
    with serving(market) as processor:
        MarketSequence.objects.filter(pk=market.pk).update(last_seq=1_000)
        with pytest.raises(BatchFailedError, match="one writer per market"):
            processor.process([place(maker, market)])
    assert stored_orders(maker) == 0


def test_a_book_that_is_not_the_stored_one_is_not_served(market: Market, maker: User) -> None:
    with serving(market) as processor:
        processor.process([place(maker, market), place(maker, market)])
    lost = Order.objects.filter(user_id=maker.pk).latest("pk")
    Order.objects.filter(pk=lost.pk).update(status=OrderStatus.CANCELLED)
    tampered = MarketProcessor(PostgresStorage(market.symbol), market.symbol)
    try:
        with pytest.raises(RecoveryError, match="state hash"):
            tampered.try_recover()
    finally:
        tampered.close()
        Order.objects.filter(pk=lost.pk).update(status=OrderStatus.OPEN)


def test_the_engine_survives_the_loss_of_its_database_connection(market: Market, maker: User) -> None:
    with running_engine(market):
        first = buy(maker, market, "1", "100").order
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s",
                [f"engine {market.symbol} %"],
            )
        second = _until_accepted(lambda: buy(maker, market, "1", "100", client_order_id="after"))
    assert {first.pk, second.order.pk} == set(Order.objects.filter(user_id=maker.pk).values_list("pk", flat=True))
    assert book_depth(market, None).bids[0].order_count == 2


def test_a_graceful_stop_answers_everybody(market: Market, maker: User) -> None:
    answers: list[str] = []

    def place_many() -> None:
        for number in range(40):
            try:
                buy(maker, market, "1", "100", client_order_id=f"stop-{threading.get_ident()}-{number}")
                answers.append("stored")
            except ApiError as error:
                answers.append(error.code.value)

    with running_engine(market) as _:
        threads = [threading.Thread(target=place_many) for _ in range(6)]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(answers) > 20, "some orders")
    for thread in threads:
        thread.join()
    assert set(answers) <= {"stored", ErrorCode.ENGINE_UNAVAILABLE.value}
    assert answers.count("stored") == stored_orders(maker)
    assert not is_served(market)


@pytest.mark.parametrize("round_number", [0, pytest.param(1, marks=pytest.mark.long)])
def test_kill_of_the_engine_under_load_loses_and_doubles_nothing(
    market: Market, maker: User, taker: User, round_number: int
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    acknowledged: dict[str, PlacedOrder] = {}
    cancelled: set[str] = set()
    stop = threading.Event()

    def trade(number: int) -> None:
        rng = random.Random(seed + number)
        user = (maker, taker)[number % 2]
        for count in range(10_000):
            if stop.is_set():
                return
            client_id = f"k{round_number}-{number}-{count}"
            order = (buy, sell)[rng.randrange(2)]
            try:
                placed = order(user, market, "1", str(100 + rng.randrange(-3, 4)), client_order_id=client_id)
                acknowledged[client_id] = placed
                if placed.order.status == OrderStatus.OPEN and rng.random() < 0.4:
                    order_cancel(user=user, order_id=placed.order.pk)
                    cancelled.add(client_id)
            except ApiError as error:
                if error.code not in _EXPECTED:
                    raise
                stop.wait(0.02)  # a dead engine refuses thousands of orders a second

    def has_grown_beyond(count: int) -> bool:
        for job in jobs:
            if job.done():
                job.result()  # raises what ended it
        return len(acknowledged) > count

    with ThreadPoolExecutor(6) as pool:
        with EngineProcess(market) as engine:
            engine.wait_until_served()
            jobs = [pool.submit(trade, number) for number in range(6)]
            wait_until(lambda: has_grown_beyond(150), "acknowledged orders", 30)
            engine.kill()
        with EngineProcess(market) as restarted:
            restarted.wait_until_served()
            count = len(acknowledged)
            wait_until(lambda: has_grown_beyond(count + 100), "more acknowledged orders", 30)
            stop.set()
            for job in jobs:
                job.result()
            assert restarted.stop() == 0

    check_diary(market, acknowledged, cancelled)
    while settle_pending(market_id=market.pk, limit=500).claimed:
        pass
    assert_ledger_balances(assets=(market.base_id, market.quote_id))


_TRANSIENT = {ErrorCode.ENGINE_UNAVAILABLE, ErrorCode.TIMEOUT, ErrorCode.ORDER_NOT_CANCELLABLE, ErrorCode.OVERLOADED}
_EXPECTED = _TRANSIENT | {ErrorCode.SELF_TRADE}  # two users trade with each other at random


def _until_accepted(attempt: Any) -> PlacedOrder:
    deadline = time.monotonic() + 10
    while True:
        try:
            placed: PlacedOrder = attempt()
            return placed
        except ApiError as error:
            if error.code not in _TRANSIENT or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _fail(*_: Any) -> None:
    raise psycopg.OperationalError("injected: the connection is gone")
