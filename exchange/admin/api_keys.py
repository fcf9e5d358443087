"""API keys: whose they are, what they may do, when they were used; staff revoke them. Nobody can see a secret."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from exchange.admin.base import DetailAction, Table, staff
from exchange.admin.columns import link_to, mark, moment, related, time_text
from exchange.admin.notes import Question, ask_note, report
from exchange.admin.search import ByUserAdmin
from exchange.admin.users import TraderAdmin
from exchange.api_keys import KeyStatus, key_status
from exchange.models import ApiKey, User
from exchange.services import api_key_revoke, api_keys_revoke

KEY, CHANGE_KEY = "exchange.apikey", "exchange.change_apikey"
SHOWN_MAX = 50
STATUS_COLOURS = {KeyStatus.ACTIVE: "success", KeyStatus.LOST: "warning"}
_CONSEQUENCE = "It is refused within a second and its streams are closed. Open orders stay in the book."


def status_label(key: ApiKey) -> Any:
    """Return a key's status as a coloured label. No query."""
    status = key_status(key, timezone.now())
    return mark(status.value, STATUS_COLOURS.get(status, ""))


def api_key_table(user: User) -> Table:
    """Return a user's keys, newest first. One query."""
    keys = ApiKey.objects.filter(user=user).order_by("-id")[:SHOWN_MAX]
    headers = ("Label", "Scopes", "Status", "Made", "Expires", "Last used")
    return Table("API keys", headers, [_row(key) for key in keys])


def _row(key: ApiKey) -> list[Any]:
    times = [time_text(moment) for moment in (key.created_at, key.expires_at, key.last_used_at)]
    return [link_to(KEY, key.pk, key.label), ", ".join(key.scopes), status_label(key), *times]


@admin.register(ApiKey)
class ApiKeyAdmin(ByUserAdmin):
    list_display = [
        "label",
        related("user", "exchange.user"),
        "scope_names",
        "status",
        moment("created_at", "made"),
        moment("expires_at", "expires"),
        moment("last_used_at", "last used"),
    ]
    list_select_related = ["user"]
    actions = ["revoke_selected"]
    fields = [
        "id",
        related("user", "exchange.user"),
        "label",
        "scope_names",
        "status",
        moment("created_at", "made"),
        moment("expires_at", "expires"),
        moment("last_used_at", "last used"),
        moment("revoked_at", "revoked"),
    ]

    @admin.display(description="scopes")
    def scope_names(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="status")
    def status(self, key: ApiKey) -> Any:
        return status_label(key)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(CHANGE_KEY)

    def object_actions(self, obj: Any | None) -> list[DetailAction]:
        revoke = DetailAction("revoke", "Revoke…", CHANGE_KEY, self._revoke_one)
        return [revoke] if obj is None or obj.revoked_at is None else []

    @admin.action(description="Revoke…", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> HttpResponse | None:
        return self._revoke(request, list(queryset), "revoke_selected", self.changelist_url())

    def _revoke_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        key = self.object_or_404(request, object_id)
        back = self.object_url(key.pk)
        return self._revoke(request, [key], "", back) or HttpResponseRedirect(back)

    def _revoke(self, request: HttpRequest, keys: list[ApiKey], action: str, back: str) -> HttpResponse | None:
        question = Question("Revoke API keys", _CONSEQUENCE, "Revoke", action=action)
        note = ask_note(self, request, question, keys, back)
        if not isinstance(note, str):
            return note
        now, done = timezone.now(), []
        for key in keys:
            _, changed = api_key_revoke(actor=staff(request), key_id=key.pk, now=now, note=note)
            done.append(f"{key} is revoked" if changed else f"{key} was already revoked")
        report(request, done, [])
        return None


def _revoke_all(request: HttpRequest, object_id: str) -> HttpResponse:
    page = admin.site.get_model_admin(User)
    assert isinstance(page, TraderAdmin), "Invariant: users have their page"
    user: User = page.object_or_404(request, object_id)
    back = page.object_url(user.pk)
    question = Question("Revoke all API keys", _CONSEQUENCE, "Revoke")
    note = ask_note(page, request, question, [user], back, [api_key_table(user)])
    if not isinstance(note, str):
        return note
    count = api_keys_revoke(actor=staff(request), owner=user, now=timezone.now(), note=note)
    report(request, [f"{user}: {count} API keys revoked"], [])
    return HttpResponseRedirect(back)


TraderAdmin.more_actions.append(DetailAction("revoke_api_keys", "Revoke API keys…", CHANGE_KEY, _revoke_all))
TraderAdmin.more_tables.append(("exchange.view_apikey", lambda user: [api_key_table(user)]))
