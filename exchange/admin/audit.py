"""The audit trail: what staff did, and how it was before and after."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html

from exchange.admin.base import ReadOnlyAdmin
from exchange.admin.columns import link_to, moment, related
from exchange.admin.filters import TimeFilter
from exchange.admin.search import find_users
from exchange.models import AuditEntry

USER = "exchange.user"


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["id", moment("created_at", "time"), related("actor", USER), "action", "target", "change", "note"]
    list_filter = [TimeFilter]
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
        text = f"{entry.target_type} {entry.target_id}"
        try:
            return link_to(entry.target_type, entry.target_id, text)
        except NoReverseMatch:
            return text

    @admin.display(description="change")
    def change(self, entry: AuditEntry) -> str:
        text = "; ".join(f"{name}: {entry.old.get(name, '')} → {value}" for name, value in entry.new.items())
        return text if len(text) <= 120 else f"{text[:119]}…"

    @admin.display(description="before")
    def before(self, entry: AuditEntry) -> Any:
        return _as_text(entry.old)

    @admin.display(description="after")
    def after(self, entry: AuditEntry) -> Any:
        return _as_text(entry.new)


def _as_text(value: dict[str, Any]) -> Any:
    return format_html('<pre class="whitespace-pre-wrap">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False))
