"""What POST /orders refuses, and that nothing of it is stored or held."""

import time
from typing import Any

import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from base.throttling import counts
from base.valkey import ValkeyLine, valkey
from exchange.models import Market, User
from tests.integration.api.asking import MISSING, ORDERS, assert_nothing_stored, order


def post_raw(client: APIClient, body: bytes, content_type: str = "application/json") -> Any:
    """Send a body as it is."""
    data: Any = body
    return client.generic("POST", ORDERS, data, content_type=content_type)


LONG = "x" * 100_000


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        # missing
        ({"symbol": MISSING}, "symbol", "required"),
        ({"side": MISSING}, "side", "required"),
        ({"type": MISSING}, "type", "required"),
        ({"quantity": MISSING}, "quantity", "needs a quantity"),
        ({"price": MISSING}, "price", "needs a price"),
        ({"quantity": None}, "quantity", "needs a quantity"),
        # wrong types
        ({"symbol": 1}, "symbol", "valid string"),
        ({"symbol": None}, "symbol", "null"),
        ({"side": 1}, "side", "one of: buy, sell"),
        ({"side": ["buy"]}, "side", "one of: buy, sell"),
        ({"type": {}}, "type", "one of: limit, market"),
        ({"quantity": True}, "quantity", "as a string"),
        ({"quantity": [1]}, "quantity", "as a string"),
        ({"quantity": {"value": 1}}, "quantity", "as a string"),
        ({"quantity": 0.5}, "quantity", "as a string"),
        ({"price": 1e300}, "price", "as a string"),
        ({"post_only": "yes"}, "post_only", "boolean"),
        ({"post_only": 1}, "post_only", "boolean"),
        ({"client_order_id": 7}, "client_order_id", "1 to 64"),
        # numbers
        ({"quantity": "NaN"}, "quantity", "plain decimal"),
        ({"quantity": "Infinity"}, "quantity", "plain decimal"),
        ({"price": "1e400"}, "price", "plain decimal"),
        ({"price": "1e2"}, "price", "plain decimal"),
        ({"quantity": "-1"}, "quantity", "greater than zero"),
        ({"quantity": "0"}, "quantity", "greater than zero"),
        ({"quantity": -5}, "quantity", "greater than zero"),
        ({"price": "0.00"}, "price", "greater than zero"),
        ({"price": "0.1234567890123456789"}, "price", "18 decimals"),
        ({"quantity": "9" * 39}, "quantity", "38 digits"),
        ({"quantity": 10**25}, "quantity", "as a string"),
        ({"quantity": ""}, "quantity", "plain decimal"),
        # words
        ({"side": "hold"}, "side", "one of: buy, sell"),
        ({"type": "iceberg"}, "type", "one of: limit, market"),
        ({"time_in_force": "forever"}, "time_in_force", "one of: gtc, ioc, fok"),
        ({"client_order_id": "a b"}, "client_order_id", "1 to 64"),
        ({"client_order_id": "é"}, "client_order_id", "1 to 64"),
        ({"client_order_id": ""}, "client_order_id", "1 to 64"),
        ({"client_order_id": "a\n"}, "client_order_id", "1 to 64"),
        ({"client_order_id": "a" * 65}, "client_order_id", "1 to 64"),
        # 100 KB
        ({"symbol": LONG}, "symbol", "64 characters"),
        ({"side": LONG}, "side", "one of: buy, sell"),
        ({"price": LONG}, "price", "plain decimal"),
        ({"quantity": "9" * 100_000}, "quantity", "38 digits"),
        ({"client_order_id": LONG}, "client_order_id", "1 to 64"),
        # what does not go together
        ({"quote_quantity": "100"}, "quote_quantity", "by budget"),
        ({"post_only": True, "time_in_force": "ioc"}, "post_only", "gtc"),
        ({"type": "market"}, "price", "no price"),
        ({"type": "market", "price": MISSING, "post_only": True}, "post_only", "cannot be post-only"),
        ({"type": "market", "price": MISSING, "time_in_force": "gtc"}, "time_in_force", "ioc or fok"),
        ({"type": "market", "price": MISSING, "quote_quantity": "5"}, "quote_quantity", "either"),
        ({"type": "market", "price": MISSING, "quantity": MISSING}, "quantity", "quote_quantity"),
        (
            {"type": "market", "price": MISSING, "quantity": MISSING, "quote_quantity": "5", "side": "sell"},
            "quote_quantity",
            "market buy",
        ),
        # unknown
        ({"pirce": "100"}, "pirce", "unknown"),
        ({LONG: 1}, "x" * 64, "unknown"),
    ],
)
def test_a_malformed_order_names_its_field(
    maker_client: APIClient, maker: User, market: Market, changes: dict[str, Any], field: str, message: str
) -> None:
    answer = maker_client.post(ORDERS, order(market, **changes), format="json")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "VALIDATION_ERROR"), error
    assert list(error["details"]) == [field]
    assert message in " ".join(error["details"][field])
    assert len(answer.content) < 2_000
    assert_nothing_stored(maker)


