"""API keys in the back office: staff see whose they are and end them; nobody sees a secret or makes one."""

import pytest
from django.test import Client

from exchange.models import ApiKey, AuditEntry, User
from exchange.services import NewApiKey
from tests.fixtures import fresh_name
from tests.integration.admin.scene import USERS, browser_of, messages_of, queries_of, rows_of, staff_with
from tests.integration.api_keys.signing import ORDERS, Signer, make_key

KEYS = "/admin/exchange/apikey/"
CONFIRM = {"confirmed": "1", "note": "seen in a public repository"}
VIEW, CHANGE = "exchange.view_apikey", "exchange.change_apikey"


@pytest.fixture
def trader() -> User:
    return User.objects.create(username=fresh_name("trader-"))


@pytest.fixture
def key(trader: User) -> NewApiKey:
    return make_key(trader)


def is_revoked(key: NewApiKey) -> bool:
    return ApiKey.objects.get(pk=key.row.pk).revoked_at is not None


def revocations(key: NewApiKey) -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(target_id=str(key.row.pk), action="api_key.revoke")
    return [(str(entry.actor), entry.note) for entry in entries]


def test_a_key_is_revoked_on_its_page_and_refused_at_once(key: NewApiKey) -> None:
    clerk = staff_with(VIEW, CHANGE)
    browser, page = browser_of(clerk), f"{KEYS}{key.row.pk}"

    assert browser.get(f"{page}/revoke/").status_code == 200 and not is_revoked(key)
    browser.post(f"{page}/revoke/", CONFIRM)
    browser.post(f"{page}/revoke/", CONFIRM)

    assert is_revoked(key)
    assert Signer(key).get(ORDERS).status_code == 401
    assert revocations(key) == [(clerk.username, CONFIRM["note"])]


def test_those_selected_are_revoked(trader: User, key: NewApiKey) -> None:
    other, spared = make_key(trader), make_key(trader)
    selected = {"action": "revoke_selected", "_selected_action": [key.row.pk, other.row.pk], "index": "0"}

    response = browser_of(staff_with(VIEW, CHANGE)).post(KEYS, selected | CONFIRM)

    assert sorted(messages_of(response)) == sorted(f"{each.row} is revoked" for each in (key, other))
    assert [is_revoked(each) for each in (key, other, spared)] == [True, True, False]


def test_all_keys_of_a_user_are_revoked_on_the_users_page(trader: User, key: NewApiKey) -> None:
    other = make_key(trader)
    browser = browser_of(staff_with("exchange.view_user", VIEW, CHANGE))

    page = browser.get(f"{USERS}{trader.pk}/change/").content.decode()
    browser.post(f"{USERS}{trader.pk}/revoke_api_keys/", CONFIRM)

    assert "Revoke API keys…" in page
    assert str(key.row.pk) in page
    assert is_revoked(key) and is_revoked(other)


def test_seeing_and_revoking_need_their_rights(trader: User, key: NewApiKey) -> None:
    viewer, clerk = browser_of(staff_with(VIEW)), browser_of(staff_with("exchange.view_user"))

    assert viewer.get(KEYS).status_code == 200
    assert viewer.post(f"{KEYS}{key.row.pk}/revoke/", CONFIRM).status_code == 403
    viewer.post(KEYS, {"action": "revoke_selected", "_selected_action": [key.row.pk], "index": "0"} | CONFIRM)
    assert clerk.get(KEYS).status_code == 403
    assert str(key.row.pk) not in clerk.get(f"{USERS}{trader.pk}/change/").content.decode()
    assert clerk.post(f"{USERS}{trader.pk}/revoke_api_keys/", CONFIRM).status_code == 403
    assert not is_revoked(key)


def test_nobody_makes_or_changes_a_key_here_and_no_secret_is_shown(boss: Client, key: NewApiKey) -> None:
    page = boss.get(f"{KEYS}{key.row.pk}/change/").content.decode()

    assert boss.get(f"{KEYS}add/").status_code == 403
    assert boss.post(f"{KEYS}{key.row.pk}/change/", {"label": "mine"}).status_code == 403
    assert boss.post(f"{KEYS}{key.row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert key.row.label in page
    assert key.secret not in page
    assert "salt" not in page.lower()


def test_keys_are_found_by_user_in_a_fixed_number_of_queries(boss: Client, trader: User, key: NewApiKey) -> None:
    keys = [make_key(trader).row for _ in range(5)]

    response, statements = queries_of(boss, f"{KEYS}?q={trader.username}")

    assert rows_of(response) == [*reversed(keys), key.row]
    assert len(statements) <= 9
