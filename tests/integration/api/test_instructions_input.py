"""What each order type needs, may have and must not have; nothing of a refused order is stored or held."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from exchange.models import Market, User
from tests.fixtures import make_market, make_user
from tests.integration.api.asking import MISSING, ORDERS, assert_nothing_stored, code, order, post, problems, stop

NOW = datetime.now(UTC)
LATER = (NOW + timedelta(days=1)).isoformat()
LIMITS = ["limit", "stop_limit", "take_profit_limit"]
AT_MARKET = ["market", "stop", "take_profit", "trailing_stop"]
WAITING = ["stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop"]
OF_TYPE: dict[str, dict[str, Any]] = {
    "limit": {"price": "100"},
    "market": {},
    "stop": {"stop_price": "95"},
    "stop_limit": {"stop_price": "95", "price": "94"},
    "take_profit": {"stop_price": "105"},
    "take_profit_limit": {"stop_price": "105", "price": "104"},
    "trailing_stop": {"trailing_amount": "1"},
}


def of_type(market: Market, order_type: str, **changes: Any) -> dict[str, Any]:
    """Return a good order of a type with changes."""
    usual: dict[str, Any] = {"symbol": market.symbol, "side": "sell", "type": order_type, "quantity": "1"}
    fields = usual | OF_TYPE[order_type] | changes
    return {name: value for name, value in fields.items() if value is not MISSING}


CASES: list[tuple[str, dict[str, Any], str, str]] = [
    # what a type needs
    *((name, {"price": MISSING}, "price", "needs a price") for name in LIMITS),
    *((name, {"stop_price": MISSING}, "stop_price", "needs a stop price") for name in WAITING[:-1]),
    *((name, {"quantity": MISSING}, "quantity", "needs a quantity") for name in ["limit", *WAITING]),
    ("trailing_stop", {"trailing_amount": MISSING}, "trailing_amount", "trailing_amount or trailing_percent"),
    ("trailing_stop", {"trailing_percent": "1"}, "trailing_percent", "either"),
    # what a type must not have
    *((name, {"price": "100"}, "price", "has no price") for name in AT_MARKET),
    *((name, {"stop_price": "95"}, "stop_price", "has no stop price") for name in ["limit", "market", "trailing_stop"]),
    *(
        (name, {field: "1"}, field, "Only a trailing stop")
        for name in ["limit", "market", *WAITING[:-1]]
        for field in ["trailing_amount", "trailing_percent"]
    ),
    *(
        (name, {"quote_quantity": "100"}, "quote_quantity", "Only a market buy can be placed by budget")
        for name in ["limit", *WAITING]
    ),
    *((name, {"post_only": True}, "post_only", "cannot be post-only") for name in ["market", *WAITING]),
    *((name, {"reprice": True}, "reprice", "Only a post-only order") for name in ["limit", "market", *WAITING]),
    *((name, {"display_quantity": "0.5"}, "display_quantity", "cannot be an iceberg") for name in ["market", *WAITING]),
    # times in force
    ("market", {"time_in_force": "gtc"}, "time_in_force", "ioc or fok"),
    ("market", {"time_in_force": "gtd", "expire_at": LATER}, "time_in_force", "ioc or fok"),
    *((name, {"time_in_force": "gtd"}, "expire_at", "needs expire_at") for name in ["limit", *WAITING]),
    *((name, {"expire_at": LATER}, "expire_at", "no other order") for name in ["limit", "market", *WAITING]),
    ("limit", {"time_in_force": "ioc", "expire_at": LATER}, "expire_at", "no other order"),
    *(
        ("limit", {"time_in_force": "gtd", "expire_at": expire_at}, "expire_at", text)
        for expire_at, text in [
            ((NOW - timedelta(milliseconds=1)).isoformat(), "in the past"),
            (str(int(NOW.timestamp() * 1000)), "in the past"),
            ("1970-01-01T00:00:00Z", "in the past"),
            ((NOW + timedelta(days=5 * 366)).isoformat(), "5 years"),
            ("9999-12-31T23:59:59Z", "5 years"),
            ("tomorrow", "ISO 8601"),
            (True, "ISO 8601"),
            (-5, "ISO 8601"),
            (1.5, "ISO 8601"),
            ({}, "ISO 8601"),
            ("2026-13-01T00:00:00Z", "ISO 8601"),
            ("9" * 100, "ISO 8601"),
        ]
    ),
    # resting
    ("limit", {"post_only": True, "time_in_force": "fok"}, "post_only", "gtc or gtd"),
    ("limit", {"display_quantity": "0.5", "time_in_force": "ioc"}, "display_quantity", "gtc or gtd"),
    ("limit", {"display_quantity": "1.001"}, "display_quantity", "Give at most the quantity"),
    ("limit", {"display_quantity": "0.009"}, "display_quantity", "hundredth"),
    ("limit", {"display_quantity": "0"}, "display_quantity", "greater than zero"),
    ("limit", {"display_quantity": 0.5}, "display_quantity", "as a string"),
    ("limit", {"post_only": True, "reprice": "yes"}, "reprice", "boolean"),
    # the distance of a trailing stop
    *(
        ("trailing_stop", {"trailing_amount": MISSING, "trailing_percent": percent}, "trailing_percent", text)
        for percent, text in [
            ("0", "greater than zero"),
            ("0.0000", "greater than zero"),
            ("-1", "greater than zero"),
            ("100", "less than 100"),
            ("100.0001", "less than 100"),
            ("1e1", "plain decimal"),
            ("1.00001", "4 decimals"),
            (1.5, "as a string"),
            ("1.5%", "plain decimal"),
        ]
    ),
    ("trailing_stop", {"trailing_amount": "0"}, "trailing_amount", "greater than zero"),
    ("stop", {"stop_price": "-95"}, "stop_price", "greater than zero"),
    ("stop", {"stop_price": "NaN"}, "stop_price", "plain decimal"),
    # self-trade prevention
    *((name, {"self_trade_prevention": "decrement"}, "self_trade_prevention", "cannot") for name in WAITING),
    ("limit", {"self_trade_prevention": "allow"}, "self_trade_prevention", "one of: cancel_newest"),
    ("limit", {"self_trade_prevention": None}, "self_trade_prevention", "null"),
]


@pytest.mark.parametrize(("order_type", "changes", "field", "message"), CASES)
def test_what_a_type_does_not_allow_is_named(
    maker_client: APIClient,
    maker: User,
    market: Market,
    order_type: str,
    changes: dict[str, Any],
    field: str,
    message: str,
) -> None:
    found = problems(post(maker_client, ORDERS, of_type(market, order_type, **changes)))

    assert list(found) == [field]
    assert message in found[field]
    assert_nothing_stored(maker)


@pytest.mark.parametrize(
    ("order_type", "changes"),
    [
        *((name, {}) for name in OF_TYPE),
        *((name, {"time_in_force": word}) for name in WAITING for word in ("GTC", "ioc", "fok")),
        *((name, {"time_in_force": "gtd", "expire_at": LATER}) for name in ["limit", *WAITING]),
        ("limit", {"post_only": True, "reprice": True, "display_quantity": "0.01"}),
        ("limit", {"display_quantity": "1", "post_only": True, "time_in_force": "gtd", "expire_at": LATER}),
        ("limit", {"time_in_force": "gtd", "expire_at": int((NOW + timedelta(hours=1)).timestamp() * 1000)}),
        ("market", {"self_trade_prevention": "Decrement"}),
        ("trailing_stop", {"trailing_amount": MISSING, "trailing_percent": "99.9999"}),
        ("trailing_stop", {"trailing_amount": MISSING, "trailing_percent": "0.0001"}),
    ],
)
def test_what_a_type_allows_reaches_for_the_engine(
    maker_client: APIClient, market: Market, order_type: str, changes: dict[str, Any]
) -> None:
    answer = post(maker_client, ORDERS, of_type(market, order_type, **changes))

    assert code(answer) == (503, "ENGINE_UNAVAILABLE"), answer.content


@pytest.mark.parametrize(
    ("body", "denied", "field", "limit"),
    [
        (("stop", {"stop_price": "95.001"}), "TICK_SIZE", "stop_price", {"tick_size": "0.01"}),
        (("stop_limit", {"price": "94.999"}), "TICK_SIZE", "price", {"tick_size": "0.01"}),
        (("trailing_stop", {"trailing_amount": "0.015"}), "TICK_SIZE", "trailing_amount", {"tick_size": "0.01"}),
        (("limit", {"display_quantity": "0.0105"}), "LOT_SIZE", "display_quantity", {"lot_size": "0.001"}),
        (("stop", {"quantity": "1.0001"}), "LOT_SIZE", "quantity", {"lot_size": "0.001"}),
        (("limit", {"quantity": "0.049"}), "MIN_QUANTITY", "quantity", {"min_quantity": "0.05"}),
        (("market", {"quantity": "0.049"}), "MIN_QUANTITY", "quantity", {"min_quantity": "0.05"}),
        (("trailing_stop", {"quantity": "0.049"}), "MIN_QUANTITY", "quantity", {"min_quantity": "0.05"}),
        (("market", {"quantity": "10000.001"}), "MAX_QUANTITY", "quantity", {"max_quantity": "10000"}),
        (("stop", {"quantity": "10000.001"}), "MAX_QUANTITY", "quantity", {"max_quantity": "10000"}),
        (("stop", {"quantity": "0.05"}), "MIN_NOTIONAL", "stop_price", {"min_notional": "10"}),
        (("stop_limit", {"quantity": "0.106"}), "MIN_NOTIONAL", "price", {"min_notional": "10"}),
        (("stop_limit", {"price": "10" * 9, "quantity": "9999"}), "MAX_QUANTITY", "quantity", {}),
        (("stop", {"stop_price": "2000000", "quantity": "9999"}), "MAX_QUANTITY", "quantity", {}),
        (("trailing_stop", {"trailing_amount": "2000000", "quantity": "9999"}), "MAX_QUANTITY", "quantity", {}),
    ],
)
def test_filters_deny_and_name_field_and_limit(
    client_for: Any, body: tuple[str, dict[str, Any]], denied: str, field: str, limit: dict[str, str]
) -> None:
    market = make_market(min_quantity="0.05", min_notional="10")
    user = make_user("maker")

    answer = post(client_for(user), ORDERS, of_type(market, body[0], **body[1]))

    assert code(answer) == (400, denied), answer.content
    assert answer.json()["error"]["details"] == {"field": field, **limit}
    assert_nothing_stored(user)


def test_a_trailing_stop_has_no_notional_of_its_own(client_for: Any) -> None:
    market = make_market(min_notional="1000")

    answer = post(client_for(make_user("maker")), ORDERS, of_type(market, "trailing_stop", quantity="0.001"))

    assert code(answer) == (503, "ENGINE_UNAVAILABLE")


def test_a_price_just_below_what_fits_is_left_to_the_engine(maker_client: APIClient, market: Market) -> None:
    """2^61 quote units are 23,058,430,092.13693952 of an asset with 8 decimals: 10,000 x 2 x 1,152,921.50."""
    fits, does_not = (
        post(maker_client, ORDERS, stop(market, stop_price=price, quantity="10000"))
        for price in ("1152921.50", "1152921.51")
    )

    assert [code(fits)[1], code(does_not)[1]] == ["ENGINE_UNAVAILABLE", "MAX_QUANTITY"]


def test_an_unknown_type_names_those_there_are(maker_client: APIClient, market: Market) -> None:
    found = problems(post(maker_client, ORDERS, order(market, type="twap")))

    assert "trailing_stop" in found["type"]
