"""Good requests to spoil, and what must not be left of a bad one."""

from decimal import Decimal
from typing import Any

from rest_framework.test import APIClient

from exchange.models import Market, User
from orders.models import ClientOrderId, Order
from settlement.models import Account

ORDERS = "/api/v1/orders"
BATCH, OCO, BRACKET, CANCEL_AFTER = (f"{ORDERS}/{name}" for name in ("batch", "oco", "bracket", "cancel-after"))
MISSING: Any = object()


def order(market: Market, **changes: Any) -> dict[str, Any]:
    """Return a good limit order with changes; MISSING leaves a field out."""
    return _changed({"symbol": market.symbol, "side": "buy", "type": "limit", "price": "100", "quantity": "1"}, changes)


def stop(market: Market, **changes: Any) -> dict[str, Any]:
    """Return a good stop to sell with changes."""
    usual = {"symbol": market.symbol, "side": "sell", "type": "stop", "stop_price": "95", "quantity": "1"}
    return _changed(usual, changes)


def oco(market: Market, **changes: Any) -> dict[str, Any]:
    """Return a good OCO to sell with changes."""
    return _changed(
        {"symbol": market.symbol, "side": "sell", "quantity": "1", "price": "105", "stop_price": "95"}, changes
    )


def bracket(market: Market, **changes: Any) -> dict[str, Any]:
    """Return a good bracket with a limit entry to buy, with changes."""
    exits = {"take_profit": {"price": "105"}, "stop_loss": {"stop_price": "95"}}
    return _changed(order(market) | exits, changes)


def _changed(usual: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (usual | changes).items() if value is not MISSING}


def post(client: APIClient, path: str, body: Any) -> Any:
    return client.post(path, body, format="json")


def code(answer: Any) -> tuple[int, str]:
    """Return status and error code; every error has a message for a person."""
    error = answer.json()["error"]
    assert len(error["message"]) > 10, error
    return answer.status_code, error["code"]


def problems(answer: Any) -> dict[str, str]:
    """Return the messages of a VALIDATION_ERROR by field."""
    assert code(answer) == (400, "VALIDATION_ERROR"), answer.content
    return {field: " ".join(texts) for field, texts in answer.json()["error"]["details"].items()}


def assert_nothing_stored(user: User) -> None:
    assert not Order.objects.filter(user=user).exists()
    assert not ClientOrderId.objects.filter(user=user).exists()
    assert not Account.objects.filter(owner=user).exclude(held=0).exists()


Traces = tuple[int, int, list[tuple[str, Decimal, Decimal]]]


def traces(user: User) -> Traces:
    """Return what a user has left in the tables: orders, client order ids, balances."""
    accounts = Account.objects.filter(owner=user).order_by("asset_id")
    return (
        Order.objects.filter(user=user).count(),
        ClientOrderId.objects.filter(user=user).count(),
        list(accounts.values_list("asset_id", "available", "held")),
    )
