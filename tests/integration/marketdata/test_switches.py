"""`/ws/orders` and the dead man's switch: a client that asked for it has nothing open once the session is over."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest
from pytest_django import Settings
from rest_framework.test import APIClient

from exchange.models import Market, User
from marketdata import switches
from marketdata.consumers import orders as consumer
from marketdata.database import in_database
from orders.models import Order
from orders.services import cancellation
from settlement.models import Account
from tests.engines import running_engine
from tests.fixtures import FUNDS, make_market, make_user
from tests.integration.marketdata.clients import Client, Message
from tests.integration.marketdata.test_orders import token_of
from tests.orders import buy, sell

TIMEOUT_MS = 1_000


@pytest.fixture
def market() -> Market:
    return make_market()


@pytest.fixture
def other_market() -> Market:
    return make_market()


@pytest.fixture
def maker(market: Market, other_market: Market) -> User:
    assets = [asset for each in (market, other_market) for asset in (each.base_id, each.quote_id)]
    return make_user("maker", assets=tuple(assets))


@pytest.fixture(autouse=True)
def _short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "DISCONNECT_TIMEOUT_MS", (TIMEOUT_MS, 60_000))


@pytest.fixture(autouse=True)
async def _sessions_end() -> AsyncIterator[None]:
    """Wait for what the ends of sessions have started."""
    yield
    try:
        await asyncio.gather(*switches._ending)
    finally:
        switches._ending.clear()  # what failed here is not the next test's, whose loop is another


@pytest.fixture
def engine(market: Market, other_market: Market, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Serve these two markets, and let them be all there are."""
    monkeypatch.setattr(cancellation, "markets", lambda: [market, other_market])
    with running_engine(market, other_market):
        yield


async def log_in(user: User, *, lifetime_s: float = 60) -> Client:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(user, lifetime_s=lifetime_s)})
    await client.until("authenticated")
    return client


async def asked(client: Client, operation: str, timeout_ms: int, market: Market | None = None) -> Message:
    message = {"op": operation, "timeout_ms": timeout_ms}
    await client.send(message if market is None else message | {"symbol": market.slug})
    return await client.until(operation)


async def order_of(user: User, market: Market) -> UUID:
    placed = await in_database(buy, user, market, "1", "95")
    return placed.order.id


async def is_open(order_id: UUID) -> bool:
    return await in_database(Order.objects.filter(pk=order_id, status="open").exists)


async def until_cancelled(order_id: UUID, within_s: float) -> str:
    """Wait for the end of an order and return its reason."""
    async with asyncio.timeout(within_s):
        while await is_open(order_id):  # noqa: ASYNC110  (a database wakes nobody)
            await asyncio.sleep(0.02)
    order = await in_database(Order.objects.get, pk=order_id)
    assert order.status == "cancelled"
    return order.reason


async def held_by(user: User, market: Market) -> Decimal:
    account = await in_database(Account.objects.get, owner=user, asset_id=market.quote_id)
    assert account.available + account.held == FUNDS
    return account.held


async def until_released(user: User, market: Market) -> None:
    """Wait for the holds of ended orders, which may be given back a moment later."""
    async with asyncio.timeout(5):
        while await held_by(user, market):  # noqa: ASYNC110  (a database wakes nobody)
            await asyncio.sleep(0.02)


