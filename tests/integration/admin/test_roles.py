"""The five roles: what each may do, tried by request for each action there is, and what nobody but a superuser may."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client

from exchange.admin.base import BackOfficeAdmin
from exchange.models import Asset, AuditEntry, User
from exchange.roles import RIGHTS, StaffRole, roles_sync
from proposals.models import Proposal
from tests.fixtures import fresh_name
from tests.integration.admin.scene import (
    ACCOUNTS,
    FAILURES,
    MARKETS,
    ORDERS,
    TRADES,
    USERS,
    Scene,
    browser_of,
    messages_of,
)
from tests.trail import acts

NOBODY = "no role"
VIEWER, SUPPORT, SETTLEMENT, OPERATOR, ADMINISTRATOR = StaffRole
EVERY = tuple(StaffRole)
TASKS, ASSETS, ADJUSTMENTS = (
    "/admin/django_celery_beat/periodictask/", "/admin/exchange/asset/", "/admin/settlement/adjustment/",
)  # fmt: skip
RULES, PROPOSALS = "/admin/exchange/rule/", "/admin/proposals/proposal/"
MISMATCHES, API_KEYS = "/admin/orders/mismatch/", "/admin/exchange/apikey/"


def member(role: str) -> User:
    """Create a member of staff with a role, or with none."""
    user = User.objects.create(username=fresh_name("clerk-"), is_staff=True)
    if role != NOBODY:
        user.groups.add(Group.objects.get(name=role))
    return user


class Act(NamedTuple):
    """An action on an object's page: its address without the object, its name, and the roles that may do it."""

    page: str
    name: str
    find: Callable[[Scene], Any]
    roles: tuple[StaffRole, ...]


# Every button there is. A GET asks for a note or refuses (405) what must be a POST; 403 is for users without the right.
BUTTONS = [
    Act(TRADES, "explain", lambda scene: scene.trade.pk, EVERY),
    Act(ORDERS, "life", lambda scene: scene.order.pk, EVERY),
    Act(ORDERS, "cancel", lambda scene: scene.order.pk, (SUPPORT, OPERATOR, ADMINISTRATOR)),
    Act(FAILURES, "retry", lambda scene: scene.failure.pk, (SETTLEMENT,)),
    Act(FAILURES, "resolve", lambda scene: scene.failure.pk, (SETTLEMENT,)),
    Act(FAILURES, "give-back", lambda scene: scene.failure.pk, (SETTLEMENT,)),
    Act(FAILURES, "settle", lambda scene: scene.failure.pk, (SETTLEMENT,)),
    Act(FAILURES, "custom", lambda scene: scene.failure.pk, (SETTLEMENT,)),
    Act(ACCOUNTS, "explain", lambda scene: scene.account.pk, EVERY),
    Act(ACCOUNTS, "statement", lambda scene: scene.account.pk, EVERY),
    Act(ACCOUNTS, "deposit", lambda scene: scene.account.pk, (SETTLEMENT,)),
    Act(ACCOUNTS, "withdraw", lambda scene: scene.account.pk, (SETTLEMENT,)),
    Act(ACCOUNTS, "correct", lambda scene: scene.account.pk, (SETTLEMENT,)),
    Act(USERS, "freeze", lambda scene: scene.users[0].pk, (SUPPORT, ADMINISTRATOR)),
    Act(USERS, "unfreeze", lambda scene: scene.users[0].pk, (SUPPORT, ADMINISTRATOR)),
    Act(USERS, "note", lambda scene: scene.users[0].pk, (SUPPORT, SETTLEMENT, OPERATOR, ADMINISTRATOR)),
    Act(USERS, "cancel-orders", lambda scene: scene.users[0].pk, (SUPPORT, OPERATOR, ADMINISTRATOR)),
    Act(USERS, "revoke_api_keys", lambda scene: scene.users[0].pk, (SUPPORT, ADMINISTRATOR)),
    Act(API_KEYS, "revoke", lambda scene: scene.api_key.pk, (SUPPORT, ADMINISTRATOR)),
    Act(USERS, "deposit", lambda scene: scene.users[0].pk, (SETTLEMENT,)),
    Act(USERS, "withdraw", lambda scene: scene.users[0].pk, (SETTLEMENT,)),
    Act(MARKETS, "state", lambda scene: scene.market.pk, (OPERATOR, ADMINISTRATOR)),
    Act(MARKETS, "stop", lambda scene: scene.market.pk, (OPERATOR, ADMINISTRATOR)),
    Act(ASSETS, "limit", lambda scene: scene.market.base_id, (OPERATOR, ADMINISTRATOR)),
    Act(RULES, "propose", lambda scene: "stop_hours", (ADMINISTRATOR,)),
    Act(PROPOSALS, "approve", lambda scene: scene.proposal.pk, (OPERATOR, ADMINISTRATOR)),
    Act(PROPOSALS, "reject", lambda scene: scene.proposal.pk, (OPERATOR, ADMINISTRATOR)),
    Act(PROPOSALS, "withdraw", lambda scene: scene.proposal.pk, (OPERATOR, ADMINISTRATOR)),
    Act(ADJUSTMENTS, "approve", lambda scene: scene.adjustment.pk, (SETTLEMENT,)),
    Act(ADJUSTMENTS, "reject", lambda scene: scene.adjustment.pk, (SETTLEMENT,)),
    Act(ADJUSTMENTS, "withdraw", lambda scene: scene.adjustment.pk, (SETTLEMENT,)),
    Act(MISMATCHES, "acknowledge", lambda scene: scene.mismatch.pk, (SETTLEMENT,)),
]
# Forms that write, and actions on what is selected in a list.
FORMS = {
    f"{USERS}add/": (ADMINISTRATOR,),
    f"{MARKETS}add/": (OPERATOR, ADMINISTRATOR),
    f"{ASSETS}add/": (OPERATOR, ADMINISTRATOR),
    f"{ADJUSTMENTS}add/": (SETTLEMENT,),
    "/admin/auth/group/add/": (),
}
SELECTIONS = {
    (FAILURES, "retry_selected"): (SETTLEMENT,),
    (USERS, "freeze_selected"): (SUPPORT, ADMINISTRATOR),
    (USERS, "unfreeze_selected"): (SUPPORT, ADMINISTRATOR),
    (API_KEYS, "revoke_selected"): (SUPPORT, ADMINISTRATOR),
    (MARKETS, "change_state_of_selected"): (OPERATOR, ADMINISTRATOR),
    (MISMATCHES, "acknowledge_selected"): (SETTLEMENT,),
}


