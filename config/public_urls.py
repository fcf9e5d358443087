"""Every address for everybody. Apps bring their own; here they get their places."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularSwaggerView

from base.handlers import handler_404
from base.schema_view import SchemaView
from base.views import read_only
from marketdata.asyncapi.views import streams

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("exchange.urls")),
    path("api/v1/", include("marketdata.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("portfolio.urls")),
    path("api/v1/", include("settlement.urls")),
    path("api/v1/", include("demo.urls")),
    path("", include("operations.urls")),
    path("api/schema", read_only(SchemaView.as_view()), name="schema"),
    path("api/docs", read_only(SpectacularSwaggerView.as_view(url_name="schema")), name="docs"),
    path("", include("trading_page.urls")),
    path("api/streams", streams, name="streams"),
    # JSON for whatever else is asked below /api/ and /internal/, by any method, with DEBUG too. What there is below
    # /internal/ is on private ports (`config.private_urls`).
    re_path(r"^(api|internal)/", csrf_exempt(handler_404)),
]

handler400 = "base.handlers.handler_400"
handler403 = "base.handlers.handler_403"
handler404 = "base.handlers.handler_404"
handler500 = "base.handlers.handler_500"
