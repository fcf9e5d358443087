"""A visitor of a demo copy opens an account with money; elsewhere there is no such thing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from pytest_django import Settings
from rest_framework.test import APIClient

from base.errors import ApiError, ErrorCode
from demo.accounts import demo_account_open
from exchange.models import Asset, AuditEntry, User
from exchange.seeds import ASSETS, VISITOR_FUNDS
from settlement.models import LedgerEntry
from tests.invariants import assert_ledger_balances

PATH = "/api/v1/demo/accounts"


@pytest.fixture(autouse=True)
def demo_copy(settings: Settings) -> None:
    settings.DEMO_MODE = True
    settings.DEMO_ACCOUNTS_PER_MINUTE = 1_000
    for asset in ASSETS:
        Asset.objects.get_or_create(code=asset.code, defaults={"name": asset.name, "decimals": asset.decimals})


def open_account(visitor: APIClient, **extra: Any) -> tuple[int, dict[str, Any], Any]:
    answer = visitor.post(PATH, **extra)
    return answer.status_code, answer.json(), answer


def test_one_request_gives_a_login_and_money(visitor: APIClient) -> None:
    status, body, _ = open_account(visitor)

    assert status == 201, body
    account = body["data"]
    assert account["username"].startswith("demo-")
    assert account["token_type"] == "Bearer"
    assert {row["asset"]: Decimal(row["available"]) for row in account["balances"]} == VISITOR_FUNDS
    bearer = {"Authorization": f"Bearer {account['access']}"}
    shown = visitor.get("/api/v1/balances", headers=bearer).json()["data"]
    assert shown == account["balances"]
    again = {"username": account["username"], "password": account["password"]}
    assert visitor.post("/api/v1/auth/token", again, format="json").status_code == 200


def test_the_money_is_a_transfer_from_outside_and_the_account_is_audited(visitor: APIClient) -> None:
    _, body, _ = open_account(visitor)

    user = User.objects.get(username=body["data"]["username"])
    entries = LedgerEntry.objects.filter(account__owner=user)
    assert {entry.reason for entry in entries} == {"Demo funds"}
    assert {entry.kind for entry in entries} == {LedgerEntry.Kind.DEPOSIT}
    assert entries.values("transfer_id").distinct().count() == 1
    audit = AuditEntry.objects.get(target_id=str(user.pk))
    assert (audit.action, audit.actor) == ("demo.open_account", None)
    assert not (user.is_staff or user.is_superuser)
    assert_ledger_balances(assets=list(VISITOR_FUNDS))


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_elsewhere_there_is_nothing(visitor: APIClient, settings: Settings, method: str) -> None:
    settings.DEMO_MODE = False

    answer = getattr(visitor, method)(PATH)

    unknown = getattr(visitor, method)("/api/v1/demo/nothing")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "NOT_FOUND")
    assert answer.json()["error"]["message"] == unknown.json()["error"]["message"].replace(
        "demo/nothing", "demo/accounts"
    )


def test_with_a_remote_wallet_there_is_nothing(visitor: APIClient, settings: Settings) -> None:
    settings.WALLET, settings.WALLET_URL, settings.WALLET_TOKEN = "remote", "http://127.0.0.1:9", "a token of sixteen"

    assert open_account(visitor)[0] == 404


def test_another_method_is_not_allowed(visitor: APIClient) -> None:
    assert visitor.get(PATH).status_code == 405


def test_an_address_opens_so_many_in_a_minute(visitor: APIClient, settings: Settings) -> None:
    settings.DEMO_ACCOUNTS_PER_MINUTE = 2
    address = {"REMOTE_ADDR": "192.0.2.7"}

    statuses = [open_account(visitor, **address)[0] for _ in range(5)]

    # The turn of the minute may fall in between.
    assert statuses.count(429) in (1, 2, 3)
    assert statuses[:2] == [201, 201]
    assert open_account(visitor, REMOTE_ADDR="192.0.2.8")[0] == 201


def test_a_day_has_so_many_however_many_come_at_once(settings: Settings) -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    made = User.objects.filter(username__startswith="demo-", date_joined__gte=midnight).count()
    settings.DEMO_ACCOUNTS_PER_DAY = made + 2

    def attempt(_: int) -> ApiError | None:
        try:
            demo_account_open(now=now)
        except ApiError as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(6) as pool:
        refusals = [error for error in pool.map(attempt, range(6)) if error]

    assert [error.code for error in refusals] == [ErrorCode.RATE_LIMITED] * 4
    assert all(1 <= int(error.headers["Retry-After"]) <= 86_400 for error in refusals)
    assert_ledger_balances(assets=list(VISITOR_FUNDS))


def test_the_answer_is_described(visitor: APIClient) -> None:
    document = visitor.get("/api/schema?format=json").json()

    operation = document["paths"][PATH]["post"]
    assert {"201", "404", "429"} <= set(operation["responses"])
    assert "requestBody" not in operation
