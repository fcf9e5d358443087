from django.urls import path

from operations.api import health, index, ready

urlpatterns = [
    *(path(address, index) for address in ("api", "api/", "api/v1", "api/v1/")),
    path("health", health, name="health"),
    path("ready", ready, name="ready"),
]
