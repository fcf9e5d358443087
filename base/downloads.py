"""Lists as CSV: a list of the REST interface as a file, for those who ask for `text/csv`."""

import csv
import io
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from base.errors import ValidationError
from base.pagination import PARTS

__all__ = ["ROWS_MAX", "CsvLists", "CsvRenderer", "csv_list", "csv_response", "csv_text", "is_csv", "safe_cell"]

ROWS_MAX: Final = 100_000
ROWS_AT_ONCE: Final = 1_000
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001  (spreadsheets know the wide ones as well)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")

Row = Mapping[str, Any]
Read = Callable[[Any, int], QuerySet[Any]]


class CsvRenderer(BaseRenderer):
    """Stands for `text/csv` when a client says what it takes; the file itself is streamed."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        raise AssertionError("Invariant: a file is streamed, and errors are JSON")


class AcceptNegotiation(DefaultContentNegotiation):
    """Goes by `Accept` alone: `?format=` is for documents."""

    settings = SimpleNamespace(URL_FORMAT_OVERRIDE=None)  # type: ignore[assignment]  # all that is read of them


class CsvLists(APIView):
    """A mixin for views whose lists are files for those who ask for `text/csv`; errors are JSON all the same."""

    content_negotiation_class = AcceptNegotiation
    csv_actions: frozenset[str] = frozenset({"list"})

    def get_renderers(self) -> list[BaseRenderer]:
        has_files = getattr(self, "action", "") in self.csv_actions
        return [*super().get_renderers(), *([CsvRenderer()] if has_files else [])]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(response, "exception", False) and is_csv(request):
            request.accepted_renderer = self.get_renderers()[0]
            request.accepted_media_type = "application/json"
        return super().finalize_response(request, response, *args, **kwargs)


def is_csv(request: Request) -> bool:
    """Tell whether a client has asked for a file."""
    return isinstance(getattr(request, "accepted_renderer", None), CsvRenderer)


def csv_list(
    request: Request, name: str, columns: Iterable[str], read: Read, show: Callable[[Sequence[Any]], Iterable[Row]]
) -> StreamingHttpResponse:
    """Return a whole list as a file, page by page. Its rows are read a thousand at a time.

    `read` gives at most so many rows after a row, or from the first on after None. Raises VALIDATION_ERROR when there
    are more than ROWS_MAX, and for what asks for a part of the list.
    """
    parts = [field for field in (*sorted(PARTS), "after") if field in request.query_params]
    if parts:
        raise ValidationError({field: ["A file is the whole list: narrow it by `from` and `to`"] for field in parts})
    if read(None, ROWS_MAX + 1)[ROWS_MAX:]:
        raise ValidationError({"from": [f"There are more than {ROWS_MAX:,} rows: narrow the list by `from` and `to`"]})
    return csv_response(request._request, name, _parts(list(columns), read, show))


def _parts(columns: Sequence[str], read: Read, show: Callable[[Sequence[Any]], Iterable[Row]]) -> Iterator[str]:
    yield csv_text([columns])
    last = None
    while rows := list(read(last, ROWS_AT_ONCE)):
        yield csv_text([[_cell(row[column]) for column in columns] for row in show(rows)])
        last = rows[-1]


def csv_response(request: HttpRequest, name: str, parts: Iterator[str]) -> StreamingHttpResponse:
    """Return parts of a file as they are made; the longest file needs no more memory than one of them."""
    return StreamingHttpResponse(
        _in_threads(parts) if isinstance(request, ASGIRequest) else parts,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"},
    )


def csv_text(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as lines of a file."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: a leading sign gets an apostrophe in front."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else safe_cell(str(value))


async def _in_threads(parts: Iterator[str]) -> AsyncIterator[str]:
    """Pull each part in a thread: under ASGI a plain iterator would be read to its end before the first byte goes."""
    while (part := await sync_to_async(_next)(parts)) is not None:
        yield part


def _next(parts: Iterator[str]) -> str | None:
    return next(parts, None)
