"""What may be asked: weights for each address and account, and what every answer says of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from base import schema_view
from exchange import api_keys
from exchange.models import User
from tests.integration.door.test_logins import fresh_address

ClientFor = Callable[[User], APIClient]
UNKNOWN_KEY = {
    "X-API-KEY": "01900000-0000-7000-8000-{:012d}",
    "X-API-TIMESTAMP": "1",
    "X-API-SIGNATURE": "0" * 64,
}


def test_reads_of_an_address_have_an_end_and_others_go_on(settings: Settings) -> None:
    settings.REQUEST_WEIGHT_PER_MINUTE = 5
    client = Client(REMOTE_ADDR=fresh_address())

    answers = [client.get("/api/v1/markets") for _ in range(11)]
    statuses = [answer.status_code for answer in answers]

    assert statuses.count(200) <= 10 and statuses[-1] == 429
    assert answers[-1].json()["error"]["code"] == "RATE_LIMITED"
    assert 1 <= int(answers[-1]["Retry-After"]) <= 60
    assert Client(REMOTE_ADDR=fresh_address()).get("/api/v1/markets").status_code == 200


def test_an_account_has_one_weight_at_all_its_addresses(settings: Settings, maker: User, client_for: ClientFor) -> None:
    settings.REQUEST_WEIGHT_PER_MINUTE = 5
    client = client_for(maker)

    statuses = [client.get("/api/v1/balances", REMOTE_ADDR=fresh_address()).status_code for _ in range(12)]

    assert statuses.count(200) <= 10 and statuses[-1] == 429


def test_the_document_is_made_once_in_each_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_view, "_documents", {})
    made: list[object] = []
    make: Any = schema_view.SchemaView._get_schema_response

    def note(view: schema_view.SchemaView, request: object) -> Any:
        made.append(request)
        return make(view, request)

    monkeypatch.setattr(schema_view.SchemaView, "_get_schema_response", note)

    answers = [Client().get(f"/api/schema?format={name}") for name in ("json", "json", "yaml", "json&lang=de")]

    assert len(made) == 2
    assert [answer["Content-Type"] for answer in answers[:2]] == ["application/vnd.oai.openapi+json"] * 2
    assert answers[0].content == answers[1].content == answers[3].content
    assert b"openapi: 3.0" in answers[2].content


def test_long_lists_cost_more(settings: Settings, maker: User, client_for: ClientFor) -> None:
    settings.REQUEST_WEIGHT_PER_MINUTE = 100_000
    client, address = client_for(maker), fresh_address()

    def cost(path: str, **more: Any) -> int:
        before = int(client.get("/api/v1/fees", REMOTE_ADDR=address)["X-RateLimit-Remaining"])
        after = int(client.get(path, REMOTE_ADDR=address, **more)["X-RateLimit-Remaining"])
        return before - after if before > after else 0  # a new window began

    one = max(cost("/api/v1/orders?limit=1") for _ in range(2))
    thousand = max(cost("/api/v1/orders?limit=1000") for _ in range(2))
    file = max(cost("/api/v1/orders", HTTP_ACCEPT="text/csv") for _ in range(2))

    assert (one, thousand, file) == (1, 21, 51)


def test_orders_have_a_limit_of_their_own(settings: Settings, maker: User, client_for: ClientFor) -> None:
    settings.ORDER_RATE_PER_SECOND = 77

    answer = client_for(maker).post("/api/v1/orders", {}, format="json", REMOTE_ADDR=fresh_address())

    assert (answer.status_code, answer["X-RateLimit-Limit"], answer["X-RateLimit-Reset"]) == (400, "77", "1")


@pytest.mark.parametrize("path", ["/api/v1/balances", "/api/v1/orders", "/api/v1/ledger", "/api/v1/fees"])
def test_nobody_may_keep_what_is_about_an_account(maker: User, client_for: ClientFor, path: str) -> None:
    for answer in (client_for(maker).get(path), Client().get(path)):
        assert answer["Cache-Control"] == "no-store"
        assert {"Authorization", "X-API-KEY"} <= {name.strip() for name in answer["Vary"].split(",")}


@pytest.mark.parametrize("path", ["/api/v1/auth/token", "/api/v1/auth/token/refresh", "/api/v1/nothing", "/internal/x"])
def test_nobody_may_keep_tokens_or_errors(path: str) -> None:
    assert Client().post(path, {}, content_type="application/json")["Cache-Control"] == "no-store"


def test_unknown_api_keys_stop_costing_queries(django_assert_max_num_queries: Callable[[int], object]) -> None:
    client, most = Client(REMOTE_ADDR=fresh_address()), api_keys.UNKNOWN_PER_MINUTE

    def ask(number: int) -> int:
        headers = UNKNOWN_KEY | {"X-API-KEY": UNKNOWN_KEY["X-API-KEY"].format(number)}
        return client.get("/api/v1/balances", headers=headers).status_code

    assert {ask(number) for number in range(most)} == {401}
    with django_assert_max_num_queries(0):  # type: ignore[attr-defined]  # a context manager
        assert {ask(most + number) for number in range(20)} == {429}
