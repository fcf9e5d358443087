"""`/ws/orders`: a snapshot, numbered messages, and what a client that comes back has missed."""

import asyncio
import os
import random

import pytest

from exchange.models import User
from marketdata import session
from marketdata.private import PrivateStreams
from matching.engine import Side
from tests.integration.marketdata.clients import Client, Message
from tests.integration.marketdata.scripted import ScriptedMarket
from tests.integration.marketdata.test_orders import token_of


class Account:
    """What a client knows of an account, from nothing but messages."""

    def __init__(self) -> None:
        self.session = ""
        self.seq = 0
        self.orders: dict[str, Message] = {}
        self.balances: dict[str, str] = {}
        self.fills: list[str] = []
        self.snapshots = self.resumed = 0

    def take(self, message: Message) -> None:
        """Apply a message; asserts that no number is missing."""
        if message["type"] == "resumed":
            self.resumed += 1
            assert message["from_seq"] == self.seq
        elif number := message.get("private_seq"):
            fresh = message["type"] == "snapshot" and message["session"] != self.session
            assert number == (1 if fresh else self.seq + 1)
            self.seq = number
        if message["type"] == "snapshot":
            self.snapshots += 1
            self.session = message["session"]
            self.orders = {order["id"]: order for order in message["orders"]}
            self.balances = {balance["asset"]: balance["available"] for balance in message["balances"]}
        elif message["type"] == "order":
            order = message["order"]
            self.orders.pop(order["id"], None)
            if order["status"] in ("open", "partially_filled", "pending"):
                self.orders[order["id"]] = order
        elif message["type"] == "fill":
            self.fills.append(message["id"])
        elif message["type"] == "balance":
            self.balances[message["asset"]] = message["available"]

    @property
    def state(self) -> tuple[dict[str, Message], dict[str, str]]:
        return self.orders, self.balances


async def enter(user: User, account: Account) -> Client:
    """Return a client that has come back to what an account has, or begun."""
    client = await Client("/ws/orders").open()
    known = {"session": account.session, "private_seq": account.seq} if account.session else {}
    await client.send({"op": "auth", "token": token_of(user), **known})
    await client.until("authenticated")
    account.take(await client.receive(15))
    return client


async def catch_up(client: Client, account: Account) -> None:
    """Take what comes before the answer to a ping, and what it leads to."""
    await client.send({"op": "ping"})
    while (message := await client.receive())["type"] != "pong":
        account.take(message)


async def until_equal(client: Client, account: Account, user: User) -> None:
    """Wait until the account is what a fresh snapshot says."""
    async with asyncio.timeout(10):
        while True:
            fresh = Account()
            other = await enter(user, fresh)
            await other.leave()
            await catch_up(client, account)
            if account.state == fresh.state:
                return


@pytest.fixture
def keeps_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "KEPT_MESSAGES", 3)


async def test_a_snapshot_has_what_is_open_and_numbers_begin_with_it(script: ScriptedMarket, maker: User) -> None:
    order = script.place(Side.SELL, 1001, 7)
    script.cancel(script.place(Side.SELL, 1002, 7))
    await script.publish()
    asset = await script.change_balance(maker.pk, "12.5", "0.5", is_published=False)
    account = Account()
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker)})
    await client.until("authenticated")

    snapshot = await client.receive(15)
    account.take(snapshot)
    script.cancel(script.open[order.id])
    await script.publish()
    cancelled = await client.receive()

    assert [each["price"] for each in snapshot["orders"]] == ["10.01"]
    assert (snapshot["orders_complete"], snapshot["seq"][script.market.symbol]) == (True, 3)
    assert snapshot["balances"] == [
        {"asset": asset, "available": "12.50000000", "held": "0.50000000", "total": "13.00000000"}
    ]
    assert (snapshot["private_seq"], cancelled["private_seq"], cancelled["order"]["status"]) == (1, 2, "cancelled")
    await client.leave()


async def test_who_comes_back_gets_what_was_missed_and_nothing_twice(script: ScriptedMarket, maker: User) -> None:
    account = Account()
    client = await enter(maker, account)
    order = script.place(Side.SELL, 1001, 7)
    await script.publish()
    account.take(await client.receive())
    await client.leave()
    trade = script.trade(order, 5)
    await script.publish()
    await script.change_balance(maker.pk, "3", "0")
    await asyncio.sleep(0.3)

    client = await enter(maker, account)
    await until_equal(client, account, maker)

    assert (account.snapshots, account.resumed, len(account.fills)) == (1, 1, 1)
    assert [each["filled_quantity"] for each in account.orders.values()] == ["0.005"]
    assert trade.quantity_lots == 5
    await client.leave()


