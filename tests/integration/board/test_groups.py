"""The book with its levels added up to larger price steps."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from exchange.models import Market, User
from orders import board as boards
from orders import book as books
from tests.desk import BUY, SELL, Desk, open_desk

Level = tuple[str, str, int]


def grouped(market: Market, query: str) -> dict[str, Any]:
    response = APIClient().get(f"/api/v1/orderbook/{market.slug}?{query}")
    assert response.status_code == 200, response.content
    data: dict[str, Any] = response.json()["data"]
    return data


def levels(data: dict[str, Any], side: str) -> list[Level]:
    return [(level["price"], level["volume"], level["order_count"]) for level in data[side]]


def fill(desk: Desk, maker: User, bids: list[int], asks: list[int]) -> None:
    """Place an order of one lot at each price, in ticks."""
    orders = [desk.order(maker, side, 1, price) for side, prices in ((BUY, bids), (SELL, asks)) for price in prices]
    desk.send(*orders)


def test_bids_are_rounded_down_and_asks_up(market: Market, maker: User) -> None:
    with open_desk(market) as desk:
        fill(desk, maker, [9_999, 9_991, 9_990, 9_989], [10_000, 10_001, 10_010, 10_011])

    data = grouped(market, "group=0.10")

    assert levels(data, "bids") == [("99.90", "0.003", 3), ("99.80", "0.001", 1)]
    assert levels(data, "asks") == [("100.00", "0.001", 1), ("100.10", "0.002", 2), ("100.20", "0.001", 1)]
    assert (data["group"], data["checksum"]) == ("0.1", None)
    plain = grouped(market, "")
    assert (plain["group"], plain["checksum"] is None) == (None, False)
    assert data["seq"] == plain["seq"]


def test_a_group_of_one_tick_is_the_book_itself(market: Market, maker: User) -> None:
    with open_desk(market) as desk:
        fill(desk, maker, [9_999, 9_991, 9_991], [10_000, 10_001])

    assert levels(grouped(market, "group=0.01"), "bids") == levels(grouped(market, ""), "bids")


@pytest.mark.parametrize("group", ["200", "500", "12345678"])
def test_a_step_above_all_prices_leaves_one_level_that_is_true(market: Market, maker: User, group: str) -> None:
    with open_desk(market) as desk:
        fill(desk, maker, [9_999, 9_991, 9_950], [10_000, 10_001])

    data = grouped(market, f"group={group}")

    assert levels(data, "bids") == [("0.01", "0.003", 3)]  # to sell there or better
    assert levels(data, "asks") == [(f"{group}.00", "0.002", 2)]


@pytest.mark.parametrize("depth", [1, 2, 3, 40])
@pytest.mark.parametrize("group", ["0.05", "0.2", "1", "500"])
def test_groups_are_whole_however_many_levels_they_take(
    market: Market, maker: User, depth: int, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "_LEVELS_PER_GROUP", 1)  # so that most need more than the first look
    with open_desk(market) as desk:
        fill(desk, maker, list(range(9_900, 9_960)), list(range(10_000, 10_060)))

    data, everything = grouped(market, f"group={group}&depth={depth}"), grouped(market, f"group={group}&depth=1000")

    for side in ("bids", "asks"):
        assert levels(data, side) == levels(everything, side)[:depth]
        assert sum(level["order_count"] for level in everything[side]) == 60


def test_a_board_groups_like_the_database(market: Market, maker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_desk(market) as desk:
        fill(desk, maker, [9_999, 9_991, 9_950], [10_000, 10_001, 10_050])
        stored = grouped(market, "group=0.5")
        stamp, packed, _ = desk.processor.board()
    monkeypatch.setattr(books, "board_of", lambda _: boards.Board.unpacked(packed, stamp))

    assert grouped(market, "group=0.5") == stored


@pytest.mark.parametrize("group", ["0", "-1", "0.001", "0.015", "1e1", "x", ""])
def test_a_step_that_is_none_is_refused(market: Market, visitor: APIClient, group: str) -> None:
    response = visitor.get(f"/api/v1/orderbook/{market.slug}?group={group}")

    assert response.status_code == 400
    assert list(response.json()["error"]["details"]) == ["group"]
