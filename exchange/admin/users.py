"""Users: who they are, what they may do, freeze and unfreeze."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.views.decorators.debug import sensitive_post_parameters

from base.errors import ApiError
from exchange.admin.base import BackOfficeAdmin, DetailAction, Table, staff
from exchange.admin.changes import user_is_in_reach, user_note_write, user_record, user_set_active
from exchange.admin.columns import link_to_search, mark, moment
from exchange.admin.fees import tier_table
from exchange.admin.logins import login_table
from exchange.admin.notes import Question, RequiredNoteForm, ask_and_act, ask_note, refusal, report
from exchange.admin.search import find_users
from exchange.admin.user_notes import ADD_NOTE, NOTE_TEXT, VIEW_NOTES, note_table
from exchange.models import User
from exchange.roles import APPOINT

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
else:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

CHANGE_USER = "exchange.change_user"
APPOINTMENT, ONLY_SUPERUSERS = ("is_staff", "groups"), ("is_superuser", "user_permissions")


@admin.register(User)
class TraderAdmin(UserAdmin, BackOfficeAdmin):  # type: ignore[type-arg,misc]  # generic, and less general, in the stubs only
    """Freezing has an action of its own.

    Only staff who may appoint give roles and change members of staff, and nobody changes their own rights. Only
    superusers give single rights and change superusers.
    """

    shows_money = True  # balances and open orders, for those who may see them

    # Buttons and tables of apps above this one, which append to them.
    more_actions: ClassVar[list[DetailAction]] = []
    # What other pages have on a user, for those with a right ("app.codename").
    more_tables: ClassVar[list[tuple[str, Callable[[User], list[Table]]]]] = []

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "email", "state", "is_staff", moment("date_joined"), moment("last_login")]
    sorted_by_index = ("username", "last_login")
    list_filter = ["is_active", "is_staff"]
    list_only = ["id", "username", "email", "is_active", "is_staff", "date_joined", "last_login"]
    search_fields = ["username"]
    search_help_text = "Id, name or e-mail; else the beginning of a name"
    ordering = ("-id",)
    filter_horizontal = ()
    actions = ["freeze_selected", "unfreeze_selected"]
    fieldsets = (
        (None, {"fields": ("username", "password", "state")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Rights", {"fields": APPOINTMENT}),
        ("Activity", {"fields": (moment("date_joined"), moment("last_login"), "activity")}),
        ("Single rights", {"fields": ONLY_SUPERUSERS, "classes": ("collapse",)}),
    )

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        if search_term.strip():
            queryset = queryset.filter(pk__in=find_users(search_term))
        return queryset, False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        is_in_reach = not isinstance(obj, User) or user_is_in_reach(staff(request), obj)
        return is_in_reach and super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any | None = None) -> list[Any]:
        if obj is None:
            return []
        actor, shown = staff(request), ["state", *self.fieldsets[3][1]["fields"]]
        if actor.is_superuser:
            return shown
        appoints = actor.has_perm(APPOINT) and obj.pk != actor.pk
        return [*shown, *ONLY_SUPERUSERS, *(() if appoints else APPOINTMENT)]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "user_permissions":
            kwargs["queryset"] = db_field.remote_field.model.objects.select_related("content_type")
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description="state", ordering="is_active")
    def state(self, user: User) -> Any:
        return mark("active", "success") if user.is_active else mark("frozen", "danger")

    @admin.display(description="See")
    def activity(self, user: User) -> Any:
        pages = {
            "orders.order": "orders",
            "orders.trade": "trades",
            "settlement.account": "balances",
            "settlement.ledgerentry": "ledger entries",
        }
        return format_html_join(" · ", "{}", ((link_to_search(model, user.pk, text),) for model, text in pages.items()))

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        before = _rights(User.objects.get(pk=obj.pk)) if change else {}
        form.rights_before = {name: form.initial.get(name) for name in form.changed_data if change} | before
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        after = {name: form.cleaned_data.get(name) for name in form.changed_data} | _rights(form.instance)
        old, new = _difference(form.rights_before, after)
        if new or not change:
            action = "user.update" if change else "user.create"
            user_record(actor=staff(request), action=action, user=form.instance, old=old, new=new)

    @method_decorator(sensitive_post_parameters())
    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set another user's password, in one transaction with its entry. One's own asks for the old one first."""
        if id == str(staff(request).pk):
            return HttpResponseRedirect(reverse("admin:password_change"))
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            user = self.object_or_404(request, id)
            user_record(actor=staff(request), action="user.set_password", user=user, old={}, new={})
        return response

    def object_tables(self, request: HttpRequest, obj: User) -> list[Table]:
        notes = [note_table(obj)] if request.user.has_perm(VIEW_NOTES) else []
        more = [tables(obj) for permission, tables in self.more_tables if request.user.has_perm(permission)]
        return [*notes, *chain.from_iterable(more), tier_table(obj), login_table(obj)]

    def _write_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.object_or_404(request, object_id)
        question = Question("Write a note", NOTE_TEXT, "Keep it")

        def write(answer: dict[str, Any]) -> None:
            user_note_write(actor=staff(request), user=user, text=answer["note"])
            messages.success(request, f"The note on {user} is kept")

        tables = [note_table(user)] if request.user.has_perm(VIEW_NOTES) else []
        return ask_and_act(self, request, question, RequiredNoteForm, user, self.object_url(user.pk), write, tables)

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        note = DetailAction("note", "Write a note…", ADD_NOTE, self._write_note)
        freeze = DetailAction("freeze", "Freeze…", CHANGE_USER, partial(self._change_one, False))
        unfreeze = DetailAction("unfreeze", "Unfreeze…", CHANGE_USER, partial(self._change_one, True))
        if obj is None:
            return [freeze, unfreeze, note, *self.more_actions]
        return [freeze if obj.is_active else unfreeze, note, *self.more_actions]

    @admin.action(description="Freeze…", permissions=["change"])
    def freeze_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._set_active(request, False, list(queryset), "freeze_selected", self.changelist_url())

    @admin.action(description="Unfreeze…", permissions=["change"])
    def unfreeze_selected(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        return self._set_active(request, True, list(queryset), "unfreeze_selected", self.changelist_url())

    def _change_one(self, active: bool, request: HttpRequest, object_id: str) -> HttpResponse:
        user = self.object_or_404(request, object_id)
        back = self.object_url(user.pk)
        return self._set_active(request, active, [user], "", back) or HttpResponseRedirect(back)

    def _set_active(
        self, request: HttpRequest, active: bool, users: list[User], action: str, back: str
    ) -> HttpResponse | None:
        word = "Unfreeze" if active else "Freeze"
        text = (
            "The user can log in and trade again."
            if active
            else "The user is refused everywhere at once; open orders stay."
        )
        note = ask_note(self, request, Question(f"{word} users", text, word, action=action), users, back)
        if not isinstance(note, str):
            return note
        done, refused = [], []
        for user in users:
            try:
                changed = user_set_active(actor=staff(request), user_id=user.pk, active=active, note=note)
                state = "active" if active else "frozen"
                done.append(f"{user} is {state}" if changed else f"{user} was already {state}")
            except ApiError as error:
                refused.append(refusal(user, error))
        report(request, done, refused)
        return None


def _rights(user: User) -> dict[str, Any]:
    return {
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "user_permissions": sorted(user.user_permissions.values_list("codename", flat=True)),
    }


def _difference(old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs, without secrets, as JSON values."""
    names = [
        name
        for name in new
        if "password" not in name and old.get(name) != new[name] and isinstance(new[name], str | bool | list)
    ]
    return {name: old[name] for name in names if name in old}, {name: new[name] for name in names}
