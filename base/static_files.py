"""Static files as they are sent: compressed, and those of ours without the comments that only their readers need.

Each is prepared when it is first asked for and kept in memory. Nothing has to be built, and with DEBUG files are sent
as they are.
"""

import gzip
import hashlib
import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.utils.http import parse_etags
from whitenoise.middleware import WhiteNoiseMiddleware

__all__ = ["PreparedFile", "StaticFilesMiddleware", "without_comments"]

_COMPRESSED = {".css", ".html", ".js", ".json", ".map", ".mjs", ".svg", ".txt"}
_LEVEL = 9
# Comments that have their lines to themselves, as prettier leaves them, and the types of values inside a line.
_OWN_LINES = re.compile(r"^[ \t]*(?:/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*)[ \t]*$", re.MULTILINE)
_CASTS = re.compile(r"/\*\* @type \{[^\n]*?\} \*/ ?")
_CODE = re.compile(r"[^\n]")


def without_comments(script: str) -> str:
    """Return a script or a style sheet of ours without its comments. Lines keep their numbers, for error messages."""
    return _CASTS.sub("", _OWN_LINES.sub(lambda comment: _CODE.sub("", comment[0]), script))


class PreparedFile:
    """A file as it is sent, with the headers that WhiteNoise gives it; read when it is first asked for."""

    def __init__(self, path: Path, headers: Mapping[str, str], *, is_own: bool) -> None:
        self._path = path
        self._headers = headers
        self._is_own = is_own
        self.is_ready = False

    def prepare(self) -> None:
        """Read and compress it ahead of the answer, which then takes no time."""
        self.is_ready = bool(self._tag and self._compressed)

    def response(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request, in the way that the client can read."""
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if self._tag in parse_etags(request.headers.get("If-None-Match", "")):
            return self._told(HttpResponseNotModified())
        response = self._told(HttpResponse())
        if re.search(r"\bgzip\b", request.headers.get("Accept-Encoding", "")):
            response.content = self._compressed
            response.headers["Content-Encoding"] = "gzip"
        else:
            response.content = self._plain
        response.headers["Content-Length"] = str(len(response.content))
        return response

    def _told(self, response: HttpResponse) -> HttpResponse:
        del response.headers["Content-Type"]
        for name, value in self._headers.items():
            response.headers[name] = value
        response.headers["ETag"] = self._tag
        response.headers["Vary"] = "Accept-Encoding"
        return response

    @cached_property
    def _plain(self) -> bytes:
        content = self._path.read_bytes()
        return without_comments(content.decode()).encode() if self._is_own else content

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self._plain, _LEVEL, mtime=0)

    @cached_property
    def _tag(self) -> str:
        return f'W/"{hashlib.sha256(self._plain).hexdigest()[:32]}"'  # weak: it stands for both forms


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # WhiteNoise has no types
    """WhiteNoise, but text is prepared before it is sent. Files that may change (DEBUG) are sent as they are."""

    def get_static_file(self, path: str, url: str, stat_cache: Any = None) -> Any:
        """Return what answers for a file."""
        file = Path(path)
        if self.autorefresh or file.suffix not in _COMPRESSED:
            return super().get_static_file(path, url, stat_cache)
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        return PreparedFile(file, dict(headers.items()), is_own=_is_own(file))

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponseBase:
        """Answer a request for a file."""
        if isinstance(static_file, PreparedFile):
            return static_file.response(request)
        response: HttpResponseBase = WhiteNoiseMiddleware.serve(static_file, request)
        return response


def _is_own(file: Path) -> bool:
    """Tell whether a room wrote this style sheet or script: in those of others a line may look like a comment."""
    if file.suffix not in {".css", ".js"} or not file.is_relative_to(settings.BASE_DIR):
        return False
    return file.relative_to(settings.BASE_DIR).parts[1] == "static"
