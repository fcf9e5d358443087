"""`/ws/orders` with an API key: logging in by a signature, what a key may do there, and the end with the key."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from trade_engine_client import ApiKey as ClientKey

from base.valkey import ValkeyUnreachableError
from exchange import signatures
from exchange.models import ApiKey, User
from exchange.services import NewApiKey, api_key_revoke
from marketdata.database import in_database
from marketdata.hub import hub
from marketdata.keys import KeyWatch
from matching.engine import Side
from tests.integration.api_keys.signing import make_key, now_ms
from tests.integration.marketdata.clients import Client
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of


@pytest.fixture
def watchful(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(KeyWatch, "interval_s", 0.1)
    settings.TOKEN_TRUST_SECONDS = 0.1


def key_of(key: NewApiKey) -> ClientKey:
    return ClientKey(str(key.row.pk), key.secret)


async def log_in(key: NewApiKey) -> Client:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", **key_of(key).login()})
    assert (await client.receive())["user_id"] == str(key.row.user_id)
    assert (await client.receive(15))["type"] == "snapshot"
    return client


async def refused(fields: dict[str, Any]) -> str:
    """Try to log in with these fields; return the code and the close code."""
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth"} | fields)
    error = await client.until("error")
    return f"{error['code']} {await client.closed()}"


async def test_a_signature_logs_in_and_the_stream_is_the_owners(script: ScriptedMarket, maker: User) -> None:
    client = await log_in(await in_database(make_key, maker, "read"))
    script.place(Side.SELL, 1001, 7)
    await script.publish()

    assert (await client.until("order"))["order"]["user_id"] == str(maker.pk)
    await client.leave()


async def test_a_timestamp_may_be_text_and_a_key_without_an_end_has_none(maker: User) -> None:
    key = await in_database(make_key, maker)
    ending = await in_database(make_key, maker, expires_at=timezone.now() + timedelta(days=1))
    ends = []
    for each in (key, ending):
        fields = key_of(each).login()
        client = await Client("/ws/orders").open()
        await client.send({"op": "auth"} | fields | {"timestamp": str(fields["timestamp"])})
        ends.append((await client.until("authenticated"))["expires_at"])
        await client.leave()

    assert ends[0] is None
    assert ends[1].startswith(f"{ending.row.expires_at:%Y-%m-%dT%H:%M:%S}")


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "0" * 64},
        {"signature": "short"},
        {"timestamp": 1},
        {"timestamp": -1},
        {"timestamp": "now"},
        {"api_key": "01900000-0000-7000-8000-000000000001"},
        {"api_key": "nonsense"},
    ],
)
async def test_what_is_not_a_good_signature_is_closed(maker: User, changes: dict[str, Any]) -> None:
    key = await in_database(make_key, maker)

    assert await refused(key_of(key).login() | changes) == "BAD_SIGNATURE 4401"


@pytest.mark.parametrize(
    "changes", [{"signature": None}, {"timestamp": None}, {"timestamp": True}, {"timestamp": 1.5}, {"api_key": 7}]
)
async def test_fields_of_the_wrong_kind_are_a_bad_message(maker: User, changes: dict[str, Any]) -> None:
    key = await in_database(make_key, maker)
    client = await Client("/ws/orders").open()

    await client.send({"op": "auth"} | key_of(key).login() | changes)
    assert (await client.receive())["code"] == "VALIDATION_ERROR"
    await client.send({"op": "auth", "token": token_of(maker)} | key_of(key).login())
    assert (await client.receive())["code"] == "VALIDATION_ERROR"
    await client.send({"op": "auth"} | key_of(key).login())
    assert (await client.receive())["type"] == "authenticated"
    await client.leave()


async def test_the_signature_of_a_login_is_good_once_and_for_nothing_else(maker: User) -> None:
    key = await in_database(make_key, maker)
    login = key_of(key).login()
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth"} | login)
    await client.until("authenticated")
    timestamp = now_ms()
    of_orders = key_of(key).signature(str(timestamp), "GET", "/api/v1/orders")

    assert await refused(login) == "BAD_SIGNATURE 4401"
    assert await refused(login | {"timestamp": timestamp, "signature": of_orders}) == "BAD_SIGNATURE 4401"
    await client.leave()


async def test_a_revoked_key_closes_its_streams_and_no_others(watchful: None, maker: User) -> None:
    key, other = [await in_database(make_key, maker) for _ in range(2)]
    clients = [await log_in(each) for each in (key, key, other)]

    await in_database(api_key_revoke, actor=maker, key_id=key.row.pk, now=timezone.now())

    for client in clients[:2]:
        assert (await client.until("error"))["message"] == "This API key was revoked"
        assert await client.closed() == 4401
    await clients[2].send({"op": "ping"})
    assert (await clients[2].until("pong"))["type"] == "pong"
    await clients[2].leave()


@pytest.mark.parametrize("end", ["expired", "frozen", "removed"])
async def test_a_stream_ends_with_whatever_ends_its_key(watchful: None, maker: User, end: str) -> None:
    key = await in_database(make_key, maker)
    client = await log_in(key)
    rows = ApiKey.objects.filter(pk=key.row.pk)

    if end == "expired":
        await in_database(rows.update, expires_at=timezone.now())
    elif end == "frozen":
        await in_database(User.objects.filter(pk=maker.pk).update, is_active=False)
    else:
        await in_database(rows.delete)

    assert (await client.until("error"))["code"] == "BAD_SIGNATURE"
    assert await client.closed() == 4401


async def test_nothing_is_watched_once_everybody_has_left(watchful: None, maker: User) -> None:
    key = await in_database(make_key, maker)
    clients = [await log_in(key) for _ in range(2)]
    assert hub().keys
    for client in clients:
        await client.leave()

    assert not hub().keys


@pytest.mark.parametrize("op", ["cancel_on_disconnect", "cancel_after"])
async def test_a_key_that_may_only_read_cancels_nothing(maker: User, op: str) -> None:
    client = await log_in(await in_database(make_key, maker, "read"))

    await client.send({"op": op, "timeout_ms": 5_000})

    assert (await client.until("error"))["code"] == "FORBIDDEN"
    await client.leave()


async def test_a_login_that_cannot_be_judged_may_be_tried_again(maker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    key = await in_database(make_key, maker)

    class Away:
        def ask(self, question: object) -> None:
            raise ValkeyUnreachableError("gone")

    monkeypatch.setattr(signatures, "_LINE", Away())
    assert await refused(key_of(key).login()) == "SERVICE_UNAVAILABLE 1013"
    monkeypatch.undo()

    await (await log_in(key)).leave()


async def test_a_key_counts_for_the_connections_of_its_account(maker: User, settings: Settings) -> None:
    settings.WS_CONNECTIONS_PER_ACCOUNT = 1
    key = await in_database(make_key, maker)
    client = await log_in(key)

    assert await refused(key_of(key).login()) == "RATE_LIMITED 4429"
    await client.leave()
