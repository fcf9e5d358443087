"""The engine moves its board on batch by batch; it must be the one that it would read from the database."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from redis.asyncio import Redis

from base.ids import uuid7
from exchange.models import Market, User
from journal.board import BoardState
from matching.board import STAMP_MS, BoardKeeper
from matching.messages import BOARD_SEAL, board_keys
from orders.board import Board
from tests.integration.candles.feeding import Deal, Feed, feeding, ms

START = ms("2026-04-01T23:00:00Z")
MINUTE_MS = 60_000


def shown(feed: Feed) -> Board:
    stamp, packed, _ = feed.processor.board()
    board = Board.unpacked(packed, stamp)
    assert board is not None
    assert Board.unpacked(packed, "another stamp") is None
    return board


def test_the_board_of_batches_is_the_board_of_the_database(market: Market, maker: User, taker: User) -> None:
    """For two days of random trades, with long quiet hours, moments with many trades, and restarts."""
    rng = random.Random(int(os.environ["TEST_SEED"]))
    with feeding(market, maker, taker, start_ms=START) as feed:
        for _ in range(25):
            time_ms = feed.now_ms + rng.choice((1, 500, MINUTE_MS, 90 * MINUTE_MS))
            price = Decimal(rng.randint(9_700, 10_300)) / 100
            quantity = Decimal(rng.randint(1, 2_000)) / 1000
            feed.deals(*[Deal(time_ms, price, quantity)] * rng.choice((1, 1, 3, 40)))
            shown(feed)
            if rng.random() < 0.3:
                feed.restart()
            feed.now_ms += rng.choice((0, MINUTE_MS, 25 * 60 * MINUTE_MS)) if rng.random() < 0.2 else 0

            moved_on = shown(feed)
            feed.storage.working_set.board = BoardState()
            assert shown(feed) == moved_on
        assert moved_on.trade_count > 25


def test_a_market_where_nothing_happened_has_an_empty_board(market: Market, maker: User, taker: User) -> None:
    with feeding(market, maker, taker, start_ms=START) as feed:
        board = shown(feed)

    assert (list(board.bids), list(board.asks), list(board.trades), board.day) == ([], [], [], None)
    assert (board.trading_state, board.has_all_levels, board.trade_count) == ("continuous", True, 0)


def test_the_stamp_is_another_one_in_another_minute(market: Market, maker: User, taker: User) -> None:
    with feeding(market, maker, taker, start_ms=START) as feed:
        stamps = [feed.processor.stamp]
        feed.now_ms += MINUTE_MS - 1
        stamps.append(feed.processor.stamp)
        feed.now_ms += 1
        stamps.append(feed.processor.stamp)
        feed.deals(Deal(feed.now_ms, Decimal(100), Decimal(1)))
        stamps.append(feed.processor.stamp)

    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 3


class Shows:
    """What a keeper asks for, instead of an engine."""

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.asked = 0
        self.age_s = 0.0

    @property
    def stamp(self) -> str:
        return f"{self.seq}-1"

    async def show(self) -> tuple[str, bytes, float]:
        self.asked += 1
        return self.stamp, f"board {self.seq}".encode(), time.monotonic() - self.age_s


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = Redis.from_url(settings.REDIS_URL)
    yield client
    await client.aclose()


async def kept(redis: Redis, slug: str) -> list[Any]:
    sealed: Any
    sealed, stamp = await redis.mget(board_keys(slug))
    return [sealed and BOARD_SEAL.opened(sealed, slug), stamp]


def keeper(redis: Redis, slug: str, shows: Shows) -> BoardKeeper:
    return BoardKeeper(redis, slug, lambda: shows.stamp, shows.show)


async def test_a_board_is_written_once_and_its_stamp_renewed(redis: Redis) -> None:
    slug, shows = uuid7().hex, Shows(5)
    keeping = keeper(redis, slug, shows)

    await keeping.keep()
    await redis.pexpire(board_keys(slug)[1], 1)
    await keeping.keep()

    assert await kept(redis, slug) == [b"board 5", b"5-1"]
    assert 0 < await redis.pttl(board_keys(slug)[1]) <= STAMP_MS
    assert shows.asked == 1


async def test_a_lost_board_is_written_again_with_the_next_look_but_one(redis: Redis) -> None:
    slug, shows = uuid7().hex, Shows(5)
    keeping = keeper(redis, slug, shows)
    await keeping.keep()

    await redis.delete(*board_keys(slug))
    await keeping.keep()
    assert await kept(redis, slug) == [None, None]
    await keeping.keep()

    assert await kept(redis, slug) == [b"board 5", b"5-1"]


async def test_an_engine_that_is_behind_does_not_replace_what_its_successor_shows(redis: Redis) -> None:
    slug, old, new = uuid7().hex, Shows(5), Shows(7)
    behind, ahead = keeper(redis, slug, old), keeper(redis, slug, new)
    await behind.keep()
    await ahead.keep()

    await behind.keep()
    await behind.keep()
    assert await kept(redis, slug) == [b"board 7", b"7-1"]

    await redis.delete(board_keys(slug)[1])  # a stamp expires: whoever serves the market now is right
    await behind.keep()
    assert await kept(redis, slug) == [b"board 5", b"5-1"]


async def test_a_board_that_was_long_on_its_way_gets_less_time_or_none(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matching.board.STAMP_MS", 20_000)  # a busy machine is slow to look
    slug, shows = uuid7().hex, Shows(5)
    shows.age_s = 2.0
    await keeper(redis, slug, shows).keep()
    assert 0 < await redis.pttl(board_keys(slug)[1]) <= 18_000

    shows.seq, shows.age_s = 6, 30.0
    await keeper(redis, slug, shows).keep()
    assert await kept(redis, slug) != [b"board 6", b"6-1"]


class HangingValkey:
    """Takes commands and executes them later, as one that was suspended."""

    def __init__(self, redis: Redis) -> None:
        self.hangs_s = 0.0
        self.time = redis.time
        self._redis = redis

    async def eval(self, *arguments: Any) -> Any:
        await asyncio.sleep(self.hangs_s)
        return await self._redis.eval(*arguments)


async def test_what_waited_in_a_suspended_valkey_is_not_believed_when_it_goes_on(redis: Redis) -> None:
    slug, shows, hanging = uuid7().hex, Shows(5), HangingValkey(redis)
    keeping = keeper(hanging, slug, shows)  # type: ignore[arg-type]  # has what is asked of it, and no more
    await keeping.keep()
    await redis.delete(board_keys(slug)[1])

    hanging.hangs_s = 1.5 * STAMP_MS / 1000
    await keeping.keep()
    assert (await kept(redis, slug))[1] is None

    hanging.hangs_s = 0
    await keeping.keep()
    assert await kept(redis, slug) == [b"board 5", b"5-1"]