async def renewals_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on nobody renews, as if the process had died."""

    async def never(self: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(switches._Switch, "_renew", never)


@pytest.mark.usefixtures("engine")
async def test_the_end_of_a_session_cancels_everything_in_all_markets_at_once(
    market: Market, other_market: Market, maker: User
) -> None:
    client = await log_in(maker)
    answer = await asked(client, "cancel_on_disconnect", 60_000)
    orders = [await order_of(maker, each) for each in (market, other_market)]
    assert await held_by(maker, market) > 0

    await client.leave()

    assert answer == {"type": "cancel_on_disconnect", "timeout_ms": 60_000, "symbol": None}
    assert [await until_cancelled(order, 5) for order in orders] == ["", ""]
    for each in (market, other_market):
        await until_released(maker, each)


@pytest.mark.usefixtures("engine")
async def test_a_session_that_lives_renews_and_its_end_turns_the_switch_off(market: Market, maker: User) -> None:
    client = await log_in(maker)
    await asked(client, "cancel_on_disconnect", 1_500, market)
    first = await order_of(maker, market)
    await asyncio.sleep(3.5)
    assert await is_open(first)

    await client.leave()
    assert await until_cancelled(first, 5) == ""
    await asyncio.sleep(0.2)
    second = await order_of(maker, market)
    await asyncio.sleep(2.5)

    assert await is_open(second)


@pytest.mark.usefixtures("engine")
async def test_a_market_of_its_own_leaves_the_others_alone(market: Market, other_market: Market, maker: User) -> None:
    client = await log_in(maker)
    answer = await asked(client, "cancel_on_disconnect", 60_000, market)
    first, second = [await order_of(maker, each) for each in (market, other_market)]

    await client.leave()

    assert answer["symbol"] == market.symbol
    assert await until_cancelled(first, 5) == ""
    assert await is_open(second)


@pytest.mark.usefixtures("engine")
async def test_when_nobody_renews_the_engine_cancels(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await renewals_stop(monkeypatch)
    client = await log_in(maker)
    await asked(client, "cancel_on_disconnect", TIMEOUT_MS, market)
    order = await order_of(maker, market)

    assert await until_cancelled(order, 6) == "CANCEL_AFTER"
    await until_released(maker, market)
    await client.leave()


@pytest.mark.usefixtures("engine")
async def test_turned_off_a_disconnect_cancels_nothing(market: Market, maker: User) -> None:
    client = await log_in(maker)
    await asked(client, "cancel_on_disconnect", TIMEOUT_MS, market)
    order = await order_of(maker, market)
    answer = await asked(client, "cancel_on_disconnect", 0, market)

    await client.leave()
    await asyncio.sleep(2 * TIMEOUT_MS / 1_000)

    assert answer["timeout_ms"] == 0
    assert await is_open(order)


@pytest.mark.usefixtures("engine")
async def test_a_token_that_expires_is_a_disconnect_too(market: Market, maker: User) -> None:
    client = await log_in(maker, lifetime_s=2)
    await asked(client, "cancel_on_disconnect", 60_000, market)
    order = await order_of(maker, market)

    assert await client.closed() == 4401

    await client.leave()
    assert await until_cancelled(order, 5) == ""


@pytest.mark.usefixtures("engine")
async def test_asked_again_the_new_timeout_counts(market: Market, maker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await log_in(maker)
    await asked(client, "cancel_on_disconnect", TIMEOUT_MS, market)
    await renewals_stop(monkeypatch)
    await asked(client, "cancel_on_disconnect", 60_000, market)
    order = await order_of(maker, market)

    await asyncio.sleep(2 * TIMEOUT_MS / 1_000)

    assert await is_open(order)
    await client.leave()
    assert await until_cancelled(order, 5) == ""


@pytest.mark.usefixtures("engine")
async def test_cancel_after_is_the_rest_call_and_does_not_care_about_the_session(market: Market, maker: User) -> None:
    client = await log_in(maker)
    order = await order_of(maker, market)
    before = time.time()
    answer = await asked(client, "cancel_after", 1_500, market)
    await client.leave()

    assert (answer["timeout_ms"], answer["symbols"]) == (1_500, [market.symbol])
    assert before + 1.4 <= datetime.fromisoformat(answer["cancel_at"]).timestamp() <= time.time() + 1.6
    assert await is_open(order)
    assert await until_cancelled(order, 5) == "CANCEL_AFTER"


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("operation", ["cancel_after", "cancel_on_disconnect"])
async def test_what_reaches_engines_counts_as_orders_for_each_market(
    market: Market, maker: User, operation: str, settings: Settings
) -> None:
    """A command about both markets is two: more than one a second, whenever that second began."""
    settings.ORDER_RATE_PER_SECOND = 1
    client = await log_in(maker)
    await client.send({"op": operation, "timeout_ms": TIMEOUT_MS})
    assert (await client.until("error"))["code"] == "RATE_LIMITED"
    rest = APIClient(headers={"Authorization": f"Bearer {token_of(maker)}"})
    assert (await in_database(rest.delete, "/api/v1/orders")).status_code == 429
    switch = partial(rest.post, "/api/v1/orders/cancel-after", {"timeout_ms": TIMEOUT_MS}, "json")
    assert (await in_database(switch)).status_code == 429

    settings.ORDER_RATE_PER_SECOND = 1_000
    assert (await asked(client, operation, TIMEOUT_MS))["timeout_ms"] == TIMEOUT_MS
    await client.leave()


@pytest.mark.usefixtures("engine")
async def test_cancel_after_can_be_turned_off_in_all_markets(market: Market, other_market: Market, maker: User) -> None:
    client = await log_in(maker)
    order = await order_of(maker, market)
    await asked(client, "cancel_after", TIMEOUT_MS)
    answer = await asked(client, "cancel_after", 0)
    await asyncio.sleep(2 * TIMEOUT_MS / 1_000)

    assert (answer["cancel_at"], answer["symbols"]) == (None, [market.symbol, other_market.symbol])
    assert await is_open(order)
    await client.leave()


@pytest.mark.usefixtures("engine")
async def test_others_orders_stay(market: Market, maker: User) -> None:
    outsider = await in_database(make_user, "outsider", assets=(market.base_id,))
    client = await log_in(maker)
    await asked(client, "cancel_on_disconnect", 60_000, market)
    own = await order_of(maker, market)
    theirs = await in_database(sell, outsider, market, "1", "105")

    await client.leave()

    await until_cancelled(own, 5)
    assert await is_open(theirs.order.id)


async def test_without_an_engine_the_session_is_not_guarded_and_is_told(market: Market, maker: User) -> None:
    client = await log_in(maker)
    await client.send({"op": "cancel_on_disconnect", "timeout_ms": TIMEOUT_MS, "symbol": market.slug})

    assert (await client.until("error"))["code"] == "ENGINE_UNAVAILABLE"

    with running_engine(market):
        order = await order_of(maker, market)
        await client.leave()
        await asyncio.sleep(2 * TIMEOUT_MS / 1_000)
        assert await is_open(order)


@pytest.mark.parametrize("operation", ["cancel_on_disconnect", "cancel_after"])
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "VALIDATION_ERROR"),
        ({"timeout_ms": "1000"}, "VALIDATION_ERROR"),
        ({"timeout_ms": True}, "VALIDATION_ERROR"),
        ({"timeout_ms": 1.5}, "VALIDATION_ERROR"),
        ({"timeout_ms": -1}, "VALIDATION_ERROR"),
        ({"timeout_ms": 999}, "VALIDATION_ERROR"),
        ({"timeout_ms": 86_400_001}, "VALIDATION_ERROR"),
        ({"timeout_ms": 5_000, "symbol": "NO/SUCH"}, "MARKET_NOT_FOUND"),
        ({"timeout_ms": 5_000, "symbol": 5}, "VALIDATION_ERROR"),
    ],
)
async def test_what_is_wrong_is_said(maker: User, operation: str, fields: Message, code: str) -> None:
    client = await log_in(maker)
    await client.send({"op": operation, **fields})

    assert (await client.until("error"))["code"] == code
    await client.leave()


@pytest.mark.parametrize("operation", ["cancel_on_disconnect", "cancel_after"])
async def test_the_login_comes_first(operation: str) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": operation, "timeout_ms": 5_000})

    assert (await client.until("error"))["code"] == "UNAUTHENTICATED"
    await client.leave()


@pytest.mark.usefixtures("engine")
async def test_a_session_has_only_so_many(
    market: Market, other_market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switches, "SWITCHES_MAX", 1)
    client = await log_in(maker)
    await asked(client, "cancel_on_disconnect", 5_000, market)
    await asked(client, "cancel_on_disconnect", 6_000, market)
    await client.send({"op": "cancel_on_disconnect", "timeout_ms": 5_000, "symbol": other_market.slug})

    assert "at most 1" in (await client.until("error"))["message"]
    await client.leave()
