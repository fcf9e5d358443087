"""The audit trail: what staff did, and how it was before and after."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar

from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch

from base.symbols import symbol_of
from exchange.admin.audited_changes import changes_of, user_ids
from exchange.admin.base import ReadOnlyAdmin, Table
from exchange.admin.columns import EMPTY, link_to, moment, related, sentence
from exchange.admin.filters import TimeFilter
from exchange.admin.search import as_uuid, find_users
from exchange.models import AuditEntry, Market, User

# From the ids of objects, as the trail keeps them, to what they are called.
Namer = Callable[[Collection[str]], dict[str, str]]
Names = dict[tuple[str, str], str]
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
        return [(value, _kind(value)) for value, _ in _values("target_type")]

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
    search_help_text = "Id or name of the target, name of the actor, or an action such as market.set_state"
    fields = ["id", moment("created_at"), related("actor", USER), "action", "target", "note"]

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> Any:
        term = search_term.strip()
        if term:
            users = find_users(term)
            ids = {term, *map(str, users), *_market_ids(term)}
            found = Q(target_id__in=ids) | Q(actor_id__in=users) | Q(action=term)
            queryset = queryset.filter(found)
        return queryset, False

    # What objects of a kind are called, by their ids; apps above this one add theirs.
    namers: ClassVar[dict[str, Namer]] = {}

    def prepared(self, rows: list[Any]) -> list[Any]:
        names = _names_of(rows, self.namers)
        for entry in rows:
            entry.names = names
        return rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any | None:
        entry = super().get_object(request, object_id, from_field)
        return self.prepared([entry])[0] if entry else None

    @admin.display(description="target", ordering="target_type")
    def target(self, entry: AuditEntry) -> Any:
        kind, name = _kind(entry.target_type), _name_of(entry)
        if not entry.target_id:
            return f"list: {kind}"
        try:
            return link_to(entry.target_type, entry.target_id, f"{kind} {name}")
        except NoReverseMatch:
            return f"{kind} {name}"

    def csv_target(self, entry: AuditEntry) -> str:
        name = _names(entry).get((entry.target_type, entry.target_id))
        return f"{_kind(entry.target_type)} {entry.target_id}" + (f" ({name})" if name else "")

    @admin.display(description="change")
    def change(self, entry: AuditEntry) -> str:
        text = "; ".join(map(str, changes_of(entry.old, entry.new, _users(entry))))
        return sentence(text if len(text) <= 120 else f"{text[:119]}…")

    def csv_change(self, entry: AuditEntry) -> str:
        return "; ".join(map(str, changes_of(entry.old, entry.new, _users(entry), whole_ids=True)))

    def object_tables(self, request: HttpRequest, obj: AuditEntry) -> list[Table]:
        changes = changes_of(obj.old, obj.new, _users(obj))
        rows = [[change.what, change.before or EMPTY, change.after or EMPTY] for change in changes]
        return [Table("What changed", ("What", "Before", "After"), rows)] if rows else []


def _names_of(entries: Iterable[AuditEntry], namers: Mapping[str, Namer]) -> Names:
    """Return what the targets of entries are called, and the users that their changes name. One query for a kind."""
    wanted: dict[str, set[str]] = {kind: set() for kind in namers}
    for entry in entries:
        if entry.target_type in wanted:
            wanted[entry.target_type].add(entry.target_id)
        wanted[USER] |= user_ids(entry.old) | user_ids(entry.new)
    found = {kind: namers[kind](ids) for kind, ids in wanted.items() if ids}
    return {(kind, identity): name for kind, names in found.items() for identity, name in names.items()}


def _names(entry: AuditEntry) -> Names:
    names: Names = getattr(entry, "names", {})
    return names


def _users(entry: AuditEntry) -> dict[str, str]:
    return {identity: name for (kind, identity), name in _names(entry).items() if kind == USER}


def _name_of(entry: AuditEntry) -> str:
    object_id = as_uuid(entry.target_id)
    short = f"…{object_id.hex[-12:]}" if object_id else entry.target_id
    return _names(entry).get((entry.target_type, entry.target_id), short)


def _kind(target_type: str) -> str:
    """Return a kind of object as people call it: `API key`."""
    try:
        return str(apps.get_model(target_type)._meta.verbose_name)
    except (LookupError, ValueError):
        return target_type


def _user_names(ids: Collection[str]) -> dict[str, str]:
    known = [identity for text in ids if (identity := as_uuid(text))]
    return {str(pk): name for pk, name in User.objects.filter(pk__in=known).values_list("pk", "username")}


def _market_names(ids: Collection[str]) -> dict[str, str]:
    known = [int(text) for text in ids if text.isascii() and text.isdecimal() and len(text) < 10]
    return {str(pk): symbol for pk, symbol in Market.objects.filter(pk__in=known).values_list("pk", "symbol")}


def _market_ids(term: str) -> list[str]:
    return [str(pk) for pk in Market.objects.filter(symbol=symbol_of(term)).values_list("pk", flat=True)]


def _group_names(ids: Collection[str]) -> dict[str, str]:
    known = [int(text) for text in ids if text.isascii() and text.isdecimal() and len(text) < 10]
    return {str(pk): name for pk, name in Group.objects.filter(pk__in=known).values_list("pk", "name")}


AuditEntryAdmin.namers |= {USER: _user_names, "exchange.market": _market_names, "auth.group": _group_names}
