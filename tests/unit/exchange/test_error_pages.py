"""Pages for developers show the request and the code, and neither the environment nor a password."""

import os
import secrets
import sys

import pytest
from django.conf import settings
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.views.debug import ExceptionReporter

SECRETS = ("DATABASE_URL", "ENGINE_DATABASE_URL", "REDIS_URL", "SECRET_KEY")


# Made here, because a page shows the lines around the one that failed.
SIGNED = {f"HTTP_{name}": secrets.token_hex() for name in ("AUTHORIZATION", "X_API_KEY", "X_API_SIGNATURE")}
SESSION = secrets.token_hex()


def request_of_granian() -> HttpRequest:
    """Return a request with the environment of the process in it, as granian makes them."""
    request = RequestFactory().get("/api/v1/orders?a=b")
    request.COOKIES["sessionid"] = SESSION
    request.META |= os.environ | SIGNED | {"HTTP_COOKIE": f"sessionid={SESSION}", "HTTP_ACCEPT": "text/what-was-asked"}
    return request


def pages_of(request: HttpRequest) -> list[str]:
    try:
        raise KeyError("what went wrong")
    except KeyError:
        reporter = ExceptionReporter(request, *sys.exc_info())
    return [reporter.get_traceback_html(), reporter.get_traceback_text()]


@pytest.mark.parametrize("debug", [True, False])
def test_an_error_page_has_no_secret_of_the_process(debug: bool) -> None:
    with override_settings(DEBUG=debug):
        pages = pages_of(request_of_granian())

    passwords = {settings.DATABASES["default"]["PASSWORD"], settings.REDIS_URL, settings.SECRET_KEY}
    assert all(len(secret) > 20 for secret in passwords)
    for page in pages:
        assert "what went wrong" in page
        assert "text/what-was-asked" in page
        for secret in (*passwords, *(os.environ[name] for name in SECRETS), *SIGNED.values(), SESSION):
            assert secret not in page
        assert "TEST_SEED" not in page


def test_no_cache_lies_outside_of_the_process() -> None:
    """Django's cache for Redis reads pickles: whoever can write there would run code here."""
    assert {cache["BACKEND"].rpartition(".")[2] for cache in settings.CACHES.values()} <= {"LocMemCache", "DummyCache"}
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"
