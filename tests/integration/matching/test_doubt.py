"""A batch whose commit was never answered, and an engine that lost its lock: what it may say and do."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from exchange.models import Market, User
from journal import PostgresStorage
from journal.batch import PostgresBatch
from matching.messages import ReplyStatus
from matching.processor import BatchFailedError, MarketProcessor
from orders.models import Order
from tests.engines import wait_until
from tests.integration.matching.requests import place

COMMIT = PostgresBatch.commit


@contextmanager
def standby_for(market: Market, storage: PostgresStorage | None = None) -> Iterator[MarketProcessor]:
    """A second engine, which tries for the lock when it is told to."""
    processor = MarketProcessor(storage or PostgresStorage(market.symbol), market.symbol)
    try:
        yield processor
    finally:
        processor.close()


@contextmanager
def engine_of(market: Market, storage: PostgresStorage | None = None) -> Iterator[MarketProcessor]:
    with standby_for(market, storage) as processor:
        assert processor.try_recover() is not None
        yield processor


def end_session(session: psycopg.Connection | None) -> None:
    """End an engine's session as a standby does, and wait until it has ended."""
    assert session is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [session.info.backend_pid])


def lose_the_answer(batch: PostgresBatch) -> None:
    COMMIT(batch)
    end_session(batch._connection)
    raise psycopg.OperationalError("server closed the connection unexpectedly")


def test_a_commit_that_lost_its_answer_is_answered_truly_although_another_engine_has_written_since(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine_of(market) as active, standby_for(market) as standby:
        monkeypatch.setattr(PostgresBatch, "commit", lose_the_answer)
        with pytest.raises(BatchFailedError) as caught:
            active.process([place(maker, market)])
        monkeypatch.undo()
        wait_until(standby.try_recover, "the lock")
        standby.process([place(maker, market)])
        active.close()  # as after every failed attempt to recover
        assert active.try_recover() is None
        outcome = active.resolve_doubt()

    assert caught.value.in_doubt
    assert outcome is not None
    assert [reply.status for reply in outcome.replies] == [ReplyStatus.EXECUTED]
    assert Order.objects.filter(user_id=maker.pk).count() == 2


def test_nothing_is_said_of_a_commit_that_may_still_be_under_way(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang_before_the_commit(batch: PostgresBatch) -> None:
        raise psycopg.OperationalError("the network is gone")

    storage = PostgresStorage(market.symbol)
    with engine_of(market, storage) as active:
        monkeypatch.setattr(PostgresBatch, "commit", hang_before_the_commit)
        with pytest.raises(BatchFailedError):
            active.process([place(maker, market)])
        monkeypatch.undo()
        left, storage.session.connection = storage.session.connection, None  # the session lives on in the server
        assert active.try_recover() is None
        assert active.resolve_doubt() is None
        assert left is not None
        left.close()
        wait_until(active.try_recover, "the lock")
        outcome = active.resolve_doubt()

    assert outcome is not None
    assert [reply.status for reply in outcome.replies] == [ReplyStatus.NOT_EXECUTED]
    assert not Order.objects.filter(user_id=maker.pk).exists()


def test_an_engine_that_lost_its_lock_does_not_write_on_a_new_connection(market: Market, maker: User) -> None:
    storage = PostgresStorage(market.symbol)
    with engine_of(market, storage) as deposed, standby_for(market) as standby:
        end_session(storage.session.connection)
        wait_until(standby.try_recover, "the lock")  # it has not written anything: the sequence row would let both
        with pytest.raises(psycopg.OperationalError):
            deposed.needs_maintenance()
        with pytest.raises(BatchFailedError, match="LockLostError"):
            deposed.process([place(maker, market)])
        assert deposed.try_recover() is None

    assert not Order.objects.filter(user_id=maker.pk).exists()
