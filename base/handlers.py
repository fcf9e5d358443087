"""Django's error handlers: the envelope for a request that reaches no view of the API, a page elsewhere."""

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from base.errors import ApiError, ErrorCode, ValidationError
from base.responses import error_response

__all__ = ["handler_400", "handler_403", "handler_404", "handler_500"]


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
