"""The OpenAPI document of the order endpoints: every field is explained and has an example."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from base.errors import ErrorCode
from orders.api.inputs import AmendInput, BracketInput, CancelAfterInput, OcoInput, OrderInput
from orders.api.rules import TYPES
from orders.models import Order
from orders.representation import order_as_json
from tests.fixtures import make_market, make_user
from tests.integration.api.stored import store_order

PATHS = re.compile(r"/api/v1/(orders|orderbook|trades)\b.*")
PLACING = [
    ("/api/v1/orders", "post"),
    ("/api/v1/orders/batch", "post"),
    ("/api/v1/orders/oco", "post"),
    ("/api/v1/orders/bracket", "post"),
    ("/api/v1/orders/cancel-after", "post"),
    ("/api/v1/orders/{order_id}", "patch"),
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = APIClient().get("/api/schema?format=json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        if PATHS.fullmatch(path):
            yield from ((f"{method} {path}", operation) for method, operation in item.items())


def components(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return all components that an order endpoint names, and those that these name."""
    schemas, found = document["components"]["schemas"], dict[str, dict[str, Any]]()
    waiting = [name for _, operation in operations(document) for name in named(operation)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += named(schemas[name])
    return found


def named(node: Any) -> list[str]:
    return re.findall(r"#/components/schemas/(\w+)", repr(node))


def unexplained(name: str, schema: dict[str, Any]) -> Iterator[str]:
    for field, content in schema.get("properties", {}).items():
        is_of_components = bool(named(content))
        if not content.get("description") and "$ref" not in content:
            yield f"{name}.{field} is not described"
        if "example" not in content and not is_of_components and "properties" not in content:
            yield f"{name}.{field} has no example"
        yield from unexplained(f"{name}.{field}", content)


def test_every_field_is_described_and_has_an_example(document: dict[str, Any]) -> None:
    found = components(document)

    assert {"OrderInputRequest", "BatchInputRequest", "OrderOutput", "BatchResult", "Meta", "Error"} <= set(found)
    assert [gap for name, schema in found.items() for gap in unexplained(name, schema)] == []


def test_every_operation_and_parameter_is_described(document: dict[str, Any]) -> None:
    found = dict(operations(document))

    assert len(found) >= 13
    assert [name for name, operation in found.items() if not operation.get("summary")] == []
    assert [
        f"{name} {parameter['name']}"
        for name, operation in found.items()
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query" and not (parameter.get("description") and "example" in parameter["schema"])
    ] == []


@pytest.mark.parametrize(("path", "method"), PLACING)
def test_requests_have_examples(document: dict[str, Any], path: str, method: str) -> None:
    content = document["paths"][path][method]["requestBody"]["content"]["application/json"]

    assert content["examples"]


def test_the_examples_of_orders_show_every_type_and_pass_validation(
    document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = {"orders": OrderInput, "oco": OcoInput, "bracket": BracketInput, "cancel-after": CancelAfterInput}
    monkeypatch.setattr("orders.api.rules._expiry", lambda *_: iter(()))  # the examples' time passes
    monkeypatch.setattr("orders.api.rules._ORDER_RULES", ())
    shown = set()
    for path, method in PLACING:
        examples = document["paths"][path][method]["requestBody"]["content"]["application/json"]["examples"]
        for example in examples.values():
            value = example["value"]
            if path.endswith("batch"):
                shown |= {OrderInput.validated(order)["type"] for order in value["orders"]}
            elif method == "patch":
                AmendInput.validated(value)
            else:
                shown.add(inputs[path.rpartition("/")[2]].validated(value).get("type"))

    assert set(TYPES) <= shown


def test_an_order_is_described_as_it_is_answered(document: dict[str, Any]) -> None:
    market = make_market()
    answered = order_as_json(store_order(make_user("maker"), market), market)

    described = document["components"]["schemas"]["OrderOutput"]["properties"]
    assert set(answered) == set(described)
    assert set(described["type"]["enum"]) == set(Order.Type.values)
    assert set(described["status"]["enum"]) >= {"pending", "expired"}


def test_all_codes_are_listed(document: dict[str, Any]) -> None:
    code = document["components"]["schemas"]["Error"]["properties"]["error"]["properties"]["code"]

    assert code["enum"] == [code.value for code in ErrorCode]
