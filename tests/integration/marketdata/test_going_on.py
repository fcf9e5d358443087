"""Streams and REST share bookmarks: what one has told the other does not tell again, and nothing is left out."""

from collections.abc import Callable, Iterator

import pytest
from rest_framework.test import APIClient
from trade_engine_client import PrivateStream

from exchange.models import Market, User
from exchange.selectors import forget_markets
from marketdata.database import in_database
from settlement.services import ledger_deposit_several
from tests.engines import running_engine
from tests.fixtures import FUNDS, make_market, make_user
from tests.integration.following.asking import orders_of, trades_of
from tests.integration.marketdata.clients import Client, Message
from tests.integration.marketdata.test_engine import listen
from tests.integration.marketdata.test_orders import token_of
from tests.orders import buy, sell

MESSAGES = 36  # of six rounds in each of two markets: resting, its fill twice


@pytest.fixture
def markets() -> Iterator[list[Market]]:
    """Two markets with engines."""
    markets = [make_market(), make_market()]
    forget_markets()
    with running_engine(*markets):
        yield markets


def trader(name: str, markets: list[Market]) -> User:
    user = make_user(name)
    for market in markets:
        amounts = dict.fromkeys((market.base_id, market.quote_id), FUNDS)
        ledger_deposit_several(owner=user, amounts=amounts, reason="Funds of a test")
    return user


def trade(markets: list[Market], maker: User, taker: User, rounds: int = 6) -> None:
    for _ in range(rounds):
        for market in markets:
            sell(maker, market, "0.2", "100")
            buy(taker, market, "0.2", "100")


async def read(stream: PrivateStream, client: Client, count: int) -> list[Message]:
    """Hand the client's messages to the reference client until it has so many orders and fills."""
    told: list[Message] = []
    while len(told) < count:
        message = await client.receive(10)
        await stream.take(message)
        if message["type"] in ("order", "fill"):
            told.append(message)
    return told


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 17, MESSAGES])
async def test_rest_goes_on_after_any_message(
    markets: list[Market], client_for: Callable[[User], APIClient], count: int
) -> None:
    maker, taker = await in_database(trader, "maker", markets), await in_database(trader, "taker", markets)
    rest = await in_database(client_for, maker)
    stream = PrivateStream("", lambda: "")
    await in_database(trade, markets, maker, taker, 1)
    client = Client("/ws/orders")
    await client.open()
    await client.send({"op": "auth", "token": token_of(maker)})
    await stream.take(await client.until("snapshot", 15))
    await in_database(trade, markets, maker, taker)

    told = await read(stream, client, count)
    await client.leave()
    orders = await in_database(list, orders_of(rest, stream.orders_bookmark))
    trades = await in_database(list, trades_of(rest, stream.trades_bookmark))

    orders = [message["order"] for message in told if message["type"] == "order"] + orders
    assert len({(order["id"], order["seq"]) for order in orders}) == len(orders)
    assert [order["status"] for order in {order["id"]: order for order in orders}.values()] == ["filled"] * 12
    fills = [message["id"] for message in told if message["type"] == "fill"]
    assert len(fills) + len(trades) == 12 == len({*fills, *(trade["id"] for trade in trades)})


async def test_the_stream_goes_on_after_rest(markets: list[Market], client_for: Callable[[User], APIClient]) -> None:
    maker, taker = await in_database(trader, "maker", markets), await in_database(trader, "taker", markets)
    rest = await in_database(client_for, maker)
    trades = await in_database(trades_of, rest)
    await in_database(trade, markets, maker, taker, 2)
    found = await in_database(list, trades)
    await in_database(trade, markets, maker, taker, 2)

    client = await listen(maker, markets[0])
    await in_database(trade, markets, maker, taker, 1)
    found += await in_database(list, trades)
    last = {row["symbol"]: row["seq"] for row in found}
    await in_database(trade, markets, maker, taker, 2)
    while len(found) < 14:
        message = await client.until("fill", 10)
        if message["seq"] > last.get(message["symbol"], 0):
            found.append(message)
    await client.leave()

    assert len({row["id"] for row in found}) == 14