@pytest.fixture(scope="module")
def browsers(scene: Scene) -> dict[str, Client]:
    """A browser of one member of staff for each role, and of one without."""
    return {role: browser_of(member(role)) for role in (*EVERY, NOBODY)}


@pytest.mark.parametrize("act", BUTTONS, ids=lambda act: f"{act.page.split('/')[-2]}-{act.name}")
def test_a_button_answers_those_whose_role_has_it_and_does_nothing_for_others(
    act: Act, scene: Scene, browsers: dict[str, Client]
) -> None:
    url, form = f"{act.page}{act.find(scene)}/{act.name}/", {"confirmed": "1", "note": "x"}
    before = acts().count()

    asked = {role: browsers[role].get(url).status_code for role in act.roles}
    posted = {role: browser.post(url, form).status_code for role, browser in browsers.items() if role not in asked}

    assert 403 not in asked.values()
    assert set(posted.values()) <= {403}
    assert acts().count() == before


@pytest.mark.parametrize("url", FORMS)
def test_a_form_opens_for_those_whose_role_has_it(url: str, browsers: dict[str, Client]) -> None:
    answers = {role: browser.get(url).status_code for role, browser in browsers.items()}

    assert {role for role, status in answers.items() if status == 200} == set(FORMS[url])
    assert set(answers.values()) <= {200, 403}


@pytest.mark.parametrize(("url", "name"), SELECTIONS)
def test_an_action_on_a_selection_is_offered_to_those_whose_role_has_it(
    url: str, name: str, scene: Scene, browsers: dict[str, Client]
) -> None:
    offered = set()
    for role, browser in browsers.items():
        response = browser.get(url)
        if response.status_code == 200 and (form := response.context["action_form"]):
            offered |= {role for value, _ in form.fields["action"].choices if value == name}

    assert offered == set(SELECTIONS[url, name])


def test_every_page_is_open_to_whoever_has_a_role(browsers: dict[str, Client]) -> None:
    response = browsers[VIEWER].get("/admin/")
    pages = [item["link"] for group in response.context["sidebar_navigation"] for item in group["items"]]

    shown = {str(page): browsers[VIEWER].get(str(page)).status_code for page in pages}

    assert len(shown) > 25
    assert set(shown.values()) == {200}
    looking = set(Group.objects.get(name=VIEWER).permissions.values_list("pk", flat=True))
    for role in EVERY:
        assert looking <= set(Group.objects.get(name=role).permissions.values_list("pk", flat=True))


def test_without_a_role_there_is_nothing_to_see(browsers: dict[str, Client]) -> None:
    response = browsers[NOBODY].get("/admin/")

    assert response.status_code == 200
    assert [browsers[NOBODY].get(url).status_code for url in (ORDERS, USERS, FAILURES, MARKETS)] == [403] * 4


