"""The envelope of every answer: `success`, `data` or `error`, `meta`, and `pagination` for lists."""

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.response import Response

from base.encoders import dumps
from base.errors import ApiError
from base.times import iso_ms

__all__ = ["EnvelopeResponse", "error_response", "meta_of", "success_response"]


class EnvelopeResponse(Response):
    """An answer with further `meta` keys, or with a page of a list."""

    def __init__(
        self,
        data: Any,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        meta: dict[str, Any] | None = None,
        pagination: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, status=status, headers=headers)
        self.meta_extra = meta or {}
        self.pagination = pagination


def error_response(request: HttpRequest, error: ApiError) -> HttpResponse:
    """Return the error envelope outside DRF: from middleware and for paths without a view."""
    body = dumps({"success": False, "error": error.body, "meta": meta_of(request) | error.meta})
    return HttpResponse(body, status=error.status, content_type="application/json", headers=error.headers)


def success_response(request: HttpRequest, data: Any) -> HttpResponse:
    """Return the success envelope outside DRF."""
    body = dumps({"success": True, "data": data, "meta": meta_of(request)})
    return HttpResponse(body, content_type="application/json")


def meta_of(request: Any) -> dict[str, Any]:
    """Return what `meta` says of every answer. Reads the clock."""
    return {"request_id": getattr(request, "request_id", ""), "timestamp": iso_ms(datetime.now(UTC))}
