"""GET /api/streams: the streams' own document."""

from django.http import HttpRequest, HttpResponse

from base.encoders import dumps
from base.views import read_only

__all__ = ["streams"]


@read_only
def streams(request: HttpRequest) -> HttpResponse:
    """Return the AsyncAPI document; it names the host of this request as the server, which is right in role `web`."""
    from marketdata.asyncapi.document import asyncapi_document  # with all consumers, which role `api` does without

    document = asyncapi_document(host=request.get_host(), is_secure=request.is_secure())
    return HttpResponse(dumps(document), content_type="application/json")
