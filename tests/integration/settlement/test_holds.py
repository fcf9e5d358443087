"""The engine's holds: what is locked, held, released and written, also against settlement at the same time."""

import random
import threading
from decimal import Decimal

import psycopg
import pytest
from django.db import connection

from settlement.holds import Holdings
from settlement.services import Settled, settle_pending
from tests.integration.settlement.cast import FUNDS, Cast, engine_connection

UNITS = 10**8


def test_holds_and_releases_are_written_by_flush(cast: Cast) -> None:
    maker, taker = cast.maker.pk.bytes, cast.taker.pk.bytes
    keys = [(maker, cast.base), (taker, cast.quote), (maker, cast.base)]
    with engine_connection() as engine, engine.cursor() as cursor:
        holdings = Holdings.lock(cursor, keys, {cast.base: 8, cast.quote: 8})
        assert holdings.available(maker, cast.base) == 1_000_000 * UNITS
        assert holdings.hold(maker, cast.base, 3 * UNITS)
        holdings.release(maker, cast.base, UNITS)
        assert not holdings.hold(taker, cast.quote, 1_000_000 * UNITS + 1)
        holdings.flush(cursor)

        assert holdings.changed() == [(maker, cast.base, Decimal("999998.00000000"), Decimal("2.00000000"))]

    assert cast.balance(cast.maker, cast.base) == (FUNDS - 2, 2)
    cast.hold(cast.maker, cast.base, Decimal(-2))


def test_an_account_that_does_not_exist_has_nothing(cast: Cast) -> None:
    with engine_connection() as engine, engine.cursor() as cursor:
        holdings = Holdings.lock(cursor, [(cast.staff.pk.bytes, cast.base)], {cast.base: 8})

        assert holdings.available(cast.staff.pk.bytes, cast.base) == 0
        assert not holdings.hold(cast.staff.pk.bytes, cast.base, 1)
        holdings.flush(cursor)
        assert holdings.changed() == []


def test_more_than_is_held_cannot_be_released(cast: Cast) -> None:
    with engine_connection() as engine, engine.cursor() as cursor:
        holdings = Holdings.lock(cursor, [(cast.maker.pk.bytes, cast.base)], {cast.base: 8})

        with pytest.raises(AssertionError, match="Invariant"):
            holdings.release(cast.maker.pk.bytes, cast.base, 1)


def test_a_batch_that_waited_for_a_lock_reads_what_was_committed_meanwhile(cast: Cast) -> None:
    key = (cast.maker.pk.bytes, cast.base)
    seen: list[int] = []

    def second_batch() -> None:
        with engine_connection() as engine, engine.cursor() as cursor:
            seen.append(Holdings.lock(cursor, [key], {cast.base: 8}).available(*key))

    with engine_connection() as engine, engine.cursor() as cursor:
        holdings = Holdings.lock(cursor, [key], {cast.base: 8})
        assert holdings.hold(*key, 5 * UNITS)
        waiting = threading.Thread(target=second_batch)
        waiting.start()
        _wait_for_a_waiter()
        holdings.flush(cursor)
    waiting.join()

    assert seen == [(1_000_000 - 5) * UNITS]
    cast.hold(cast.maker, cast.base, Decimal(-5))


def test_engines_and_settlers_at_once_neither_deadlock_nor_lose_an_update(cast: Cast) -> None:
    for number in range(60):
        buyer, seller = ((cast.maker, cast.taker), (cast.taker, cast.outsider))[number % 2]
        cast.trade(buyer=buyer, seller=seller, price="1", quantity="1", hold="2")
    failures: list[BaseException] = []
    threads = [
        *(threading.Thread(target=_guarded, args=(failures, _hold_and_release, cast, seed)) for seed in range(2)),
        *(threading.Thread(target=_guarded, args=(failures, _settle_all, cast, seed)) for seed in range(2)),
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert cast.balance(cast.maker, cast.base) == (FUNDS + 30, 0)
    assert cast.balance(cast.taker, cast.base) == (FUNDS, 0)


def _guarded(failures: list[BaseException], work: object, cast: Cast, seed: int) -> None:
    assert callable(work)
    try:
        work(cast, random.Random(seed))
    except BaseException as error:  # a thread's failure must fail the test
        failures.append(error)
    finally:
        connection.close()


def _hold_and_release(cast: Cast, chance: random.Random) -> None:
    users = (cast.maker, cast.taker, cast.outsider)
    keys = [(user.pk.bytes, asset) for user in users for asset in (cast.base, cast.quote)]
    with engine_connection() as engine, engine.cursor() as cursor:
        for _ in range(60):
            chosen = chance.sample(keys, 4)
            _one_batch(engine, cursor, cast, chosen, hold=True)
            _one_batch(engine, cursor, cast, chosen, hold=False)


def _one_batch(
    engine: "psycopg.Connection[tuple[object, ...]]",
    cursor: "psycopg.Cursor[tuple[object, ...]]",
    cast: Cast,
    keys: list[tuple[bytes, str]],
    *,
    hold: bool,
) -> None:
    holdings = Holdings.lock(cursor, keys, {cast.base: 8, cast.quote: 8})
    for key in keys:
        if hold:
            assert holdings.hold(*key, UNITS)
        else:
            holdings.release(*key, UNITS)
    holdings.flush(cursor)
    engine.commit()


def _settle_all(cast: Cast, _: random.Random) -> None:
    while (batch := settle_pending(market_id=cast.market.pk, limit=5)).claimed:
        assert batch == Settled(claimed=batch.claimed, settled=batch.claimed, last_id=batch.last_id)


def _wait_for_a_waiter() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock' AND query LIKE '%%settlement_account%%'"
            )
            if cursor.fetchone() != (0,):
                return
        threading.Event().wait(0.02)
    raise AssertionError("the second batch waits for the first one's lock")
