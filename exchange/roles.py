"""What staff may do: five roles, kept as groups that each release fills anew.

Rights that no role has belong to superusers. For another mixture of rights, make another group.
"""

from enum import StrEnum
from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from exchange.models.user import APPOINT, MONEY_RIGHTS

__all__ = ["APPOINT", "RIGHTS", "StaffRole", "is_role", "roles_sync"]

# Every role may see all pages of these.
_SHOWN: Final = (
    "auth",
    "django_celery_beat",
    "exchange",
    "marketdata",
    "orders",
    "proposals",
    "settlement",
    "token_blacklist",
)


class StaffRole(StrEnum):
    """The name of a role's group."""

    VIEWER = "Viewer"
    SUPPORT = "Support"
    SETTLEMENT = "Settlement"
    OPERATOR = "Market operator"
    ADMINISTRATOR = "Administrator"


_NOTES = {"exchange.add_usernote"}
_SUPPORT = {"exchange.change_user", "exchange.change_apikey", "orders.cancel_order"}
_SETTLEMENT = {*MONEY_RIGHTS, "settlement.change_failedsettlement", "orders.change_mismatch"}
_OPERATOR = {
    "exchange.add_market",
    "exchange.change_market",
    "exchange.add_asset",
    "exchange.change_asset",
    "orders.cancel_order",
}
_SCHEDULES = {"django_celery_beat.change_periodictask"}
# What each role may do besides looking, as `app.codename`.
RIGHTS: Final[dict[StaffRole, frozenset[str]]] = {
    StaffRole.VIEWER: frozenset(),
    StaffRole.SUPPORT: frozenset(_NOTES | _SUPPORT),
    StaffRole.SETTLEMENT: frozenset(_NOTES | _SETTLEMENT),
    StaffRole.OPERATOR: frozenset(_NOTES | _OPERATOR),
    StaffRole.ADMINISTRATOR: frozenset(
        _NOTES | _SUPPORT | _OPERATOR | _SCHEDULES | {"exchange.add_user", "exchange.change_rule", APPOINT}
    ),
}
assert not any(APPOINT in rights and rights & MONEY_RIGHTS for rights in RIGHTS.values()), (
    "Invariant: no role both appoints staff and moves money"
)


@transaction.atomic
def roles_sync(**_signal: Any) -> None:
    """Give each role's group exactly its rights, and make the groups that are missing. Safe to repeat.

    Runs after each migration, when the rights themselves are there; one that is not there yet is left out. Fifteen
    queries at most.
    """
    known = {
        f"{app}.{codename}": pk
        for app, codename, pk in Permission.objects.filter(content_type__app_label__in=_SHOWN).values_list(
            "content_type__app_label", "codename", "pk"
        )
    }
    shown = {pk for name, pk in known.items() if name.partition(".")[2].startswith("view_")}
    for role, rights in RIGHTS.items():
        group, _ = Group.objects.get_or_create(name=role.value)
        group.permissions.set(shown | {known[name] for name in rights if name in known})


def is_role(group: Group) -> bool:
    """Tell whether a group is one of the roles, which nobody edits."""
    return group.name in set(StaffRole)
