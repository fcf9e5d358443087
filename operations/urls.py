from django.urls import path
from django_prometheus.exports import ExportToDjangoView

from operations.api import health, ready

urlpatterns = [
    path("health", health),
    path("ready", ready),
    path("metrics", ExportToDjangoView),
]
