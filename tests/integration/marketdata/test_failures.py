"""Valkey or PostgreSQL go away and come back: the streams recover by themselves, and say what was lost."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from channels.layers import channel_layers
from django.conf import settings
from django.db import connections

from base.layers import SealedPubSubChannelLayer
from exchange.models import User
from exchange.streams import pubsub_layer
from marketdata import bus
from matching.engine import Side
from tests.integration.marketdata.clients import Book, Client, follow
from tests.integration.marketdata.proxies import Proxy
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of
from tests.servers import ADMINISTRATOR_URL

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
async def proxy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    """Lead the pub/sub layer of this test through a proxy."""
    monkeypatch.setattr(bus, "PROBE_TIMEOUT_S", 0.5)
    proxy = Proxy(settings.REDIS_URL)
    await proxy.start()
    config: dict[str, Any] = settings.CHANNEL_LAYERS["pubsub"]["CONFIG"]
    host = {"address": proxy.url, "socket_timeout": None, "socket_connect_timeout": 1}
    usual = pubsub_layer()
    cuttable = SealedPubSubChannelLayer(**config | {"hosts": [host]})
    channel_layers.set("pubsub", cuttable)
    yield proxy
    channel_layers.set("pubsub", usual)
    await cuttable.flush()
    await proxy.cut()


async def test_books_go_on_when_valkey_went_away_and_came_back(script: ScriptedMarket, proxy: Proxy) -> None:
    client, book = await Client(f"/ws/markets/{script.market.slug}").open(), Book()
    book.take(await client.until("snapshot"))
    await proxy.cut()
    script.place(Side.BUY, 999, 5)
    await script.commit()  # what is published now reaches nobody
    await follow(client, book, 1)  # by looking at the database
    assert book.snapshots == 2

    await proxy.start()
    await asyncio.sleep(2.5)  # the layer tries again after a second
    script.place(Side.BUY, 998, 5)
    await script.publish()
    await follow(client, book, 2)

    assert book.snapshots == 2
    await client.leave()


async def test_a_short_cut_that_nobody_noticed_loses_nothing_in_silence(script: ScriptedMarket, proxy: Proxy) -> None:
    client, book = await Client(f"/ws/markets/{script.market.slug}").open(), Book()
    book.take(await client.until("snapshot"))
    await proxy.cut()
    script.place(Side.BUY, 999, 5)
    await script.commit()
    await proxy.start()

    await follow(client, book, 1)

    assert book.levels[0] == [("9.99", "0.005")]
    await client.leave()


async def test_who_comes_while_valkey_is_away_is_served_once_it_is_back(script: ScriptedMarket, proxy: Proxy) -> None:
    await proxy.cut()
    client = await Client(f"/ws/markets/{script.market.slug}").open()
    await client.send({"op": "ping"})
    assert (await client.receive())["type"] == "pong"

    await proxy.start()

    assert (await client.until("snapshot", 15))["seq"] == 0
    await client.leave()


async def test_balances_that_changed_while_valkey_was_away_are_told_by_a_snapshot(
    script: ScriptedMarket, maker: User, proxy: Proxy
) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker)})
    await client.until("snapshot", 15)
    await proxy.cut()
    asset = await script.change_balance(maker.pk, "7", "1", is_published=False)
    await asyncio.sleep(1.5)
    await proxy.start()

    told = await client.until("snapshot", 15)
    await asyncio.sleep(1)
    await script.change_balance(maker.pk, "8", "0")

    assert [(each["asset"], each["available"]) for each in told["balances"]] == [(asset, "7.00000000")]
    assert (await client.until("balance"))["available"] == "8.00000000"
    await client.leave()


@pytest.fixture
def fresh_connections() -> Iterator[None]:
    """Drop the connections that were broken by the test."""
    yield
    connections.close_all()


@pytest.mark.usefixtures("fresh_connections")
async def test_who_comes_while_postgresql_is_away_can_try_again_and_others_stay(script: ScriptedMarket) -> None:
    client, book = await Client(f"/ws/markets/{script.market.slug}").open(), Book()
    book.take(await client.until("snapshot"))
    script.place(Side.BUY, 999, 5)
    update = await script.commit()
    with database_away():
        await asyncio.sleep(1.2)  # longer than markets are remembered
        newcomer = await Client(f"/ws/markets/{script.market.slug}").open()
        assert (await newcomer.receive(10))["code"] == "SERVICE_UNAVAILABLE"
        assert await newcomer.closed() == 1013
        await script.publish(update | {"checksum": 1})  # so that a snapshot has to be read
        await asyncio.sleep(0.5)

    await follow(client, book, 1)

    assert (book.snapshots, book.levels[0]) == (2, [("9.99", "0.005")])
    await client.leave()


@contextlib.contextmanager
def database_away() -> Iterator[None]:
    """Let nobody into the database of this test process, and end all sessions in it."""
    name = urlsplit(settings.DATABASE_URL).path.lstrip("/")
    with psycopg.connect(os.environ[ADMINISTRATOR_URL], autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
