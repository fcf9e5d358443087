"""Groups, logins and refresh tokens."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from exchange.admin.base import BackOfficeAdmin, staff
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
    """Groups give rights, so who changes them needs to be a superuser, and each change is recorded.

    The roles are what the release says: nobody edits them.
    """

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).is_superuser and not (isinstance(obj, Group) and is_role(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        permissions = sorted(form.instance.permissions.values_list("codename", flat=True))
        group_save(actor=staff(request), group=form.instance, permissions=permissions)


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

    @admin.display(description="jti")
    def jti(self, entry: BlacklistedToken) -> str:
        return str(entry.token.jti)

    @admin.display(description="user")
    def user(self, entry: BlacklistedToken) -> str:
        return str(entry.token.user)


@admin.register(RevokedSession)
class RevokedSessionAdmin(ByUserAdmin):
    list_display = ["sid", related("user", "exchange.user"), moment("revoked_at"), moment("expires_at")]
    list_select_related = ["user"]
    ordering = ("-sid",)
