"""Requests signed with an API key: what is accepted, what is refused, and what a refusal gives away."""

import hashlib
import hmac
import os
import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings
from redis.exceptions import ConnectionError as ValkeyAwayError
from rest_framework.test import APIClient

from base.valkey import valkey
from exchange import signatures
from exchange.api_keys import forget_api_keys
from exchange.models import ApiKey, AuditEntry, Market, User
from exchange.services import NewApiKey, api_key_revoke
from orders.api.orders import OrderViewSet
from tests.engines import running_engine, wait_until
from tests.fixtures import access_token
from tests.integration.api_keys.signing import KEYS, ORDERS, Signer, make_key, message, now_ms, send, status_and_code

BAD = (401, "BAD_SIGNATURE")
UNKNOWN = "There is no such API key, or the signature is not right"


@pytest.fixture
def key(maker: User) -> NewApiKey:
    return make_key(maker)


@pytest.fixture
def signer(key: NewApiKey) -> Signer:
    return Signer(key)


# --- what is accepted -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    [
        ORDERS,
        f"{ORDERS}?limit=5",
        f"{ORDERS}?symbol=BTC%2FUSDT&limit=5",
        f"{ORDERS}?limit=5&from=2026-01-01T00:00:00%2B01:00",
        "/api/v1/balances",
        "/api/v1/trades?mine=true",
        "/api/v1/orders/by-client-id/a:b.c-d_e",
        "/api/v1/orders/by-client-id/a%3Ab",
        "/api/v1/orders/by-client-id/a%20b",
    ],
)
def test_a_signed_request_is_its_owners_as_it_was_sent(signer: Signer, target: str) -> None:
    answer = signer.get(target)

    assert status_and_code(answer) in [(200, ""), (404, "ORDER_NOT_FOUND"), (404, "MARKET_NOT_FOUND")], answer.content


def test_orders_are_placed_amended_and_cancelled(signer: Signer, market: Market, maker: User) -> None:
    order = {"symbol": market.slug, "side": "buy", "type": "limit", "quantity": "2", "price": "100"}
    with running_engine(market):
        placed = signer.send("POST", ORDERS, order)
        page = f"{ORDERS}/{placed.json()['data']['order']['id']}"
        amended = signer.send("PATCH", page, {"quantity": "1"})
        batch = signer.send("POST", f"{ORDERS}/batch", {"orders": [order, order]})
        cancelled = signer.send("DELETE", page)
        rest = signer.send("DELETE", f"{ORDERS}?symbol={market.slug}")

    assert [answer.status_code for answer in (placed, amended, batch, cancelled)] == [201, 200, 200, 200]
    assert placed.json()["data"]["order"]["user_id"] == str(maker.pk)
    assert rest.json()["data"] == {"cancelled": 2}


@pytest.mark.parametrize(
    "body", [b' {"timeout_ms" : 1}\n', '{"timeout_ms": 0, "é": "ü"}'.encode(), b"\xff\x00 no JSON", b"[1e400]"]
)
def test_the_body_is_signed_byte_by_byte(signer: Signer, body: bytes) -> None:
    right = signer.send("POST", f"{ORDERS}/cancel-after", body)
    wrong = signer.headers("POST", f"{ORDERS}/cancel-after", body)
    changed = send("POST", f"{ORDERS}/cancel-after", body + b" ", wrong)

    assert status_and_code(right) == (400, "VALIDATION_ERROR")
    assert status_and_code(changed) == BAD


def test_upper_case_hexadecimal_is_the_same_signature(signer: Signer) -> None:
    headers = signer.headers("GET", ORDERS)
    shouted = headers | {"X-API-SIGNATURE": headers["X-API-SIGNATURE"].upper()}

    assert signer.get(ORDERS, headers=shouted).status_code == 200
    assert status_and_code(signer.get(ORDERS, headers=headers)) == BAD


def test_a_key_that_is_known_costs_no_query(
    signer: Signer, django_assert_max_num_queries: DjangoAssertNumQueries, settings: Settings
) -> None:
    settings.TOKEN_TRUST_SECONDS = 60
    signer.get(ORDERS)

    with django_assert_max_num_queries(2):  # a page and its count
        assert signer.get(ORDERS).status_code == 200


