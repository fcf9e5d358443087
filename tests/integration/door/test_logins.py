"""Guessing passwords: one name or many, from one address or many, with Valkey and without."""

import itertools
import threading
import time
from collections.abc import Iterator

import pytest
from django.conf import settings as project_settings
from django.db import connection
from django.test import Client
from prometheus_client import REGISTRY
from pytest_django.fixtures import Settings

from base.hashing.place import PLACE, WAITING_MAX, HashingPlace
from base.throttling import logins
from base.throttling.counts import _LINE as COUNTS_LINE
from base.throttling.failures import _LINE as FAILURES_LINE
from base.throttling.failures import Failures
from base.valkey import valkey
from exchange.models import User
from tests.fixtures import fresh_name
from tests.servers import silent_server

TOKEN, PASSWORD = "/api/v1/auth/token", "a-long-secret-7"
_numbers = itertools.count(1)


def fresh_address() -> str:
    number = next(_numbers)
    return f"10.{hash(fresh_name('')) % 200}.{number // 250}.{number % 250}"


def try_login(username: str, password: str, address: str) -> int:
    body = {"username": username, "password": password}
    return Client(REMOTE_ADDR=address).post(TOKEN, body, content_type="application/json").status_code


@pytest.fixture
def account() -> User:
    return User.objects.create_user(fresh_name("trader-"), password=PASSWORD)


@pytest.fixture
def without_valkey(settings: Settings) -> Iterator[None]:
    """Lead the counters to a server that never answers, and back."""
    with silent_server() as address:
        settings.REDIS_URL = address
        valkey.cache_clear()
        yield
    valkey.cache_clear()
    for line in (COUNTS_LINE, FAILURES_LINE):
        line.breaker.close()


def test_one_password_for_many_names_is_stopped_by_the_address(settings: Settings) -> None:
    settings.LOGIN_RATE_PER_MINUTE = 10
    address = fresh_address()

    statuses = [try_login(fresh_name("nobody-"), "Summer2026!", address) for _ in range(30)]

    assert statuses.count(401) <= 20 and statuses[-1] == 429  # two windows at most


def test_one_name_from_many_addresses_must_wait_longer_and_longer(settings: Settings, account: User) -> None:
    settings.LOGIN_FAILURES_PER_ACCOUNT = 6
    statuses = [try_login(account.username, "wrong", fresh_address()) for _ in range(12)]

    assert statuses[:7] == [401] * 7 and 429 in statuses[7:]
    assert statuses.count(401) <= 9, "it waits for a second, then for two"


def test_the_owner_gets_in_from_where_he_was_before_while_others_guess(settings: Settings, account: User) -> None:
    settings.LOGIN_FAILURES_PER_ACCOUNT = 3
    home, elsewhere = fresh_address(), fresh_address()
    assert try_login(account.username, PASSWORD, home) == 200

    for _ in range(8):
        try_login(account.username, "wrong", fresh_address())

    assert try_login(account.username, PASSWORD, elsewhere) == 429
    assert try_login(account.username, PASSWORD, home) == 200


def test_a_few_mistakes_at_one_place_cost_nothing_and_more_cost_time(account: User) -> None:
    address = fresh_address()
    statuses = [try_login(account.username, "wrong", address) for _ in range(logins.FREE_TOGETHER + 3)]

    assert statuses[: logins.FREE_TOGETHER + 1] == [401] * (logins.FREE_TOGETHER + 1)
    assert statuses[logins.FREE_TOGETHER + 1 :] == [429, 429]
    assert try_login(f" {account.username} ", PASSWORD, address) == 429, "the same name with blanks is the same"


def test_a_success_takes_back_the_mistakes_before(account: User) -> None:
    address = fresh_address()
    for _ in range(3):
        assert [try_login(account.username, "wrong", address) for _ in range(3)] == [401] * 3
        assert try_login(account.username, PASSWORD, address) == 200


