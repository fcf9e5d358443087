"""A standby's copy of the book is the book: field by field what a cold recovery gives, whatever was traded."""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings

from exchange.models import Market, User
from journal import PostgresStorage
from journal.follower import FollowerError, JournalFollower
from journal.open_orders import OpenOrders
from journal.recovery import recover
from journal.terms import MarketTerms
from matching.codec import encode_commands
from matching.engine import Engine, RestingOrder, TradingState, WaitingOrder
from matching.processor import MarketProcessor
from orders.models import JournalBatch, MarketSequence
from tests.administrator import unguarded
from tests.desk import BUY, SELL, open_desk
from tests.integration.journal.test_random import Script, coarse_market, poor_user

__all__ = ["coarse_market"]

STEPS = 120


@contextmanager
def follower_of(market: Market) -> Iterator[tuple[JournalFollower, psycopg.Connection, MarketTerms]]:
    with psycopg.connect(settings.ENGINE_DATABASE_URL) as connection:
        terms = MarketTerms.read(connection, market.symbol)
        connection.commit()
        follower = JournalFollower.start(connection, terms)
        assert follower is not None
        yield follower, connection, terms


def picture(engine: Engine, orders: OpenOrders) -> dict[str, Any]:
    """Return all there is to know about an engine and its open orders."""
    engine.check_invariants()
    return {
        "hash": engine.state_hash(),
        "rules": (engine.seq, engine.trading_state, engine.band_ppm, engine.reference_price_ticks, engine.max_orders),
        "last": (engine.last_price_ticks, engine.max_stops, engine.next_due_ms),
        "marks": engine.trailing_marks(),
        "switches": dict(engine.cancel_after),
        "armed": sorted(engine.armed_brackets()),
        "resting": sorted(_resting(order) for order in engine.open_orders()),
        "waiting": sorted(_waiting(engine, order) for order in engine.waiting_orders()),
        "orders": {order_id: order.packed() for order_id, order in orders.by_id.items()},
        "groups": {group: sorted(order.id for order in members) for group, members in orders._groups.items()},
    }


def _waiting(engine: Engine, order: WaitingOrder) -> tuple[Any, ...]:
    """Return a waiting order without the time of its command, which no rule looks at again."""
    return order.order_id, order.priority, engine.stop_price_ticks(order), order.order._replace(time_ms=0)


def _resting(order: RestingOrder) -> tuple[Any, ...]:
    """Return an order of the book, whichever of the two classes it has."""
    return (
        order.order_id,
        order.account_id,
        order.side,
        order.price_ticks,
        order.quantity_lots,
        order.remaining_lots,
        order.hidden_lots,
        order.priority,
        order.post_only,
        order.instructions,
        order.digest,
    )


def assert_same(market: Market, follower: JournalFollower, connection: psycopg.Connection, terms: MarketTerms) -> None:
    """Take over warm and recover cold, and compare."""
    warm_engine, warm_orders, warm_recent = follower.finish(connection, terms)
    cold_engine, cold_orders, cold_recent = recover(connection, terms)
    connection.commit()
    warm, cold = picture(warm_engine, warm_orders), picture(cold_engine, cold_orders)
    for part, expected in cold.items():
        assert warm[part] == expected, part
    assert warm_recent._ids == cold_recent._ids


@pytest.mark.parametrize("number", range(int(os.environ.get("JOURNAL_SEEDS", "1"))))
def test_a_warm_takeover_gives_what_a_cold_recovery_gives(coarse_market: Market, staff: User, number: int) -> None:
    seed = int(os.environ["TEST_SEED"]) + number
    print(f"TEST_SEED={seed}")
    rng = random.Random(seed)
    users = [poor_user(role, coarse_market) for role in ("maker", "taker", "outsider")]
    with open_desk(coarse_market) as desk, follower_of(coarse_market) as (follower, connection, terms):
        script = Script(desk, users, rng)
        for step in range(STEPS):
            desk.pass_time(1)
            if rng.random() < (0.25 if desk.engine.trading_state is TradingState.CONTINUOUS else 0.6):
                script.happening(staff)
            else:
                desk.send(*[script.request() for _ in range(rng.randrange(1, 6))])
            if rng.random() < 0.3:
                follower.step(connection, rng.randrange(1, 4))  # it lags, and its rows are ahead of it
            if rng.random() < 0.1:
                follower._read_again(connection)
                connection.commit()
            if step % 40 == 39:
                terms = MarketTerms.read(connection, coarse_market.symbol)
                assert_same(coarse_market, follower, connection, terms)


def test_a_journal_that_takes_over_warm_serves_and_owes_what_a_cold_one_does(
    market: Market, maker: User, taker: User
) -> None:
    with open_desk(market) as desk:
        standby = PostgresStorage(market.symbol)
        desk.place(maker, SELL, 1_000, 10_000)
        assert not standby.lock.try_lock()
        assert standby.warm_copy.follow()
        desk.place(taker, BUY, 400, 10_000)
        desk.place(maker, SELL, 500, 10_100, display_lots=100)
        assert standby.warm_copy.follow() and standby.warm_copy.seq == desk.engine.seq
        desk.processor.close()
        assert standby.lock.try_lock()
        standby_processor = MarketProcessor(standby, market.symbol, desk.now_ms)
        recovered = standby_processor.try_recover()
        assert recovered is not None and recovered.is_warm
        desk.storage, desk.processor = standby, standby_processor
        assert desk.place(taker, BUY, 1_100, 10_100).order.status == "filled"
        desk.settle()


@pytest.mark.parametrize("tamper", ["hash", "gap", "command"])
def test_a_copy_that_is_not_the_book_is_given_up(market: Market, maker: User, tamper: str) -> None:
    with open_desk(market) as desk, follower_of(market) as (follower, connection, _):
        for price in (9_900, 9_901, 9_902):
            desk.place(maker, BUY, 10, price)
        second = JournalBatch.objects.filter(market_id=market.pk).order_by("-last_seq")[1]
        batch = JournalBatch.objects.filter(pk=second.pk)
        with unguarded():
            if tamper == "hash":
                batch.update(state_hash="0" * 16)
            elif tamper == "command":
                batch.update(commands=encode_commands([]))
            else:
                batch.delete()
        with pytest.raises(FollowerError):
            follower.step(connection)


def test_a_journal_whose_copy_is_refused_recovers_cold(market: Market, maker: User) -> None:
    with open_desk(market) as desk:
        standby = PostgresStorage(market.symbol)
        assert standby.warm_copy.follow()
        desk.place(maker, BUY, 10, 9_900)
        desk.processor.close()
        with unguarded():
            JournalBatch.objects.filter(market_id=market.pk).delete()
        assert standby.lock.try_lock()
        engine, is_warm = standby.batches.recover()
        assert not is_warm
        assert engine.seq == MarketSequence.objects.get(pk=market.pk).last_seq
        standby.lock.close()
        desk._start()


def test_a_market_that_was_never_started_has_nothing_to_follow(market: Market) -> None:
    standby = PostgresStorage(market.symbol)
    assert standby.warm_copy.follow()
    assert standby.warm_copy.seq is None
    standby.lock.close()