def test_all_wrong_fields_are_named_at_once(maker_client: APIClient, market: Market) -> None:
    answer = maker_client.post(ORDERS, order(market, side="x", price="-1", colour="red"), format="json")

    assert set(answer.json()["error"]["details"]) == {"side", "price", "colour"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"null",
        b"[]",
        b'"order"',
        b"17",
        b'{"symbol": NaN}',
        b'{"price": 1e400}',
        b'{"price": Infinity}',
        b"{'symbol': 'BTC'}",
        b'{"symbol": "\xff"}',
        b'{"symbol": "\\ud800"}',
        b'{"symbol": "a"} {}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\x00",
    ],
)
def test_a_body_that_is_no_json_object_is_refused(maker_client: APIClient, maker: User, body: bytes) -> None:
    answer = post_raw(maker_client, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert_nothing_stored(maker)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"])
def test_a_body_of_another_type_is_refused(maker_client: APIClient, content_type: str) -> None:
    answer = post_raw(maker_client, b"symbol=BTC", content_type)

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_a_body_over_a_megabyte_is_refused(maker_client: APIClient, maker: User) -> None:
    body = b'{"symbol": "' + b"x" * 1_000_000 + b'"}'

    answer = post_raw(maker_client, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "PAYLOAD_TOO_LARGE")
    assert_nothing_stored(maker)


@pytest.mark.parametrize("symbol", ["NO/SUCH", "BTC", "BTC//USDT", "../etc", "no_such", "'; --", "\u13da/USDT"])
def test_an_unknown_market(maker_client: APIClient, maker: User, market: Market, symbol: str) -> None:
    answer = maker_client.post(ORDERS, order(market, symbol=symbol), format="json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "MARKET_NOT_FOUND")
    assert_nothing_stored(maker)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"price": "100.001"}, "TICK_SIZE"),
        ({"quantity": "1.0001"}, "LOT_SIZE"),
        ({"quantity": "0.001"}, "MIN_NOTIONAL"),
        ({"quantity": "10001"}, "MAX_QUANTITY"),
        ({"quantity": "99999999999999999999", "price": "99999999999999999999"}, "MAX_QUANTITY"),
    ],
)
def test_an_order_that_breaks_a_filter(
    maker_client: APIClient, maker: User, market: Market, changes: dict[str, Any], code: str
) -> None:
    answer = maker_client.post(ORDERS, order(market, **changes), format="json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert_nothing_stored(maker)


def test_without_a_login_nothing_is_placed(visitor: APIClient, market: Market) -> None:
    answer = visitor.post(ORDERS, order(market), format="json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")


def test_orders_are_limited_per_user(maker_client: APIClient, maker: User, market: Market) -> None:
    bad = order(market, side="x")
    with override_settings(ORDER_RATE_PER_SECOND=3):
        answers = [maker_client.post(ORDERS, bad, format="json") for _ in range(8)]

    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert limited[0].json()["error"]["code"] == "RATE_LIMITED"
    assert limited[0]["Retry-After"] == "1"
    assert maker_client.get(ORDERS).status_code == 200
    assert_nothing_stored(maker)


def test_without_valkey_the_process_limits_orders_by_its_own_count(
    maker_client: APIClient, market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_LINE", ValkeyLine("rate limits", 0.3))
    valkey.cache_clear()
    with override_settings(ORDER_RATE_PER_SECOND=1, REDIS_URL="redis://127.0.0.1:1"):
        begun = int(time.time())
        answers = [maker_client.post(ORDERS, order(market, side="x"), format="json") for _ in range(10)]
        seconds = int(time.time()) - begun + 1
    valkey.cache_clear()

    statuses = [answer.status_code for answer in answers]
    assert statuses[0] == 400 and statuses.count(400) <= seconds
    assert set(statuses) <= {400, 429}
