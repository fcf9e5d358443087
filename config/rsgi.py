"""The `api` role: Django over WSGI behind a door that hands it complete requests."""

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from base.serving.door import Door
from base.serving.sockets import allow_many_sockets, guard_sockets
from config.wsgi import application as django_application

application = Door(django_application, threads=settings.API_THREADS, requests_per_address=settings.REQUESTS_PER_ADDRESS)
allow_many_sockets()
if not settings.TLS_PROXY:  # behind a proxy all connections come from one address, and the proxy counts
    guard_sockets(settings.CONNECTIONS_PER_ADDRESS)
