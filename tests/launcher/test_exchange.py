"""The whole exchange as `make run` starts it: two accounts trade, everybody sees it, and its servers may die.

All of it is one copy, started once; that it stops without a trace, by two Ctrl-C, is asserted when the last test is
over.
"""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest
from redis import Redis
from websockets.sync.client import ClientConnection, connect

from tests.launcher.copies import kill_program, monitoring_url, own_environment, pid_of, refusal, wait_for_line
from tests.launcher.running import PRICE, RunningExchange, eventually, running

pytestmark = pytest.mark.xdist_group("launcher")


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with own_environment() as environment, running(environment, in_a_hurry=True) as exchange:
        yield exchange


def receive(socket: ClientConnection, kind: str) -> dict[str, Any]:
    """Return the next message of a type."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        message: dict[str, Any] = json.loads(socket.recv(timeout=10))
        if message["type"] == kind:
            return message
    raise AssertionError(f"no {kind} came")


def ledger_sums(exchange: RunningExchange) -> list[Any]:
    query = "SELECT asset_id, sum(amount) FROM settlement_ledgerentry GROUP BY 1 HAVING sum(amount) <> 0"
    with exchange.database() as connection:
        return connection.execute(query).fetchall()


def test_it_gets_ready_and_a_second_start_is_refused(exchange: RunningExchange) -> None:
    assert exchange.call("GET", "/ready")[0] == 200
    assert "PostgreSQL" in "".join(exchange.shown)
    assert Path(exchange.environment["DATA_DIR"], "secret-key").stat().st_mode & 0o777 == 0o600
    assert f"is already running (process {exchange.launcher.pid})" in refusal(exchange.environment)


def test_no_account_is_refused_what_its_role_needs_and_none_is_more_than_its_role(exchange: RunningExchange) -> None:
    exchange.place("maker", side="sell", price="65001.00")
    exchange.place("taker", side="buy", price="65001.00")
    with exchange.database() as connection:
        query = "SELECT count(*) FROM orders_trade WHERE settlement_status <> 'settled'"
        eventually(lambda: connection.execute(query).fetchone() == (0,), "settlement by a hint through the broker")
    data_dir = Path(exchange.environment["DATA_DIR"])
    with Redis.from_url(monitoring_url(exchange.environment)) as monitoring:
        users = {client["user"] for client in monitoring.client_list()}
        refused = monitoring.acl_log()
    assert refused == []
    assert users == {"engine", "web", "api", "worker", "monitoring"}
    for name in ("valkey-secret", "supervisord.conf", "environment", "valkey/accounts.acl"):
        assert (data_dir / name).stat().st_mode & 0o077 == 0, name


def test_a_killed_role_is_started_again_and_named(exchange: RunningExchange) -> None:
    os.kill(pid_of("beat", exchange.environment), signal.SIGKILL)
    wait_for_line(exchange.launcher, "beat was started again")


def test_two_accounts_trade_and_everybody_sees_it(exchange: RunningExchange) -> None:
    before = Decimal(exchange.balance("taker", "BTC")["total"])
    with (
        connect(f"ws://{exchange.web}/ws/trades?symbol=BTC-USDT") as trades,
        connect(f"ws://{exchange.web}/ws/markets/BTC-USDT") as book,
        connect(f"ws://{exchange.web}/ws/orders") as own,
    ):
        own.send(json.dumps({"op": "auth", "token": exchange.tokens["maker"]}))
        snapshot = receive(book, "snapshot")
        receive(own, "snapshot")  # an order that is placed earlier may be in it
        status, placed = exchange.place("maker", side="sell")
        assert status == 201 and placed["data"]["order"]["status"] == "open"
        update = receive(book, "update")
        assert (update["asks"], update["first_seq"]) == ([[PRICE, "0.01000"]], snapshot["seq"] + 1)
        assert receive(own, "order")["order"]["id"] == placed["data"]["order"]["id"]

        status, taken = exchange.place("taker", side="buy")
        assert status == 201 and taken["data"]["order"]["status"] == "filled"
        assert receive(trades, "trade")["id"] == taken["data"]["trades"][0]["id"]
        assert receive(own, "fill")

    eventually(lambda: newest_own_trade(exchange, "taker")["settlement_status"] == "settled", "settlement", 5)
    assert Decimal(exchange.balance("taker", "BTC")["total"]) == before + Decimal("0.01")
    assert Decimal(exchange.balance("maker", "BTC")["held"]) == 0
    assert ledger_sums(exchange) == []
    assert_staff_sees(exchange, taken["data"]["order"]["id"], taken["data"]["trades"][0]["id"])


def newest_own_trade(exchange: RunningExchange, user: str) -> dict[str, Any]:
    _, answer = exchange.call("GET", "/api/v1/trades?symbol=BTC-USDT&mine=true", user=user)
    newest: dict[str, Any] = answer["data"][0]
    return newest


def assert_staff_sees(exchange: RunningExchange, order_id: str, trade_id: str) -> None:
    browser = build_opener(HTTPCookieProcessor(jar := CookieJar()))
    login = f"http://{exchange.web}/admin/login/?next=/admin/"
    browser.open(login, timeout=10)
    token = next(cookie.value for cookie in jar if cookie.name == "csrftoken")
    form = {"username": "staff", "password": "demo-password", "csrfmiddlewaretoken": token or ""}
    browser.open(Request(login, urlencode(form).encode(), {"Referer": login}), timeout=10)
    for page, text in (
        (f"orders/order/{order_id}/change/", order_id),
        (f"orders/trade/{trade_id}/change/", trade_id),
        ("settlement/account/", "BTC"),
        ("settlement/ledgerentry/", "trade"),
    ):
        with browser.open(f"http://{exchange.web}/admin/{page}", timeout=10) as answer:
            assert text in answer.read().decode(), page


@pytest.mark.parametrize(
    "server",
    [
        "postgres",
        "engine",
        pytest.param("valkey", marks=pytest.mark.long),
        pytest.param("worker", marks=pytest.mark.long),
    ],
)
def test_what_dies_comes_back_and_nothing_is_lost(exchange: RunningExchange, server: str) -> None:
    acknowledged = []
    status, answer = exchange.place("maker", side="buy", price="60000.00", client_order_id=f"before-{server}")
    assert status == 201
    acknowledged.append(answer["data"]["order"]["id"])

    kill_program(server, exchange.environment)
    answers = set()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        started = time.monotonic()
        with contextlib.suppress(OSError):
            status, answer = exchange.place("maker", side="buy", price="60000.00")
            answers.add((status, answer.get("error", {}).get("code")))
            if status == 201:
                acknowledged.append(answer["data"]["order"]["id"])
        assert time.monotonic() - started < 8
        time.sleep(0.1)
    assert answers <= {
        (201, None), (503, "ENGINE_UNAVAILABLE"), (503, "SERVICE_UNAVAILABLE"), (504, "TIMEOUT"),
    }  # fmt: skip
    eventually(lambda: exchange.call("GET", "/ready")[0] == 200, f"readiness after the death of {server}", 60)

    eventually(
        lambda: exchange.place("maker", side="sell", price="70000.00", client_order_id=f"after-{server}")[0] < 300,
        f"an accepted order after the death of {server}",
    )
    stored = [exchange.call("GET", f"/api/v1/orders/{order_id}", user="maker") for order_id in acknowledged]
    assert [(status, answer["data"]["status"]) for status, answer in stored] == [(200, "open")] * len(stored)
    status, again = exchange.place("maker", side="buy", price="60000.00", client_order_id=f"before-{server}")
    assert (status, again["data"]["order"]["id"]) == (200, acknowledged[0])
    assert ledger_sums(exchange) == []
