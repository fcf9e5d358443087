"""Middleware for every request, under WSGI and ASGI alike."""

import re
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from base.content_security import HEADER, policy_of
from base.errors import ApiError, ErrorCode
from base.ids import uuid7
from base.responses import error_response

__all__ = [
    "AnswerHeadersMiddleware",
    "BodyLimitMiddleware",
    "ContentSecurityPolicyMiddleware",
    "RequestIdMiddleware",
    "SyncAndAsync",
]

_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")

GetResponse = Callable[[HttpRequest], Any]


class SyncAndAsync:
    """Runs without a change of thread in both worlds; `_before` may answer itself, `_after` sees every answer."""

    sync_capable = async_capable = True

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._acall(request)
        response: HttpResponseBase = self._before(request) or self.get_response(request)
        self._after(request, response)
        return response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = self._before(request) or await self.get_response(request)
        self._after(request, response)
        return response

    def _before(self, request: HttpRequest) -> HttpResponse | None:
        return None

    def _after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        return None


class RequestIdMiddleware(SyncAndAsync):
    """Gives every request an id: the client's `X-Request-ID` where it is harmless, else a new one.

    The id stands in `request.request_id`, in every log line of the request, and in the answer's header and `meta`.
    """

    def _before(self, request: HttpRequest) -> None:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _SAFE_ID.fullmatch(given) else str(uuid7())
        request.META["HTTP_X_REQUEST_ID"] = request_id  # the request logger reads it from here
        request.request_id = request_id  # type: ignore[attr-defined]  # ours, on Django's request
        structlog.contextvars.bind_contextvars(request_id=request_id)

    def _after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        response["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]  # set above


class ContentSecurityPolicyMiddleware(SyncAndAsync):
    """Gives every answer the Content-Security-Policy of its address, unless the view has set its own."""

    def _after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        response.headers.setdefault(HEADER, policy_of(request.path))


class AnswerHeadersMiddleware(SyncAndAsync):
    """Says with every answer of an interface who may keep it, and how the caller stands with the limits.

    What a view does not open to caches is kept by nobody: it may be about an account. A signed request has no
    Authorization header, which alone would keep a shared cache from it.
    """

    def _after(self, request: HttpRequest, response: HttpResponseBase) -> None:
        if not request.path.startswith(_INTERFACES):
            return
        headers = response.headers
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
            headers["Vary"] = f"{headers['Vary']}, {_CREDENTIALS}" if "Vary" in headers else _CREDENTIALS
        standing = getattr(request, "rate_standing", None)
        if standing is not None:
            headers["X-RateLimit-Limit"] = str(standing.limit)
            headers["X-RateLimit-Remaining"] = str(standing.remaining)
            headers["X-RateLimit-Reset"] = str(max(1, round(standing.reset_s)))


_INTERFACES = ("/api/", "/internal/")
_CREDENTIALS = "Authorization, X-API-KEY"


class BodyLimitMiddleware(SyncAndAsync):
    """Refuses bodies above DATA_UPLOAD_MAX_MEMORY_SIZE with 413, whether they say their length or come in chunks.

    Django takes a body without Content-Length for an empty one, so a chunked body is read here, up to the limit, and
    handed on with its length.
    """

    def _before(self, request: HttpRequest) -> HttpResponse | None:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        length = request.META.get("CONTENT_LENGTH")
        if length:
            too_large = not length.isdecimal() or int(length[:20]) > limit
        else:
            too_large = request.method not in _WITHOUT_BODY and _read_chunks(request, limit) > limit
        if not too_large:
            return None
        return error_response(
            request, ApiError(ErrorCode.PAYLOAD_TOO_LARGE, f"The body is larger than {limit:,} bytes")
        )


_WITHOUT_BODY = ("GET", "HEAD", "OPTIONS")


def _read_chunks(request: Any, limit: int) -> int:
    """Put a body of unknown length into memory and return its length; what is beyond the limit stays unread."""
    environ = getattr(request, "environ", None)
    if environ is None:
        source = request._stream  # ASGI: the server has read the body already
    elif "HTTP_TRANSFER_ENCODING" in environ:
        source = environ["wsgi.input"]
    else:
        return 0
    body = source.read(limit + 1)
    request._stream = BytesIO(body)
    request.META["CONTENT_LENGTH"] = str(len(body))
    return len(body)
