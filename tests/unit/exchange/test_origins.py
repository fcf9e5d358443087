"""Which pages may open WebSockets."""

import pytest
from pytest_django import Settings

from base.origins import is_own_origin


@pytest.mark.parametrize(
    ("origin", "is_ours"),
    [
        (None, True),  # a program
        ("http://localhost:8000", True),
        ("HTTP://LocalHost:8000", True),
        ("http://localhost", False),  # another port is another page
        ("http://localhost:3000", False),
        ("https://localhost:8000", False),
        ("http://127.0.0.1:8000", False),
        ("null", False),
        ("", False),
        ("file://", False),
        ("http://localhost:8000.evil.example", False),
        ("http://localhost:8000,http://evil.example", False),
        ("https://partner.example.org", True),
        ("https://a.trusted.example", True),
        ("https://trusted.example.evil.org", False),
        ("http://a.trusted.example", False),
    ],
)
def test_a_page_must_be_of_the_address_that_it_calls_or_be_trusted(
    settings: Settings, origin: str | None, is_ours: bool
) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://partner.example.org", "https://*.trusted.example"]
    headers = {b"host": b"localhost:8000"} | ({} if origin is None else {b"origin": origin.encode()})

    assert is_own_origin(headers) is is_ours


def test_a_host_that_is_not_ours_makes_no_page_ours(settings: Settings) -> None:
    """As when a foreign name is made to lead here."""
    settings.ALLOWED_HOSTS = ["localhost"]
    assert not is_own_origin({b"host": b"evil.example", b"origin": b"http://evil.example"})


def test_behind_tls_only_secure_pages_are_ours(settings: Settings) -> None:
    settings.ALLOWED_HOSTS, settings.TLS_PROXY = ["exchange.example"], True
    host = {b"host": b"exchange.example"}

    assert is_own_origin(host | {b"origin": b"https://exchange.example"})
    assert not is_own_origin(host | {b"origin": b"http://exchange.example"})
