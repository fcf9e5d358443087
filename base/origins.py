"""Which pages may open WebSockets: our own, as with forms. Programs send no Origin and are let in."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.utils.http import is_same_domain

__all__ = ["OwnOriginsOnly", "is_own_origin"]


class OwnOriginsOnly:
    """Refuses a handshake from any other page with 403."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        application = self._application if is_own_origin(dict(scope["headers"])) else WebsocketDenier()
        return await application(scope, receive, send)


def is_own_origin(headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether a handshake comes from no page, from one of the address that it goes to, or from a trusted one.

    Scheme, host and port must be the same, as browsers understand origins; CSRF_TRUSTED_ORIGINS names others.
    """
    if b"origin" not in headers:
        return True
    origin, host = (headers.get(name, b"").decode("latin-1").lower() for name in (b"origin", b"host"))
    is_ours = validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS)
    scheme = "https" if settings.TLS_PROXY else "http"
    return (is_ours and origin == f"{scheme}://{host}") or any(
        _is_trusted(origin, trusted.lower()) for trusted in settings.CSRF_TRUSTED_ORIGINS
    )


def _is_trusted(origin: str, trusted: str) -> bool:
    """Compare as Django does for forms: `https://*.example.org` trusts every name below."""
    if "*" not in trusted:
        return origin == trusted
    given, pattern = urlsplit(origin), urlsplit(trusted)
    return given.scheme == pattern.scheme and is_same_domain(given.netloc, pattern.netloc.lstrip("*"))
