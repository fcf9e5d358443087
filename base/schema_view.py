"""GET /api/schema: the document of the interface."""

import threading
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

__all__ = ["SchemaView"]

_lock = threading.Lock()
_documents: dict[str, bytes] = {}  # by media type, of which there are four


class SchemaView(SpectacularAPIView):
    """Each process makes the document once for each format: that takes a second of a processor, whoever asks."""

    weight = 10  # some 200 KB

    @extend_schema(exclude=True)
    def get(self, request: Request, *_args: Any, **_options: Any) -> HttpResponse:
        """Return the document in the format that was asked for."""
        media_type = request.accepted_renderer.media_type
        with _lock:
            if media_type not in _documents:
                document = self._get_schema_response(request).data  # type: ignore[no-untyped-call]  # drf-spectacular has no types here
                rendered = request.accepted_renderer.render(document)
                _documents[media_type] = rendered.encode() if isinstance(rendered, str) else rendered
            return HttpResponse(_documents[media_type], content_type=media_type)
