"""Groups, logins and refresh tokens."""

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from exchange.admin.base import BackOfficeAdmin, Table, staff
from exchange.admin.columns import moment, related
from exchange.admin.rules import PROPOSED
from exchange.admin.search import ByUserAdmin
from exchange.admin.wording import sentence_of
from exchange.audit import audit_record
from exchange.models import RevokedSession, User
from exchange.roles import is_role
from exchange.services import group_rights_propose
from exchange.services.staff import group_rights_check
from proposals.errors import ProposalError
from proposals.models import REASON_MAX

if TYPE_CHECKING:
    from django.forms import ModelForm, TextInput

    AnyGroupForm = ModelForm[Group]
else:
    from django.forms import ModelForm as AnyGroupForm
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

admin.site.unregister(Group)
admin.site.unregister(OutstandingToken)
admin.site.unregister(BlacklistedToken)


class GroupForm(AnyGroupForm):
    """A group. Its rights are proposed, so a new one has none; what takes two people needs a reason."""

    actor: ClassVar[User]
    reason = forms.CharField(
        required=False, max_length=REASON_MAX, widget=TextInput, label="Why", help_text="For who decides on the rights"
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        self.rights: list[int] | None = None
        if "permissions" in self.changed_data and "permissions" in values:
            self.rights = sorted(right.pk for right in values["permissions"])
            if not values.get("reason", "").strip():
                self.add_error("reason", "Say why: another member of staff decides on the rights")
            elif self.instance.pk:
                self._check_rights(self.rights)
        return values

    def _check_rights(self, rights: list[int]) -> None:
        try:
            group_rights_check(actor=self.actor, group=self.instance, rights=rights)
        except ProposalError as error:
            self.add_error(None, sentence_of(error))


@admin.register(Group)
class RoleAdmin(GroupAdmin, BackOfficeAdmin):
    """Groups give rights, so only superusers propose changes of them, and somebody else decides.

    The roles are part of the release: nobody edits them.
    """

    form = GroupForm

    filter_horizontal = ()  # two boxes of long names are wider than a page

    def has_add_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return staff(request).is_superuser and not (isinstance(obj, Group) and is_role(obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any | None = None) -> Any:
        return ["name"] if obj is None or is_role(obj) else ["name", "permissions", "reason"]

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.actor = staff(request)
        return form

    def object_tables(self, request: HttpRequest, obj: Group) -> list[Table]:
        return [_rights_table(obj)] if is_role(obj) else []

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        form.cleaned_data.pop("permissions", None)  # else the form would save them
        super().save_related(request, form, formsets, change)
        if not change or "name" in form.changed_data:
            audit_record(
                actor=staff(request), action="group.save", target=form.instance, new={"name": form.instance.name}
            )
        if form.rights is not None:
            group_rights_propose(
                actor=staff(request), group=form.instance, rights=form.rights, reason=form.cleaned_data["reason"]
            )
            messages.success(request, PROPOSED)


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
