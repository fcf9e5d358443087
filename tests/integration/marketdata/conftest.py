"""Fixtures of the streams. Models are imported late: pytest reads this file before Django is set up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.integration.marketdata.daphne import Server, running_daphne
from tests.servers import free_port

if TYPE_CHECKING:
    from exchange.models import Market, User
    from tests.integration.marketdata.scripted import ScriptedMarket


def _market() -> Market:
    from exchange.selectors import forget_markets
    from tests.integration.marketdata.scripted import make_market

    forget_markets()
    return make_market()


def _user(name: str) -> User:
    from tests.integration.marketdata.scripted import make_user

    return make_user(name)


@pytest.fixture(autouse=True)
def _markets_of_this_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hub see only markets that are made from now on: it opens a feed for each, and tests leave hundreds."""
    from exchange.models import Market
    from exchange.selectors import markets
    from marketdata import hub

    before = set(Market.objects.values_list("pk", flat=True))
    monkeypatch.setattr(hub, "markets", lambda: [market for market in markets() if market.pk not in before])


@pytest.fixture
def market() -> Market:
    return _market()


@pytest.fixture
def other_market() -> Market:
    return _market()


@pytest.fixture
def maker() -> User:
    return _user("maker")


@pytest.fixture
def taker() -> User:
    return _user("taker")


@pytest.fixture
def outsider() -> User:
    return _user("outsider")


@pytest.fixture
def script(market: Market, maker: User, taker: User) -> Iterator[ScriptedMarket]:
    from tests.integration.marketdata.scripted import ScriptedMarket

    script = ScriptedMarket(market, maker, taker)
    yield script
    script.forget_balances()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the hub look after everything every 0.2 s, and forget at once."""
    from marketdata.hub import Hub

    monkeypatch.setattr(Hub, "watch_interval_s", 0.2)
    monkeypatch.setattr(Hub, "grace_s", 0.2)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Run Daphne as a process of its own."""
    async with running_daphne(free_port()) as server:
        yield server


@pytest.fixture
async def address(server: Server) -> str:
    return server.address


@pytest.fixture(autouse=True)
async def _hub_ends() -> AsyncIterator[None]:
    """Close the hub of the test's event loop."""
    from marketdata.hub import hub

    yield
    await hub().close()
