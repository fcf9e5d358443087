"""Users and groups: freezing, rights, passwords; every change is recorded, none gives more than the actor has."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from exchange.admin.base import SELECTED_MAX
from exchange.models import User
from proposals.models import Proposal
from tests.fixtures import fresh_name
from tests.integration.admin.scene import USERS, browser_of, messages_of, staff_with
from tests.integration.admin.sent_forms import errors_on
from tests.trail import acts

RIGHTS = ("exchange.view_user", "exchange.change_user", "exchange.add_user")
CONFIRM = {"confirmed": "1", "note": "asked by the owner"}


def acts_of(user: User) -> list[tuple[str, str, dict[str, Any]]]:
    return list(acts().filter(actor=user).order_by("id").values_list("action", "target_id", "new"))


def is_active(user: User) -> bool:
    return User.objects.values_list("is_active", flat=True).get(pk=user.pk)


def approve(proposal: Proposal) -> None:
    """Have another superuser approve a proposal on its page."""
    answer = browser_of().post(f"/admin/proposals/proposal/{proposal.pk}/approve/", CONFIRM)
    assert "The proposal is approved" in messages_of(answer)


@pytest.fixture
def trader() -> User:
    return User.objects.create(username=fresh_name("trader-"), email="trader@example.com")


def test_a_user_is_frozen_and_unfrozen(trader: User) -> None:
    clerk = staff_with(*RIGHTS)
    browser = browser_of(clerk)

    assert browser.get(f"{USERS}{trader.pk}/freeze/").status_code == 200 and is_active(trader)
    browser.post(f"{USERS}{trader.pk}/freeze/", CONFIRM)
    assert not is_active(trader)
    browser.post(f"{USERS}{trader.pk}/unfreeze/", CONFIRM)

    assert is_active(trader)
    assert acts_of(clerk) == [
        ("user.freeze", str(trader.pk), {"is_active": False}),
        ("user.unfreeze", str(trader.pk), {"is_active": True}),
    ]
    assert acts().filter(actor=clerk).latest("id").note == "asked by the owner"


def test_those_selected_are_frozen_but_neither_oneself_nor_a_superuser(trader: User, staff: User) -> None:
    clerk = staff_with(*RIGHTS)
    selected = {"action": "freeze_selected", "_selected_action": [trader.pk, staff.pk, clerk.pk], "index": "0"}

    response = browser_of(clerk).post(USERS, selected | CONFIRM)

    assert sorted(messages_of(response)) == sorted([
        f"{trader} is frozen",
        f"{staff}: Only a superuser proposes single rights, superusers and for them",
        f"{clerk}: You cannot freeze or unfreeze yourself",
    ])  # fmt: skip
    assert (is_active(trader), is_active(staff), is_active(clerk)) == (False, True, True)
    assert len(acts_of(clerk)) == 1


def test_all_that_match_are_frozen_unless_they_are_too_many_for_one_form() -> None:
    clerk, prefix = staff_with(*RIGHTS), fresh_name("many-")
    crowd = User.objects.bulk_create(User(username=f"{prefix}{n}", email=f"{prefix}@x") for n in range(SELECTED_MAX))
    selected = {"action": "freeze_selected", "_selected_action": [crowd[0].pk], "index": "0", "select_across": "1"}
    found, browser = f"{USERS}?email={prefix}@x", browser_of(clerk)

    asked = browser.post(found, selected)
    confirmed = {**selected, "select_across": "0", "_selected_action": [user.pk for user in asked.context["items"]]}
    assert browser.post(USERS, confirmed | CONFIRM).status_code == 302
    assert not User.objects.filter(email=f"{prefix}@x", is_active=True).exists()
    User.objects.create(username=f"{prefix}more", email=f"{prefix}@x")

    assert messages_of(browser_of(clerk).post(found, selected)) == [
        f"At most {SELECTED_MAX} at once: narrow the list with the filters or the search"
    ]


def test_freezing_needs_the_right_to_change(trader: User) -> None:
    viewer = staff_with("exchange.view_user")

    assert browser_of(viewer).post(f"{USERS}{trader.pk}/freeze/", CONFIRM).status_code == 403
    assert browser_of(trader).post(f"{USERS}{trader.pk}/freeze/", CONFIRM).status_code == 302
    assert is_active(trader) and acts_of(viewer) == []


def test_a_member_of_staff_is_frozen_by_two_and_out_at_once(staff: User) -> None:
    clerk = staff_with("exchange.view_user")
    browser = browser_of(clerk)
    browser_of(staff).post(f"{USERS}{clerk.pk}/freeze/", CONFIRM)
    assert browser.get(USERS).status_code == 200 and is_active(clerk)

    approve(Proposal.objects.get(proposed_by=staff))

    assert browser.get(USERS).status_code == 302


def test_a_changed_user_is_recorded_with_old_and_new(trader: User) -> None:
    clerk = staff_with(*RIGHTS)
    form = {"username": trader.username, "email": "new@example.com", "first_name": "", "last_name": ""}

    response = browser_of(clerk).post(f"{USERS}{trader.pk}/change/", form)

    assert response.status_code == 302
    entry = acts().get(actor=clerk)
    assert (entry.action, entry.old, entry.new) == (
        "user.update", {"email": "trader@example.com"}, {"email": "new@example.com"},
    )  # fmt: skip


def test_only_a_superuser_gives_rights(trader: User, staff: User) -> None:
    clerk, group = staff_with(*RIGHTS), Group.objects.create(name=fresh_name("support-"))
    form = {
        "username": trader.username, "email": trader.email, "is_staff": "on", "is_superuser": "on",
        "groups": [group.pk],
    }  # fmt: skip

    browser_of(clerk).post(f"{USERS}{trader.pk}/change/", form)
    trader.refresh_from_db()
    assert (trader.is_staff, trader.is_superuser, trader.groups.count()) == (False, False, 0)

    silent = browser_of(staff).post(f"{USERS}{trader.pk}/change/", {**form, "is_superuser": ""})
    assert errors_on(silent) == {"reason": ["Say why: another member of staff decides on it"]}
    browser_of(staff).post(f"{USERS}{trader.pk}/change/", {**form, "is_superuser": "", "reason": "hired"})
    proposal = Proposal.objects.get(proposed_by=staff)
    assert not User.objects.get(pk=trader.pk).is_staff
    assert (proposal.before, proposal.after) == (
        {"is_staff": False, "groups": []}, {"is_staff": True, "groups": [group.name]},
    )  # fmt: skip
    approve(proposal)
    trader.refresh_from_db()
    assert (trader.is_staff, trader.groups.count()) == (True, 1)


def test_a_superuser_is_beyond_the_reach_of_others(staff: User) -> None:
    clerk = staff_with(*RIGHTS)

    assert browser_of(clerk).post(f"{USERS}{staff.pk}/change/", {"username": "mine"}).status_code == 403
    assert browser_of(clerk).post(f"{USERS}{staff.pk}/password/", {}).status_code == 403
    assert acts_of(clerk) == []


def test_a_user_is_created_and_given_a_password(staff: User) -> None:
    browser, name = browser_of(staff), fresh_name("new-")
    secret = {"password1": "a-long-secret-7", "password2": "a-long-secret-7", "usable_password": "true"}

    browser.post(f"{USERS}add/", {"username": name} | secret)
    user = User.objects.get(username=name)
    browser.post(f"{USERS}{user.pk}/password/", secret)

    assert [act[:2] for act in acts_of(staff)] == [("user.create", str(user.pk)), ("user.set_password", str(user.pk))]
    assert "secret" not in str(list(acts().filter(actor=staff).values()))


def test_a_group_is_changed_by_superusers_only(staff: User) -> None:
    clerk = staff_with("auth.view_group", "auth.change_group", "auth.add_group")
    form = {"name": fresh_name("group-"), "permissions": []}

    assert browser_of(clerk).post("/admin/auth/group/add/", form).status_code == 403
    assert browser_of(staff).post("/admin/auth/group/add/", form).status_code == 302
    assert [act[0] for act in acts_of(staff)] == ["group.save"]


def test_the_rights_of_a_group_are_decided_by_another(staff: User) -> None:
    group, right = Group.objects.create(name=fresh_name("group-")), Permission.objects.get(codename="cancel_order")
    page = f"/admin/auth/group/{group.pk}/change/"

    browser_of(staff).post(page, {"name": group.name, "permissions": [right.pk], "reason": "for the night shift"})

    assert group.permissions.count() == 0
    approve(Proposal.objects.get(proposed_by=staff))
    assert list(group.permissions.all()) == [right]


@pytest.mark.parametrize("query", ["username__regex=(", "email=%00"])
def test_a_filter_that_the_database_refuses_is_no_error_of_ours(boss: Client, query: str) -> None:
    assert boss.get(f"{USERS}?{query}").headers["Location"] == f"{USERS}?e=1"
    assert boss.post(f"{USERS}csv/?{query}").headers["Location"] == "../?e=1"


def test_users_are_not_deleted(trader: User, staff: User) -> None:
    assert browser_of(staff).post(f"{USERS}{trader.pk}/delete/", {"post": "yes"}).status_code == 403