def test_with_a_token_beside_it_the_token_counts(signer: Signer, taker: User) -> None:
    both = {"Authorization": f"Bearer {access_token(taker)}", "X-API-SIGNATURE": "0" * 64}

    assert signer.get(ORDERS, headers=both).status_code == 200


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-API-KEY", ""),
        ("X-API-KEY", "é"),
        ("X-API-KEY", "{01900000-0000-7000-8000-000000000001}"),
        ("X-API-KEY", "01900000-0000-7000-8000-000000000001"),
        ("X-API-TIMESTAMP", None),
        ("X-API-TIMESTAMP", "-5"),
        ("X-API-TIMESTAMP", "1e12"),
        ("X-API-TIMESTAMP", "٣" * 13),
        ("X-API-TIMESTAMP", "9" * 400),
        ("X-API-SIGNATURE", None),
        ("X-API-SIGNATURE", ""),
        ("X-API-SIGNATURE", "0" * 64),
        ("X-API-SIGNATURE", "00 " * 64),
        ("X-API-SIGNATURE", "z" * 64),
        ("X-API-SIGNATURE", "0" * 10_000),
    ],
)
def test_a_header_that_is_wrong_is_refused(signer: Signer, header: str, value: str | None) -> None:
    answer = signer.get(ORDERS, headers={header: value})

    assert status_and_code(answer) == BAD
    assert answer["WWW-Authenticate"] == "Bearer"


def test_every_part_of_the_request_is_signed(signer: Signer) -> None:
    print(f"repeat with TEST_SEED={os.environ['TEST_SEED']}")
    rng = random.Random(os.environ["TEST_SEED"])
    for _ in range(50):
        method, target, body = "POST", f"{ORDERS}/cancel-after?x=1", b'{"timeout_ms": 0}'
        headers = signer.headers(method, target, body)
        spot = rng.randrange(5)
        if spot == 0:
            method = rng.choice(["PUT", "PATCH", "DELETE", "GET"])
        elif spot == 1:
            target = f"{ORDERS}/cancel-after?x={rng.randint(2, 99)}"
        elif spot == 2:
            body = f'{{"timeout_ms": {rng.randint(3_000, 9_000)}}}'.encode()
        elif spot == 3:
            headers["X-API-TIMESTAMP"] = str(int(headers["X-API-TIMESTAMP"]) + rng.randint(1, 900))
        else:
            at = rng.randrange(64)
            digit = rng.choice([each for each in "0123456789abcdef" if each != headers["X-API-SIGNATURE"][at]])
            headers["X-API-SIGNATURE"] = headers["X-API-SIGNATURE"][:at] + digit + headers["X-API-SIGNATURE"][at + 1 :]
        assert status_and_code(send(method, target, body, headers)) == BAD, (spot, method, target, body)


@pytest.mark.parametrize("moved", ["T", "-USDT", "?symbol=BTC-USDT"])
def test_bytes_that_move_from_the_address_into_the_body_do_nothing(signer: Signer, moved: str) -> None:
    """What is signed has no mark between them."""
    target = f"{ORDERS}?symbol=BTC-USDT"
    headers = signer.headers("DELETE", target)

    answer = send("DELETE", target.removesuffix(moved), moved.encode(), headers)

    assert answer.status_code in (400, 404)


def test_a_signature_is_good_once(signer: Signer) -> None:
    headers = signer.headers("GET", ORDERS)

    assert signer.get(ORDERS, headers=headers).status_code == 200
    again = signer.get(ORDERS, headers=headers)

    assert (status_and_code(again), message(again)) == (
        BAD, "This signature was used before: sign each request with a timestamp of its own",
    )  # fmt: skip


