"""Users: who they are, what they may do, freeze and unfreeze."""

from collections.abc import Callable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.views.decorators.debug import sensitive_post_parameters

from base.errors import CodedError
from exchange.admin.base import BackOfficeAdmin, DetailAction, Table, staff
from exchange.admin.changes import user_is_in_reach, user_note_write, user_record, user_set_active
from exchange.admin.columns import link_to_search, mark, moment
from exchange.admin.fees import tier_table
from exchange.admin.logins import login_table
from exchange.admin.notes import Question, RequiredNoteForm, ask_and_act, ask_note, refusal, report
from exchange.admin.proposals import waiting_tables
from exchange.admin.rules import PROPOSED, ReasonOnlyForm
from exchange.admin.search import find_users
from exchange.admin.standing import standing_table
from exchange.admin.user_notes import ADD_NOTE, NOTE_TEXT, VIEW_NOTES, note_table
from exchange.admin.wording import sentence_of
from exchange.models import User
from exchange.roles import APPOINT
from exchange.services import staff_change_propose, staff_password_propose
from exchange.services.staff import MANY, staff_change_check
from proposals.errors import ProposalError
from proposals.models import REASON_MAX

if TYPE_CHECKING:
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from django.forms import TextInput

    AnyUserForm = UserChangeForm[User]
else:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput

    AnyUserForm = UserChangeForm

CHANGE_USER = "exchange.change_user"
APPOINTMENT, ONLY_SUPERUSERS = ("is_staff", "groups"), ("is_superuser", "user_permissions")
PERSON = ("username", "first_name", "last_name", "email")
TWO_TEXT = (
    "Who is a member of staff and with which rights takes two people, and so does any change of a colleague: it is "
    "proposed here, and holds once somebody else approves it. Who appoints staff has no right over money."
)


class TraderForm(AnyUserForm):
    """A user; what takes two people is kept apart, in `for_two`, and needs a reason."""

    actor: ClassVar[User]
    reason = forms.CharField(
        required=False, max_length=REASON_MAX, widget=TextInput, label="Why", help_text="For who decides on it"
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        stored = User.objects.get(pk=self.instance.pk)
        self.for_two = _for_two(
            self.actor, stored, {name: values[name] for name in self.changed_data if name in values}
        )
        if self.for_two and not str(values.get("reason", "")).strip():
            self.add_error("reason", "Say why: another member of staff decides on it")
        elif self.for_two:
            try:
                staff_change_check(actor=self.actor, user=stored, changes=self.for_two)
            except ProposalError as error:
                self.add_error(None, sentence_of(error))
        return values


def _for_two(actor: User, user: User, changes: dict[str, Any]) -> dict[str, Any]:
    """Return those changes of a user that take two people, objects by their keys."""
    names = [*APPOINTMENT, *ONLY_SUPERUSERS]
    if (user.is_staff or user.is_superuser) and user.pk != actor.pk:
        names += PERSON
    return {
        name: sorted(each.pk for each in value) if isinstance(value, QuerySet) else value
        for name, value in changes.items()
        if name in names
    }


@admin.register(User)
class TraderAdmin(UserAdmin, BackOfficeAdmin):  # type: ignore[type-arg]  # generic, and less general, in the stubs only
    """Freezing has an action of its own.

    Only staff who may appoint give roles and change members of staff, and nobody changes their own rights. Only
    superusers give single rights and change superusers.
    """

    shows_money = True  # balances and open orders, for those who may see them

    # Buttons and tables of apps above this one, which append to them.
    more_actions: ClassVar[list[DetailAction]] = []
    # What other pages have on a user, for those with a right ("app.codename").
    more_tables: ClassVar[list[tuple[str, Callable[[User], list[Table]]]]] = []

    form = TraderForm
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
        ("For what takes two people", {"fields": ("reason",), "description": TWO_TEXT}),
    )

    def get_form(self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.actor = staff(request)
        return form

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
        if change:
            stored = User.objects.get(pk=obj.pk)
            for name in form.for_two:
                form.cleaned_data.pop(name)  # else the form would save groups and rights
                if name not in MANY:
                    setattr(obj, name, getattr(stored, name))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        names = [name for name in form.changed_data if name in form.cleaned_data and name != "reason"]
        old, new = _difference(form.initial if change else {}, {name: form.cleaned_data[name] for name in names})
        if new or not change:
            action = "user.update" if change else "user.create"
            user_record(actor=staff(request), action=action, user=form.instance, old=old, new=new)
        if change and form.for_two:
            staff_change_propose(
                actor=staff(request), user=form.instance, changes=form.for_two, reason=form.cleaned_data["reason"]
            )
            messages.success(request, PROPOSED)

    @method_decorator(sensitive_post_parameters())
    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Set another user's password, in one transaction with its entry; propose it for a member of staff.

        One's own asks for the old one first.
        """
        user = self.object_or_404(request, id)
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        if user.pk == staff(request).pk:
            return HttpResponseRedirect(reverse("admin:password_change"))
        if user.is_staff or user.is_superuser:
            return self._propose_password(request, user)
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            user_record(actor=staff(request), action="user.set_password", user=user, old={}, new={})
        return response

    def _propose_password(self, request: HttpRequest, user: User) -> HttpResponse:
        text = "Once somebody else approves it, they are shown a temporary password to hand over, once."

        def propose(answer: dict[str, Any]) -> None:
            staff_password_propose(actor=staff(request), user=user, reason=answer["reason"])
            messages.success(request, PROPOSED)

        question = Question("Propose another password", text, "Propose")
        return ask_and_act(self, request, question, ReasonOnlyForm, user, self.object_url(user.pk), propose)

    def object_tables(self, request: HttpRequest, obj: User) -> list[Table]:
        notes = [note_table(obj)] if request.user.has_perm(VIEW_NOTES) else []
        more = [tables(obj) for permission, tables in self.more_tables if request.user.has_perm(permission)]
        standing = [standing_table(obj)] if obj.is_staff else []
        waiting = waiting_tables(Q(target=str(obj.pk)) | Q(beneficiaries__contains=[obj.pk]))
        return [*standing, *waiting, *notes, *chain.from_iterable(more), tier_table(obj), login_table(obj)]

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
                if (user.is_staff or user.is_superuser) and user.pk != staff(request).pk:
                    changes = {"is_active": active}
                    staff_change_propose(actor=staff(request), user=user, changes=changes, reason=note)
                    done.append(f"{user}: {PROPOSED[:1].lower()}{PROPOSED[1:]}")
                    continue
                changed = user_set_active(actor=staff(request), user_id=user.pk, active=active, note=note)
                state = "active" if active else "frozen"
                done.append(f"{user} is {state}" if changed else f"{user} was already {state}")
            except CodedError as error:
                refused.append(refusal(user, error))
        report(request, done, refused)
        return None


def _difference(old: dict[str, Any], new: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what differs, without secrets, as JSON values."""
    names = [
        name
        for name in new
        if "password" not in name and old.get(name) != new[name] and isinstance(new[name], str | bool | list)
    ]
    return {name: old[name] for name in names if name in old}, {name: new[name] for name in names}
