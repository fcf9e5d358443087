"""Batches, OCOs and brackets with a running engine: results in order, replays, one connection or many."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from exchange.models import Market, User
from orders.models import ClientOrderId, Order
from settlement.models import Account
from tests.engines import running_engine
from tests.integration.api.asking import BATCH, BRACKET, OCO, ORDERS, bracket, code, oco, order, post, stop
from tests.invariants import assert_holds_are_explained


def results(client: APIClient, *orders: Any) -> list[dict[str, Any]]:
    answer = post(client, BATCH, {"orders": list(orders)})
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["data"]["results"]
    assert len(found) == len(orders)
    return found


def test_each_order_of_a_batch_has_its_own_result(maker_client: APIClient, maker: User, market: Market) -> None:
    with running_engine(market):
        found = results(
            maker_client,
            order(market, price="99"),
            order(market, price="99.999"),  # denied
            order(market, side="hold"),  # not valid
            order(market, side="sell", type="market", price=None),  # would trade with the first
            order(market, side="sell", price="120"),  # rejected
            stop(market),
            order(market, quantity="10000", price="100.5"),  # no funds
        )

    assert [(result["success"], result["status"]) for result in found] == [
        (True, 201), (False, 400), (False, 400), (False, 400), (False, 400), (True, 201), (False, 400),
    ]  # fmt: skip
    assert [result["error"]["code"] for result in found if not result["success"]] == [
        "TICK_SIZE",
        "VALIDATION_ERROR",
        "SELF_TRADE",
        "PRICE_OUT_OF_BAND",
        "INSUFFICIENT_BALANCE",
    ]
    assert [found[number]["data"]["order"]["status"] for number in (0, 5)] == ["open", "pending"]
    assert set(found[0]) == {"success", "status", "data"}
    stored = Order.objects.filter(user=maker).order_by("id").values_list("status", flat=True)
    assert list(stored) == ["open", "rejected", "rejected", "pending"]
    assert_holds_are_explained(market)


def test_the_orders_of_a_batch_are_executed_in_order(
    maker_client: APIClient, taker_client: APIClient, maker: User, market: Market
) -> None:
    with running_engine(market):
        post(taker_client, ORDERS, order(market, side="sell", quantity="1"))
        first, second = results(maker_client, order(market), order(market))

    assert [len(result["data"]["trades"]) for result in (first, second)] == [1, 0]
    assert first["data"]["order"]["status"] == "filled"
    assert_holds_are_explained(market)


def test_a_batch_of_a_hundred(maker_client: APIClient, maker: User, market: Market) -> None:
    with running_engine(market):
        found = results(maker_client, *(order(market, price=f"9{number // 10}.{number % 10}") for number in range(100)))

    assert {result["status"] for result in found} == {201}
    ids = [result["data"]["order"]["id"] for result in found]
    assert ids == sorted(ids)
    assert Order.objects.filter(user=maker, status="open").count() == 100


def test_the_same_client_order_id_twice_in_a_batch_is_one_order(
    maker_client: APIClient, maker: User, market: Market
) -> None:
    with running_engine(market):
        first, same, other = results(
            maker_client,
            order(market, client_order_id="one"),
            order(market, client_order_id="one", price="100.00"),
            order(market, client_order_id="one", price="99"),
        )
        again = results(maker_client, order(market, client_order_id="one"))[0]

    assert [result["status"] for result in (first, same, other, again)] == [201, 200, 200, 200]
    assert "meta" not in first
    assert same["meta"] == again["meta"] == {"idempotent_replay": True, "payload_differs": False}
    assert other["meta"] == {"idempotent_replay": True, "payload_differs": True}
    assert len({result["data"]["order"]["id"] for result in (first, same, other, again)}) == 1
    assert Order.objects.filter(user=maker).count() == 1


def test_a_denied_order_of_a_batch_leaves_its_client_order_id_to_the_next(
    maker_client: APIClient, maker: User, market: Market
) -> None:
    with running_engine(market):
        denied, placed = results(
            maker_client,
            order(market, client_order_id="one", quantity="10000", price="100.5"),
            order(market, client_order_id="one"),
        )

    assert (denied["status"], denied["error"]["code"]) == (400, "INSUFFICIENT_BALANCE")
    assert placed["status"] == 201
    assert ClientOrderId.objects.filter(user=maker).count() == 1


def test_without_an_engine_each_order_of_a_batch_hears_so(maker_client: APIClient, market: Market) -> None:
    found = results(maker_client, order(market), order(market, side="x"))

    assert [(result["status"], result["error"]["code"]) for result in found] == [
        (503, "ENGINE_UNAVAILABLE"),
        (400, "VALIDATION_ERROR"),
    ]


def group(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_an_oco_is_two_linked_orders(maker_client: APIClient, maker: User, market: Market) -> None:
    with running_engine(market):
        placed = group(post(maker_client, OCO, oco(market, stop_limit_price="94.5")), 201)

    limit, waiting = placed["orders"]
    assert placed["group_id"] == limit["id"] == limit["group_id"] == waiting["group_id"]
    assert placed["trades"] == []
    assert [(leg["group_role"], leg["type"], leg["status"]) for leg in (limit, waiting)] == [
        ("oco_limit", "limit", "open"),
        ("oco_stop", "stop_limit", "pending"),
    ]
    assert [(leg["price"], leg["stop_price"]) for leg in (limit, waiting)] == [("105.00", None), ("94.50", "95.00")]
    listed = maker_client.get(f"{ORDERS}?group_id={placed['group_id']}").json()["data"]
    assert listed == [waiting, limit]
    assert Account.objects.get(owner=maker, asset=market.base_id).held == 1
    assert_holds_are_explained(market)


def test_a_bracket_is_three_linked_orders(maker_client: APIClient, market: Market) -> None:
    with running_engine(market):
        placed = group(post(maker_client, BRACKET, bracket(market)), 201)

    entry = placed["orders"][0]
    assert {leg["group_id"] for leg in placed["orders"]} == {placed["group_id"]} == {entry["id"]}
    assert [(leg["group_role"], leg["side"], leg["type"], leg["status"]) for leg in placed["orders"]] == [
        ("entry", "buy", "limit", "open"),
        ("take_profit", "sell", "limit", "pending"),
        ("stop_loss", "sell", "stop", "pending"),
    ]
    assert_holds_are_explained(market)


def test_the_trades_of_an_entry_are_in_the_answer_and_in_its_replay(
    maker_client: APIClient, taker_client: APIClient, market: Market
) -> None:
    with running_engine(market):
        post(maker_client, ORDERS, order(market, side="sell", quantity="0.4"))
        post(maker_client, ORDERS, order(market, side="sell", price="100.5", quantity="0.6"))
        request = bracket(market, type="market", client_order_id="entry")
        del request["price"]
        placed = group(post(taker_client, BRACKET, request), 201)
        again = post(taker_client, BRACKET, request)

    assert [trade["price"] for trade in placed["trades"]] == ["100.00", "100.50"]
    assert placed["orders"][0]["status"] == "filled"
    replayed = group(again, 200)
    assert (replayed["group_id"], replayed["trades"]) == (placed["group_id"], placed["trades"])
    assert again.json()["meta"]["idempotent_replay"] is True
    assert_holds_are_explained(market)


@pytest.mark.parametrize(("path", "good"), [(OCO, oco), (BRACKET, bracket)])
def test_a_known_client_order_id_gives_the_group_again(
    maker_client: APIClient, maker: User, market: Market, path: str, good: Any
) -> None:
    with running_engine(market):
        placed = group(post(maker_client, path, good(market, client_order_id="one")), 201)
    with running_engine(market):
        same = post(maker_client, path, good(market, client_order_id="one"))
        other = post(maker_client, path, good(market, client_order_id="one", quantity="2"))
        single = post(maker_client, ORDERS, order(market, client_order_id="one"))

    assert group(same, 200) == group(other, 200) == placed
    metas = [answer.json()["meta"] for answer in (same, other, single)]
    assert [meta["payload_differs"] for meta in metas] == [False, True, True]
    assert {meta["idempotent_replay"] for meta in metas} == {True}
    assert single.json()["data"]["order"] == placed["orders"][0]
    assert Order.objects.filter(user=maker).count() == len(placed["orders"])
    by_client_id = maker_client.get(f"{ORDERS}/by-client-id/one").json()["data"]
    assert by_client_id == placed["orders"][0]


def test_the_client_order_id_of_a_single_order_gives_a_group_of_one(maker_client: APIClient, market: Market) -> None:
    with running_engine(market):
        single = post(maker_client, ORDERS, order(market, client_order_id="one")).json()["data"]["order"]
        replayed = post(maker_client, OCO, oco(market, client_order_id="one"))

    assert group(replayed, 200) == {"group_id": None, "orders": [single], "trades": []}
    assert replayed.json()["meta"]["payload_differs"] is True


def test_the_same_group_from_many_connections_is_placed_once(
    maker_client: APIClient, maker: User, market: Market
) -> None:
    def place(_: int) -> int:
        try:
            return int(post(maker_client, OCO, oco(market, client_order_id="one")).status_code)
        finally:
            connection.close()

    with running_engine(market), ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(place, range(16)))

    assert statuses == [200] * 15 + [201]
    assert Order.objects.filter(user=maker).count() == 2
    assert_holds_are_explained(market)


def test_cancelling_one_of_an_oco_is_cancelling_both(maker_client: APIClient, market: Market) -> None:
    with running_engine(market):
        limit, waiting = group(post(maker_client, OCO, oco(market)), 201)["orders"]
        cancelled = maker_client.delete(f"{ORDERS}/{limit['id']}")
        other = maker_client.delete(f"{ORDERS}/{waiting['id']}")

    assert cancelled.json()["data"]["order"]["status"] == "cancelled"
    assert code(other) == (409, "ORDER_NOT_CANCELLABLE")
    stored = maker_client.get(f"{ORDERS}/{waiting['id']}").json()["data"]
    assert (stored["status"], stored["reason"]) == ("cancelled", "LINKED")
