"""Own orders, trades and the order book, as they are stored."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from base.ids import uuid7, uuid7_floor
from base.times import ms_of
from exchange.models import Market, User
from orders.checksum import book_checksum
from orders.models import MarketSequence
from orders.selectors import book_depth, trades_of_order
from tests.fixtures import make_market, make_user
from tests.integration.api.stored import store_order, store_trade

ORDERS, TRADES = "/api/v1/orders", "/api/v1/trades"
NOBODYS = "01900000-0000-7000-8000-000000000000"


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_own_orders_come_newest_first_in_pages(maker_client: APIClient, maker: User, market: Market) -> None:
    stored = [str(store_order(maker, market).pk) for _ in range(5)][::-1]

    first = maker_client.get(f"{ORDERS}?limit=2")
    last = maker_client.get(f"{ORDERS}?limit=2&offset=4")

    assert (ids(first), ids(last)) == (stored[:2], stored[4:])
    pages = [answer.json()["pagination"] for answer in (first, last)]
    assert [page.pop("next_cursor") for page in pages] == [stored[1], None]
    assert pages[0] == {"total": 5, "limit": 2, "offset": 0, "has_more": True}
    assert pages[1] == {"total": 5, "limit": 2, "offset": 4, "has_more": False}


def test_nobody_sees_somebody_elses_orders(
    maker: User, taker: User, market: Market, client_for: Callable[[User], APIClient]
) -> None:
    order = store_order(maker, market, client_order_id="mine")
    client = client_for(taker)

    assert ids(client.get(ORDERS)) == []
    assert code(client.get(f"{ORDERS}/{order.pk}")) == (404, "ORDER_NOT_FOUND")
    assert code(client.delete(f"{ORDERS}/{order.pk}")) == (404, "ORDER_NOT_FOUND")
    assert code(client.get(f"{ORDERS}/by-client-id/mine")) == (404, "ORDER_NOT_FOUND")


def test_filters_narrow_the_list(maker_client: APIClient, maker: User, market: Market) -> None:
    other = make_market()
    sold = store_order(maker, market, side="sell", status="filled")
    cancelled = store_order(maker, market, status="cancelled")
    elsewhere = store_order(maker, other)

    def found(query: str) -> list[str]:
        return ids(maker_client.get(f"{ORDERS}?{query}"))

    assert found(f"symbol={market.slug.lower()}") == [str(cancelled.pk), str(sold.pk)]
    assert found("side=SELL") == [str(sold.pk)]
    assert found("status=Cancelled") == [str(cancelled.pk)]
    assert found("status=filled,open") == [str(elsewhere.pk), str(sold.pk)]
    assert found(f"symbol={other.symbol}&side=sell") == []


def test_orders_that_wait_and_those_of_a_type_or_group(maker_client: APIClient, maker: User, market: Market) -> None:
    store_order(maker, market)
    stop = store_order(maker, market, type="trailing_stop", status="pending", stop_price=Decimal(95))
    first, second = uuid7(), uuid7()
    limit = store_order(maker, market, id=first, group_id=first, group_role="oco_limit")
    linked = store_order(maker, market, id=second, group_id=first, type="stop", status="pending")

    def found(query: str) -> list[str]:
        return ids(maker_client.get(f"{ORDERS}?{query}"))

    assert found("status=pending") == [str(linked.pk), str(stop.pk)]
    assert found("type=Trailing_Stop") == [str(stop.pk)]
    assert found("type=stop&status=open") == []
    assert found(f"group_id={first}") == [str(linked.pk), str(limit.pk)]
    assert found(f"group_id={first}&type=limit") == [str(limit.pk)]
    assert found(f"group_id={second}") == found(f"group_id={NOBODYS}") == found(f"group_id={'f' * 32}") == []


def test_times_bound_the_list(maker_client: APIClient, maker: User, market: Market) -> None:
    """Each order's id was made a second before the engine took it, as happens when requests queue."""
    now = datetime.now(UTC).replace(microsecond=123_000)
    moments = [now - timedelta(seconds=seconds) for seconds in (30, 20, 10)]
    stored = [
        str(store_order(maker, market, id=uuid7_floor(ms_of(moment) - 1_000), created_at=moment).pk)
        for moment in moments
    ]
    middle = ms_of(moments[1])

    assert ids(maker_client.get(f"{ORDERS}?from={middle}")) == [stored[2], stored[1]]
    assert ids(maker_client.get(f"{ORDERS}?to={middle}")) == [stored[0]]
    assert ids(maker_client.get(f"{ORDERS}?from={middle}&to={middle + 1}")) == [stored[1]]
    assert ids(maker_client.get(ORDERS, {"from": (now - timedelta(seconds=15)).isoformat()})) == [stored[2]]


