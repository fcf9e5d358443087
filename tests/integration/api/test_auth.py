"""Logging in, staying logged in, logging out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import DjangoAssertNumQueries, Settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from exchange.models import RevokedSession, User
from exchange.sessions import session_refresh, tokens_issue
from tests.engines import wait_until
from tests.fixtures import access_token, fresh_name

PASSWORD = "correct horse battery staple"
TOKEN, REFRESH, REVOKE = "/api/v1/auth/token", "/api/v1/auth/token/refresh", "/api/v1/auth/token/revoke"
PRIVATE = "/api/v1/orders"


@pytest.fixture
def user() -> User:
    return User.objects.create_user(username=fresh_name("person-"), password=PASSWORD)


def post(client: APIClient, path: str, fields: Any) -> tuple[int, dict[str, Any]]:
    answer = client.post(path, fields, format="json")
    return answer.status_code, answer.json()


def ask(token: str) -> tuple[int, str]:
    """Use an access token; return the status and the error code."""
    answer = APIClient().get(PRIVATE, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code, answer.json().get("error", {}).get("code", "")


def login(client: APIClient, user: User) -> dict[str, Any]:
    status, body = post(client, TOKEN, {"username": user.username, "password": PASSWORD})
    assert status == 200, body
    tokens: dict[str, Any] = body["data"]
    return tokens


def test_a_login_gives_a_pair_that_works(visitor: APIClient, user: User) -> None:
    tokens = login(visitor, user)

    assert set(tokens) == {"access", "refresh", "token_type", "expires_in"}
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 900)
    assert ask(tokens["access"]) == (200, "")


@pytest.mark.parametrize(
    "fields",
    [
        {"username": "nobody-at-all", "password": PASSWORD},
        {"username": "{user}", "password": "wrong"},
        {"username": "{user}", "password": PASSWORD + " "},
    ],
)
def test_wrong_credentials_are_told_apart_by_nothing(visitor: APIClient, user: User, fields: dict[str, str]) -> None:
    fields = fields | {"username": fields["username"].replace("{user}", user.username)}

    status, body = post(visitor, TOKEN, fields)

    assert (status, body["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert body["error"]["message"] == "The username or the password is wrong"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, {"username", "password"}),
        ({"username": "a"}, {"password"}),
        ({"username": 1, "password": True}, {"username", "password"}),
        ({"username": "a\x00", "password": "b"}, {"username"}),
        ({"username": "a" * 100_000, "password": "b" * 100_000}, {"username", "password"}),
        ({"username": "a", "password": "b", "role": "admin"}, {"role"}),
    ],
)
def test_a_malformed_login_names_its_fields(visitor: APIClient, fields: dict[str, Any], wrong: set[str]) -> None:
    status, body = post(visitor, TOKEN, fields)

    assert (status, body["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert set(body["error"]["details"]) == wrong


def test_a_token_is_believed_no_longer_than_the_setting(visitor: APIClient, user: User, settings: Settings) -> None:
    settings.TOKEN_TRUST_SECONDS = 1.5
    tokens = login(visitor, user)
    assert ask(tokens["access"])[0] == 200
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert ask(tokens["access"])[0] == 200
    wait_until(lambda: ask(tokens["access"]) == (401, "UNAUTHENTICATED"), "the token to be asked for again", 5)


def test_an_inactive_user_is_out_at_once(visitor: APIClient, user: User) -> None:
    tokens = login(visitor, user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    assert ask(tokens["access"]) == (401, "UNAUTHENTICATED")
    assert post(visitor, REFRESH, {"refresh": tokens["refresh"]})[0] == 401
    assert post(visitor, TOKEN, {"username": user.username, "password": PASSWORD})[0] == 401


def test_a_refresh_rotates(visitor: APIClient, user: User) -> None:
    first = login(visitor, user)

    status, body = post(visitor, REFRESH, {"refresh": first["refresh"]})

    second = body["data"]
    assert status == 200
    assert second["refresh"] != first["refresh"]
    assert ask(second["access"]) == ask(first["access"]) == (200, "")


def test_reuse_of_a_spent_refresh_token_ends_the_session(visitor: APIClient, user: User) -> None:
    first = login(visitor, user)
    second = post(visitor, REFRESH, {"refresh": first["refresh"]})[1]["data"]
    elsewhere = login(visitor, user)

    status, body = post(visitor, REFRESH, {"refresh": first["refresh"]})

    assert (status, body["error"]["code"]) == (401, "TOKEN_REVOKED")
    assert ask(second["access"]) == (401, "TOKEN_REVOKED")
    assert post(visitor, REFRESH, {"refresh": second["refresh"]})[1]["error"]["code"] == "TOKEN_REVOKED"
    assert ask(elsewhere["access"]) == (200, "")


def test_of_many_refreshes_with_one_token_one_succeeds(user: User) -> None:
    refresh = tokens_issue(user=user, sid=uuid7()).refresh

    def attempt(_: int) -> str:
        try:
            session_refresh(refresh=refresh)
        except ApiError as error:
            return error.code
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(8) as threads:
        outcomes = sorted(threads.map(attempt, range(8)))

    assert outcomes == [ErrorCode.TOKEN_REVOKED] * 7 + ["ok"]


def test_logging_out_ends_every_token_of_the_session(visitor: APIClient, user: User) -> None:
    tokens = login(visitor, user)
    elsewhere = login(visitor, user)

    assert post(visitor, REVOKE, {"refresh": tokens["refresh"]})[0] == 200

    assert ask(tokens["access"]) == (401, "TOKEN_REVOKED")
    assert post(visitor, REFRESH, {"refresh": tokens["refresh"]})[1]["error"]["code"] == "TOKEN_REVOKED"
    assert post(visitor, REVOKE, {"refresh": tokens["refresh"]})[0] == 200
    assert ask(elsewhere["access"]) == (200, "")
    assert RevokedSession.objects.filter(user=user).count() == 1


def test_another_password_ends_every_login_of_the_user(visitor: APIClient, user: User, settings: Settings) -> None:
    tokens, other = login(visitor, user), User.objects.create(username=fresh_name("person-"))
    elsewhere = access_token(other)
    assert ask(tokens["access"]) == (200, "")
    user.set_password("another good password")
    user.save()

    wait_until(
        lambda: ask(tokens["access"]) == (401, "TOKEN_REVOKED"), "the login to end", settings.TOKEN_TRUST_SECONDS + 5
    )
    assert post(visitor, REFRESH, {"refresh": tokens["refresh"]})[1]["error"]["code"] == "TOKEN_REVOKED"
    assert ask(elsewhere) == (200, "")


@pytest.mark.parametrize("pw", [None, "", "x", 5])
def test_a_token_without_the_mark_of_the_password_is_refused(user: User, pw: Any) -> None:
    token = jwt.encode(forged(user, pw=pw), django_settings.SECRET_KEY, algorithm="HS256")

    assert ask(token) == (401, "TOKEN_REVOKED")


@pytest.mark.parametrize("token", ["", "garbage", "a.b.c", "é", "x" * 10_000])
def test_a_malformed_token_is_refused(visitor: APIClient, token: str) -> None:
    for path in (REFRESH, REVOKE):
        status, _ = post(visitor, path, {"refresh": token})
        assert status in (400, 401)
    assert ask(token)[0] == 401


def test_an_expired_token_says_so(visitor: APIClient, user: User) -> None:
    token = AccessToken()
    token["sub"], token["sid"] = str(user.pk), str(uuid7())
    token.set_exp(lifetime=timedelta(seconds=-5))

    assert ask(str(token)) == (401, "TOKEN_EXPIRED")


def forged(user: User, **changes: Any) -> dict[str, Any]:
    claims = jwt.decode(access_token(user), options={"verify_signature": False})
    return {name: value for name, value in (claims | changes).items() if value is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": None},
        {"sid": None},
        {"sub": "1"},
        {"sid": "x"},
        {"sub": 5},
        {"token_type": "refresh"},
        {"token_type": None},
        {"exp": None},
    ],
)
def test_a_signed_token_with_other_claims_is_refused(user: User, changes: dict[str, Any]) -> None:
    token = jwt.encode(forged(user, **changes), django_settings.SECRET_KEY, algorithm="HS256")

    assert ask(token) == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize(("key", "algorithm"), [("another-key-" * 4, "HS256"), ("", "none")])
def test_a_token_of_another_signature_is_refused(user: User, key: str, algorithm: str) -> None:
    token = jwt.encode(forged(user), key, algorithm=algorithm)

    assert ask(token) == (401, "UNAUTHENTICATED")


def test_a_tampered_token_is_refused(user: User) -> None:
    head, payload, signature = access_token(user).split(".")

    assert ask(f"{head}.{payload[:-2]}AA.{signature}") == (401, "UNAUTHENTICATED")
    assert ask(f"{head}.{payload}.{signature[:-4]}AAAA") == (401, "UNAUTHENTICATED")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x", "nothing"])
def test_without_a_bearer_token_nobody_is_logged_in(visitor: APIClient, header: str) -> None:
    answer = visitor.get(PRIVATE, headers={"Authorization": header} if header else {})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")


def test_a_request_costs_one_query_to_authenticate(
    client_for: Callable[[User], APIClient], user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_for(user)

    with django_assert_max_num_queries(3):  # the user, a page, its count
        client.get(PRIVATE)


def test_logins_are_limited_by_address_whatever_the_name(visitor: APIClient, user: User, settings: Settings) -> None:
    settings.LOGIN_RATE_PER_MINUTE = 2
    fields = {"username": user.username, "password": "wrong"}
    statuses = [post(visitor, TOKEN, fields)[0] for _ in range(5)]  # two windows at most

    answer = visitor.post(TOKEN, fields, format="json")

    assert statuses.count(401) <= 4
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "RATE_LIMITED")
    assert 1 <= int(answer["Retry-After"]) <= 60
    assert post(visitor, TOKEN, fields | {"username": "somebody-else"})[0] == 429
    assert visitor.post(TOKEN, fields, format="json", REMOTE_ADDR="10.7.7.7").status_code == 401