def test_of_many_uses_of_a_signature_at_once_one_gets_through(signer: Signer) -> None:
    headers = signer.headers("GET", ORDERS, timestamp=signer.timestamp(age_ms=-4_000))

    def use(_: int) -> int:
        try:
            return int(signer.get(ORDERS, headers=headers).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        statuses = sorted(threads.map(use, range(16)))

    assert statuses == [200] + [401] * 15


@pytest.mark.parametrize(("age_ms", "text"), [(7_200, r"is ([789]|1\d)\.\d s old"), (-9_900, r"is [5-9]\.\d s ahead")])
def test_a_clock_that_is_wrong_is_told_by_how_much(signer: Signer, age_ms: int, text: str) -> None:
    answer = signer.get(ORDERS, timestamp=signer.timestamp(age_ms=age_ms))

    assert status_and_code(answer) == BAD
    assert re.search(text, message(answer))
    assert abs(answer.json()["error"]["details"]["server_time_ms"] - now_ms()) < 2_000


@pytest.mark.parametrize("age_ms", [2_000, -4_000])
def test_a_clock_that_is_nearly_right_is_good_enough(signer: Signer, age_ms: int) -> None:
    assert signer.get(ORDERS, timestamp=signer.timestamp(age_ms=age_ms)).status_code == 200


def test_a_spent_signature_is_remembered_for_longer_than_it_is_good(signer: Signer) -> None:
    headers = signer.headers("GET", ORDERS, timestamp=signer.timestamp(age_ms=-4_900))
    signer.get(ORDERS, headers=headers)

    left_ms = valkey().pttl(b"te:signed:" + bytes.fromhex(headers["X-API-SIGNATURE"]))

    assert 2 * signatures.WINDOW_MS < left_ms <= 15_000


# --- what a refusal gives away --------------------------------------------------------------------


def test_who_has_not_the_secret_cannot_tell_whether_a_key_exists(key: NewApiKey, maker: User) -> None:
    revoked, expired, frozen = make_key(maker), make_key(maker), make_key(maker)
    api_key_revoke(actor=maker, key_id=revoked.row.pk, now=timezone.now())
    ApiKey.objects.filter(pk=expired.row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    nobodys = NewApiKey(ApiKey(id=uuid4()), key.secret)
    guesses = [Signer(NewApiKey(each.row, "a guess")) for each in (key, revoked, expired, frozen)]

    answers = [each.get(ORDERS) for each in [*guesses, Signer(nobodys)]]

    assert {status_and_code(answer) for answer in answers} == {BAD}
    assert {message(answer) for answer in answers} == {message(answers[0])}
    assert message(answers[0]).startswith(UNKNOWN)
    assert {str(answer.json()["error"]["details"]) for answer in answers} == {"{}"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"revoked_at": timezone.now()}, "This API key was revoked"),
        ({"expires_at": timezone.now()}, "This API key expired at 20"),
        ({"is_active": False}, "The user of this API key is not active"),
    ],
)
def test_who_has_the_secret_is_told_what_is_wrong(
    key: NewApiKey, maker: User, signer: Signer, change: dict[str, Any], text: str, settings: Settings
) -> None:
    settings.TOKEN_TRUST_SECONDS = 0.2
    assert signer.get(ORDERS).status_code == 200
    rows = User.objects.filter(pk=maker.pk) if "is_active" in change else ApiKey.objects.filter(pk=key.row.pk)
    rows.update(**change)

    wait_until(lambda: signer.get(ORDERS).status_code == 401, "the change to be seen", 5)

    answer = signer.get(ORDERS)
    assert status_and_code(answer) == BAD
    assert message(answer).startswith(text)


def test_no_secret_is_stored_logged_or_shown(maker: User, key: NewApiKey) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(exchange_apikey)::text FROM exchange_apikey WHERE id = %s", [key.row.pk])
        stored = cursor.fetchone()
    entry = AuditEntry.objects.get(target_id=str(key.row.pk))

    assert key.secret not in str(stored) + str(entry.new) + repr(vars(key.row))
    assert "secret" not in str(vars(entry))


# --- scopes ---------------------------------------------------------------------------------------


def test_a_key_that_may_only_read_changes_nothing(maker: User, market: Market) -> None:
    reader = Signer(make_key(maker, "read"))
    order = {"symbol": market.slug, "side": "buy", "type": "limit", "quantity": "1", "price": "100"}
    some_order = f"{ORDERS}/{uuid4()}"

    answers = [
        reader.send("POST", ORDERS, order),
        reader.send("POST", f"{ORDERS}/batch", {"orders": [order]}),
        reader.send("POST", f"{ORDERS}/oco", {}),
        reader.send("POST", f"{ORDERS}/bracket", {}),
        reader.send("POST", f"{ORDERS}/cancel-after", {"timeout_ms": 0}),
        reader.send("PATCH", some_order, {"quantity": "1"}),
        reader.send("DELETE", some_order),
        reader.send("DELETE", ORDERS),
    ]

    assert [status_and_code(answer) for answer in answers] == [(403, "FORBIDDEN")] * 8
    assert reader.get(ORDERS).status_code == 200
    assert reader.get("/api/v1/balances").status_code == 200