@pytest.mark.parametrize("apart_s", [-15, -1, 1, 15])
def test_an_order_is_found_from_its_own_created_at(
    maker_client: APIClient, maker: User, market: Market, apart_s: int
) -> None:
    moment = datetime.now(UTC).replace(microsecond=123_000)
    order_id = uuid7_floor(ms_of(moment + timedelta(seconds=apart_s)))
    stored = store_order(maker, market, id=order_id, created_at=moment)
    shown = maker_client.get(f"{ORDERS}/{stored.pk}").json()["data"]["created_at"]

    assert ids(maker_client.get(ORDERS, {"from": shown})) == [str(stored.pk)]
    assert ids(maker_client.get(ORDERS, {"to": shown})) == []
    assert ids(maker_client.get(ORDERS, {"from": shown, "to": ms_of(moment) + 1})) == [str(stored.pk)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=sleeping", "status"),
        ("status=", "status"),
        ("side=both", "side"),
        ("from=yesterday", "from"),
        ("to=-1", "to"),
        ("sybmol=BTC-USDT", "sybmol"),
        ("type=iceberg", "type"),
        ("group_id=1", "group_id"),
        ("group_id=", "group_id"),
    ],
)
def test_a_malformed_filter_is_named(maker_client: APIClient, query: str, field: str) -> None:
    answer = maker_client.get(f"{ORDERS}?{query}")

    assert code(answer) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == [field]


def test_one_order_by_both_its_ids(maker_client: APIClient, maker: User, market: Market) -> None:
    order = store_order(maker, market, client_order_id="a.b_c:d-1")

    by_id = maker_client.get(f"{ORDERS}/{order.pk}").json()["data"]
    by_client_id = maker_client.get(f"{ORDERS}/by-client-id/a.b_c:d-1").json()["data"]

    assert by_id == by_client_id
    assert (by_id["id"], by_id["symbol"], by_id["price"]) == (str(order.pk), market.symbol, "100.00")


@pytest.mark.parametrize("name", [NOBODYS, "17", "x" * 5_000, "by-client-id/none", "by-client-id/%00"])
def test_an_order_that_is_not_there(maker_client: APIClient, name: str) -> None:
    assert code(maker_client.get(f"{ORDERS}/{name}")) == (404, "ORDER_NOT_FOUND")


def test_public_trades_need_no_login(visitor: APIClient, maker: User, taker: User, market: Market) -> None:
    trades = [store_trade(taker, maker, market, seq) for seq in (1, 2, 3)]

    listed = visitor.get(f"{TRADES}?symbol={market.slug}&limit=2")
    one = visitor.get(f"{TRADES}/{trades[0].pk}")

    assert ids(listed) == [str(trades[2].pk), str(trades[1].pk)]
    assert listed.json()["pagination"]["total"] == 3
    assert one.json()["data"] == {
        "id": str(trades[0].pk),
        "symbol": market.symbol,
        "price": "100.00",
        "quantity": "1.000",
        "taker_side": "buy",
        "executed_at": one.json()["data"]["executed_at"],
        "seq": 1,
        "settlement_status": "settled",
    }


def test_a_bad_token_does_not_keep_anybody_from_public_data(visitor: APIClient) -> None:
    assert visitor.get(TRADES, headers={"Authorization": "Bearer nonsense"}).status_code == 200


def test_own_trades_show_the_own_side(
    maker: User, taker: User, outsider: User, market: Market, client_for: Callable[[User], APIClient]
) -> None:
    bought = store_trade(maker, taker, market, 1)
    sold = store_trade(taker, maker, market, 2)
    alone = store_trade(maker, maker, market, 3)
    store_trade(taker, outsider, market, 4)

    answer = client_for(maker).get(f"{TRADES}?mine=true")

    assert ids(answer) == [str(alone.pk), str(sold.pk), str(bought.pk)]
    assert [(row["side"], row["role"], row["fee"]) for row in answer.json()["data"]] == [
        ("buy", "taker", "0.10000000"),
        ("sell", "maker", "0.20000000"),
        ("buy", "taker", "0.10000000"),
    ]
    assert answer.json()["data"][1]["order_id"] == str(sold.seller_order_id)
    paged = client_for(maker).get(f"{TRADES}?mine=true&limit=1&offset=1")
    assert ids(paged) == [str(sold.pk)]
    pagination = paged.json()["pagination"]
    assert pagination.pop("next_cursor") == str(sold.pk)
    assert pagination == {"total": 3, "limit": 1, "offset": 1, "has_more": True}


