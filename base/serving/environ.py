"""A request of RSGI as WSGI has it."""

import sys
from io import BytesIO
from typing import Any, Final, Protocol

__all__ = ["Scope", "environ_of"]


class Headers(Protocol):
    """The headers of a request, names in lower case."""

    def __contains__(self, name: str) -> bool: ...
    def get(self, name: str, default: Any = None) -> Any: ...
    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """What granian says of a request."""

    http_version: str
    server: str
    client: str
    scheme: str
    method: str
    path: str
    query_string: str
    headers: Headers


_SAME: Final[dict[str, Any]] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}
_NAMES: dict[str, str] = {}
_NAMES_MAX = 1_000


def environ_of(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the environment of a complete request. Of the process's own nothing is in it.

    A header with `_` in its name is left out: in WSGI it would be another spelling of the one with `-`, which a proxy
    in front may have set.
    """
    path = scope.path
    environ = _SAME | {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": BytesIO(body),
    }
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    environ["REMOTE_ADDR"], _, environ["REMOTE_PORT"] = scope.client.rpartition(":")
    for name, value in scope.headers.items():
        if "_" not in name:
            _add(environ, _NAMES.get(name) or _named(name), value)
    if body or "CONTENT_LENGTH" in environ:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)  # the body is there, whole
    return environ


def _add(environ: dict[str, Any], key: str, value: str) -> None:
    if key in environ:
        value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}"
    environ[key] = value


def _named(name: str) -> str:
    key = name.upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    if len(_NAMES) < _NAMES_MAX:
        _NAMES[name] = key
    return key
