"""The demo is alive: with `make run` all seeded markets move, and a visitor trades in them."""

from collections.abc import Iterator
from typing import Any

import pytest

from config.embedded.programs import demo_programs
from config.embedded.settings import LaunchSettings
from demo.flow.ladder import RUNGS
from exchange import seeds
from tests.launcher.copies import kill_program, own_environment
from tests.launcher.running import RunningExchange, eventually, running

pytestmark = pytest.mark.xdist_group("launcher")
SLUGS = [market.symbol.replace("/", "-") for market in seeds.MARKETS]


@pytest.mark.parametrize(
    ("environment", "is_on"),
    [
        ({}, True),
        ({"DEMO_FLOW": "0"}, False),
        ({"DEMO_MODE": "0"}, False),
        ({"DEMO_MODE": "0", "DEMO_FLOW": "1"}, False),
        ({"DATABASE_URL": "postgres://somewhere/exchange"}, False),
        ({"WALLET": "remote"}, False),
        ({"WALLET": "remote", "DEMO_FLOW": "1"}, True),
        ({"WALLET_SERVICE_TOKEN": "a token of sixteen"}, False),
    ],
)
def test_the_flow_starts_with_a_demo_that_keeps_its_own_money(environment: dict[str, str], is_on: bool) -> None:
    programs = demo_programs(LaunchSettings.from_environ(environment))

    assert [program.name for program in programs] == (["demo"] if is_on else [])


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with own_environment() as environment:
        environment["DEMO_FLOW"] = "1"
        with running(environment) as exchange:
            yield exchange


def levels(exchange: RunningExchange, slug: str) -> int:
    _, answer = exchange.call("GET", f"/api/v1/orderbook/{slug}?depth=100")
    return min(len(answer["data"]["bids"]), len(answer["data"]["asks"]))


def trades(exchange: RunningExchange, user: str | None = None) -> int:
    path = "/api/v1/trades?symbol=BTC-USDT" + ("&mine=true" if user else "")
    _, answer = exchange.call("GET", path, user=user)
    total: int = answer["pagination"]["total"]
    return total


def open_account(exchange: RunningExchange) -> dict[str, Any]:
    status, answer = exchange.call("POST", "/api/v1/demo/accounts")
    assert status == 201, answer
    account: dict[str, Any] = answer["data"]
    exchange.tokens["visitor"] = account["access"]
    return account


@pytest.mark.long
def test_a_visitor_finds_live_markets_and_trades_in_them(exchange: RunningExchange) -> None:
    eventually(lambda: all(levels(exchange, slug) >= RUNGS // 2 for slug in SLUGS), "quotes in all markets", 60)
    eventually(lambda: trades(exchange) >= 5, "trades in BTC/USDT", 60)

    account = open_account(exchange)
    order = {"symbol": "BTC/USDT", "side": "buy", "type": "market", "quote_quantity": "500"}
    status, answer = exchange.call("POST", "/api/v1/orders", order, "visitor")
    assert (status, answer["data"]["order"]["status"]) == (201, "filled"), answer
    bought = answer["data"]["order"]["filled_quantity"]
    expected = {"asset": "BTC", "held": "0.00000000"}
    eventually(lambda: expected.items() <= exchange.balance("visitor", "BTC").items(), "settlement")
    assert exchange.balance("visitor", "BTC")["total"] > "1.0"
    assert float(bought) > 0
    assert account["username"].startswith("demo-")


@pytest.mark.long
def test_the_flow_comes_back_when_it_dies_and_quotes_once(exchange: RunningExchange) -> None:
    eventually(lambda: levels(exchange, "BTC-USDT") >= RUNGS // 2, "quotes", 60)
    kill_program("demo_flow", exchange.environment)
    before = trades(exchange)

    eventually(lambda: trades(exchange) >= before + 5, "trades after the death of the flow", 60)
    with exchange.database() as connection:
        query = (
            "SELECT count(*) FROM orders_order o JOIN exchange_user u ON u.id = o.user_id"
            " WHERE u.username = %s AND o.status IN ('open', 'partially_filled') GROUP BY market_id"
        )
        numbers = [number for (number,) in connection.execute(query, [seeds.FLOW_MAKER])]
    assert len(numbers) == len(SLUGS)
    assert max(numbers) <= 2 * RUNGS
