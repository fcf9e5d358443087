"""The private ports of web and api: other addresses than the public ports have, for other programs of the exchange.

Which addresses a request can reach is decided by the listener that it came in by, which no client can name wrongly.
Under ASGI Daphne listens on the private port, too; a WSGI process has a small server of its own for it, Django's, in
threads.
"""

import ipaddress
import threading
import time
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http.request import split_domain_port

__all__ = ["ByPort", "PrivateWSGIHandler", "serve_privately"]

log = structlog.get_logger(__name__)

_URLS = "config.private_urls"
_CLAIM_S = 1.0  # a port is tried again after this: the process before may still have it


class _Private:
    """A request that came in by a private port."""

    urlconf: Any = _URLS

    def get_host(self) -> str:
        """Return the host; besides ALLOWED_HOSTS it may be an address, or a name of the network without a dot."""
        try:
            host: str = super().get_host()  # type: ignore[misc]  # of Django's request, which stands behind
        except DisallowedHost:
            host = self._get_raw_host()  # type: ignore[attr-defined]  # as above
            if not _is_local_name(split_domain_port(host)[0]):
                raise
        return host


class _PrivateASGIRequest(_Private, ASGIRequest):
    pass


class _PrivateWSGIRequest(_Private, WSGIRequest):
    pass


class PrivateASGIHandler(ASGIHandler):
    request_class = _PrivateASGIRequest


class PrivateWSGIHandler(WSGIHandler):
    request_class = _PrivateWSGIRequest


class _Server(ThreadedWSGIServer):
    request_queue_size = 128  # several exchanges may keep their money in this one


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the name is Python's)
        """Say nothing: metrics count requests, refusals are logged."""


class ByPort:
    """Hands a request to one ASGI application or the other, by the port of this machine that it came in by."""

    def __init__(self, public: Any, private: Any, private_port: int) -> None:
        self.public = public
        self._private = private
        self._private_port = private_port

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        server = scope.get("server") or ("", None)
        is_private = bool(self._private_port) and server[1] == self._private_port
        return await (self._private if is_private else self.public)(scope, receive, send)


def serve_privately() -> None:
    """Serve the private addresses of an api process in a thread; does nothing without API_PRIVATE_PORT.

    Each of API_WORKERS processes takes one port, from API_PRIVATE_PORT on. A new process waits for that of the one
    which it replaces.
    """
    if settings.API_PRIVATE_PORT:
        threading.Thread(target=_serve, args=(PrivateWSGIHandler(),), name="private port", daemon=True).start()


def _serve(application: Any) -> None:
    ports = range(settings.API_PRIVATE_PORT, settings.API_PRIVATE_PORT + settings.API_WORKERS)
    while True:
        for port in ports:
            try:
                server = _Server((settings.PRIVATE_BIND, port), _QuietHandler, ipv6=":" in settings.PRIVATE_BIND)
            except OSError:
                continue
            server.set_app(application)
            log.info("private_port", port=port)
            server.serve_forever()
        time.sleep(_CLAIM_S)


def _is_local_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return bool(host) and "." not in host
    return True
