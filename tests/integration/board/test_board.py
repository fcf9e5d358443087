"""What everybody sees comes from the market's board while that is right, and from the database otherwise: the same."""

import os
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from base.valkey import TIMEOUT_S, ValkeyLine, ValkeyUnreachableError, valkey
from exchange.models import Market, User
from matching.messages import board_keys
from orders import board as boards
from orders.board import Board, board_of
from orders.models import MarketSequence
from tests.engines import EngineProcess, running_engine, wait_until
from tests.orders import buy, sell
from tests.servers import silent_server

STALE_MS_MAX = 250


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "_LINE", ValkeyLine("boards", TIMEOUT_S))  # a busy machine may take its time


@pytest.fixture
def served(market: Market, maker: User, taker: User) -> Iterator[Market]:
    """A market with an engine, some levels and some trades."""
    with running_engine(market):
        for step in range(12):
            sell(maker, market, "0.5", f"{101 + step / 10:.2f}")
            buy(maker, market, "0.25", f"{99 - step / 10:.2f}")
        for _ in range(4):
            buy(taker, market, "0.2")
        sell(taker, market, "0.1")
        yield market


def addresses(market: Market) -> list[str]:
    root = f"/api/v1/markets/{market.slug}"
    return [
        f"/api/v1/orderbook/{market.slug}",
        f"/api/v1/orderbook/{market.slug}?depth=3",
        f"/api/v1/orderbook/{market.slug}?depth=1000",
        f"/api/v1/orderbook/{market.slug}?group=0.5",
        f"{root}/ticker",
        f"{root}/stats",
        f"{root}/trades",
        f"{root}/trades?limit=2&offset=1",
        f"/api/v1/trades?symbol={market.slug}",
    ]


def answers(market: Market) -> dict[str, Any]:
    """Return what everybody sees of a market; `until` of the statistics is the time of asking."""
    visitor, found = APIClient(raise_request_exception=False), {}
    for address in addresses(market):
        response = visitor.get(address)
        assert response.status_code == 200, response.content
        body = response.json()
        if "until" in body["data"]:
            del body["data"]["until"]
        found[address] = (body["data"], body.get("pagination"), response["ETag"])
    return found


class DeadLine:
    """A Valkey that is away, which nobody waits for."""

    def ask(self, question: object) -> None:
        raise ValkeyUnreachableError


