"""Groups, logins and refresh tokens."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from exchange.admin.base import BackOfficeAdmin, Table, staff
from exchange.admin.changes import group_save
from exchange.admin.columns import moment, related
from exchange.admin.search import ByUserAdmin
from exchange.models import RevokedSession
from exchange.roles import is_role

admin.site.unregister(Group)
admin.site.unregister(OutstandingToken)
admin.site.unregister(BlacklistedToken)


@admin.register(Group)
class RoleAdmin(GroupAdmin, BackOfficeAdmin):
    """Groups give rights, so only superusers change them, and each change is recorded.

    The roles are part of the release: nobody edits them.
    """

    filter_horizontal = ()  # two boxes of long names are wider than a page

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).is_superuser and not (isinstance(obj, Group) and is_role(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        return ["name"] if obj is not None and is_role(obj) else super().get_fields(request, obj)

    def object_tables(self, request: HttpRequest, obj: Group) -> list[Table]:
        return [_rights_table(obj)] if is_role(obj) else []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        permissions = sorted(form.instance.permissions.values_list("codename", flat=True))
        group_save(actor=staff(request), group=form.instance, permissions=permissions)


def _rights_table(group: Group) -> Table:
    """Return what a role may do, by the kind of object; what it only sees comes last. One query."""
    rights: dict[str, list[str]] = {}
    for right in group.permissions.select_related("content_type").order_by("content_type__app_label", "codename"):
        kind = right.content_type
        rights.setdefault(f"{kind.app_label}: {kind.name}", []).append(right.codename.partition("_")[0])
    acts = {kind: ", ".join(act for act in names if act != "view") for kind, names in rights.items()}
    rows = [[kind, text or "-"] for kind, text in sorted(acts.items(), key=lambda pair: not pair[1])]
    return Table("What it may do besides looking", ("With", "May"), rows)


@admin.register(OutstandingToken)
class OutstandingTokenAdmin(ByUserAdmin):
    """Shows that a token was issued, never the token."""

    list_display = ["jti", related("user", "exchange.user"), moment("created_at"), moment("expires_at")]
    list_select_related = ["user"]
    list_only = ["id", "jti", "user__username", "created_at", "expires_at"]
    fields = ["id", "jti", related("user", "exchange.user"), moment("created_at"), moment("expires_at")]


@admin.register(BlacklistedToken)
class BlacklistedTokenAdmin(ByUserAdmin):
    user_path = "token__user_id"
    list_display = ["jti", "user", moment("blacklisted_at")]
    list_select_related = ["token__user"]
    list_only = ["id", "token__jti", "token__user__username", "blacklisted_at"]
    fields = ["id", "jti", "user", moment("blacklisted_at")]

    @admin.display(description="jti", ordering="token__jti")
    def jti(self, entry: BlacklistedToken) -> str:
        return str(entry.token.jti)

    @admin.display(description="user", ordering="token__user__username")
    def user(self, entry: BlacklistedToken) -> str:
        return str(entry.token.user)


@admin.register(RevokedSession)
class RevokedSessionAdmin(ByUserAdmin):
    list_display = ["sid", related("user", "exchange.user"), moment("revoked_at"), moment("expires_at")]
    list_select_related = ["user"]
    ordering = ("-sid",)
