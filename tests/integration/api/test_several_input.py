"""What batches, OCOs, brackets, amendments and switches must look like."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from exchange.models import Market, User
from orders.models import Order
from tests.fixtures import make_market, make_user
from tests.integration.api.asking import (
    BATCH,
    BRACKET,
    CANCEL_AFTER,
    MISSING,
    OCO,
    ORDERS,
    assert_nothing_stored,
    bracket,
    code,
    oco,
    order,
    post,
    problems,
)
from tests.integration.api.stored import store_order

PAST = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
NOBODYS = "01900000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"price": MISSING}, "price", "required"),
        ({"stop_price": MISSING}, "stop_price", "required"),
        ({"quantity": MISSING}, "quantity", "required"),
        ({"side": MISSING}, "side", "required"),
        ({"type": "limit"}, "type", "unknown"),
        ({"post_only": True}, "post_only", "unknown"),
        ({"stop_price": "105"}, "stop_price", "below the price"),
        ({"stop_price": "106"}, "stop_price", "below the price"),
        ({"side": "buy"}, "stop_price", "above the price"),
        ({"time_in_force": "ioc"}, "time_in_force", "one of: gtc, gtd"),
        ({"time_in_force": "gtd"}, "expire_at", "needs expire_at"),
        ({"time_in_force": "gtd", "expire_at": PAST}, "expire_at", "in the past"),
        ({"self_trade_prevention": "decrement"}, "self_trade_prevention", "one of"),
        ({"stop_limit_price": "0"}, "stop_limit_price", "greater than zero"),
        ({"client_order_id": "a b"}, "client_order_id", "1 to 64"),
    ],
)
def test_a_malformed_oco_names_its_field(
    maker_client: APIClient, maker: User, market: Market, changes: dict[str, Any], field: str, message: str
) -> None:
    found = problems(post(maker_client, OCO, oco(market, **changes)))

    assert list(found) == [field]
    assert message in found[field]
    assert_nothing_stored(maker)


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"quantity": MISSING}, "quantity", "required"),
        ({"take_profit": MISSING}, "take_profit", "required"),
        ({"stop_loss": MISSING}, "stop_loss", "required"),
        ({"take_profit": "105"}, "take_profit", "dictionary"),
        ({"take_profit": {}}, "take_profit.price", "required"),
        ({"take_profit": {"price": "0"}}, "take_profit.price", "greater than zero"),
        ({"take_profit": {"price": "105", "quantity": "1"}}, "take_profit.quantity", "unknown"),
        ({"stop_loss": {"price": "95"}}, "stop_loss.stop_price", "required"),
        ({"type": "stop"}, "type", "one of: limit, market"),
        ({"price": MISSING}, "price", "needs a price"),
        ({"type": "market"}, "price", "no price"),
        ({"type": "market", "price": MISSING, "time_in_force": "gtc"}, "time_in_force", "ioc or fok"),
        ({"time_in_force": "gtd", "expire_at": PAST}, "expire_at", "in the past"),
        ({"quote_quantity": "5"}, "quote_quantity", "unknown"),
        ({"self_trade_prevention": "decrement"}, "self_trade_prevention", "one of"),
        ({"take_profit": {"price": "95"}}, "stop_loss.stop_price", "below the take-profit"),
        ({"take_profit": {"price": "100"}}, "stop_loss.stop_price", "below the take-profit"),
        ({"stop_loss": {"stop_price": "100"}}, "stop_loss.stop_price", "below the take-profit"),
        ({"side": "sell"}, "stop_loss.stop_price", "above the take-profit"),
        (
            {"type": "market", "price": MISSING, "stop_loss": {"stop_price": "105"}},
            "stop_loss.stop_price",
            "below the take-profit",
        ),
    ],
)
def test_a_malformed_bracket_names_its_field(
    maker_client: APIClient, maker: User, market: Market, changes: dict[str, Any], field: str, message: str
) -> None:
    found = problems(post(maker_client, BRACKET, bracket(market, **changes)))

    assert list(found) == [field]
    assert message in found[field]
    assert_nothing_stored(maker)


@pytest.mark.parametrize(
    ("path", "changes", "denied", "field"),
    [
        (OCO, {"price": "105.001"}, "TICK_SIZE", "price"),
        (OCO, {"stop_price": "95.001"}, "TICK_SIZE", "stop_price"),
        (OCO, {"stop_limit_price": "94.001"}, "TICK_SIZE", "stop_limit_price"),
        (OCO, {"quantity": "1.0001"}, "LOT_SIZE", "quantity"),
        (OCO, {"quantity": "0.01"}, "MIN_QUANTITY", "quantity"),
        (OCO, {"quantity": "10001"}, "MAX_QUANTITY", "quantity"),
        (OCO, {"quantity": "0.1"}, "MIN_NOTIONAL", "stop_price"),
        (OCO, {"quantity": "0.1", "stop_limit_price": "94"}, "MIN_NOTIONAL", "stop_limit_price"),
        (BRACKET, {"price": "100.001"}, "TICK_SIZE", "price"),
        (BRACKET, {"take_profit": {"price": "105.001"}}, "TICK_SIZE", "take_profit.price"),
        (BRACKET, {"stop_loss": {"stop_price": "95.001"}}, "TICK_SIZE", "stop_loss.stop_price"),
        (BRACKET, {"stop_loss": {"stop_price": "95", "price": "94.001"}}, "TICK_SIZE", "stop_loss.price"),
        (BRACKET, {"quantity": "0.1"}, "MIN_NOTIONAL", "stop_loss.stop_price"),
    ],
)
def test_every_order_of_a_group_keeps_the_filters(
    client_for: Callable[[User], APIClient], path: str, changes: dict[str, Any], denied: str, field: str
) -> None:
    market, user = make_market(min_quantity="0.05", min_notional="10"), make_user("maker")

    answer = post(client_for(user), path, (oco if path == OCO else bracket)(market, **changes))

    assert code(answer) == (400, denied), answer.content
    assert answer.json()["error"]["details"]["field"] == field
    assert_nothing_stored(user)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "required"),
        ({"orders": None}, "null"),
        ({"orders": {}}, "list of items"),
        ({"orders": "all"}, "list of items"),
        ({"orders": []}, "at least one"),
        ({"orders": [{}] * 101}, "At most 100"),
    ],
)
def test_a_batch_is_a_list_of_1_to_100(maker_client: APIClient, body: dict[str, Any], message: str) -> None:
    found = problems(post(maker_client, BATCH, body))

    assert list(found) == ["orders"]
    assert message in found["orders"]


def test_a_batch_of_101_good_orders_places_none(maker_client: APIClient, maker: User, market: Market) -> None:
    found = problems(post(maker_client, BATCH, {"orders": [order(market)] * 101}))

    assert "At most 100" in found["orders"]
    assert_nothing_stored(maker)


def test_a_batch_of_two_markets_places_none(maker_client: APIClient, maker: User, market: Market) -> None:
    other = make_market()

    found = problems(post(maker_client, BATCH, {"orders": [order(market), order(other)]}))

    assert "same market" in found["orders"]
    assert_nothing_stored(maker)


def test_a_batch_in_an_unknown_market(maker_client: APIClient, market: Market) -> None:
    answer = post(maker_client, BATCH, {"orders": [order(market, symbol="NO/SUCH")]})

    assert code(answer) == (404, "MARKET_NOT_FOUND")


def test_each_bad_order_of_a_batch_is_named_by_itself(maker_client: APIClient, maker: User, market: Market) -> None:
    """However the market is written, it is one market."""
    bad = [order(market, side="x"), 17, None, [], "order", {}, order(market, price="100.001", symbol=market.slug)]

    results = post(maker_client, BATCH, {"orders": bad}).json()["data"]["results"]

    assert [result["success"] for result in results] == [False] * 7
    assert [(result["status"], result["error"]["code"]) for result in results] == [
        *[(400, "VALIDATION_ERROR")] * 6,
        (400, "TICK_SIZE"),
    ]
    assert "side" in results[0]["error"]["details"]
    assert "symbol" in results[5]["error"]["details"]
    assert_nothing_stored(maker)


def test_a_batch_counts_as_its_orders_for_the_rate_limit(maker_client: APIClient, maker: User, market: Market) -> None:
    batch = {"orders": [order(market, side="x")] * 10}
    with override_settings(ORDER_RATE_PER_SECOND=25):
        answers = [post(maker_client, BATCH, batch) for _ in range(6)]  # two windows at most

    limited = [answer for answer in answers if answer.status_code == 429]
    assert 2 <= len(limited) <= 4
    assert code(limited[0]) == (429, "RATE_LIMITED")
    assert limited[0]["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "non_field_errors", "a stop price or several"),
        ({"quantity": None, "price": None, "stop_price": None}, "non_field_errors", "a stop price or several"),
        ({"quantity": "0"}, "quantity", "greater than zero"),
        ({"quantity": "-1"}, "quantity", "greater than zero"),
        ({"price": 100.5}, "price", "as a string"),
        ({"price": "NaN"}, "price", "plain decimal"),
        ({"stop_price": "0"}, "stop_price", "greater than zero"),
        ({"trailing_amount": "9"}, "trailing_amount", "unknown"),
        ({"price": "99", "side": "sell"}, "side", "unknown"),
    ],
)
def test_a_malformed_amendment_names_its_field(
    maker_client: APIClient, maker: User, market: Market, body: dict[str, Any], field: str, message: str
) -> None:
    stored = store_order(maker, market)

    found = problems(maker_client.patch(f"{ORDERS}/{stored.pk}", body, format="json"))

    assert list(found) == [field]
    assert message in found[field]
    stored.refresh_from_db()
    assert (stored.price, stored.quantity) == (100, 1)


@pytest.mark.parametrize(
    ("body", "denied", "field"),
    [
        ({"price": "100.001"}, "TICK_SIZE", "price"),
        ({"stop_price": "100.001"}, "TICK_SIZE", "stop_price"),
        ({"quantity": "1.0001"}, "LOT_SIZE", "quantity"),
        ({"quantity": "0.01"}, "MIN_QUANTITY", "quantity"),
        ({"quantity": "10001"}, "MAX_QUANTITY", "quantity"),
        ({"price": "1"}, "MIN_NOTIONAL", "price"),
        ({"quantity": "0.05"}, "MIN_NOTIONAL", "price"),
        ({"price": "99999999999.99"}, "MAX_QUANTITY", "quantity"),
    ],
)
def test_an_amended_order_keeps_the_filters(
    client_for: Callable[[User], APIClient], body: dict[str, Any], denied: str, field: str
) -> None:
    user = make_user("maker")
    stored = store_order(user, make_market(min_quantity="0.05", min_notional="10"))

    answer = client_for(user).patch(f"{ORDERS}/{stored.pk}", body, format="json")

    assert code(answer) == (400, denied), answer.content
    assert answer.json()["error"]["details"]["field"] == field


def test_a_quantity_keeps_the_filters_for_every_order_of_a_group(client_for: Callable[[User], APIClient]) -> None:
    user, market = make_user("maker"), make_market(min_notional="100")
    limit = store_order(user, market, price=100, quantity=2)
    Order.objects.filter(pk=limit.pk).update(group_id=limit.pk, group_role="oco_limit")
    waiting = {"type": "stop", "status": "pending", "stop_price": 110, "group_id": limit.pk, "group_role": "oco_stop"}
    stop = store_order(user, market, price=121, quantity=2, **waiting)

    answer = client_for(user).patch(f"{ORDERS}/{stop.pk}", {"quantity": "0.95"}, format="json")

    assert code(answer) == (400, "MIN_NOTIONAL"), answer.content  # the stop is worth 104.50, the limit order 95


@pytest.mark.parametrize(("quantity", "status"), [("100", 503), ("100.001", 400)])
def test_an_iceberg_is_not_amended_to_more_parts_than_it_may_be_placed_with(
    maker_client: APIClient, maker: User, market: Market, quantity: str, status: int
) -> None:
    stored = store_order(maker, market, quantity="10", display_quantity="1")

    answer = maker_client.patch(f"{ORDERS}/{stored.pk}", {"quantity": quantity}, format="json")

    assert answer.status_code == status, answer.content  # 503: only an engine is missing
    assert set(answer.json()["error"]["details"]) == ({"quantity"} if status == 400 else set())


@pytest.mark.parametrize("name", [NOBODYS, "17", "x" * 5_000])
def test_an_order_that_is_not_there_is_not_amended(maker_client: APIClient, name: str) -> None:
    answer = maker_client.patch(f"{ORDERS}/{name}", {"price": "99"}, format="json")

    assert code(answer) == (404, "ORDER_NOT_FOUND")


def test_somebody_elses_order_is_not_amended(taker_client: APIClient, maker: User, market: Market) -> None:
    stored = store_order(maker, market)

    answer = taker_client.patch(f"{ORDERS}/{stored.pk}", {"price": "99"}, format="json")

    assert code(answer) == (404, "ORDER_NOT_FOUND")


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "timeout_ms", "required"),
        ({"timeout_ms": None}, "timeout_ms", "null"),
        ({"timeout_ms": "60000"}, "timeout_ms", "integer"),
        ({"timeout_ms": True}, "timeout_ms", "integer"),
        ({"timeout_ms": 60_000.0}, "timeout_ms", "integer"),
        ({"timeout_ms": -1}, "timeout_ms", "1,000 to 86,400,000"),
        ({"timeout_ms": 999}, "timeout_ms", "1,000 to 86,400,000"),
        ({"timeout_ms": 86_400_001}, "timeout_ms", "1,000 to 86,400,000"),
        ({"timeout_ms": 10**30}, "timeout_ms", ""),
        ({"timeout_ms": 60_000, "symbol": 1}, "symbol", "string"),
        ({"timeout_ms": 60_000, "symbol": ""}, "symbol", "blank"),
        ({"timeout_ms": 60_000, "markets": []}, "markets", "unknown"),
    ],
)
def test_a_malformed_switch_names_its_field(
    maker_client: APIClient, body: dict[str, Any], field: str, message: str
) -> None:
    found = problems(post(maker_client, CANCEL_AFTER, body))

    assert list(found) == [field]
    assert message in found[field]


def test_a_switch_in_an_unknown_market(maker_client: APIClient) -> None:
    assert code(post(maker_client, CANCEL_AFTER, {"timeout_ms": 0, "symbol": "NO/SUCH"})) == (404, "MARKET_NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [("symbol=", "symbol"), ("sybmol=BTC-USDT", "sybmol"), ("symbol=BTC-USDT&side=buy", "side")],
)
def test_cancelling_everything_by_mistake_is_refused(maker_client: APIClient, query: str, field: str) -> None:
    assert list(problems(maker_client.delete(f"{ORDERS}?{query}"))) == [field]


def test_a_body_does_not_say_which_orders_to_cancel(maker_client: APIClient, market: Market) -> None:
    found = problems(maker_client.delete(ORDERS, {"symbol": market.symbol}, format="json"))

    assert "in the query" in found["symbol"]


def test_cancelling_all_in_an_unknown_market(maker_client: APIClient) -> None:
    assert code(maker_client.delete(f"{ORDERS}?symbol=NO-SUCH")) == (404, "MARKET_NOT_FOUND")


@pytest.mark.parametrize("path", [BATCH, OCO, BRACKET, CANCEL_AFTER])
def test_without_a_login_nothing_is_done(visitor: APIClient, path: str) -> None:
    assert code(post(visitor, path, {})) == (401, "UNAUTHENTICATED")
    assert code(visitor.delete(ORDERS)) == (401, "UNAUTHENTICATED")
    assert code(visitor.patch(f"{ORDERS}/{NOBODYS}", {})) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("path", "good"), [(OCO, oco), (BRACKET, bracket)])
def test_a_good_group_reaches_for_the_engine(
    maker_client: APIClient, maker: User, market: Market, path: str, good: Callable[[Market], dict[str, Any]]
) -> None:
    assert code(post(maker_client, path, good(market))) == (503, "ENGINE_UNAVAILABLE")
    assert_nothing_stored(maker)
