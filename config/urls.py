"""Every address of the exchange. Apps bring their own; here they get their places."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

import exchange.urls
from exchange.handlers import handler_404
from marketdata.api.streams import streams
from marketdata.dashboard.page import dashboard_part

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/dashboard/", admin.site.admin_view(dashboard_part), name="admin-dashboard"),
    path("admin/", admin.site.urls),
    path("api/v1/", include(exchange.urls.api_urlpatterns)),
    path("api/v1/", include("marketdata.urls")),
    path("api/v1/", include("orders.urls")),
    path("api/v1/", include("settlement.urls")),
    path("api/v1/", include("demo.urls")),
    path("", include("exchange.urls")),
    path("", include("marketdata.page.urls")),
    path("", include("settlement.wallet.service.urls")),
    path("api/streams", streams, name="streams"),
    # JSON for whatever else is asked below /api/ and /internal/, with DEBUG too.
    re_path(r"^(api|internal)/", handler_404),
]

handler400 = "exchange.handlers.handler_400"
handler403 = "exchange.handlers.handler_403"
handler404 = "exchange.handlers.handler_404"
handler500 = "exchange.handlers.handler_500"
