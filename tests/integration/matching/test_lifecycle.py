"""A real runner goes through the states of the table: it waits, takes over, serves, is left, fails and ends."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from django.conf import settings
from redis.asyncio import Redis

from exchange.models import Market
from journal import PostgresStorage
from journal.batch import PostgresBatch
from journal.batch_store import PostgresBatchStore
from journal.market_lock import PostgresLock
from matching.lifecycle import ROLES, MarketEvent, MarketState
from matching.roster import HOLDERS
from matching.runner import MarketRunner

COLD, WARM, RECOVERING, SERVING, HANDING_OVER, STOPPING, STOPPED = MarketState
PATIENCE_S = 15.0


class Walk:
    """A market's runner in the test's own loop, and the states that it has been in."""

    def __init__(self, market: Market, redis: Redis) -> None:
        self.storage = PostgresStorage(market.symbol)
        self.runner = MarketRunner(self.storage, market.symbol, redis, _listen_to_nothing)
        self.states = [self.runner.state]
        self._changed = asyncio.Event()
        self._apply = self.runner._lifecycle.apply
        self.runner._lifecycle.apply = self._noted  # type: ignore[method-assign]  # each change is noted

    def _noted(self, event: MarketEvent) -> None:
        self._apply(event)
        report = self.runner.report()
        assert report.role is ROLES[self.runner.state]
        if self.runner.state is SERVING:
            assert report.role in HOLDERS and report.since_ms == self.storage.session.locked_ms
        if self.states[-1] is not self.runner.state:
            self.states.append(self.runner.state)
            self._changed.set()

    async def reaches(self, *states: MarketState) -> None:
        """Wait until the states passed so far end with these."""
        async with asyncio.timeout(PATIENCE_S):
            while self.states[-len(states) :] != list(states):
                self._changed.clear()
                await self._changed.wait()


async def _listen_to_nothing(_: str) -> None:
    await asyncio.Event().wait()


@asynccontextmanager
async def walking(market: Market, count: int = 1) -> AsyncIterator[list[Walk]]:
    """Run a market's engines until the block ends; one after the other, so that the first has the lock."""
    redis, walks, tasks = Redis.from_url(settings.REDIS_URL), list[Walk](), []
    try:
        for number in range(count):
            walks.append(walk := Walk(market, redis))
            tasks.append(asyncio.create_task(walk.runner.run()))
            await walk.reaches(WARM if number else SERVING)
        yield walks
    finally:
        for walk in walks:
            walk.runner.stop()
        await asyncio.gather(*tasks)
        await redis.aclose()
        assert all(walk.runner.state is STOPPED and walk.storage.session.connection is None for walk in walks)


