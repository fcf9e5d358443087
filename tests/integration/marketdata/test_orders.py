"""`/ws/orders`: an account sees its own, and only after a login."""

import time
from uuid import UUID

import pytest
from rest_framework_simplejwt.tokens import AccessToken

from base.ids import uuid7
from exchange.models import User
from exchange.sessions import password_mark
from marketdata.consumers import OrdersConsumer
from marketdata.database import in_database
from matching.engine import Side
from tests.integration.marketdata.clients import Client
from tests.integration.marketdata.scripted import ScriptedMarket


def token_of(user: User, *, lifetime_s: float = 60) -> str:
    token = AccessToken()
    token["sub"], token["sid"], token["pw"] = str(user.pk), str(uuid7()), password_mark(user)
    token["exp"] = int(time.time() + lifetime_s)
    return str(token)


async def log_in(user: User) -> Client:
    """Return a client that hears everything of all markets from now on."""
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(user)})
    assert (await client.receive())["user_id"] == str(user.pk)
    assert (await client.receive(15))["type"] == "snapshot"
    return client


async def test_each_sees_own_orders_fills_and_balances_and_an_outsider_nothing(
    script: ScriptedMarket, maker: User, taker: User, outsider: User
) -> None:
    symbol = script.market.symbol
    clients = [await log_in(user) for user in (maker, taker, outsider)]
    order = script.place(Side.SELL, 1001, 7)
    await script.publish()
    trade = script.trade(order, 5)
    await script.publish()
    asset = await script.change_balance(maker.pk, "12.5", "0.5")
    for client in clients:
        await client.send({"op": "ping"})

    placed, changed, sold = [await clients[0].receive() for _ in range(3)]
    balance = await clients[0].until("balance")
    taken, bought, pong = [await clients[1].receive() for _ in range(3)]

    assert (placed["type"], placed["seq"], placed["order"]["status"]) == ("order", 1, "open")
    assert placed["order"]["id"] == str(UUID(bytes=order.id))
    assert (changed["seq"], changed["order"]["filled_quantity"]) == (trade.seq, "0.005")
    assert {"type": "fill", "seq": trade.seq, "symbol": symbol, "side": "sell", "role": "maker",
            "fee": "0.00000003", "order_id": placed["order"]["id"]}.items() <= sold.items()  # fmt: skip
    assert balance == {
        "type": "balance", "asset": asset, "available": "12.50000000", "held": "0.50000000", "total": "13.00000000",
        "private_seq": 5,
    }  # fmt: skip
    assert taken["order"]["status"] == "filled"
    assert (bought["side"], bought["role"], bought["fee"]) == ("buy", "taker", "0.00000007")
    assert pong["type"] == "pong"
    assert (await clients[2].receive())["type"] == "pong"
    for client in clients:
        await client.leave()


async def test_two_connections_of_an_account_both_hear_it(script: ScriptedMarket, maker: User) -> None:
    clients = [await log_in(maker) for _ in range(2)]
    await clients[0].leave()
    script.place(Side.SELL, 1001, 7)
    await script.publish()

    assert (await clients[1].receive())["type"] == "order"
    await clients[1].leave()


async def test_who_does_not_log_in_in_time_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrdersConsumer, "login_s", 0.1)
    client = await Client("/ws/orders").open()

    assert (await client.receive())["code"] == "UNAUTHENTICATED"
    assert await client.closed() == 4401


@pytest.mark.parametrize("bad", ["nonsense", "", "tampered"])
async def test_a_bad_token_is_closed(maker: User, bad: str) -> None:
    client = await Client("/ws/orders").open()
    token = token_of(maker)[:-4] + "AAAA" if bad == "tampered" else bad
    await client.send({"op": "auth", "token": token})

    assert (await client.receive())["code"] == "UNAUTHENTICATED"
    assert await client.closed() == 4401


async def test_an_expired_token_is_closed(maker: User) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker, lifetime_s=-5)})

    assert (await client.receive())["code"] == "TOKEN_EXPIRED"
    assert await client.closed() == 4401


async def test_a_token_that_expires_meanwhile_closes_the_stream(maker: User) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker, lifetime_s=2)})
    await client.until("authenticated")

    assert (await client.until("error"))["code"] == "TOKEN_EXPIRED"
    assert await client.closed() == 4401


async def test_a_frozen_account_stops_listening(maker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrdersConsumer, "recheck_s", 0.1)
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker)})
    await client.until("authenticated")

    await in_database(User.objects.filter(pk=maker.pk).update, is_active=False)

    assert (await client.until("error"))["code"] == "UNAUTHENTICATED"
    assert await client.closed() == 4401


async def test_nothing_but_a_login_comes_first(maker: User) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth"})
    assert (await client.receive())["code"] == "VALIDATION_ERROR"
    await client.send({"op": "auth", "token": token_of(maker)})
    assert (await client.receive())["type"] == "authenticated"
    await client.send({"op": "auth", "token": token_of(maker)})
    assert (await client.until("error"))["message"] == "You are already logged in"
    await client.leave()
