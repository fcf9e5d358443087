"""Garbage in the addresses of the back office and of the wallet service: refused or ignored, never a server error."""

import os
import random
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from exchange.models import User
from settlement.models import Account
from tests.fixtures import make_user

LOOKUPS = (
    "", "__exact", "__iexact", "__contains", "__gt", "__lte", "__in", "__range", "__isnull", "__regex", "__year",
    "__date", "__id__exact", "__len", "__no_such", "__",
)  # fmt: skip
VALUES = (
    "", "x", "\0", "0" * 400, "9" * 400, "-1", "1e400", "NaN", "1,2", ",", "[", "(", "%", "None", "true", "\uff12",
    "{}",
    "01900000-0000-7000-8000-000000000001", "2026-13-45", "0000-00-00", "10000-01-01", "../..", "' OR 1=1 --",
)  # fmt: skip
OTHERS = ("q", "o", "p", "all", "e", "_facets", "_to_field", "_popup", "from", "to", "time", "created_at__gte")
CASES = 60
WALLET = "/internal/wallet/v1/"
TOKEN = "the-token-of-a-test-wallet"


@pytest.fixture(scope="module")
def boss() -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(make_user("staff", is_staff=True))
    return client


def lists() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every list of the back office with every field, lookup and value."""
    for model in sorted(admin.site._registry, key=lambda each: each._meta.label):
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        names = [field.name + lookup for field, lookup in product(model._meta.concrete_fields, LOOKUPS)]
        for name, value in product([*names, *OTHERS], VALUES):
            yield address, {name: value}


def statuses(client: Client, cases: list[tuple[str, dict[str, str]]]) -> list[Any]:
    return [(*case, answer.status_code) for case in cases if (answer := client.get(*case)).status_code >= 500]


def test_random_filters_of_random_lists_are_no_server_errors(boss: Client) -> None:
    cases = random.Random(int(os.environ["TEST_SEED"])).sample(list(lists()), CASES)

    assert statuses(boss, cases) == []


@pytest.mark.long
def test_no_filter_of_any_list_is_a_server_error(boss: Client) -> None:
    cases = random.Random(int(os.environ["TEST_SEED"])).sample(list(lists()), 150 * CASES)

    assert statuses(boss, cases) == []


@pytest.mark.parametrize("lookup", ["salt", "salt__gt", "salt__in", "salt__contains", "salt__regex"])
def test_nobody_can_filter_by_what_no_page_shows(boss: Client, lookup: str) -> None:
    answer = boss.get("/admin/exchange/apikey/", {lookup: "x"})

    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/admin/orders/mismatch/", "subject__range"),
        ("/admin/orders/order/", "status__range"),
        ("/admin/settlement/adjustment/", "beneficiaries__in"),
        ("/admin/proposals/proposal/", "payload"),
        ("/admin/proposals/proposal/", "payload__has_keys"),
    ],
)
def test_what_an_address_cannot_say_is_refused(boss: Client, address: str, name: str) -> None:
    assert {boss.get(address, {name: value}).status_code for value in ("NaN", "1,2", "[", "12")} == {400}


@pytest.mark.parametrize("days", [*VALUES, "0000000300", "300", "030", "365 ", "-30"])
def test_any_period_of_an_explanation_is_answered(boss: Client, maker: User, days: str) -> None:
    account = Account.objects.filter(owner=maker)[0]
    address = f"/admin/settlement/account/{account.pk}/explain/"

    assert boss.get(address, {"days": days}).status_code == 200


@pytest.mark.parametrize("pk", ["x", "0", "9" * 60, "-1", "%00", "01900000-0000-7000-8000-000000000001", "_2F", "__"])
def test_objects_that_do_not_exist_are_no_server_errors(boss: Client, pk: str) -> None:
    for model in admin.site._registry:
        folder = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for page in ("change/", "delete/", "history/", "explain/", "statement/"):
            assert boss.get(f"{folder}{pk}/{page}").status_code < 500, (model, pk, page)


def test_garbage_at_the_wallet_service_is_no_server_error(settings: Settings) -> None:
    settings.WALLET_SERVICE_TOKEN = TOKEN
    client, pick = Client(raise_request_exception=False), random.Random(int(os.environ["TEST_SEED"]))
    paths = ["ping", "reserved", "reservations", "releases", "settlements", "schema", "operations/x", "balances/x/y"]
    id_ = "01900000-0000-7000-8000-000000000001"
    paths += [
        f"operations/{id_}",
        f"balances/{id_}",
        f"balances/{id_}/%00",
        f"reservations/{id_}/void",
        "settlements/x",
    ]
    bodies = ("", "{", "[]", "null", "1", '"x"', "{}", '{"id": 1}', '{"id": "\\u0000"}', '{"trades": [{}]}', "\xff")
    found = []
    for _ in range(CASES):
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": pick.choice(["*/*", "text/html", "application/json"])}
        path = f"{WALLET}{pick.choice(paths)}?after_user={pick.choice(VALUES)}&after_asset={pick.choice(VALUES)}"
        case = (pick.choice(["GET", "POST", "PUT", "OPTIONS"]), path, pick.choice(bodies))
        kind = pick.choice(["application/json", "text/plain", "multipart/form-data", ""])
        if client.generic(*case, kind, headers=headers).status_code >= 500:
            found.append((case, kind))
    assert found == []
