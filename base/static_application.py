"""Static files in front of Django, for the `web` role.

A page of modules asks for a hundred files at once, and each would go through all of Django's middleware, to a thread
and back. Here the two that a file needs answer for it on the event loop, so headers are the same.
"""

import asyncio
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.middleware.security import SecurityMiddleware

from base.static_files import PreparedFile, StaticFilesMiddleware

__all__ = ["StaticFilesApplication"]


class StaticFilesApplication:
    """Answers for prepared files, and leaves everything else to Django: with DEBUG that is everything."""

    def __init__(self, django: ASGIHandler) -> None:
        self._django = django
        files = StaticFilesMiddleware(django.get_response)
        self._prepared = {path: file for path, file in files.files.items() if isinstance(file, PreparedFile)}
        self._response = SecurityMiddleware(files)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer a request."""
        file = self._prepared.get(scope["path"])
        request = self._django.create_request(scope, BytesIO())[0] if file else None
        if file is None or request is None:
            await self._django(scope, receive, send)
            return
        if not file.is_ready:
            await asyncio.to_thread(file.prepare)
        await _send(self._response(request), send)


async def _send(response: Any, send: Any) -> None:  # an HttpResponse: no middleware here waits or streams
    headers = [(name.encode("ascii"), value.encode("latin-1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
