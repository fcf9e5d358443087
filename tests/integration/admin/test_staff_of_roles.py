"""What members of staff find: somebody for each role in a demo copy, rights in words, and why something is refused."""

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import call_command

from exchange.models import User
from exchange.roles import StaffRole
from exchange.seeds import DEMO_ROLES, DEMO_SECOND_CLERK
from exchange.selectors import forget_markets
from tests.integration.admin.scene import browser_of
from tests.integration.admin.test_roles import member
from tests.separate_database import separate_database


def test_a_demo_copy_has_a_member_of_staff_for_each_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEMO_MODE", True)
    with separate_database("roles"):
        call_command("seed", "--demo", verbosity=0)
        call_command("seed", "--demo", verbosity=0)  # safe to repeat
        members = [User.objects.get(username=name) for name in DEMO_ROLES]
        second = User.objects.get(username=DEMO_SECOND_CLERK)
        assert [group.name for group in second.groups.all()] == [StaffRole.SETTLEMENT]
        groups = [[group.name for group in member.groups.all()] for member in members]
    forget_markets()

    assert groups == [[role] for role in StaffRole]
    assert all(member.is_staff and not member.is_superuser for member in members)
    assert all(member.check_password("demo-password") for member in members)


def test_a_role_s_page_tells_its_rights_in_words() -> None:
    group = Group.objects.get(name=StaffRole.SETTLEMENT)

    (table,) = browser_of().get(f"/admin/auth/group/{group.pk}/change/").context["object_tables"]

    assert ["settlement: adjustment", "add, approve"] in table.rows
    assert ["orders: order", "-"] in table.rows


def test_who_lacks_a_right_is_told_so_on_a_page() -> None:
    viewer = member(StaffRole.VIEWER)

    refused = browser_of(viewer).get("/admin/settlement/adjustment/add/")

    assert refused.status_code == 403
    assert f"You are logged in as {viewer.username}" in refused.content.decode()