def test_own_trades_need_a_login(visitor: APIClient) -> None:
    assert code(visitor.get(f"{TRADES}?mine=true")) == (401, "UNAUTHENTICATED")
    bad = visitor.get(f"{TRADES}?mine=true", headers={"Authorization": "Bearer nonsense"})
    assert code(bad) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("name", [NOBODYS, "17", "é"])
def test_a_trade_that_is_not_there(visitor: APIClient, name: str) -> None:
    assert code(visitor.get(f"{TRADES}/{name}")) == (404, "TRADE_NOT_FOUND")


def test_the_trades_of_an_order(maker: User, taker: User, market: Market) -> None:
    order = store_order(maker, market, status="filled", filled_quantity=Decimal(1))
    trades = [store_trade(maker, taker, market, seq, buyer_order_id=order.pk) for seq in (1, 2)]
    store_trade(maker, taker, market, 3)
    order.updated_at = trades[1].executed_at
    order.save(update_fields=["updated_at"])

    assert trades_of_order(order) == trades


def fill_book(user: User, market: Market) -> None:
    """Store bids at 99, 98, ... and asks at 101, 102, ..., with two orders on the best bid."""
    for step in range(1, 13):
        store_order(user, market, side="buy", price=Decimal(100 - step), quantity=Decimal(step))
        store_order(user, market, side="sell", price=Decimal(100 + step), quantity=Decimal(step))
    store_order(
        user, market, price=Decimal(99), quantity=Decimal(5), filled_quantity=Decimal(2), status="partially_filled"
    )
    for status in ("filled", "cancelled", "rejected", "expired", "pending"):
        store_order(user, market, price=Decimal(99), status=status)
    MarketSequence.objects.update_or_create(market=market, defaults={"last_seq": 77, "updated_at": datetime.now(UTC)})


def test_the_book_shows_what_is_open_best_first(visitor: APIClient, maker: User, market: Market) -> None:
    fill_book(maker, market)

    book = visitor.get(f"/api/v1/orderbook/{market.slug}?depth=2").json()["data"]

    assert (book["symbol"], book["seq"]) == (market.symbol, 77)
    assert book["bids"] == [
        {"price": "99.00", "volume": "4.000", "order_count": 2},
        {"price": "98.00", "volume": "2.000", "order_count": 1},
    ]
    assert [level["price"] for level in book["asks"]] == ["101.00", "102.00"]


def test_the_books_checksum_does_not_depend_on_the_depth(visitor: APIClient, maker: User, market: Market) -> None:
    fill_book(maker, market)
    asks = [(10_000 + 100 * step, 1_000 * step) for step in range(1, 13)]
    bids = [(9_900, 4_000), *((10_000 - 100 * step, 1_000 * step) for step in range(2, 13))]
    expected = book_checksum(asks, bids, market.scale)

    books = [visitor.get(f"/api/v1/orderbook/{market.slug}?depth={n}").json()["data"] for n in (1, 10, 1_000)]

    assert [book["checksum"] for book in books] == [expected] * 3
    assert [len(book["bids"]) for book in books] == [1, 10, 12]
    assert book_depth(market).checksum == expected


def test_an_empty_book(visitor: APIClient, market: Market) -> None:
    book = visitor.get(f"/api/v1/orderbook/{market.slug.lower()}").json()["data"]

    assert (book["seq"], book["bids"], book["asks"], book["checksum"]) == (0, [], [], 0)


@pytest.mark.parametrize("depth", ["0", "-1", "1001", "many", "", "1e3"])
def test_a_depth_out_of_bounds(visitor: APIClient, market: Market, depth: str) -> None:
    assert code(visitor.get(f"/api/v1/orderbook/{market.slug}?depth={depth}")) == (400, "VALIDATION_ERROR")


def test_the_book_of_an_unknown_market(visitor: APIClient) -> None:
    assert code(visitor.get("/api/v1/orderbook/NO-SUCH")) == (404, "MARKET_NOT_FOUND")


def test_a_page_of_many_markets_costs_no_query_each(
    maker_client: APIClient, maker: User, market: Market, django_assert_max_num_queries: Any
) -> None:
    for each in (market, make_market(), make_market()):
        store_order(maker, each)
    make_user("nobody")

    with django_assert_max_num_queries(4):  # the user, the orders, the markets and their fee tiers
        assert len(ids(maker_client.get(ORDERS))) == 3
