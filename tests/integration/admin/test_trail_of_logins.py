"""Who came in, who tried to, who left, and who looked at whose money: all of it stands in the audit trail."""

from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from rest_framework.test import APIClient

from exchange.models import AuditEntry, Market, User
from settlement.models import Account
from tests.fixtures import make_user
from tests.integration.admin.scene import browser_of, staff_with

PASSWORD = "a-long-enough-phrase"
TOKEN, REFRESH, REVOKE = (f"/api/v1/auth/token{end}" for end in ("", "/refresh", "/revoke"))
LOGIN = "/admin/login/"


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def entries(user: User) -> list[tuple[str, dict[str, Any]]]:
    return list(AuditEntry.objects.filter(target_id=str(user.pk)).order_by("id").values_list("action", "new"))


def credentials(user: User, password: str = PASSWORD) -> dict[str, str]:
    return {"username": user.username, "password": password}


def test_a_login_by_the_api_is_recorded_and_noted(visitor: APIClient) -> None:
    user = with_password(make_user("trader"))
    pair = visitor.post(TOKEN, credentials(user), format="json", REMOTE_ADDR="203.0.113.9").json()["data"]
    for _ in range(2):
        visitor.post(REVOKE, {"refresh": pair["refresh"]}, format="json", REMOTE_ADDR="203.0.113.9")

    user.refresh_from_db()
    assert user.last_login is not None
    assert entries(user) == [
        ("user.log_in", {"address": "203.0.113.9", "path": TOKEN}),
        ("user.log_out", {"address": "203.0.113.9", "path": REVOKE, "reason": "logged out"}),
    ]


def test_a_failed_login_is_recorded_with_name_and_address(visitor: APIClient) -> None:
    user = with_password(make_user("trader"))
    assert visitor.post(TOKEN, credentials(user, "wrong"), format="json", REMOTE_ADDR="203.0.113.9").status_code == 401
    visitor.post(TOKEN, {"username": "nobody-at-all", "password": "wrong"}, format="json")

    failure = {"name": user.username, "reason": "wrong name or password", "address": "203.0.113.9", "path": TOKEN}
    assert entries(user) == [("user.log_in_failed", failure)]
    unknown = AuditEntry.objects.filter(action="user.log_in_failed", target_id="").latest("id")
    assert (unknown.new["name"], unknown.actor) == ("nobody-at-all", None)
    assert "wrong" not in str([failure["name"], unknown.old, unknown.note])


def test_a_refresh_token_that_is_used_twice_is_recorded(visitor: APIClient) -> None:
    user = with_password(make_user("trader"))
    pair = visitor.post(TOKEN, credentials(user), format="json").json()["data"]
    for _ in range(2):
        visitor.post(REFRESH, {"refresh": pair["refresh"]}, format="json")

    assert [action for action, _ in entries(user)] == ["user.log_in", "user.session_end"]


def test_the_back_office_records_who_comes_who_may_not_and_who_leaves() -> None:
    member, trader, browser = with_password(make_user("clerk", is_staff=True)), with_password(make_user("t")), Client()
    browser.post(LOGIN, credentials(trader))
    browser.post(LOGIN, credentials(member, "wrong"))
    browser.post(LOGIN, credentials(member))
    browser.post("/admin/logout/")

    assert [action for action, _ in entries(member)] == ["user.log_in_failed", "user.log_in", "user.log_out"]
    ((action, new),) = entries(trader)
    assert (action, new["reason"]) == ("user.log_in_failed", "not a member of staff")


# --- passwords ------------------------------------------------------------------------------------


def _fails(*_: Any, **__: Any) -> None:
    raise DatabaseError("no entry can be written")


def test_a_password_is_not_changed_when_its_entry_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    user, browser = with_password(make_user("trader")), browser_of()
    form = {"password1": "another-long-phrase", "password2": "another-long-phrase", "set-password": "1"}
    monkeypatch.setattr("exchange.admin.users.user_record", _fails)

    with pytest.raises(DatabaseError):
        browser.post(f"/admin/exchange/user/{user.pk}/password/", form)

    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_staff_change_their_own_password_with_the_old_one_only() -> None:
    member = with_password(make_user("clerk", is_staff=True))
    browser = browser_of(member)
    form = {"password1": "another-long-phrase", "password2": "another-long-phrase", "set-password": "1"}
    sent_away = browser.post(f"/admin/exchange/user/{member.pk}/password/", form)
    assert sent_away.headers["Location"] == "/admin/password_change/"
    new = {"new_password1": "another-long-phrase", "new_password2": "another-long-phrase"}
    browser.post("/admin/password_change/", {"old_password": "wrong", **new})
    member.refresh_from_db()
    assert member.check_password(PASSWORD)

    browser.post("/admin/password_change/", {"old_password": PASSWORD, **new})

    member.refresh_from_db()
    assert member.check_password("another-long-phrase")
    assert [action for action, _ in entries(member)].count("user.set_password") == 1


# --- looking --------------------------------------------------------------------------------------


def test_every_page_with_a_user_s_money_says_who_looked(market: Market, maker: User) -> None:
    account = Account.objects.get(owner=maker, asset_id=market.base_id)
    clerk = staff_with("settlement.view_account", "settlement.view_ledgerentry", "exchange.view_user")
    browser, page = browser_of(clerk), f"/admin/settlement/account/{account.pk}"
    for path in (
        f"/admin/settlement/account/?q={maker.username}", f"{page}/change/", f"{page}/explain/",
        f"/admin/settlement/ledgerentry/?q={maker.username}", f"/admin/exchange/user/{maker.pk}/change/",
    ):  # fmt: skip
        assert browser.get(path).status_code == 200
    assert browser.get("/admin/orders/order/").status_code == 403  # nothing was seen

    seen = AuditEntry.objects.filter(actor=clerk).exclude(action="user.log_in").order_by("id")
    assert list(seen.values_list("action", "target_id", "new")) == [
        ("account.list", "", {"q": maker.username}),
        ("account.read", str(account.pk), {}),
        ("account.read", str(account.pk), {"page": "explain"}),
        ("ledgerentry.list", "", {"q": maker.username}),
        ("user.read", str(maker.pk), {}),
    ]
