"""What is served on private ports alone: metrics, readiness in detail, and the wallet protocol."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django_prometheus.exports import ExportToDjangoView

from base.handlers import handler_404
from config.public_urls import handler400, handler403, handler404, handler500
from operations.api import health, ready_in_detail

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns: list[URLPattern | URLResolver] = [
    path("health", health),
    path("ready", ready_in_detail),
    path("metrics", ExportToDjangoView),
    path("", include("settlement.wallet_service.urls")),
    re_path(r"^internal/", csrf_exempt(handler_404)),
]
