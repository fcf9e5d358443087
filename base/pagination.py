"""Pages of a list: by offset, or by the id after which a page begins."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request

from base.errors import ValidationError
from base.responses import EnvelopeResponse

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which imports this module, by the settings

__all__ = ["NOW", "PARTS", "START", "EnvelopePagination", "KeysetPagination", "NumberPagination", "UuidPagination"]

PARTS = frozenset({"limit", "offset", "cursor"})
"""What asks for a part of a list, and is read here and not among its filters."""

START, NOW = "start", "now"
"""What stands for a bookmark: the beginning of a list that is followed, and its present end."""

Key = TypeVar("Key", UUID, int)
Source = QuerySet[Any] | Sequence[Any] | Callable[[int], QuerySet[Any]]


def _rows(source: Source, at_most: int) -> QuerySet[Any] | Sequence[Any]:
    if isinstance(source, QuerySet | Sequence):
        return source
    return source(at_most)


class EnvelopePagination(BasePagination):
    """`limit` and `offset`, checked strictly.

    `total` is exact up to 10,000; 10,001 stands for "more than 10,000", because counting millions of rows is not worth
    a number nobody reads. An offset above 10,000 is refused: narrow the list by `from` and `to` instead.
    """

    LIMIT_DEFAULT = 100
    LIMIT_MAX = 1_000
    OFFSET_MAX = 10_000
    TOTAL_MAX = 10_001

    limit: int
    offset: int
    total: int
    has_more: bool

    def paginate_queryset(self, queryset: Source, request: Request, view: "APIView | None" = None) -> list[Any]:
        """Return one page. One query, and a second that counts when the page does not end the list.

        The source may be a function of how many rows are wanted at most, where that helps the database.
        """
        self._read_bounds(request)
        end = self.offset + self.limit + 1
        rows = list(_rows(queryset, end)[self.offset : end])
        self.has_more = len(rows) > self.limit
        if rows and not self.has_more:
            self.total = self.offset + len(rows)
        else:
            self.total = self._count(_rows(queryset, self.TOTAL_MAX))
        return rows[: self.limit]

    def paginate_head(self, head: Sequence[Any], total: int, request: Request) -> list[Any] | None:
        """Return one page if it lies within the first rows of a list, given these and the number of all rows.

        None when it goes beyond them. No query.
        """
        self._read_bounds(request)
        end = self.offset + self.limit
        if end > len(head) < total:
            return None
        self.total, self.has_more = min(total, self.TOTAL_MAX), end < total
        return list(head[self.offset : end])

    def _read_bounds(self, request: Request) -> None:
        self.limit = _bounded(request, "limit", self.LIMIT_DEFAULT, 1, self.LIMIT_MAX)
        self.offset = _bounded(request, "offset", 0, 0, self.OFFSET_MAX)

    def _count(self, rows: QuerySet[Any] | Sequence[Any]) -> int:
        if not isinstance(rows, QuerySet):
            return len(rows)
        bounded = rows if rows.query.is_sliced else rows.order_by()[: self.TOTAL_MAX]
        return bounded.count()

    def get_paginated_response(self, data: Any) -> EnvelopeResponse:
        pagination = {
            "total": self.total,
            "limit": self.limit,
            "offset": self.offset,
            "has_more": self.has_more,
        }
        return EnvelopeResponse(data, pagination=pagination)

    def read_following(self, request: Request) -> int:
        """Return how many rows a page has that follows a bookmark. Raises VALIDATION_ERROR, for an offset too."""
        if "offset" in request.query_params:
            raise ValidationError({"offset": ["Not together with `after`"]})
        self._read_bounds(request)
        return self.limit

    def get_following_response(self, data: Any, *, has_more: bool, bookmark: str) -> EnvelopeResponse:
        """Return a page that follows a bookmark, and the bookmark after it. Nothing was counted."""
        pagination = {"total": None, "limit": self.limit, "offset": None, "has_more": has_more, "bookmark": bookmark}
        return EnvelopeResponse(data, pagination=pagination)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema  # the envelope, pagination included, is put around it by EnvelopeAutoSchema

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        bounds = {
            "limit": {"default": self.LIMIT_DEFAULT, "minimum": 1, "maximum": self.LIMIT_MAX, "example": 50},
            "offset": {"default": 0, "minimum": 0, "maximum": self.OFFSET_MAX, "example": 100},
        }
        texts = {"limit": "The most that one page has", "offset": "How many to leave out before it"}
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": texts[name],
                "schema": {"type": "integer", **bound},
            }
            for name, bound in bounds.items()
        ]


class KeysetPagination(EnvelopePagination, Generic[Key]):
    """`limit` with `offset`, or with `cursor`: the page after the row with that id, as fast anywhere in the list.

    For lists from the highest id to the lowest. With a cursor nothing is counted, and the source must begin after it:
    `read_cursor` says where.
    """

    cursor: Key | None = None
    next_cursor: str | None
    cursor_schema: dict[str, Any]

    def key_of(self, text: str) -> Key:
        """Return the id that a cursor names. Raises ValueError."""
        raise NotImplementedError

    def read_cursor(self, request: Request) -> Key | None:
        """Return the id after which the page begins; None without one. Raises VALIDATION_ERROR."""
        text = request.query_params.get("cursor")
        if text is None:
            return None
        if "offset" in request.query_params:
            raise ValidationError({"cursor": ["Give either `cursor` or `offset`"]})
        try:
            self.cursor = self.key_of(text)
        except ValueError:
            raise ValidationError({"cursor": ["Give `next_cursor` of the page before"]}) from None
        return self.cursor

    def paginate_queryset(self, queryset: Source, request: Request, view: "APIView | None" = None) -> list[Any]:
        """Return one page. One query, and without a cursor a second one that counts."""
        if self.cursor is None:
            page = super().paginate_queryset(queryset, request, view)
        else:
            self._read_bounds(request)
            rows = list(_rows(queryset, self.limit + 1)[: self.limit + 1])
            page, self.has_more = rows[: self.limit], len(rows) > self.limit
        self.next_cursor = str(page[-1].pk) if self.has_more else None
        return page

    def read_following(self, request: Request) -> int:
        """As above; a cursor is refused, too."""
        if "cursor" in request.query_params:
            raise ValidationError({"cursor": ["Not together with `after`"]})
        return super().read_following(request)

    def get_paginated_response(self, data: Any) -> EnvelopeResponse:
        response = super().get_paginated_response(data) if self.cursor is None else EnvelopeResponse(data)
        counted = response.pagination or {"total": None, "limit": self.limit, "offset": None, "has_more": self.has_more}
        response.pagination = counted | {"next_cursor": self.next_cursor}
        return response

    def get_schema_operation_parameters(self, view: "APIView") -> list[dict[str, Any]]:
        cursor = {
            "name": "cursor",
            "in": "query",
            "required": False,
            "description": "Instead of `offset`: `next_cursor` of the page before",
            "schema": self.cursor_schema,
        }
        return [*super().get_schema_operation_parameters(view), cursor]


class UuidPagination(KeysetPagination[UUID]):
    """Cursors of lists whose ids are UUIDs."""

    cursor_schema = {"type": "string", "format": "uuid", "example": "01900000-0000-7000-8000-000000000001"}

    def key_of(self, text: str) -> UUID:
        return UUID(text)

    def paginate_head(self, head: Sequence[Any], total: int, request: Request) -> list[Any] | None:
        """As above, of rows whose `id` is the UUID's bytes; None with a cursor."""
        page = None if self.read_cursor(request) else super().paginate_head(head, total, request)
        if page is not None:
            self.next_cursor = str(UUID(bytes=page[-1].id)) if self.has_more else None
        return page


class NumberPagination(KeysetPagination[int]):
    """Cursors of lists whose ids are numbers."""

    cursor_schema = {"type": "string", "pattern": "^[0-9]{1,18}$", "example": "4711"}

    def key_of(self, text: str) -> int:
        if not re.fullmatch(self.cursor_schema["pattern"], text, re.ASCII):
            raise ValueError(text)
        return int(text)


def _bounded(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    # isdecimal() knows other scripts' digits as well; the length keeps int() cheap.
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and least <= int(text) <= most):
        raise ValidationError({name: [f"Give a whole number from {least} to {most:,}"]})
    return int(text)
