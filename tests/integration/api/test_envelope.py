"""What every answer has in common, errors outside any view included."""

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client, override_settings
from rest_framework.test import APIClient

from exchange import __version__
from exchange.models import Market
from exchange.selectors import forget_markets

ISO_MS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def test_success_has_data_and_meta(visitor: APIClient, market: Market) -> None:
    answer = visitor.get(f"/api/v1/markets/{market.slug}")

    body = answer.json()
    assert (answer.status_code, body["success"], body["data"]["symbol"]) == (200, True, market.symbol)
    assert ISO_MS.fullmatch(body["meta"]["timestamp"])
    assert UUID7.fullmatch(body["meta"]["request_id"])
    assert answer["X-Request-ID"] == body["meta"]["request_id"]


def test_a_harmless_request_id_is_kept(visitor: APIClient) -> None:
    answer = visitor.get("/api/v1/markets", headers={"X-Request-ID": "trace.1:a_B-2"})

    assert answer["X-Request-ID"] == answer.json()["meta"]["request_id"] == "trace.1:a_B-2"


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\r\nSet-Cookie: b", "<script>", "é"])
def test_any_other_request_id_is_replaced(visitor: APIClient, given: str) -> None:
    answer = visitor.get("/api/v1/markets", headers={"X-Request-ID": given})

    assert UUID7.fullmatch(answer["X-Request-ID"])


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/orders", "/api/v1/orders/1/2", "/api/v1/%ff"])
def test_unknown_paths_of_the_api_answer_json(visitor: APIClient, path: str) -> None:
    answer = visitor.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/orders", "/internal/nothing"])
def test_an_unknown_path_is_unknown_to_every_method(path: str, method: str) -> None:
    program = Client(enforce_csrf_checks=True)

    answer = program.generic(method.upper(), path, "{}", content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/v1/", "/api/streams", "/api/schema", "/health", "/ready"])
def test_what_is_only_read_refuses_other_methods_in_the_envelope(path: str, method: str) -> None:
    program = Client(enforce_csrf_checks=True)

    answer = program.generic(method, path, "{}", content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v1", "/api/v1/"])
def test_the_root_of_the_api_leads_to_its_documents(visitor: APIClient, path: str) -> None:
    about = visitor.get(path).json()["data"]

    assert (about["name"], about["version"]) == ("Trade Engine", __version__)
    for name, address in about["links"].items():
        assert visitor.get(urlsplit(address).path).status_code in (200, 503), name  # no engine serves here


def test_unknown_paths_answer_json_with_debug_too(visitor: APIClient) -> None:
    with override_settings(DEBUG=True):
        answer = visitor.post("/api/v1/nothing")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_wrong_host_answers_json(visitor: APIClient) -> None:
    answer = visitor.get("/api/v1/markets", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")


def test_a_method_a_path_does_not_have(visitor: APIClient) -> None:
    answer = visitor.delete("/api/v1/markets")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")


def test_a_type_that_is_not_served(visitor: APIClient) -> None:
    answer = visitor.get("/api/v1/markets", headers={"Accept": "text/csv"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "NOT_ACCEPTABLE")


def test_a_bug_shows_no_stack_trace(visitor: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> Market:
        raise RuntimeError("a secret of the code")

    monkeypatch.setattr("exchange.api.markets.market_by_symbol", fail)

    answer = visitor.get("/api/v1/markets/BTC-USDT")

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.content
    assert b"Traceback" not in answer.content


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=" + "9" * 5_000, "limit"),
        ("limit=٣", "limit"),
        ("offset=-1", "offset"),
        ("offset=10001", "offset"),
    ],
)
def test_a_page_out_of_bounds_is_refused(visitor: APIClient, query: str, field: str) -> None:
    answer = visitor.get(f"/api/v1/markets?{query}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert list(answer.json()["error"]["details"]) == [field]


def test_pages_say_where_they_are(visitor: APIClient, market: Market) -> None:
    forget_markets()  # the list may be a second old

    body = visitor.get("/api/v1/markets?limit=1").json()

    pagination = body["pagination"]
    assert (len(body["data"]), pagination["limit"], pagination["offset"]) == (1, 1, 0)
    assert pagination["has_more"] == (pagination["total"] > 1)

    beyond = visitor.get(f"/api/v1/markets?offset={pagination['total']}").json()
    assert (beyond["data"], beyond["pagination"]["has_more"]) == ([], False)
    assert beyond["pagination"]["total"] == pagination["total"]
