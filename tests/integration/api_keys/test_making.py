"""Making, listing and revoking API keys over REST; what is kept of them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from base.errors import ApiError, ErrorCode
from base.throttling import ApiKeyThrottle
from exchange.models import ApiKey, AuditEntry, User
from exchange.services import API_KEYS_MAX, api_key_create, api_keys_prune
from exchange.tasks import prune_logins
from tests.engines import wait_until
from tests.integration.api_keys.signing import KEYS, ORDERS, Signer, make_key, status_and_code

SHOWN = {"id", "label", "scopes", "status", "created_at", "expires_at", "last_used_at", "revoked_at"}


@pytest.fixture
def client(maker: User, client_for: Callable[[User], APIClient]) -> APIClient:
    return client_for(maker)


def make(client: APIClient, **fields: Any) -> Any:
    return client.post(KEYS, {"label": "bot", "scopes": ["read", "trade"]} | fields, format="json")


def listed(client: APIClient) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = client.get(KEYS).json()["data"]
    return keys


def acts_on(key_id: str) -> list[tuple[str, str | None]]:
    entries = AuditEntry.objects.filter(target_type="exchange.apikey", target_id=key_id).order_by("id")
    return [(entry.action, entry.actor.username if entry.actor else None) for entry in entries]


def test_the_secret_is_shown_once_and_works(client: APIClient, maker: User) -> None:
    answer = make(client)
    made = answer.json()["data"]

    assert answer.status_code == 201
    assert set(made) == {*SHOWN, "secret"}
    assert (made["label"], made["scopes"], made["status"]) == ("bot", ["read", "trade"], "active")
    assert (len(made["secret"]), made["expires_at"], made["last_used_at"]) == (64, None, None)
    assert [set(key) for key in listed(client)] == [SHOWN]
    signer = Signer.of(made["id"], made["secret"])
    assert signer.get(ORDERS).status_code == 200
    assert acts_on(made["id"]) == [("api_key.create", maker.username), ("api_key.new_address", maker.username)]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"label": ""}, {"label"}),
        ({"label": "x" * 65}, {"label"}),
        ({"label": "a\x00b"}, {"label"}),
        ({"label": 7, "scopes": "read"}, {"label", "scopes"}),
        ({"scopes": []}, {"scopes"}),
        ({"scopes": ["withdraw"]}, {"scopes.0"}),
        ({"scopes": ["read", "withdraw"]}, {"scopes.1"}),
        ({"scopes": ["read", "trade", "read"]}, {"scopes"}),
        ({"expires_at": "tomorrow"}, {"expires_at"}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at"}),
        ({"secret": "mine"}, {"secret"}),
    ],
)
def test_a_malformed_wish_names_its_fields(client: APIClient, fields: dict[str, Any], wrong: set[str]) -> None:
    answer = make(client, **fields)

    assert status_and_code(answer) == (400, "VALIDATION_ERROR")
    assert set(answer.json()["error"]["details"]) == wrong
    assert listed(client) == []


def test_a_key_with_an_end_says_when(client: APIClient) -> None:
    made = make(client, expires_at="2999-01-31T12:00:00+01:00").json()["data"]

    assert made["expires_at"] == "2999-01-31T11:00:00.000Z"


def test_a_revoked_key_is_out_and_stays_in_the_list(client: APIClient, maker: User) -> None:
    key = make_key(maker)
    signer = Signer(key)
    assert signer.get(ORDERS).status_code == 200

    answers = [client.delete(f"{KEYS}/{key.row.pk}") for _ in range(2)]

    assert status_and_code(signer.get(ORDERS)) == (401, "BAD_SIGNATURE")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["data"]["revoked_at"] == answers[1].json()["data"]["revoked_at"] is not None
    assert [row["status"] for row in listed(client)] == ["revoked"]
    acts = ["api_key.create", "api_key.new_address", "api_key.revoke"]
    assert acts_on(str(key.row.pk)) == [(act, maker.username) for act in acts]


def test_all_own_keys_are_revoked_at_once_and_nobody_elses(client: APIClient, maker: User, taker: User) -> None:
    keys, others = [make_key(maker) for _ in range(3)], make_key(taker)

    assert client.delete(KEYS).json()["data"] == {"revoked": 3}
    assert client.delete(KEYS).json()["data"] == {"revoked": 0}

    assert {status_and_code(Signer(key).get(ORDERS)) for key in keys} == {(401, "BAD_SIGNATURE")}
    assert Signer(others).get(ORDERS).status_code == 200


@pytest.mark.parametrize("key_id", ["{others}", "00000000-0000-7000-8000-000000000000", "nonsense", "%00"])
def test_a_key_that_is_not_ones_own_does_not_exist(client: APIClient, taker: User, key_id: str) -> None:
    others = make_key(taker)

    answer = client.delete(f"{KEYS}/{key_id.replace('{others}', str(others.row.pk))}")

    assert status_and_code(answer) == (404, "API_KEY_NOT_FOUND")
    assert Signer(others).get(ORDERS).status_code == 200


def test_each_sees_own_keys_newest_first(client: APIClient, maker: User, taker: User) -> None:
    keys = [make_key(maker) for _ in range(3)]
    make_key(taker)

    page = client.get(f"{KEYS}?limit=2").json()

    assert [row["id"] for row in page["data"]] == [str(key.row.pk) for key in reversed(keys)][:2]
    assert page["pagination"]["total"] == 3


def test_an_account_has_a_bounded_number_of_keys_also_at_once(maker: User) -> None:
    make_key(maker, expires_at=timezone.now() + timedelta(milliseconds=1))  # has expired by then
    wait_until(lambda: ApiKey.objects.filter(user=maker, expires_at__lt=timezone.now()), "the first key to expire")
    for _ in range(API_KEYS_MAX - 3):
        make_key(maker)

    def attempt(_: int) -> str:
        try:
            make_key(maker)
        except ApiError as error:
            return error.code
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(attempt, range(8)))

    assert outcomes == [ErrorCode.TOO_MANY_API_KEYS] * 5 + ["ok"] * 3


def test_making_keys_is_limited_and_reading_and_revoking_them_is_not(
    client: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ApiKeyThrottle, "rate", staticmethod(lambda: 2))
    statuses = [make(client).status_code for _ in range(6)]  # two windows at most

    assert 201 in statuses and 429 in statuses
    assert client.get(KEYS).status_code == client.delete(KEYS).status_code == 200


def test_the_last_use_is_noted_once_a_minute(maker: User) -> None:
    key = make_key(maker)
    rows, signer = ApiKey.objects.filter(pk=key.row.pk), Signer(key)

    signer.get(ORDERS)
    first = rows.get().last_used_at
    signer.get(ORDERS)
    assert first is not None and rows.get().last_used_at == first

    rows.update(last_used_at=first - timedelta(minutes=2))
    wait_until(lambda: signer.get(ORDERS) and rows.filter(last_used_at__gt=first), "another use to be noted", 5)


def test_the_database_refuses_scopes_that_there_are_not(maker: User) -> None:
    key = make_key(maker)

    for scopes in (["read", "withdraw"], ["trade"], []):
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiKey.objects.filter(pk=key.row.pk).update(scopes=scopes)


def test_keys_that_ended_long_ago_are_forgotten_and_their_acts_are_not(maker: User) -> None:
    long_ago = timezone.now() - timedelta(days=91)
    expired, revoked, good, recent = (make_key(maker) for _ in range(4))
    ApiKey.objects.filter(pk=expired.row.pk).update(expires_at=long_ago)
    ApiKey.objects.filter(pk=revoked.row.pk).update(revoked_at=long_ago)
    ApiKey.objects.filter(pk=recent.row.pk).update(revoked_at=timezone.now())

    assert prune_logins() >= 2
    assert api_keys_prune(now=timezone.now()) == 0

    assert set(ApiKey.objects.filter(user=maker)) == {good.row, recent.row}
    assert acts_on(str(revoked.row.pk)) == [("api_key.create", maker.username)]


def test_a_key_cannot_expire_before_it_is_made(maker: User) -> None:
    now = timezone.now()

    with pytest.raises(ApiError) as refused:
        api_key_create(user=maker, label="late", scopes=["read"], now=now, expires_at=now)
    assert refused.value.code is ErrorCode.VALIDATION_ERROR
