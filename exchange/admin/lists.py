"""Lists that stay fast on tables of any size: what is counted, in which order it is read, and how it is sorted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import FieldDoesNotExist
from django.core.paginator import InvalidPage, Page, Paginator
from django.db import DataError
from django.db.models import BinaryField, F, JSONField, QuerySet
from django.db.models.constants import LOOKUP_SEP
from django.http import HttpRequest
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    AnyPaginator = Paginator[Any]
    AnyModelAdmin = ModelAdmin[Any]
else:
    AnyPaginator = Paginator
    AnyModelAdmin = object

__all__ = ["COUNT_MAX", "BoundedList", "BoundedLists", "BoundedPaginator"]

COUNT_MAX = 10_000


class Sort(NamedTuple):
    """One column by which a list is sorted."""

    by: Any  # the name of a field, or an expression
    is_descending: bool

    @property
    def expression(self) -> Any:
        return F(self.by) if isinstance(self.by, str) else self.by


class BoundedPaginator(AnyPaginator):
    """Counts at most COUNT_MAX rows and one more; rows beyond these are reached through the time filter.

    What is sorted are the rows that are counted. They come in the order that an index serves, and only their keys and
    what they are sorted by are read for it.
    """

    template_name = "admin/pagination_bounded.html"

    def __init__(
        self, rows: QuerySet[Any], per_page: int, *more: Any, sorts: Sequence[Sort] = (), **named: Any
    ) -> None:
        super().__init__(rows, per_page, *more, **named)
        self.sorts = sorts

    def page(self, number: int | str) -> "Page[Any]":
        """Return a page, read in two steps: its keys, then the rows of these with all that the list joins.

        With joins before the cut, a page far back would join all rows before it. One query here, one when it is read.
        """
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        keys = self.keys(bottom, min(bottom + self.per_page, self.count))
        return Page(self.rows_of(keys), number, self)

    def keys(self, start: int, stop: int) -> list[Any]:
        """Return the keys of the rows from one place to another. One query; when sorted one for all places."""
        return (
            self._sorted_keys[start:stop] if self.sorts else list(self._rows.values_list("pk", flat=True)[start:stop])
        )

    def rows_of(self, keys: Sequence[Any]) -> Any:
        """Return the rows of some keys, in their order."""
        rows = self._rows.filter(pk__in=keys)
        if not self.sorts:
            return rows
        by_key = {row.pk: row for row in rows}
        return [by_key[key] for key in keys if key in by_key]

    @cached_property
    def count(self) -> int:
        return min(self._counted, COUNT_MAX)

    @property
    def count_text(self) -> str:
        """How many rows there are, as people read it: `10,000+`."""
        return f"{self.count:,}{'+' if self.has_more else ''}"

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than were counted."""
        return self._counted > COUNT_MAX

    @cached_property
    def _counted(self) -> int:
        return self._rows.order_by()[: COUNT_MAX + 1].count()

    @cached_property
    def _sorted_keys(self) -> list[Any]:
        names = [f"_sort_{place}" for place in range(len(self.sorts))]
        rows = self._rows.annotate(**{name: sort.expression for name, sort in zip(names, self.sorts, strict=True)})
        found = list(rows.values_list("pk", *names)[:COUNT_MAX])
        for place, sort in reversed(list(enumerate(self.sorts, start=1))):
            known = [row for row in found if row[place] is not None]
            known.sort(key=lambda row: _sortable(row[place]), reverse=sort.is_descending)
            found = known + [row for row in found if row[place] is None]
        return [row[0] for row in found]

    @property
    def _rows(self) -> QuerySet[Any]:
        assert isinstance(self.object_list, QuerySet), "Invariant: the admin pages query sets"
        return self.object_list


def _sortable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


