"""ETags: a client that names the ETag of the answer it has gets 304 and no body."""

from collections.abc import Callable

from django.http import HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

__all__ = ["NOT_MODIFIED", "REVALIDATE", "SETTLED", "conditional"]

REVALIDATE = "no-cache"  # may be kept, but not shown again without asking
SETTLED = "public, max-age=60"  # what will not change any more, short of a repair
# For `extend_schema(responses=...)` of a view that answers conditionally.
NOT_MODIFIED = {304: OpenApiResponse(description="Unchanged since the answer whose ETag is in If-None-Match")}


def conditional(
    request: Request, version: str, answer: Callable[[], Response], *, cache_control: str = REVALIDATE
) -> HttpResponse:
    """Return what `answer` makes, or 304 without calling it when the client has this version of the address.

    The ETag is weak: `meta` differs from answer to answer.
    """
    etag = f'W/"{version}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    is_known = etag in known or known == ["*"]
    response: HttpResponse = HttpResponseNotModified() if is_known else answer()
    response["ETag"] = etag
    response["Cache-Control"] = cache_control
    return response
