"""What a view returns, as the body of an answer."""

from typing import Any

from rest_framework.renderers import BaseRenderer

from base.encoders import dumps
from base.responses import meta_of

__all__ = ["EnvelopeRenderer"]


class EnvelopeRenderer(BaseRenderer):
    """Renders what a view returns inside the envelope; `{"error": ...}` with an error status is an error."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        context = renderer_context or {}
        response, request = context.get("response"), context.get("request")
        meta = meta_of(request) | getattr(response, "meta_extra", {})
        if response is not None and response.status_code >= 400:
            return dumps({"success": False, "error": data["error"], "meta": meta})
        body = {"success": True, "data": data, "meta": meta}
        if (pagination := getattr(response, "pagination", None)) is not None:
            body["pagination"] = pagination
        return dumps(body)
