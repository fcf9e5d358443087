"""Bodies of known and unknown length, under WSGI and ASGI."""

from io import BytesIO
from typing import Any

import orjson
import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from base.middleware import BodyLimitMiddleware, RequestIdMiddleware

LIMIT = 1_000_000


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{request.META.get('CONTENT_LENGTH')} {len(request.read())}")


async def echo_async(request: HttpRequest) -> HttpResponse:
    return echo(request)


def chunked(body: bytes) -> HttpRequest:
    request = RequestFactory().post("/api/v1/orders", HTTP_TRANSFER_ENCODING="chunked", CONTENT_LENGTH="")
    request.environ["wsgi.input"] = BytesIO(body)
    return request


@pytest.mark.parametrize(("size", "status"), [(0, 200), (1, 200), (LIMIT, 200), (LIMIT + 1, 413), (LIMIT * 3, 413)])
def test_chunks_are_read_up_to_the_limit(size: int, status: int) -> None:
    answer: Any = BodyLimitMiddleware(echo)(chunked(b"x" * size))

    assert answer.status_code == status
    if status == 200:
        assert answer.content.decode() == f"{size} {size}"
    else:
        assert orjson.loads(answer.content)["error"]["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize("length", [str(LIMIT + 1), "9" * 30, "-1", "ten"])
def test_a_length_beyond_the_limit_is_refused_unread(length: str) -> None:
    request = RequestFactory().post("/api/v1/orders", b"x", content_type="application/json", CONTENT_LENGTH=length)

    answer: Any = BodyLimitMiddleware(echo)(request)

    assert answer.status_code == 413


async def test_both_run_without_threads_under_asgi() -> None:
    middleware = RequestIdMiddleware(BodyLimitMiddleware(echo_async))
    small = AsyncRequestFactory().post("/api/v1/orders", b"x" * 9, content_type="application/json")
    large = AsyncRequestFactory().post("/api/v1/orders", b"x" * (LIMIT + 1), content_type="application/json")
    for request in (small, large):
        del request.META["CONTENT_LENGTH"]

    first: Any = await middleware(small)  # type: ignore[misc]  # asynchronous here
    second: Any = await middleware(large)  # type: ignore[misc]  # as above

    assert (first.status_code, first.content) == (200, b"9 9")
    assert second.status_code == 413
    assert first["X-Request-ID"]
    assert orjson.loads(second.content)["meta"]["request_id"] == second["X-Request-ID"]