def run(scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(scenario())


def fail_once(monkeypatch: pytest.MonkeyPatch, owner: type, name: str) -> None:
    """Let a method fail the next time it is called, as if the database were away."""
    method, left = getattr(owner, name), [1]

    def failing(*arguments: Any, **named: Any) -> Any:
        if left:
            left.clear()
            raise psycopg.OperationalError("injected: the database is away")
        return method(*arguments, **named)

    monkeypatch.setattr(owner, name, failing)


def test_an_engine_takes_over_serves_and_stops(market: Market) -> None:
    async def scenario() -> None:
        async with walking(market) as (walk,):
            assert walk.states == [COLD, RECOVERING, SERVING]
        assert walk.states == [COLD, RECOVERING, SERVING, STOPPING, STOPPED]

    run(scenario)


def test_a_market_is_handed_over_to_the_warm_standby(market: Market) -> None:
    async def scenario() -> None:
        async with walking(market, 2) as (active, standby):
            active.runner.hand_over()
            active.runner.hand_over()
            await standby.reaches(COLD, WARM, RECOVERING, SERVING)
            await active.reaches(COLD, RECOVERING, SERVING, HANDING_OVER, COLD, WARM)
        assert active.states[-2:] == [WARM, STOPPED]

    run(scenario)


def test_a_batch_that_fails_leads_to_a_recovery(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        async with walking(market) as (walk,):
            fail_once(monkeypatch, PostgresBatch, "write")
            walk.runner.refresh()
            await walk.reaches(SERVING, RECOVERING, SERVING)

    run(scenario)


def test_an_engine_whose_lock_was_taken_stands_by(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.maintenance.MAINTENANCE_MS", 60_000)  # it learns of it from the successor's heartbeat

    async def scenario() -> None:
        async with walking(market, 2) as (deposed, standby):
            session = deposed.storage.session.connection
            assert session is not None
            with psycopg.connect(settings.ENGINE_DATABASE_URL, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [session.info.backend_pid])
            await standby.reaches(WARM, RECOVERING, SERVING)
            await deposed.reaches(SERVING, RECOVERING, COLD, WARM)

    run(scenario)


def test_a_recovery_that_fails_gives_the_lock_back(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_once(monkeypatch, PostgresBatchStore, "recover")

    async def scenario() -> None:
        async with walking(market) as (walk,):
            assert walk.states == [COLD, RECOVERING, COLD, RECOVERING, SERVING]

    run(scenario)


def test_an_engine_without_a_database_tries_again(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_once(monkeypatch, PostgresLock, "try_lock")

    async def scenario() -> None:
        async with walking(market) as (walk,):
            assert walk.states == [COLD, RECOVERING, SERVING]

    run(scenario)


@pytest.mark.parametrize(
    ("leave", "passed"),
    [
        pytest.param(MarketRunner.hand_over, [SERVING, HANDING_OVER, COLD, WARM], id="handing over"),
        pytest.param(MarketRunner.stop, [SERVING, STOPPING, STOPPED], id="stopping"),
    ],
)
def test_a_market_is_left_although_its_last_batch_fails(
    market: Market,
    monkeypatch: pytest.MonkeyPatch,
    leave: Callable[[MarketRunner], None],
    passed: list[MarketState],
) -> None:
    async def scenario() -> None:
        async with walking(market, 2) as (walk, standby):
            fail_once(monkeypatch, PostgresBatch, "write")
            leave(walk.runner)
            walk.runner.refresh()
            await standby.reaches(WARM, RECOVERING, SERVING)
            await walk.reaches(*passed)

    run(scenario)


def test_an_engine_that_is_stopped_while_it_recovers_ends(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    recover, is_reading, may_go_on = PostgresBatchStore.recover, threading.Event(), threading.Event()

    def recover_slowly(store: PostgresBatchStore) -> Any:
        is_reading.set()
        assert may_go_on.wait(PATIENCE_S)
        return recover(store)

    monkeypatch.setattr(PostgresBatchStore, "recover", recover_slowly)

    async def scenario() -> None:
        async with Redis.from_url(settings.REDIS_URL) as redis:
            walk = Walk(market, redis)
            task = asyncio.create_task(walk.runner.run())
            await asyncio.to_thread(is_reading.wait, PATIENCE_S)
            walk.runner.stop()
            may_go_on.set()
            await asyncio.wait_for(task, PATIENCE_S)
        assert walk.states == [COLD, RECOVERING, STOPPING, STOPPED]
        assert walk.storage.session.connection is None

    run(scenario)


def test_a_lock_that_comes_when_the_engine_is_stopped_already_is_given_back(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    try_lock, is_trying, may_go_on = PostgresLock.try_lock, threading.Event(), threading.Event()

    def try_slowly(lock: PostgresLock) -> bool:
        is_trying.set()
        assert may_go_on.wait(PATIENCE_S)
        return try_lock(lock)

    monkeypatch.setattr(PostgresLock, "try_lock", try_slowly)

    async def scenario() -> None:
        async with Redis.from_url(settings.REDIS_URL) as redis:
            walk = Walk(market, redis)
            task = asyncio.create_task(walk.runner.run())
            await asyncio.to_thread(is_trying.wait, PATIENCE_S)
            walk.runner.stop()
            may_go_on.set()
            await asyncio.wait_for(task, PATIENCE_S)
        assert walk.states == [COLD, STOPPED]
        assert walk.storage.session.connection is None

    run(scenario)
