"""Members of staff: who is one, with which rights, and another password for one. Each change takes two people.

Who appoints staff has no right over money, and nobody gets both.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import get_random_string

from base.errors import ApiError, ErrorCode
from exchange.models import Rule, User
from exchange.models.user import APPOINT, MONEY_RIGHTS
from exchange.selectors import rule_value
from proposals.errors import ProposalCode, ProposalError
from proposals.kinds import Kind
from proposals.models import Proposal
from proposals.services import proposal_new

__all__ = [
    "KINDS",
    "decides_from",
    "group_rights_check",
    "group_rights_propose",
    "require_settled",
    "staff_change_check",
    "staff_change_propose",
    "staff_password_propose",
]

RIGHTS, PASSWORD, GROUP = "staff.rights", "staff.password", "group.rights"
PLAIN: Final = ("is_staff", "is_superuser", "is_active", "username", "email", "first_name", "last_name")
MANY: Final = ("groups", "user_permissions")
ONLY_SUPERUSERS: Final = ("is_superuser", "user_permissions")
_TEMPORARY_LENGTH = 16


def staff_change_propose(*, actor: User, user: User, changes: Mapping[str, Any], reason: str) -> Proposal:
    """Propose to make somebody a member of staff, or to change one; `groups` and `user_permissions` are keys.

    Raises ProposalError: for oneself, and what `staff_change_check` refuses.
    """
    wanted = {name: sorted(value) if name in MANY else value for name, value in changes.items()}
    staff_change_check(actor=actor, user=user, changes=wanted)
    now = _stored(user, wanted)
    payload = {"changes": wanted, "was": now}
    return proposal_new(
        kind=RIGHTS,
        actor=actor,
        reason=reason,
        target=str(user.pk),
        subject=user.username,
        payload=payload,
        before=_in_words(now),
        after=_in_words(wanted),
        beneficiaries=[user.pk],
    )


def staff_change_check(*, actor: User, user: User, changes: Mapping[str, Any]) -> None:
    """Refuse rights that only superusers propose, and rights that exclude each other. Raises ProposalError."""
    if (user.is_superuser or any(name in ONLY_SUPERUSERS for name in changes)) and not actor.is_superuser:
        raise ProposalError(ProposalCode.FORBIDDEN, "Only a superuser proposes single rights, superusers and for them")
    _require_compatible(_rights_after(user, changes), bool(changes.get("is_superuser", user.is_superuser)))


def _rights_execute(proposal: Proposal, actor: User) -> str:
    user = _lock(proposal.target)
    changes, was = proposal.payload["changes"], proposal.payload["was"]
    if _stored(user, changes) != was:
        raise ProposalError(ProposalCode.CHANGED_MEANWHILE, f"{user} was changed meanwhile: propose it anew")
    _require_compatible(_rights_after(user, changes), bool(changes.get("is_superuser", user.is_superuser)))
    plain = {name: changes[name] for name in PLAIN if name in changes}
    for name, value in plain.items():
        setattr(user, name, value)
    user.save(update_fields=list(plain))
    for name in MANY:
        if name in changes:
            getattr(user, name).set(changes[name])
    return ""


def staff_password_propose(*, actor: User, user: User, reason: str) -> Proposal:
    """Propose another password for a member of staff. Raises ProposalError."""
    if user.is_superuser and not actor.is_superuser:
        raise ProposalError(ProposalCode.FORBIDDEN, "Only a superuser proposes this for a superuser")
    return proposal_new(
        kind=PASSWORD,
        actor=actor,
        reason=reason,
        target=str(user.pk),
        subject=user.username,
        before={"password": "theirs"},
        after={"password": "a temporary one, shown once to who approves"},
        beneficiaries=[user.pk],
    )


def _password_execute(proposal: Proposal, actor: User) -> str:
    user, password = _lock(proposal.target), get_random_string(_TEMPORARY_LENGTH)
    user.set_password(password)
    user.save(update_fields=["password"])
    return f"The temporary password of {user}, shown this once: {password}"


def group_rights_propose(*, actor: User, group: Group, rights: Collection[int], reason: str) -> Proposal:
    """Propose which rights a group gives, by their keys. Raises ProposalError."""
    group_rights_check(actor=actor, group=group, rights=rights)
    was = sorted(group.permissions.values_list("pk", flat=True))
    payload = {"rights": sorted(rights), "was": was}
    return proposal_new(
        kind=GROUP,
        actor=actor,
        reason=reason,
        target=str(group.pk),
        subject=group.name,
        payload=payload,
        before={"rights": _codenames(was)},
        after={"rights": _codenames(rights)},
        beneficiaries=list(group.user_set.order_by("pk").values_list("pk", flat=True)),
    )


def group_rights_check(*, actor: User, group: Group, rights: Collection[int]) -> None:
    """Refuse rights that exclude each other, and a group that the actor is in. Raises ProposalError."""
    _require_group_fits(group, rights)
    if group.user_set.filter(pk=actor.pk).exists():
        raise ProposalError(ProposalCode.BENEFICIARY, "You are in this group: ask a colleague to propose it")


def _group_execute(proposal: Proposal, actor: User) -> str:
    group = Group.objects.select_for_update().get(pk=int(proposal.target))
    if sorted(group.permissions.values_list("pk", flat=True)) != proposal.payload["was"]:
        raise ProposalError(ProposalCode.CHANGED_MEANWHILE, f"{group} was changed meanwhile: propose it anew")
    _require_group_fits(group, proposal.payload["rights"])
    if group.user_set.filter(pk=actor.pk).exists():
        raise ProposalError(ProposalCode.BENEFICIARY, "You are in this group: somebody else has to decide on it")
    group.permissions.set(proposal.payload["rights"])
    return ""


def decides_from(user: User) -> datetime | None:
    """Return from when a member of staff may decide after a change of their rights or password; None for long since."""
    hours = rule_value(Rule.Name.COOLING_HOURS)
    if user.rights_since is None:
        return None
    ready_at = user.rights_since + timedelta(hours=hours)
    return ready_at if ready_at > timezone.now() else None


def require_settled(user: User) -> None:
    """Refuse members of staff whose rights or password are new. One query. Raises ProposalError."""
    if ready_at := decides_from(user):
        message = f"Your rights or your password are new: you may decide from {ready_at:%Y-%m-%d %H:%M} UTC"
        raise ProposalError(ProposalCode.TOO_SOON, message)


def _lock(key: str) -> User:
    user = User.objects.select_for_update(no_key=True).filter(pk=key).first()
    if user is None:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such user")
    return user


def _stored(user: User, names: Collection[str]) -> dict[str, Any]:
    plain: dict[str, Any] = {name: getattr(user, name) for name in PLAIN if name in names}
    return plain | {name: sorted(getattr(user, name).values_list("pk", flat=True)) for name in MANY if name in names}


def _in_words(values: Mapping[str, Any]) -> dict[str, Any]:
    words = dict(values)
    if "groups" in words:
        words["groups"] = sorted(Group.objects.filter(pk__in=words["groups"]).values_list("name", flat=True))
    if "user_permissions" in words:
        words["user_permissions"] = _codenames(words["user_permissions"])
    return words


def _codenames(keys: Collection[int]) -> list[str]:
    return sorted(Permission.objects.filter(pk__in=keys).values_list("codename", flat=True))


def _rights_after(user: User, changes: Mapping[str, Any]) -> set[str]:
    groups = changes.get("groups", list(user.groups.values_list("pk", flat=True)))
    single = changes.get("user_permissions", list(user.user_permissions.values_list("pk", flat=True)))
    return _rights_named(Permission.objects.filter(Q(group__in=groups) | Q(pk__in=single)))


def _rights_named(rights: Any) -> set[str]:
    return {f"{app}.{name}" for app, name in rights.values_list("content_type__app_label", "codename")}


def _require_group_fits(group: Group, rights: Collection[int]) -> None:
    wanted = _rights_named(Permission.objects.filter(pk__in=rights))
    _require_compatible(wanted, False)
    others = Permission.objects.filter(Q(group__user__groups=group) & ~Q(group=group) | Q(user__groups=group))
    _require_compatible(wanted | _rights_named(others), False)


def _require_compatible(rights: Collection[str], is_superuser: bool) -> None:
    money = sorted(MONEY_RIGHTS.intersection(rights))
    if money and (is_superuser or APPOINT in rights):
        message = "Who appoints staff has no right over money: give these to somebody else"
        raise ProposalError(ProposalCode.INVALID, message, {"rights": ", ".join(money)})


KINDS = (
    Kind(RIGHTS, "Members of staff", APPOINT, APPOINT, _rights_execute),
    Kind(PASSWORD, "Password of a member of staff", APPOINT, APPOINT, _password_execute),
    Kind(GROUP, "Rights of a group", APPOINT, APPOINT, _group_execute),
)
