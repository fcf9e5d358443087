"""The time filter: last hour, today, seven days or a range, as bounds that an index serves."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.admin import ListFilter, ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from base.ids import uuid7_floor
from base.times import ms_of

HOUR, TODAY, WEEK = "hour", "today", "week"
_LABELS = {HOUR: "Last hour", TODAY: "Today (UTC)", WEEK: "Last 7 days"}


class TimeFilter(ListFilter):
    """Bounds a time column; `since` is included, `until` is not. Times are UTC."""

    title = "time"
    template = "admin/filter_time.html"
    field = "created_at"
    NAMES = ("when", "since", "until")

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: type[Any], model_admin: "ModelAdmin[Any]"
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.NAMES:
            value = params.pop(name, None)
            if value:
                self.used_parameters[name] = value[-1] if isinstance(value, list) else value
        self.others = [
            (name, value)
            for name, values in request.GET.lists()
            if name not in (*self.NAMES, PAGE_VAR)
            for value in values
        ]

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.NAMES)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        since, until = self._bounds(timezone.now())
        if since:
            queryset = queryset.filter(**{f"{self.field}__gte": self.bound(since)})
        if until:
            queryset = queryset.filter(**{f"{self.field}__lt": self.bound(until)})
        return queryset

    def bound(self, moment: datetime) -> Any:
        """Return the value of the filtered column that stands for a moment."""
        return moment

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        used = self.used_parameters
        yield {
            "selected": not any(used.get(name) for name in self.NAMES),
            "query_string": changelist.get_query_string(remove=[*self.NAMES, PAGE_VAR]),
            "display": "Any time",
        }
        for value, text in _LABELS.items():
            yield {
                "selected": used.get("when") == value,
                "query_string": changelist.get_query_string({"when": value}, ["since", "until", PAGE_VAR]),
                "display": text,
            }

    def _bounds(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        starts = {
            HOUR: now - timedelta(hours=1),
            TODAY: now.replace(hour=0, minute=0, second=0, microsecond=0),
            WEEK: now - timedelta(days=7),
        }
        since = _parse(self._used("since")) or starts.get(self._used("when"))
        return since, _parse(self._used("until"))

    def _used(self, name: str) -> str:
        return str(self.used_parameters.get(name, ""))


class UuidTimeFilter(TimeFilter):
    """Bounds a UUIDv7 by the time in it, so that partitions are pruned and the primary key's index is read."""

    field = "id"

    def bound(self, moment: datetime) -> Any:
        return uuid7_floor(max(0, ms_of(moment)))


def _parse(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise IncorrectLookupParameters(f"{text!r} is not a time such as 2026-01-31T23:59") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
