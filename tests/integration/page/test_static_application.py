"""Static files in front of Django: what the `web` role answers is what Django would have answered."""

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler
from django.test import override_settings

from base.static_application import StaticFilesApplication

SCRIPT = "/static/trading/store.js"
NEITHER = b"Django was asked"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Unasked(ASGIHandler):
    """Django, where nobody should ask it."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 599, "headers": []})
        await send({"type": "http.response.body", "body": NEITHER})


def asked(application: Any, path: str, method: str = "GET", *, query: bytes = b"", **headers: Any) -> Answer:
    """Ask as Daphne does."""
    named = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "query_string": query,
        "headers": [(b"host", b"testserver"), *named],
        "server": ("127.0.0.1", 80),
    }
    sent: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        return await asyncio.Future()  # the client stays

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(application(scope, receive, send))
    told = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture(params=[False, True], ids=["plain", "behind TLS"])
def settings_of_the_copy(request: pytest.FixtureRequest) -> Iterator[None]:
    tls = {
        "SECURE_SSL_REDIRECT": request.param,
        "SECURE_HSTS_SECONDS": 31_536_000 if request.param else 0,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if request.param else None,
    }
    with override_settings(**tls):
        yield


@pytest.mark.usefixtures("settings_of_the_copy")
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"Accept_Encoding": "gzip, br"}),
        ("GET", {"X_Forwarded_Proto": "https"}),
        ("HEAD", {"X_Forwarded_Proto": "https", "Accept_Encoding": "gzip"}),
        ("POST", {"X_Forwarded_Proto": "https"}),
        ("GET", {"X_Forwarded_Proto": "https", "If_None_Match": '"another"'}),
    ],
)
def test_a_file_is_answered_as_django_does_and_without_it(method: str, headers: dict[str, Any]) -> None:
    there, here = asked(get_asgi_application(), SCRIPT, method, **headers), front(Unasked())
    found = asked(here, SCRIPT, method, **headers)

    assert found == there
    tag = {"If_None_Match": found.headers.get("etag", "none")}
    assert asked(here, SCRIPT, method, **headers | tag) == asked(
        get_asgi_application(), SCRIPT, method, **headers | tag
    )
    assert found.body != NEITHER


def test_what_is_no_prepared_file_is_left_to_django() -> None:
    application = front(Unasked())

    for path in ("/static/trading/none.js", "/static/../config/settings.py", "/static/", "/health", "/trade/BTC-USDT"):
        assert asked(application, path).body == NEITHER, path
    assert asked(application, SCRIPT, query=b"\xff").body == NEITHER  # a request that Django refuses


@override_settings(DEBUG=True)
def test_with_debug_django_serves_files_as_they_are_now() -> None:
    assert asked(front(Unasked()), SCRIPT).body == NEITHER


def test_the_web_role_has_it_in_front() -> None:
    from config.asgi import application

    public = application.public
    assert isinstance(public, ProtocolTypeRouter)
    assert isinstance(public.application_mapping["http"], StaticFilesApplication)


def front(django: ASGIHandler) -> StaticFilesApplication:
    return StaticFilesApplication(django)
