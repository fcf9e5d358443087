"""All of one's orders, trades and ledger entries, page by page: a cursor leads through them, filters narrow them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from exchange.models import Market, User
from settlement.services import ledger_deposit
from tests.integration.api.stored import store_order, store_trade

ORDERS, TRADES, LEDGER = "/api/v1/orders", "/api/v1/trades", "/api/v1/ledger"
SOME = "01900000-0000-7000-8000-000000000000"


def get(client: APIClient, url: str) -> dict[str, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def walked(client: APIClient, url: str) -> list[Any]:
    return [row for page in pages(client, url) for row in page]


def pages(client: APIClient, url: str) -> list[list[Any]]:
    """Return the ids of all pages of two rows."""
    found: list[list[Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        body = get(client, f"{url}{'&' if '?' in url else '?'}limit=2{cursor and f'&cursor={cursor}'}")
        found.append([row["id"] for row in body["data"]])
        cursor = body["pagination"]["next_cursor"]
    return found


def test_a_cursor_leads_through_all_of_a_list_whatever_comes_meanwhile(
    maker_client: APIClient, maker: User, taker: User, market: Market
) -> None:
    orders = [str(store_order(maker, market, status="filled").pk) for _ in range(5)][::-1]
    trades = [str(store_trade(maker, taker, market, seq).pk) for seq in range(1, 6)][::-1]

    assert pages(maker_client, ORDERS) == [orders[:2], orders[2:4], orders[4:]]
    assert pages(maker_client, f"{TRADES}?mine=true") == [trades[:2], trades[2:4], trades[4:]]
    assert pages(maker_client, f"{TRADES}?symbol={market.symbol}") == [trades[:2], trades[2:4], trades[4:]]
    store_order(maker, market)
    store_trade(maker, taker, market, 6)
    second = get(maker_client, f"{ORDERS}?limit=2&cursor={orders[1]}")
    assert [row["id"] for row in second["data"]] == orders[2:4]
    assert second["pagination"].pop("next_cursor") == orders[3]
    assert second["pagination"] == {"total": None, "limit": 2, "offset": None, "has_more": True}
    assert [row["id"] for row in get(maker_client, f"{TRADES}?mine=true&limit=2&cursor={trades[1]}")["data"]] == trades[
        2:4
    ]


def test_a_cursor_leads_through_the_ledger(outsider_client: APIClient, outsider: User, market: Market) -> None:
    for asset in (market.base_id, market.quote_id, market.base_id):
        ledger_deposit(owner=outsider, asset=asset, amount=Decimal(1), reason="Savings")
    whole = [entry["id"] for entry in get(outsider_client, LEDGER)["data"]]

    assert walked(outsider_client, LEDGER) == whole
    assert walked(outsider_client, f"/api/v1/balances/{market.base_id}/entries") == [
        entry["id"] for entry in get(outsider_client, f"{LEDGER}?asset={market.base_id}")["data"]
    ]


def test_own_trades_are_narrowed_by_side_role_and_order(
    maker: User, taker: User, outsider: User, market: Market, client_for: Callable[[User], APIClient]
) -> None:
    order = store_order(maker, market, status="filled", filled_quantity=Decimal(1))
    bought = store_trade(maker, taker, market, 1, buyer_order_id=order.pk)
    sold = store_trade(taker, maker, market, 2)
    alone = store_trade(maker, maker, market, 3, taker_side="sell")
    store_trade(taker, outsider, market, 4)
    order.updated_at = alone.executed_at
    order.save(update_fields=["updated_at"])
    client = client_for(maker)

    def found(query: str) -> list[str]:
        rows: list[dict[str, Any]] = get(client, f"{TRADES}?mine=true&{query}")["data"]
        return [row["id"] for row in rows]

    assert found("side=buy") == [str(bought.pk)]
    assert found("side=sell") == [str(alone.pk), str(sold.pk)]
    assert found("role=taker") == [str(alone.pk), str(bought.pk)]
    assert found("role=maker") == [str(sold.pk)]
    assert found("side=sell&role=taker") == [str(alone.pk)]
    assert found(f"order_id={order.pk}") == [str(bought.pk)]
    assert found(f"order_id={order.pk}&side=buy&role=maker") == []
    answer = client.get(f"{TRADES}?mine=true&role=maker", headers={"Accept": "text/csv"})
    lines = b"".join(answer).decode().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [str(sold.pk)]


@pytest.mark.parametrize("query", ["side=buy", "role=maker", f"order_id={SOME}"])
def test_the_own_side_of_everybodys_trades_is_refused(visitor: APIClient, query: str) -> None:
    answer = visitor.get(f"{TRADES}?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [query.split("=")[0]]


def test_the_trades_of_an_order_that_is_not_ones_own_are_not_found(
    maker: User, market: Market, outsider_client: APIClient
) -> None:
    order = store_order(maker, market)

    assert outsider_client.get(f"{TRADES}?mine=true&order_id={order.pk}").status_code == 404


@pytest.mark.parametrize(
    ("url", "query", "field"),
    [
        (ORDERS, "cursor=17", "cursor"),
        (LEDGER, "cursor=-1", "cursor"),
        (ORDERS, f"cursor={SOME}&offset=1", "cursor"),
        (ORDERS, f"cursor={SOME}&after=start", "cursor"),
        (LEDGER, "cursor=1&after=start", "cursor"),
    ],
)
def test_a_cursor_that_is_none_is_refused(maker_client: APIClient, url: str, query: str, field: str) -> None:
    answer = maker_client.get(f"{url}?{query}")

    assert answer.status_code == 400
    assert list(answer.json()["error"]["details"]) == [field]


def test_a_file_is_the_whole_list_and_takes_no_cursor(maker_client: APIClient) -> None:
    answer = maker_client.get(f"{ORDERS}?cursor={SOME}", headers={"Accept": "text/csv"})

    assert answer.status_code == 400