def from_database(market: Market, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    with monkeypatch.context() as patch:
        patch.setattr(boards, "_LINE", DeadLine())
        return answers(market)


def assert_the_same(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare with the database, in one minute: the day moves on with the next, here a moment later than there."""
    shown = stored = None
    minute = -1
    while minute != int(time.time() // 60):
        minute = int((time.time() - STALE_MS_MAX / 1000) // 60)
        shown, stored = answers(market), from_database(market, monkeypatch)
    assert shown == stored


def is_up_to_date(market: Market) -> Board | None:
    """Return the market's board if it shows the last batch."""
    board = board_of(market)
    return board if board and board.seq == MarketSequence.objects.get(pk=market.pk).last_seq else None


def test_board_and_database_say_the_same_and_the_board_needs_no_query(
    served: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until(lambda: is_up_to_date(served), "the board")

    def needs_no_query() -> bool:
        with CaptureQueriesContext(connection) as queries:
            answers(served)
        return not [query["sql"] for query in queries.captured_queries if "orders_" in query["sql"]]

    # A busy machine may let a stamp expire between two requests; what is shown then is right, too.
    wait_until(needs_no_query, "answers without a query")
    assert_the_same(served, monkeypatch)
    assert answers(served)[f"/api/v1/markets/{served.slug}/trades"][1]["total"] == 6


def test_what_was_acknowledged_is_seen_a_quarter_second_later(served: Market, maker: User, taker: User) -> None:
    visitor = APIClient()
    rng = random.Random(int(os.environ["TEST_SEED"]))
    wait_until(lambda: is_up_to_date(served), "the board with the trades of the test before")
    count = visitor.get(f"/api/v1/markets/{served.slug}/ticker").json()["data"]["trade_count"]
    for step in range(8):
        time.sleep(rng.random() / 4)
        price = f"{95 + step / 100:.2f}"
        buy(maker, served, "0.1", price)
        made = sell(taker, served, "0.02").trades
        count += len(made)
        time.sleep(STALE_MS_MAX / 1000)

        book = visitor.get(f"/api/v1/orderbook/{served.slug}?depth=100").json()["data"]
        ticker = visitor.get(f"/api/v1/markets/{served.slug}/ticker").json()["data"]
        trades = visitor.get(f"/api/v1/trades?symbol={served.slug}&limit=1").json()["data"]

        assert price in [level["price"] for level in book["bids"]]
        assert ticker["trade_count"] == count
        assert trades[0]["id"] == str(made[-1].id)


def test_a_lost_cache_is_no_loss(served: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until(lambda: is_up_to_date(served), "the board")

    valkey().flushdb()

    assert_the_same(served, monkeypatch)
    wait_until(lambda: is_up_to_date(served), "a board again, although nothing has happened")
    assert_the_same(served, monkeypatch)


@pytest.mark.parametrize("spoil", [b"", b"\xc1 no msgpack", b"\x91\x01"])
def test_a_board_that_cannot_be_read_is_none(served: Market, spoil: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until(lambda: is_up_to_date(served), "the board")

    valkey().set(board_keys(served.slug)[0], spoil, px=60_000)

    assert board_of(served) is None
    assert_the_same(served, monkeypatch)


def test_a_cache_that_hangs_holds_nobody_up(served: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    wait_until(lambda: is_up_to_date(served), "the board")
    with silent_server() as url, override_settings(REDIS_URL=url):
        monkeypatch.setattr(boards, "_LINE", ValkeyLine("boards", 0.05))
        before = boards._READS.labels("unreachable")._value.get()
        valkey.cache_clear()
        began = time.monotonic()
        answers(served)
        took_s = time.monotonic() - began
        assert_the_same(served, monkeypatch)
        seen = boards._READS.labels("unreachable")._value.get() - before
    valkey.cache_clear()

    assert seen > len(addresses(served)), "nothing came from the cache"
    assert took_s < 2, "one of nine requests waits for 0.05 s, and another a second later"


def test_a_killed_engine_leaves_nothing_that_is_believed(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EngineProcess(market) as engine:
        engine.wait_until_served()
        sell(maker, market, "1", "101")
        wait_until(lambda: is_up_to_date(market), "the board")
        engine.kill()
        time.sleep(STALE_MS_MAX / 1000)

        assert board_of(market) is None
        assert_the_same(market, monkeypatch)


@pytest.mark.parametrize("address", range(9))
def test_who_has_an_answer_gets_none_again(served: Market, visitor: APIClient, address: int) -> None:
    wait_until(lambda: is_up_to_date(served), "the board")
    url = addresses(served)[address]
    first = visitor.get(url)

    again = visitor.get(url, headers={"if-none-match": f'"other", {first["ETag"]}'})
    other = visitor.get(url, headers={"if-none-match": 'W/"0-0"'})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert first["Cache-Control"] == again["Cache-Control"] == "no-cache"
    assert (other.status_code, len(other.json()["data"])) == (200, len(first.json()["data"]))


def test_an_etag_changes_with_the_market(served: Market, maker: User, visitor: APIClient) -> None:
    before = {url: visitor.get(url)["ETag"] for url in addresses(served)[:6]}
    sell(maker, served, "0.1", "105")
    wait_until(lambda: is_up_to_date(served), "the board")

    after = {url: visitor.get(url)["ETag"] for url in addresses(served)[:6]}

    assert all(before[url] != after[url] for url in before)


def test_a_stamp_lives_shorter_than_what_it_promises(served: Market) -> None:
    board, stamp = board_keys(served.slug)
    wait_until(lambda: is_up_to_date(served), "the board")
    lives: list[int] = []

    def enough() -> bool:
        lives.append(int(valkey().pttl(stamp)))
        return len(lives) > 50

    wait_until(enough, "fifty looks")

    assert max(lives) < STALE_MS_MAX
    assert 0 < int(valkey().pttl(board)) <= 60_000
