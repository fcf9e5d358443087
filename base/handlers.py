"""The one handler of a view's errors, and Django's for requests that reach no view.

Below /api/ and /internal/ they answer with the envelope, elsewhere with a page.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from rest_framework.response import Response

from base.errors import ApiError, ErrorCode, ValidationError, to_api_error
from base.responses import EnvelopeResponse, error_response

__all__ = ["exception_handler", "handler_400", "handler_403", "handler_404", "handler_500"]


log = structlog.get_logger(__name__)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """Turn any exception of a view into the error envelope; DRF calls it. Logs what is not anticipated."""
    api_error = to_api_error(error)
    if api_error.code is ErrorCode.INTERNAL_ERROR:
        log.error("unhandled_error", exc_info=error)
    body = {"error": api_error.body}
    return EnvelopeResponse(body, status=api_error.status, headers=api_error.headers, meta=api_error.meta)


def handler_400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django refused before any view saw it."""
    if not _is_api(request):
        return defaults.bad_request(request, exception)
    return error_response(request, ValidationError({"non_field_errors": ["The request is malformed"]}))


def handler_403(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not _is_api(request):
        return defaults.permission_denied(request, exception)
    return error_response(request, ApiError(ErrorCode.FORBIDDEN, "You may not do that"))


def handler_404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a path without a view: JSON below /api/ and /internal/, a page elsewhere."""
    if not _is_api(request):
        return defaults.page_not_found(request, exception or Exception())
    return error_response(request, ApiError(ErrorCode.NOT_FOUND, f"There is nothing at {request.path}"))


def handler_500(request: HttpRequest) -> HttpResponse:
    """Answer an error outside DRF's views; Django has logged it."""
    if not _is_api(request):
        return defaults.server_error(request)
    message = "Something went wrong on our side; it was logged"
    return error_response(request, ApiError(ErrorCode.INTERNAL_ERROR, message))


def _is_api(request: HttpRequest) -> bool:
    return request.path.startswith(("/api/", "/internal/"))