def test_who_may_trade_may_read(maker: User) -> None:
    key = make_key(maker, "trade")

    assert key.row.scopes == ["read", "trade"]
    assert Signer(key).get(ORDERS).status_code == 200


@pytest.mark.parametrize(("method", "path"), [("GET", KEYS), ("POST", KEYS), ("DELETE", KEYS), ("DELETE", "{key}")])
def test_a_key_neither_makes_nor_ends_nor_lists_keys(signer: Signer, method: str, path: str) -> None:
    path = f"{KEYS}/{signer.id}" if path == "{key}" else path
    body = {"label": "mine", "scopes": ["trade"]} if method == "POST" else None

    assert status_and_code(signer.send(method, path, body)) == (401, "UNAUTHENTICATED")
    assert ApiKey.objects.get(pk=signer.id).revoked_at is None


def test_an_action_that_names_no_scope_needs_a_login(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {action: scope for action, scope in OrderViewSet.key_scopes.items() if action != "cancel_after"}
    monkeypatch.setattr(OrderViewSet, "key_scopes", others)

    assert status_and_code(signer.send("POST", f"{ORDERS}/cancel-after", {"timeout_ms": 0})) == (403, "FORBIDDEN")
    assert status_and_code(signer.send("POST", f"{ORDERS}/batch", {})) == (400, "VALIDATION_ERROR")


# --- Valkey and SECRET_KEY ------------------------------------------------------------------------


class Client:
    """A client of Valkey that is the real one but for what a test changes."""

    def __init__(self, timeout_s: float) -> None:
        self._client = valkey(timeout_s)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def test_without_valkey_no_signature_is_accepted_and_nobody_waits_for_it(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Away(Client):
        def set(self, *_: Any, **__: Any) -> None:
            asked.append(1)
            raise ValkeyAwayError("gone")

    monkeypatch.setattr("base.valkey.valkey", Away)
    answers = [signer.get(ORDERS) for _ in range(3)]
    assert [status_and_code(answer) for answer in answers] == [(503, "SERVICE_UNAVAILABLE")] * 3
    assert len(asked) == 1
    monkeypatch.undo()

    wait_until(lambda: signer.get(ORDERS).status_code == 200, "signatures to be accepted again", 5)


def test_a_use_whose_answer_was_lost_on_the_way_is_not_taken_for_a_second_one(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Repeating(Client):
        """Sends each command twice, as the client does on a connection that broke."""

        def set(self, *args: Any, **kwargs: Any) -> Any:
            valkey().set(*args, **kwargs)
            return valkey().set(*args, **kwargs)

    monkeypatch.setattr("base.valkey.valkey", Repeating)
    headers = signer.headers("GET", ORDERS)

    assert signer.get(ORDERS, headers=headers).status_code == 200
    assert status_and_code(signer.get(ORDERS, headers=headers)) == BAD


def test_a_key_outlives_a_change_of_the_secret_key_as_long_as_the_old_one_is_named(
    maker: User, signer: Signer, settings: Settings
) -> None:
    former = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-secret-key-" * 3, [former]
    forget_api_keys()
    assert signer.get(ORDERS).status_code == 200
    assert Signer(make_key(maker)).get(ORDERS).status_code == 200

    settings.SECRET_KEY_FALLBACKS = []
    forget_api_keys()
    answer = signer.get(ORDERS)

    assert (status_and_code(answer), message(answer).startswith(UNKNOWN)) == (BAD, True)


def test_keys_that_are_lost_with_the_secret_key_are_named(
    maker: User, signer: Signer, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("lost_api_keys")
    before = capsys.readouterr().out

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-secret-key-" * 3, []
    call_command("lost_api_keys")

    assert f"{signer.id} {maker.username}" not in before
    assert f"{signer.id} {maker.username}" in capsys.readouterr().out


def test_the_signature_is_what_the_documentation_says(signer: Signer) -> None:
    timestamp, target = signer.timestamp(), f"{ORDERS}/by-client-id/{quote('a:b', safe='')}?x=%20"
    payload = timestamp + "GET" + target
    signature = hmac.new(signer.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()

    answer = APIClient().get(
        target, headers={"X-API-KEY": signer.id, "X-API-TIMESTAMP": timestamp, "X-API-SIGNATURE": signature}
    )

    assert status_and_code(answer) == (404, "ORDER_NOT_FOUND")
