"""Columns and cells: amounts with their thousands separated, short ids, links, labels with a colour.

A column says besides what it shows by what a list is sorted by it (`admin_order_field`), and what stands in a file
(`raw`): a number is a number there, and an id is whole.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.admin.utils import quote
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from base.scaling import grouped
from base.times import iso_ms
from exchange.models import TradingState

# A callable that takes the object. The stubs allow one in `list_display`, but not in `fields`, as Django does.
Column = Any
EMPTY = "-"
SIDE_COLOURS = {"buy": "success", "sell": "danger"}
STATE_COLOURS = {
    TradingState.CONTINUOUS.value: "success",
    TradingState.HALTED.value: "danger",
    TradingState.CLOSED.value: "",
    TradingState.POST_ONLY.value: "warning",
    TradingState.PRE_OPEN.value: "warning",
}
_COLOURS = {
    "success": "bg-green-100 text-green-700 dark:bg-green-500/20 dark:text-green-400",
    "danger": "bg-red-100 text-red-700 dark:bg-red-500/20 dark:text-red-400",
    "warning": "bg-orange-100 text-orange-700 dark:bg-orange-500/20 dark:text-orange-400",
    "info": "bg-blue-100 text-blue-700 dark:bg-blue-500/20 dark:text-blue-400",
}
_SORTED_BY = {"exchange.user": "__username", "exchange.market": "__symbol"}  # by its name, not by its key
_LABEL = (
    '<span class="inline-block font-semibold h-6 leading-6 px-2 rounded-default text-[11px] uppercase whitespace-nowrap'
    ' {}">{}</span>'
)
_LINK = '<a href="{}" class="text-primary-600 dark:text-primary-500 whitespace-nowrap" title="{}">{}</a>'


def amount_text(value: Decimal | int | None) -> str:
    """Return an amount as people read it: `1,000.5`, and `-` where there is none."""
    return EMPTY if value is None else grouped(value)


def percent(ppm: int) -> str:
    """Return millionths as people read them: `0.08 %`."""
    return f"{grouped(Decimal(ppm) / 10_000)} %"


def amount(field: str, title: str | None = None, sort: Any = None) -> Column:
    """Make a column that shows a number: no trailing zeros, thousands separated. `sort` is for what is no field."""
    return column(field, title, lambda obj: amount_text(getattr(obj, field)), sort=sort)


def rate(field: str, title: str | None = None) -> Column:
    """Make a column that shows millionths as a percentage."""
    return column(field, title, lambda obj: percent(getattr(obj, field)))


def moment(field: str, title: str | None = None) -> Column:
    """Make a column that shows a time in UTC to the millisecond."""
    return column(field, title, lambda obj: time_text(getattr(obj, field)))


def label(field: str, colours: Mapping[str, str], title: str | None = None) -> Column:
    """Make a column that shows a choice field as a coloured label."""
    return column(
        field, title, lambda obj: label_of(obj, field, colours), raw=lambda obj: getattr(obj, f"get_{field}_display")()
    )


def short_id(field: str = "id", title: str = "ID") -> Column:
    """Make a column that shows the random end of a UUID; the whole is the tool tip."""
    return column(field, title, lambda obj: short(getattr(obj, field)))


def related(field: str, model: str, title: str | None = None) -> Column:
    """Make a column that links to the object in a foreign key, which the list must have joined."""

    def show(obj: Any) -> Any:
        pk = getattr(obj, f"{field}_id")
        return EMPTY if pk is None else link_to(model, pk, str(getattr(obj, field)))

    return column(field, title, show, sort=f"{field}{_SORTED_BY.get(model, '')}")


def related_id(field: str, model: str, title: str | None = None) -> Column:
    """Make a column that links to the object of a plain UUID field. No query."""
    return column(
        field, title, lambda obj: link_to(model, value, short(value)) if (value := getattr(obj, field)) else EMPTY
    )


def label_of(obj: Any, field: str, colours: Mapping[str, str]) -> SafeString:
    """Return a choice field of an object as a coloured label."""
    return mark(getattr(obj, f"get_{field}_display")(), colours.get(getattr(obj, field), ""))


def mark(text: str, colour: str) -> SafeString:
    """Return a text as a label in one of the colours success, danger, warning and info; grey in any other."""
    return format_html(_LABEL, _COLOURS.get(colour, "bg-base-500/8 text-base-700 dark:text-base-200"), text)


def time_text(value: datetime | None) -> SafeString | str:
    """Return a time as people read it: `2026-01-31 23:59:59.123Z`, and `-` where there is none."""
    return format_html('<span class="whitespace-nowrap">{}</span>', iso_ms(value).replace("T", " ")) if value else EMPTY


def iso_text(value: str) -> SafeString:
    """Return a time that is ISO text already the way `time_text` shows one."""
    return format_html('<span class="whitespace-nowrap">{}</span>', value.replace("T", " "))


def sentence(text: str) -> SafeString:
    """Return a text that has room for some words in a line however many columns stand beside it."""
    return format_html('<span style="display: inline-block; min-width: 16rem">{}</span>', text)


def short(value: UUID) -> SafeString:
    """Return the last twelve digits of a UUID, which tell ids of one moment apart."""
    return format_html('<span class="whitespace-nowrap" title="{}">…{}</span>', value, value.hex[-12:])


def link_to(model: str, pk: Any, text: Any) -> SafeString:
    """Return a link to an object's page; `model` is as in `orders.order`. No query."""
    url = reverse(f"admin:{model.replace('.', '_')}_change", args=[quote(str(pk))])
    return format_html(_LINK, url, pk, text)


def link_to_search(model: str, term: Any, text: Any) -> SafeString:
    """Return a link to a list, searched for a term."""
    url = reverse(f"admin:{model.replace('.', '_')}_changelist", query={"q": term})
    return format_html(_LINK, url, term, text)


def column(
    name: str,
    title: str | None,
    show: Callable[[Any], Any],
    *,
    raw: Callable[[Any], Any] | None = None,
    sort: Any = None,
) -> Column:
    """Make a column of an object's attribute. Without `sort` a list is sorted by the attribute, if it is a field."""

    def cell(obj: Any) -> Any:
        return show(obj)

    cell.__name__ = name
    attributes = {
        "short_description": title or name.replace("_", " "),
        "admin_order_field": sort or name,
        "raw": raw or (lambda obj: getattr(obj, name)),
    }
    vars(cell).update(attributes)
    return cell
