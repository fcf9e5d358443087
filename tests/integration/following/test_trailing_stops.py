"""A trailing stop shows where it is now, in each place where REST shows an order, as the engine has it."""

import os
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from exchange.models import Market, User
from matching.engine import OrderType, Side
from tests.desk import BUY, SELL, Desk, open_desk
from tests.integration.following.asking import ORDERS, orders_of

Clients = Callable[[User], APIClient]


@pytest.fixture
def desk(market: Market, maker: User, taker: User) -> Iterator[Desk]:
    """The test's market, which has traded at 100."""
    with open_desk(market) as desk:
        trade_at(desk, maker, taker, 10_000)
        yield desk


def trade_at(desk: Desk, maker: User, taker: User, price: int) -> None:
    desk.place(maker, SELL, 10, price)
    desk.place(taker, BUY, 10, price)


def trail(desk: Desk, user: User, side: int, **distance: Any) -> UUID:
    reply = desk.place(user, side, 100, kind=OrderType.TRAILING_STOP, **distance)
    assert not reply.code, reply
    return UUID(bytes=reply.order.id)


def shown_everywhere(client: APIClient, order_id: UUID) -> set[str]:
    """Return the stop price of an order from each answer that has it."""
    one = client.get(f"{ORDERS}/{order_id}").json()["data"]
    listed = client.get(f"{ORDERS}?status=pending").json()["data"]
    followed = list(orders_of(client))
    rows = [one, *(row for row in [*listed, *followed] if row["id"] == str(order_id))]
    assert len(rows) == 3
    return {row["stop_price"] for row in rows}


@pytest.mark.parametrize(
    ("side", "distance", "prices"),
    [
        (SELL, {"trail_ticks": 300}, [(10_000, "97.00"), (10_400, "101.00"), (10_200, "101.00"), (10_500, "102.00")]),
        (SELL, {"trail_ppm": 20_000}, [(10_000, "98.00"), (10_450, "102.41"), (10_300, "102.41")]),
        (BUY, {"trail_ticks": 300}, [(10_000, "103.00"), (9_600, "99.00"), (9_700, "99.00"), (9_500, "98.00")]),
        (BUY, {"trail_ppm": 20_000}, [(10_000, "102.00"), (9_550, "97.41"), (9_600, "97.41")]),
    ],
)
def test_the_stop_price_is_where_it_is_now(
    desk: Desk,
    maker: User,
    taker: User,
    client_for: Clients,
    side: int,
    distance: dict[str, int],
    prices: list[tuple[int, str]],
) -> None:
    order_id, client = trail(desk, taker, side, **distance), client_for(taker)

    for price, expected in prices:
        trade_at(desk, maker, taker, price)
        assert shown_everywhere(client, order_id) == {expected}
    desk.restart()
    assert shown_everywhere(client, order_id) == {prices[-1][1]}


def test_what_it_was_given_stays_beside_it(desk: Desk, maker: User, taker: User, client_for: Clients) -> None:
    by_amount, by_percent = trail(desk, taker, SELL, trail_ticks=300), trail(desk, taker, SELL, trail_ppm=15_000)
    trade_at(desk, maker, taker, 10_400)
    client = client_for(taker)

    shown = [client.get(f"{ORDERS}/{each}").json()["data"] for each in (by_amount, by_percent)]

    assert [(each["trailing_amount"], each["trailing_percent"]) for each in shown] == [("3.00", None), (None, "1.5")]


def test_a_stop_that_was_reached_shows_the_price_that_was(
    desk: Desk, maker: User, taker: User, client_for: Clients
) -> None:
    order_id = trail(desk, taker, SELL, trail_ticks=300)
    trade_at(desk, maker, taker, 10_400)
    desk.place(maker, BUY, 100, 10_000)
    trade_at(desk, maker, taker, 10_050)

    shown = client_for(taker).get(f"{ORDERS}/{order_id}").json()["data"]

    assert (shown["status"], shown["stop_price"]) == ("filled", "101.00")


def test_random_prices_leave_every_stop_where_the_engine_has_it(
    desk: Desk, maker: User, taker: User, client_for: Clients
) -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng, client, scale = random.Random(os.environ["TEST_SEED"]), client_for(taker), desk.market.scale
    for _ in range(25):
        if rng.random() < 0.4:
            name, most = rng.choice([("trail_ticks", 900), ("trail_ppm", 90_000)])
            trail(desk, taker, rng.choice([BUY, SELL]), **{name: rng.randint(50, most)})
        trade_at(desk, maker, taker, rng.randint(9_200, 10_800))
        waiting = {
            UUID(int=order.order_id): desk.engine.stop_price_ticks(order) for order in desk.engine.waiting_orders()
        }
        listed = client.get(f"{ORDERS}?status=pending&limit=1000").json()["data"]
        assert {UUID(row["id"]): scale.price_ticks(Decimal(row["stop_price"])) for row in listed} == waiting


def test_other_stops_stay_where_they_are(desk: Desk, maker: User, taker: User, client_for: Clients) -> None:
    trail(desk, maker, SELL, trail_ticks=300)
    desk.place(taker, SELL, 100, kind=OrderType.STOP, stop_price_ticks=9_500)
    trade_at(desk, maker, taker, 10_400)

    assert [row["stop_price"] for row in client_for(taker).get(f"{ORDERS}?status=pending").json()["data"]] == ["95.00"]
    assert {Side(mark[0]) for mark in desk.engine.trailing_marks()} == {Side.SELL}
