"""What watches the answers of all other tests notices what is not described."""

from typing import Any

import pytest

from tests.contract.answers import RestContract
from tests.contract.openapi import published_document

TRADE = {
    "id": "01900000-0000-7000-8000-000000000001", "symbol": "BTC/USDT", "price": "10.01", "quantity": "0.005",
    "taker_side": "buy", "executed_at": "2026-01-31T12:00:00.123Z",
    "seq": 1,
    "settlement_status": "settled",
}  # fmt: skip
META = {"request_id": "1", "timestamp": "2026-01-31T12:00:00.123Z"}
GOOD = {"success": True, "data": TRADE, "meta": META}
NOT_FOUND = {"success": False, "error": {"code": "TRADE_NOT_FOUND", "message": "None", "details": {}}, "meta": META}
JSON = "application/json"


@pytest.fixture(scope="module")
def contract() -> RestContract:
    return RestContract()


def problems(contract: RestContract, status: int, body: Any, content_type: str = JSON) -> list[str]:
    contract.check("GET", "/api/v1/trades/1", status, content_type, lambda: body)
    return contract.take_problems()


def test_what_is_described_is_right(contract: RestContract) -> None:
    assert problems(contract, 200, GOOD) == []
    assert problems(contract, 404, NOT_FOUND) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"price": 10.01},
        {"price": "1e3"},
        {"symbol": "btc-usdt"},
        {"taker_side": "BUY"},
        {"settlement_status": None},
        {"buyer_id": "somebody"},
    ],
)
def test_a_member_that_is_not_as_described_is_noticed(contract: RestContract, changes: dict[str, Any]) -> None:
    assert problems(contract, 200, GOOD | {"data": TRADE | changes})


def test_a_status_a_type_and_a_code_that_are_not_described_are_noticed(contract: RestContract) -> None:
    assert "status" in problems(contract, 418, NOT_FOUND)[0]
    assert "text/html" in problems(contract, 404, NOT_FOUND, "text/html")[0]
    error = {"code": "TICK_SIZE", "message": "No", "details": {}}
    assert "TICK_SIZE" in problems(contract, 404, NOT_FOUND | {"error": error})[0]


def test_other_paths_and_methods_are_not_looked_at(contract: RestContract) -> None:
    contract.check("GET", "/admin/", 200, "text/html", dict)
    contract.check("GET", "/api/v1/nothing", 404, JSON, dict)
    contract.check("PUT", "/api/v1/trades/1", 405, JSON, dict)

    assert contract.take_problems() == []


def test_the_document_that_is_served_is_the_one_that_is_compared(visitor: Any) -> None:
    assert visitor.get("/api/schema?format=json").json() == published_document()