@pytest.mark.usefixtures("keeps_little")
@pytest.mark.parametrize("missed", [0, 1, 3])
async def test_a_long_session_is_resumed_as_any_other(script: ScriptedMarket, maker: User, missed: int) -> None:
    account = Account()
    client = await enter(maker, account)
    order = script.place(Side.SELL, 1001, 100)
    for _ in range(7):
        await script.publish()
        await catch_up(client, account)
        script.trade(script.open[order.id], 5)
    await script.publish()
    await catch_up(client, account)
    assert account.seq > 2 * session.KEPT_MESSAGES
    await client.leave()
    known = len(account.orders) + len(account.fills)
    for price in range(1002, 1002 + missed):
        script.place(Side.SELL, price, 7)
    await script.publish()
    await asyncio.sleep(0.3)

    client = await enter(maker, account)
    await until_equal(client, account, maker)

    assert (account.snapshots, account.resumed) == (1, 1)
    assert len(account.orders) + len(account.fills) == known + missed
    await client.leave()


@pytest.mark.parametrize("run", range(2))
async def test_random_flow_with_losses_and_returns_equals_a_fresh_snapshot(
    script: ScriptedMarket, maker: User, quick: None, run: int
) -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(f"{os.environ['TEST_SEED']} sessions {run}")
    account = Account()
    client = await enter(maker, account)
    for _ in range(40):
        for _ in range(rng.randint(1, 3)):
            script.anything(rng)
        if rng.random() < 0.1:
            await script.commit()  # and nobody hears of it
        else:
            await script.publish()
        if rng.random() < 0.3:
            await script.change_balance(maker.pk, str(rng.randint(0, 99)), "0")
        if rng.random() < 0.15:
            await client.leave()
            if rng.random() < 0.5:
                await script.publish()
            client = await enter(maker, account)
        if rng.random() < 0.3:
            await catch_up(client, account)

    await until_equal(client, account, maker)
    await client.leave()


async def test_a_lost_batch_brings_a_fresh_snapshot_within_the_numbers(script: ScriptedMarket, maker: User) -> None:
    account = Account()
    client = await enter(maker, account)
    script.place(Side.SELL, 1001, 7)
    await script.commit()
    script.place(Side.SELL, 1002, 7)
    await script.publish()

    await until_equal(client, account, maker)

    assert (account.snapshots, account.resumed, len(account.orders)) == (2, 0, 2)
    await client.leave()


@pytest.mark.usefixtures("keeps_little")
async def test_who_missed_too_much_gets_a_snapshot_of_a_new_session(script: ScriptedMarket, maker: User) -> None:
    account = Account()
    await (await enter(maker, account)).leave()
    first = account.session
    for price in range(1001, 1006):
        script.place(Side.SELL, price, 7)
        await script.publish()
    await asyncio.sleep(0.3)

    client = await enter(maker, account)

    assert (account.snapshots, account.resumed, account.seq) == (2, 0, 1)
    assert account.session != first
    assert len(account.orders) == 5
    await client.leave()


async def test_who_comes_back_too_late_or_with_anothers_session_begins_anew(
    script: ScriptedMarket, maker: User, taker: User, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account()
    client = await enter(maker, account)
    stranger = Account()
    stranger.session, stranger.seq = account.session, account.seq
    others = await enter(taker, stranger)
    assert (stranger.snapshots, stranger.resumed) == (1, 0)
    assert stranger.session != account.session

    monkeypatch.setattr(PrivateStreams, "kept_s", 0.0)
    await client.leave()
    await asyncio.sleep(0.6)
    client = await enter(maker, account)

    assert (account.snapshots, account.resumed) == (2, 0)
    for each in (client, others):
        await each.leave()


async def test_a_session_that_goes_on_elsewhere_ends_here(script: ScriptedMarket, maker: User) -> None:
    account = Account()
    first = await enter(maker, account)
    second = await enter(maker, account)

    assert await first.closed() == 4409
    script.place(Side.SELL, 1001, 7)
    await script.publish()
    account.take(await second.receive())
    assert (account.seq, account.resumed) == (2, 1)
    await second.leave()


async def test_who_begins_a_session_anew_ends_it_where_it_goes_on(maker: User) -> None:
    """It would stay open and be told nothing, which looks like an account where nothing happens."""
    account = Account()
    first = await enter(maker, account)
    account.seq = 7_000
    second = await enter(maker, account)

    assert await first.closed() == 4409
    assert (account.seq, account.snapshots) == (1, 2)
    await second.leave()


async def test_a_change_of_balance_that_nobody_heard_of_is_found(
    script: ScriptedMarket, maker: User, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PrivateStreams, "recheck_s", 0.1)
    client = await enter(maker, Account())
    await script.change_balance(maker.pk, "3", "0", is_published=False)

    assert (await client.until("balance"))["available"] == "3.00000000"
    await client.leave()


@pytest.mark.parametrize("fields", [{"session": 5}, {"session": "x", "private_seq": "1"}, {"private_seq": -1}])
async def test_a_return_that_is_not_understood_is_a_bad_message(maker: User, fields: Message) -> None:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(maker), **fields})

    assert (await client.until("error"))["code"] == "VALIDATION_ERROR"
    await client.leave()