class BoundedList(ChangeList):
    """A list in the one order that an index serves; sorted by a column, it sorts the rows that it counts."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        if whole := self._sort_of_all():
            return self._order_of_all(whole)
        natural = list(self.model_admin.get_ordering(request) or self.lookup_opts.ordering or ())
        is_total = natural and str(natural[-1]).removeprefix("-") in ("pk", self.lookup_opts.pk.name)
        return natural if is_total else [*natural, "-pk"]

    def get_ordering_field_columns(self) -> dict[int, Literal["asc", "desc"]]:
        """Return by which columns the address sorts, by their places; the natural order is no column's."""
        return super().get_ordering_field_columns() if ORDER_VAR in self.params else {}

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.bounded()
        try:
            self.result_count = paginator.count
            rows = paginator.page(self.page_num).object_list
            self.result_list = self._page.prepared(list(rows))
        except (DataError, TypeError, ValueError, OverflowError) as error:  # a NUL in a filter, half an expression
            raise IncorrectLookupParameters(str(error)) from error
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.paginator = paginator
        self.full_result_count = self.result_count  # the page's head repeats the number unless they are equal
        self.show_full_result_count = self.model_admin.show_full_result_count
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = self.result_count > self.list_per_page

    def bounded(self) -> BoundedPaginator:
        """Return what reads the list, page by page."""
        sorts = () if self._sort_of_all() else self._sorts()
        return BoundedPaginator(self.queryset, self.list_per_page, sorts=sorts)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        list_only: Sequence[str] = getattr(self.model_admin, "list_only", ())
        return rows.only(*list_only) if list_only else rows

    def _sort_of_all(self) -> Sort | None:
        """Return the first column's sort if an index serves it for the whole table."""
        sorts = self._sorts()
        return sorts[0] if sorts and sorts[0].by in self._page.sorted_by_index else None

    def _order_of_all(self, sort: Sort) -> list[Any]:
        """Return the order of an index, read forwards or backwards: what is not there comes last, or first."""
        by, field = F(sort.by), self.lookup_opts.get_field(sort.by)
        if not getattr(field, "null", False):
            return [by.desc() if sort.is_descending else by.asc()]
        return [by.desc(nulls_last=True), "-pk"] if sort.is_descending else [by.asc(nulls_first=True), "pk"]

    @property
    def _page(self) -> "BoundedLists":
        assert isinstance(self.model_admin, BoundedLists), (
            "Invariant: a page with a bounded list is one of BoundedLists"
        )
        return self.model_admin

    def _sorts(self) -> list[Sort]:
        """Return what the address asks to sort by; what is no sortable column is left out."""
        found = []
        for part in str(self.params.get(ORDER_VAR, "")).split("."):
            place = part.removeprefix("-")
            if place.isascii() and place.isdecimal() and len(place) < 4 and int(place) < len(self.list_display):
                column = self.list_display[int(place)]
                if column in (self.sortable_by or ()):
                    found.append(Sort(self.get_ordering_field(column), part.startswith("-")))
        return found


class BoundedLists(AnyModelAdmin):
    """A mixin for pages, whose lists it bounds; it comes before the page's class."""

    paginator = BoundedPaginator
    show_full_result_count = False
    # Fields by which an index serves the order of the whole table: unique ones, and others together with the key.
    sorted_by_index: ClassVar[Sequence[str]] = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return BoundedList

    def get_sortable_by(self, request: HttpRequest) -> list[Any]:
        """Return the columns that are fields, or say by which field or expression they are sorted."""
        return [column for column in self.get_list_display(request) if self._is_sortable(column)]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Let nobody filter by what no page shows, which comparing would tell, nor by what an address cannot say.

        That is a list, JSON, and the two ends of a range: the admin hands on one text.
        """
        name, *rest = lookup.split(LOOKUP_SEP)
        if rest[-1:] == ["range"]:
            return False
        try:
            field = self.opts.get_field(name)
        except FieldDoesNotExist:
            return super().lookup_allowed(lookup, value, request)
        is_closed = isinstance(field, ArrayField | BinaryField | JSONField)
        return not is_closed and super().lookup_allowed(lookup, value, request)

    def prepared(self, rows: list[Any]) -> list[Any]:
        """Return rows with what a list shows of other tables. A fixed number of queries."""
        return rows

    def _is_sortable(self, column: Any) -> bool:
        named = column if isinstance(column, str) and not hasattr(self, column) else None
        method = getattr(self, column, None) if isinstance(column, str) else column
        order = named or getattr(method, "admin_order_field", None)
        if not isinstance(order, str):
            return order is not None
        try:
            field = self.opts.get_field(order.partition(LOOKUP_SEP)[0])
        except FieldDoesNotExist:
            return False
        return not isinstance(field, JSONField)