def test_the_wait_grows_and_has_an_end() -> None:
    failures = Failures()
    waits = []
    for count in range(1, 20):
        failures.delay("k", min(logins.WAIT_MAX_S, 2 ** min(count - 1, 16)))
        waits.append(round(failures.wait_s(["k"])))
    failures.forget(["k"])

    assert waits[:5] == [1, 2, 4, 8, 16] and waits[-1] == logins.WAIT_MAX_S


@pytest.mark.usefixtures("without_valkey")
def test_without_valkey_the_process_goes_on_counting(settings: Settings, account: User) -> None:
    settings.LOGIN_RATE_PER_MINUTE = 5
    settings.REQUEST_WEIGHT_PER_MINUTE = 5
    address, other = fresh_address(), fresh_address()

    tries = [try_login(account.username, "wrong", address) for _ in range(12)]
    reads = [Client(REMOTE_ADDR=other).get("/api/v1/markets").status_code for _ in range(12)]

    assert tries.count(401) <= 10 and tries[-1] == 429
    assert reads.count(200) <= 10 and reads[-1] == 429


def test_refusals_are_counted(settings: Settings) -> None:
    settings.LOGIN_RATE_PER_MINUTE = 1
    before = REGISTRY.get_sample_value("trade_engine_refused_requests_total", {"limit": "login rate"}) or 0
    address = fresh_address()

    for _ in range(4):
        try_login(fresh_name("nobody-"), "x", address)

    after = REGISTRY.get_sample_value("trade_engine_refused_requests_total", {"limit": "login rate"}) or 0
    assert after >= before + 2


def test_hashing_has_one_place_with_a_short_queue(monkeypatch: pytest.MonkeyPatch, account: User) -> None:
    """While one hash takes its time, so many wait, and whoever comes then is told at once to try again."""
    let_go, entered = threading.Event(), threading.Semaphore(0)

    def slow(self: HashingPlace, question: object) -> bool:
        entered.release()
        assert let_go.wait(20)
        return False

    monkeypatch.setattr(HashingPlace, "_ask_in_turn", slow)
    waiting = [threading.Thread(target=try_login, args=(account.username, "x", fresh_address())) for _ in range(6)]
    for thread in waiting:
        thread.start()
    for _ in range(WAITING_MAX):
        assert entered.acquire(timeout=20)

    begun = time.monotonic()
    body = {"username": account.username, "password": "x"}
    answer = Client(REMOTE_ADDR=fresh_address()).post(TOKEN, body, content_type="application/json")
    took_s = time.monotonic() - begun
    page = Client(REMOTE_ADDR=fresh_address()).post("/admin/login/", body)
    let_go.set()
    for thread in waiting:
        thread.join()

    assert (answer.status_code, answer.json()["error"]["code"], answer["Retry-After"]) == (503, "OVERLOADED", "1")
    assert took_s < 2
    assert page.status_code == 200 and "Too many log-ins" in page.content.decode()


def test_whoever_waits_for_a_hash_holds_no_database_connection(monkeypatch: pytest.MonkeyPatch, account: User) -> None:
    held: list[bool] = []
    ask = HashingPlace._ask_in_turn

    def noting(self: HashingPlace, question: object) -> object:
        held.append(connection.connection is not None)
        return ask(self, question)  # type: ignore[arg-type]  # as it came

    monkeypatch.setattr(HashingPlace, "_ask_in_turn", noting)

    assert try_login(account.username, PASSWORD, fresh_address()) == 200
    assert held and not any(held)


def test_a_child_that_dies_is_replaced(account: User) -> None:
    assert try_login(account.username, PASSWORD, fresh_address()) == 200
    assert PLACE._child is not None
    PLACE._child.kill()
    PLACE._child.wait()

    assert try_login(account.username, PASSWORD, fresh_address()) == 200
    assert project_settings.PASSWORD_HASHERS[0] == "base.hashing.hashers.BoundedArgon2PasswordHasher"
