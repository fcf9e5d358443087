"""Lists as files for a spreadsheet: what a list shows, with its filters, its search and its order."""

import html
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from base.downloads import csv_response, csv_text, safe_cell
from base.scaling import plain
from base.times import iso_ms
from exchange.admin.columns import EMPTY
from exchange.admin.lists import COUNT_MAX, BoundedList, BoundedLists, BoundedPaginator
from exchange.admin.reads import asked_of
from exchange.audit import audit_record
from exchange.models import User

__all__ = ["ListDownloads"]

ROWS_AT_ONCE = 500
CHECKBOX = "action_checkbox"
CUT = f"Cut after {COUNT_MAX:,} rows: narrow the list with its filters, its search or a time"


class ListDownloads(BoundedLists):
    """A mixin for pages with a bounded list: `csv/` behind the list's address gives it as a file.

    A column's `raw` value is written where it has one, else what `csv_NAME` of the page returns, else what is shown.
    """

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_csv"
        return [path("csv/", self.admin_site.admin_view(self.csv_view), name=name), *super().get_urls()]

    def csv_view(self, request: HttpRequest) -> HttpResponseBase:
        """Stream the list, at most COUNT_MAX rows of it. Writes an audit entry."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponse("POST only", status=405, headers={"Allow": "POST"})
        try:
            changes = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect("../?e=1")
        assert isinstance(changes, BoundedList), "Invariant: what is downloaded is bounded"
        assert isinstance(request.user, User), "Invariant: the admin is only entered by users"
        paginator = changes.bounded()
        new = {"rows": paginator.count, "cut": paginator.has_more, **asked_of(request)}
        audit_record(actor=request.user, action=f"{self.opts.model_name}.download", target=self.model, new=new)
        name = f"{self.opts.model_name}-{timezone.now():%Y-%m-%dT%H%M%SZ}.csv"
        return csv_response(request, name, self._parts(self.get_list_display(request), paginator))

    def _parts(self, shown: Sequence[Any], paginator: BoundedPaginator) -> Iterator[str]:
        columns = [column for column in shown if column != CHECKBOX]
        yield csv_text([[str(label_for_field(column, self.model, self)).capitalize() for column in columns]])
        for start in range(0, paginator.count, ROWS_AT_ONCE):
            keys = paginator.keys(start, min(start + ROWS_AT_ONCE, paginator.count))
            rows = self.prepared(list(paginator.rows_of(keys)))
            yield csv_text([self._cell(column, row) for column in columns] for row in rows)
        if paginator.has_more:
            yield csv_text([[CUT]])

    def _cell(self, column: Any, row: Any) -> str:
        if isinstance(column, str) and hasattr(self, f"csv_{column}"):
            return _text(getattr(self, f"csv_{column}")(row))
        if hasattr(column, "raw"):
            return _text(column.raw(row))
        field, _, value = lookup_field(column, row, self)
        if field is not None and field.choices:
            value = getattr(row, f"get_{field.name}_display")()
        return _text(value)


def _text(value: Any) -> str:
    """Return a cell: numbers and times for a program to read, everything else as a text that is no formula."""
    if value is None or value == EMPTY:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return iso_ms(value)
    if isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    return safe_cell(html.unescape(strip_tags(value)) if isinstance(value, SafeString) else str(value))
