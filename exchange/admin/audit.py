"""The audit trail: what staff did, and how it was before and after."""

import json
from typing import Any

from django.contrib import admin
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html

from exchange.admin.base import ReadOnlyAdmin
from exchange.admin.columns import link_to, moment, related, sentence
from exchange.admin.filters import TimeFilter
from exchange.admin.search import as_uuid, find_users
from exchange.models import AuditEntry, User

USER = "exchange.user"
CHOICES_MAX = 200
# The values of a column, read by its index in one step for each; the trail is not read through.
_VALUES = """
WITH RECURSIVE found AS (
    (SELECT {column} AS value FROM exchange_auditentry ORDER BY {column} LIMIT 1)
    UNION ALL
    SELECT (SELECT {column} FROM exchange_auditentry WHERE {column} > found.value ORDER BY {column} LIMIT 1)
    FROM found WHERE found.value IS NOT NULL
)
SELECT value FROM found WHERE value IS NOT NULL LIMIT %s
"""


def _values(column: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(_VALUES.format(column=column), [CHOICES_MAX])
        return [(value, value) for (value,) in cursor.fetchall()]


class ActionFilter(admin.SimpleListFilter):
    title = "action"
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _values("action")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class ObjectFilter(admin.SimpleListFilter):
    title = "kind of object"
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return _values("target_type")

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(target_type=self.value()) if self.value() else queryset


class ActorFilter(admin.SimpleListFilter):
    """Members of staff. Other users leave entries as well; the search finds those."""

    title = "member of staff"
    parameter_name = "actor"
    NOBODY = "none"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        members = User.objects.filter(is_staff=True).order_by("username").values_list("pk", "username")
        return [(self.NOBODY, "the exchange itself"), *((str(pk), name) for pk, name in members[:CHOICES_MAX])]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen == self.NOBODY:
            return queryset.filter(actor=None)
        if not chosen:
            return queryset
        actor = as_uuid(chosen)
        return queryset.filter(actor_id=actor) if actor else queryset.none()


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", moment("created_at", "time"), related("actor", USER), "action", "target", "change", "note"]
    list_filter = [TimeFilter, ActorFilter, ActionFilter, ObjectFilter]
    list_select_related = ["actor"]
    search_fields = ["target_id"]
    search_help_text = "Id of the target, name of the actor, or an action such as market.set_state"
    fields = ["id", moment("created_at"), related("actor", USER), "action", "target", "note", "before", "after"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if term:
            found = Q(target_id=term) | Q(actor_id__in=find_users(term)) | Q(action=term)
            queryset = queryset.filter(found)
        return queryset, False

    @admin.display(description="target")
    def target(self, entry: AuditEntry) -> Any:
        object_id = as_uuid(entry.target_id)
        text = f"{entry.target_type} {f'…{object_id.hex[-12:]}' if object_id else entry.target_id}"
        try:
            return link_to(entry.target_type, entry.target_id, text)
        except NoReverseMatch:
            return text

    @admin.display(description="change")
    def change(self, entry: AuditEntry) -> str:
        text = "; ".join(f"{name}: {entry.old.get(name, '')} → {value}" for name, value in entry.new.items())
        return sentence(text if len(text) <= 120 else f"{text[:119]}…")

    @admin.display(description="before")
    def before(self, entry: AuditEntry) -> Any:
        return _as_text(entry.old)

    @admin.display(description="after")
    def after(self, entry: AuditEntry) -> Any:
        return _as_text(entry.new)


def _as_text(value: dict[str, Any]) -> Any:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre style="overflow-wrap: anywhere; white-space: pre-wrap">{}</pre>', text)
