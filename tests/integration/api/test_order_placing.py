"""Placing and cancelling over REST with a running engine: the answers of the public contract."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from rest_framework.test import APIClient

from exchange.models import Market, User
from tests.engines import running_engine

ORDERS = "/api/v1/orders"


def limit(market: Market, **changes: Any) -> dict[str, Any]:
    usual = {"symbol": market.slug.lower(), "side": "BUY", "type": "Limit", "price": "100", "quantity": 1}
    return usual | changes


def test_an_order_its_replay_and_its_end(market: Market, maker: User, client_for: Callable[[User], APIClient]) -> None:
    client = client_for(maker)
    with running_engine(market):
        placed = client.post(ORDERS, limit(market, client_order_id="first"), format="json")
        again = client.post(ORDERS, limit(market, client_order_id="first"), format="json")
        changed = client.post(ORDERS, limit(market, client_order_id="first", price="99"), format="json")
        order_id = placed.json()["data"]["order"]["id"]
        cancelled = client.delete(f"{ORDERS}/{order_id}")
        twice = client.delete(f"{ORDERS}/{order_id}")

    assert (placed.status_code, placed.json()["data"]["order"]["status"]) == (201, "open")
    assert "idempotent_replay" not in placed.json()["meta"]
    assert (again.status_code, again.json()["data"]) == (200, placed.json()["data"])
    assert again.json()["meta"]["idempotent_replay"] is True
    assert again.json()["meta"]["payload_differs"] is False
    assert changed.json()["meta"]["payload_differs"] is True
    assert changed.json()["data"]["order"]["price"] == "100.00"
    assert (cancelled.status_code, cancelled.json()["data"]["order"]["status"]) == (200, "cancelled")
    assert (twice.status_code, twice.json()["error"]["code"]) == (409, "ORDER_NOT_CANCELLABLE")


def unreachable(*args: Any, **named: Any) -> Any:
    raise OperationalError("the connection is lost")


def test_what_the_engine_has_answered_is_not_refused_because_it_cannot_be_read(
    market: Market, maker: User, client_for: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, first = client_for(maker), limit(market, client_order_id="first")
    with running_engine(market):
        client.post(ORDERS, first, format="json")
        monkeypatch.setattr("orders.services.placement.order_for_user", unreachable)
        again = client.post(ORDERS, first, format="json")
        batch = client.post(f"{ORDERS}/batch", {"orders": [first, limit(market)]}, format="json")

    assert (again.status_code, again.json()["error"]["code"]) == (504, "TIMEOUT")
    assert set(again.json()["error"]["details"]) == {"order_id"}
    replayed, placed = batch.json()["data"]["results"]
    assert (replayed["error"]["code"], placed["success"]) == ("TIMEOUT", True)


def test_a_taker_gets_the_trades(
    market: Market, maker: User, taker: User, client_for: Callable[[User], APIClient]
) -> None:
    with running_engine(market):
        client_for(maker).post(ORDERS, limit(market, side="sell", price="99.5"), format="json")
        answer = client_for(taker).post(
            ORDERS, {"symbol": market.symbol, "side": "buy", "type": "market", "quantity": "1"}, format="json"
        )

    data = answer.json()["data"]
    assert (answer.status_code, data["order"]["status"], data["order"]["average_price"]) == (201, "filled", "99.50")
    assert [(trade["price"], trade["taker_side"]) for trade in data["trades"]] == [("99.50", "buy")]


def test_a_rejected_order_is_stored_and_named(
    market: Market, maker: User, client_for: Callable[[User], APIClient]
) -> None:
    client = client_for(maker)
    with running_engine(market):
        answer = client.post(ORDERS, limit(market, price="50"), format="json")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "PRICE_OUT_OF_BAND")
    stored = client.get(f"{ORDERS}/{error['details']['order_id']}").json()["data"]
    assert stored["status"] == "rejected"
    assert stored["reason"]


def test_without_an_engine_the_client_hears_so(
    market: Market, maker: User, client_for: Callable[[User], APIClient]
) -> None:
    answer = client_for(maker).post(ORDERS, limit(market), format="json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ENGINE_UNAVAILABLE")