def test_every_button_and_every_action_on_a_selection_is_in_these_tables() -> None:
    buttons, selections = set(), set()
    for model, page in admin.site._registry.items():
        url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        if isinstance(page, BackOfficeAdmin):
            buttons |= {(url, action.name) for action in page.object_actions(None)}
        if url.startswith("/admin/django_celery_beat/") and url != TASKS:
            continue  # schedules have nothing but what Django brings
        selections |= {(url, name if isinstance(name, str) else name.__name__) for name in page.actions or ()}

    assert buttons == {(act.page, act.name) for act in BUTTONS}
    assert selections <= set(SELECTIONS)


def test_each_right_of_a_role_exists() -> None:
    known = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}

    assert frozenset().union(*RIGHTS.values()) - known == set()


def test_roles_are_what_the_release_says_and_nobody_edits_them(staff: User) -> None:
    group = Group.objects.get(name=SUPPORT)
    right = Permission.objects.get(codename="change_market")
    browser_of(staff).post(f"/admin/auth/group/{group.pk}/change/", {"name": "Mine", "permissions": [right.pk]})
    group.permissions.add(right)

    roles_sync()
    roles_sync()

    names = set(group.permissions.values_list("codename", flat=True))
    assert {"change_user", "cancel_order", "view_order"} <= names and "change_market" not in names
    assert Group.objects.filter(name__in=EVERY).count() == len(EVERY)


def test_an_administrator_proposes_staff_but_no_single_rights_and_no_superusers(scene: Scene) -> None:
    boss, trader, role = member(ADMINISTRATOR), scene.users[1], Group.objects.get(name=SUPPORT)
    form = {"username": trader.username, "email": trader.email, "is_staff": "on", "groups": [role.pk]}
    right = Permission.objects.get(codename="change_market")

    browser_of(boss).post(
        f"{USERS}{trader.pk}/change/", form | {"is_superuser": "on", "user_permissions": [right.pk], "reason": "hired"}
    )

    trader.refresh_from_db()
    assert (trader.is_staff, trader.is_superuser, trader.user_permissions.count()) == (False, False, 0)
    proposal = Proposal.objects.get(proposed_by=boss)
    assert proposal.after == {"is_staff": True, "groups": ["Support"]}


def test_nobody_changes_their_own_rights() -> None:
    boss, role = member(ADMINISTRATOR), Group.objects.get(name=VIEWER)

    browser_of(boss).post(
        f"{USERS}{boss.pk}/change/", {"username": boss.username, "is_staff": "on", "groups": [role.pk], "reason": "x"}
    )

    assert [group.name for group in boss.groups.all()] == [ADMINISTRATOR]
    assert not Proposal.objects.filter(proposed_by=boss).exists()


@pytest.mark.parametrize("role", [SUPPORT, OPERATOR])
def test_who_may_change_users_cannot_become_another_member_of_staff(role: StaffRole) -> None:
    clerk, colleague = member(role), member(SETTLEMENT)
    browser, secret = browser_of(clerk), {"password1": "a-long-secret-7", "password2": "a-long-secret-7"}

    answers = [
        browser.post(f"{USERS}{colleague.pk}/password/", secret | {"usable_password": "true"}).status_code,
        browser.post(f"{USERS}{colleague.pk}/change/", {"username": "mine", "email": "mine@example.com"}).status_code,
    ]
    frozen = browser.post(f"{USERS}{colleague.pk}/freeze/", {"confirmed": "1", "note": "x"})

    colleague.refresh_from_db()
    assert answers == [403, 403] and colleague.is_active and colleague.password == ""
    assert role == OPERATOR or messages_of(frozen) == [f"{colleague}: This needs the right exchange.appoint_user"]
    assert acts().filter(actor=clerk).count() == 0


def test_new_assets_and_changed_ones_are_recorded(browsers: dict[str, Client]) -> None:
    code = fresh_name("A")

    browsers[OPERATOR].post(f"{ASSETS}add/", {"code": code, "name": "First", "decimals": "6"})
    browsers[OPERATOR].post(f"{ASSETS}{code}/change/", {"name": "Second"})

    assert Asset.objects.get(pk=code).name == "Second"
    entries = AuditEntry.objects.filter(target_id=code).order_by("id")
    assert [(entry.action, entry.old, entry.new) for entry in entries] == [
        ("asset.create", {}, {"code": code, "name": "First", "decimals": 6}),
        ("asset.update", {"name": "First"}, {"name": "Second"}),
    ]
