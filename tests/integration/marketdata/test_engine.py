"""The streams behind a real engine: what staff, triggers, clocks and linked orders do reaches those it concerns."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from exchange.models import Market, User
from exchange.selectors import forget_markets
from exchange.services import market_set_state
from marketdata.database import in_database
from marketdata.trailing import TrailingWatch
from orders.services import OcoTicket, PlacedOrder, cancel_after_set, oco_place, order_amend, order_place
from tests.engines import running_engine
from tests.fixtures import make_market, make_user
from tests.integration.marketdata.clients import Book, Client, Message
from tests.integration.marketdata.test_orders import token_of
from tests.orders import buy, sell, ticket


@pytest.fixture
def market() -> Iterator[Market]:
    """A market with an engine."""
    market = make_market()
    with running_engine(market):
        yield market


@pytest.fixture
def maker(market: Market) -> User:
    return make_user("maker", assets=(market.base_id, market.quote_id))


@pytest.fixture
def taker(market: Market) -> User:
    return make_user("taker", assets=(market.base_id, market.quote_id))


async def listen(user: User, market: Market) -> Client:
    """Return a client that hears everything from now on, of a market that was just made, too."""
    forget_markets()
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(user)})
    assert (await client.until("snapshot", 15))["session"]
    return client


async def order_until(client: Client, status: str, **expected: Any) -> Message:
    """Return the next order that has a status, and check other fields of it."""
    while (order := (await client.until("order", 10))["order"])["status"] != status:
        pass
    assert {name: order[name] for name in expected} == expected
    return dict(order)


async def place(user: User, market: Market, side: str, order_type: str, **fields: Any) -> PlacedOrder:
    plain = ticket(side, "1", time_in_force="gtc")
    return await in_database(order_place, user=user, market=market, ticket=replace(plain, type=order_type, **fields))


async def trade_at(price: str, market: Market, maker: User, taker: User) -> None:
    await in_database(sell, maker, market, "0.1", price)
    await in_database(buy, taker, market, "0.1", price)


async def test_staff_hold_an_opening_auction_that_comes_as_updates_and_trades(
    market: Market, maker: User, taker: User
) -> None:
    staff = await in_database(make_user, "staff", is_staff=True)
    client, book = await Client(f"/ws/markets/{market.slug}").open(), Book()
    trades = await Client(f"/ws/trades?symbol={market.slug}").open()
    await trades.until("subscribed")
    book.take(await client.receive())
    assert (await client.until("market"))["trading_state"] == "continuous"

    await in_database(market_set_state, actor=staff, market_id=market.pk, state="pre_open")
    pre_open = await state_of(client, book)
    await in_database(sell, maker, market, "2", "99")
    await in_database(buy, taker, market, "1", "101")
    await in_database(market_set_state, actor=staff, market_id=market.pk, state="continuous")
    opened = await state_of(client, book)

    assert (pre_open["trading_state"], opened["trading_state"]) == ("pre_open", "continuous")
    assert opened["seq"] == book.seq
    assert book.levels == ([], [("99.00", "1.000")])
    assert (await trades.until("trade"))["quantity"] == "1.000"
    for each in (client, trades):
        await each.leave()


async def state_of(client: Client, book: Book) -> Message:
    """Return the next trading state; the book follows."""
    while (message := await client.receive(10))["type"] != "market":
        book.take(message)
    return message


async def test_the_owner_of_a_stop_hears_that_it_waits_triggers_and_fills(
    market: Market, maker: User, taker: User
) -> None:
    await trade_at("100", market, maker, taker)
    await in_database(buy, taker, market, "5", "94")
    client = await listen(maker, market)

    await place(maker, market, "sell", "stop", stop_price=Decimal(96))
    waiting = await order_until(client, "pending", type="stop", stop_price="96.00", triggered_at=None)
    await trade_at("95.5", market, maker, taker)
    while (filled := await order_until(client, "filled"))["id"] != waiting["id"]:
        pass

    assert filled["triggered_at"] is not None
    assert (filled["average_price"], filled["reason"]) == ("94.00", None)
    await client.leave()


async def test_the_owner_hears_of_an_amendment_and_of_the_end_of_the_time(market: Market, maker: User) -> None:
    client = await listen(maker, market)
    ends = datetime.fromtimestamp(round(time.time(), 3), UTC) + timedelta(seconds=1.5)

    placed = await place(maker, market, "buy", "limit", price=Decimal(95), time_in_force="gtd", expire_at=ends)
    opened = await order_until(client, "open", quantity="1.000")
    await in_database(order_amend, user=maker, order_id=placed.order.id, quantity=Decimal("0.4"), price=None)
    await order_until(client, "open", quantity="0.400", id=opened["id"])
    expired = await order_until(client, "expired", id=opened["id"])

    assert datetime.fromisoformat(expired["updated_at"]) >= ends
    assert (await client.until("balance"))["held"] == "0.00000000"
    await client.leave()


async def test_the_owner_of_an_oco_hears_that_one_leg_took_the_other_along(
    market: Market, maker: User, taker: User
) -> None:
    await trade_at("100", market, maker, taker)
    client = await listen(maker, market)
    oco = OcoTicket("sell", Decimal(1), Decimal(105), Decimal(95), None, "gtc", None, "cancel_newest", None)

    await in_database(oco_place, user=maker, market=market, ticket=oco)
    await order_until(client, "open", group_role="oco_limit")
    await order_until(client, "pending", group_role="oco_stop")
    await in_database(buy, taker, market, "1", "105")

    ended = {order["group_role"]: order for order in [await ended_order(client), await ended_order(client)]}
    assert (ended["oco_limit"]["status"], ended["oco_stop"]["status"]) == ("filled", "cancelled")
    assert ended["oco_stop"]["reason"] == "LINKED"
    await client.leave()


async def ended_order(client: Client) -> Message:
    while (order := (await client.until("order"))["order"])["status"] not in ("filled", "cancelled"):
        pass
    return dict(order)


async def test_the_owner_hears_what_the_dead_mans_switch_cancelled(market: Market, maker: User) -> None:
    client = await listen(maker, market)
    await in_database(sell, maker, market, "1", "105")
    await in_database(cancel_after_set, user=maker, timeout_ms=1_000, market=market)

    await order_until(client, "cancelled", reason="CANCEL_AFTER")
    await client.leave()


async def test_a_trailing_stop_is_sent_again_when_it_has_moved(market: Market, maker: User, taker: User) -> None:
    await trade_at("100", market, maker, taker)
    client = await listen(taker, market)
    await place(taker, market, "sell", "trailing_stop", trailing_amount=Decimal(3))
    placed = await order_until(client, "pending", stop_price="97.00")

    await trade_at("104", market, maker, taker)
    moved = await order_until(client, "pending", stop_price="101.00", id=placed["id"], seq=placed["seq"])
    await trade_at("103", market, maker, taker)
    await trade_at("106", market, maker, taker)
    again = await order_until(client, "pending", stop_price="103.00", id=placed["id"])
    await in_database(buy, maker, market, "2", "103")
    seller = await in_database(make_user, "seller", assets=(market.base_id, market.quote_id))
    await in_database(sell, seller, market, "0.1", "103")
    sold = await order_until(client, "filled", id=placed["id"], stop_price="103.00")

    assert moved["trailing_amount"] == again["trailing_amount"] == sold["trailing_amount"] == "3.00"
    await client.leave()


async def test_trailing_stops_are_told_at_most_once_a_second(
    market: Market, maker: User, taker: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrailingWatch, "pace_s", 0.5)
    await trade_at("100", market, maker, taker)
    client = await listen(maker, market)
    await place(maker, market, "sell", "trailing_stop", trailing_amount=Decimal(3))
    placed = await order_until(client, "pending", stop_price="97.00")
    began = time.monotonic()
    for step in range(1, 21):
        await trade_at(f"{100 + step / 4}", market, maker, taker)

    told: list[Message] = []
    while not told or told[-1]["stop_price"] != "102.00":
        order = (await client.until("order", 10))["order"]
        if order["id"] == placed["id"]:
            told.append(order)

    assert len(told) <= 2 + (time.monotonic() - began) / 0.5
    prices = [Decimal(order["stop_price"]) for order in told]
    assert prices == sorted(prices)
    await client.leave()


async def test_a_client_that_was_away_is_told_where_its_trailing_stop_is_now(
    market: Market, maker: User, taker: User
) -> None:
    await trade_at("100", market, maker, taker)
    forget_markets()
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(taker)})
    session = (await client.until("snapshot", 15))["session"]
    await place(taker, market, "sell", "trailing_stop", trailing_amount=Decimal(3))
    last = await client.until("order")
    await client.leave()
    buyer = await in_database(make_user, "buyer", assets=(market.base_id, market.quote_id))
    await trade_at("104", market, maker, buyer)

    back = await Client("/ws/orders").open()
    await back.send({"op": "auth", "token": token_of(taker), "session": session, "private_seq": last["private_seq"]})
    await back.until("resumed")
    await order_until(back, "pending", stop_price="101.00", id=last["order"]["id"])
    await back.leave()

    fresh = await listen_to_snapshot(taker)
    assert [order["stop_price"] for order in fresh["orders"] if order["type"] == "trailing_stop"] == ["101.00"]


async def listen_to_snapshot(user: User) -> Message:
    client = await Client("/ws/orders").open()
    await client.send({"op": "auth", "token": token_of(user)})
    snapshot = await client.until("snapshot", 15)
    await client.leave()
    return snapshot
