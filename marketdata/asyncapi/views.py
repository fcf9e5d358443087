"""GET /api/streams: the streams' own document."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from base.encoders import dumps

__all__ = ["streams"]


@require_safe
def streams(request: HttpRequest) -> HttpResponse:
    """Return the AsyncAPI document; it names the host of this request as the server, which is right in role `web`."""
    from marketdata.asyncapi.document import asyncapi_document  # with all consumers, which role `api` does without

    document = asyncapi_document(host=request.get_host(), is_secure=request.is_secure())
    return HttpResponse(dumps(document), content_type="application/json")
