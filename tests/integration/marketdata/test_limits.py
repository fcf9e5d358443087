"""Which clients may connect, how often, and which are closed."""

import asyncio
import contextlib
import json
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from base import allowance
from exchange.models import Market, User
from marketdata.connections import Connections, client_address
from marketdata.consumers import MarketConsumer, OrdersConsumer, TradesConsumer
from tests.integration.marketdata.clients import Client
from tests.integration.marketdata.daphne import running_daphne
from tests.integration.marketdata.test_orders import token_of
from tests.servers import free_port


async def test_a_page_of_another_host_is_refused_and_programs_and_our_own_pages_are_not(
    market: Market, address: str
) -> None:
    url = f"ws://{address}/ws/markets/{market.slug}"
    with pytest.raises(InvalidStatus) as refused:
        await connect(url, origin="https://evil.example")  # type: ignore[arg-type]  # the stub wants a literal type
    assert refused.value.response.status_code == 403
    for origin in (None, f"http://{address}"):
        async with connect(url, origin=origin) as client:  # type: ignore[arg-type]  # as above
            assert json.loads(await client.recv())["type"] == "snapshot"


async def test_an_address_has_only_so_many_connections(market: Market, settings: Any) -> None:
    settings.WS_CONNECTIONS_PER_ADDRESS = 2
    path = f"/ws/markets/{market.slug}"
    clients = [await Client(path).open() for _ in range(2)]
    third = await Client(path).open()
    assert (await third.receive())["code"] == "RATE_LIMITED"
    assert await third.closed() == 4429
    await third.leave()

    await clients[0].leave()
    again = await Client(path).open()
    assert (await again.receive())["type"] == "snapshot"
    for client in (again, clients[1]):
        await client.leave()


async def test_an_address_may_open_only_so_many_in_a_minute(market: Market, settings: Any) -> None:
    settings.WS_OPENINGS_PER_MINUTE = 2
    path = f"/ws/trades?symbol={market.slug}"
    for _ in range(2):
        await (await Client(path).open()).leave()

    assert await (await Client(path).open()).closed() == 4429


def test_an_address_that_tries_too_often_still_gets_what_is_allowed(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WS_OPENINGS_PER_MINUTE = 60
    opened, tried = Connections(), 0
    for tenth in range(600):  # ten times a second, one minute
        monkeypatch.setattr(allowance, "time", SimpleNamespace(monotonic=lambda now=tenth / 10: now))
        if opened.open("10.0.0.1"):
            opened.close("10.0.0.1")
            tried += 1

    assert 115 <= tried <= 120  # a minute's worth at once, and one in each second


async def test_an_account_has_only_so_many_connections(maker: User, taker: User, settings: Any) -> None:
    settings.WS_CONNECTIONS_PER_ACCOUNT = 1
    clients = []
    for user, is_welcome in ((maker, True), (maker, False), (taker, True)):
        client = await Client("/ws/orders").open()
        await client.send({"op": "auth", "token": token_of(user)})
        assert (await client.receive())["type"] == ("authenticated" if is_welcome else "error")
        if not is_welcome:
            assert await client.closed() == 4429
        clients.append(client)
    await clients[0].leave()
    again = await Client("/ws/orders").open()
    await again.send({"op": "auth", "token": token_of(maker)})
    assert (await again.receive())["type"] == "authenticated"
    for client in (again, clients[2]):
        await client.leave()


async def test_who_is_subscribed_to_nothing_is_closed_and_others_stay(
    market: Market, maker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumers = (MarketConsumer, TradesConsumer, OrdersConsumer)
    for consumer in consumers:
        monkeypatch.setattr(consumer, "heartbeat_s", 0.1)
    idle = await Client(f"/ws/trades?symbol={market.slug}").open()
    stays = [await Client(path).open() for path in (f"/ws/markets/{market.slug}", "/ws/trades", "/ws/orders")]
    await stays[2].send({"op": "auth", "token": token_of(maker)})
    for client, subscribed in zip(
        (idle, *stays), ("subscribed", "snapshot", "subscribed", "authenticated"), strict=True
    ):
        await client.until(subscribed)  # which takes a query
    for consumer in consumers:
        monkeypatch.setattr(consumer, "idle_s", 0.3)
    await idle.send({"op": "unsubscribe", "symbols": [market.slug]})

    assert await idle.closed() == 4410
    await asyncio.sleep(0.5)
    for client in stays:
        await client.send({"op": "ping"})
        await client.until("pong")
        await client.leave()


async def test_a_frame_that_is_much_too_large_ends_the_connection_before_it_is_read(market: Market) -> None:
    async with (
        running_daphne(free_port()) as server,
        connect(f"ws://{server.address}/ws/markets/{market.slug}") as client,
    ):
        await client.recv()
        with contextlib.suppress(ConnectionClosed):
            await client.send("x" * 2_000_000)
        await asyncio.wait_for(client.wait_closed(), 5)


def test_the_address_is_the_proxys_word_only_behind_a_proxy(settings: Any) -> None:
    scope = {"client": ["10.0.0.1", 5], "headers": [(b"x-forwarded-for", b"1.2.3.4, 5.6.7.8")]}
    assert client_address(scope) == "10.0.0.1"
    settings.TLS_PROXY = True
    assert client_address(scope) == "5.6.7.8"
    assert client_address({"client": None, "headers": []}) == ""


def test_nothing_is_kept_of_addresses_that_have_left(settings: Any) -> None:
    connections = Connections()
    settings.WS_CONNECTIONS_PER_ADDRESS = 0
    assert not connections.open("10.0.0.1")
    settings.WS_CONNECTIONS_PER_ADDRESS = 1
    assert connections.open("10.0.0.1")
    connections.close("10.0.0.1")

    assert not connections._addresses
