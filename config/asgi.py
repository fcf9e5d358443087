"""The `web` role: pages, admin, REST and WebSockets over ASGI."""

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.core.asgi import get_asgi_application

from config.processes import end_soon_after_stop, freeze_loaded_objects

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_asgi_application()

from base.serving.daphne import guard_daphne  # noqa: E402  (needs the settings)
from base.serving.sockets import allow_many_sockets  # noqa: E402  (as above)
from marketdata.routing import websocket_urlpatterns  # noqa: E402  (needs the app registry)


class BrowserOriginValidator(OriginValidator):
    """Refuses pages of other hosts. Programs send no Origin and are let in: sockets log in by token, not by cookie."""

    def valid_origin(self, parsed_origin: Any) -> bool:
        return parsed_origin is None or super().valid_origin(parsed_origin)


application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": BrowserOriginValidator(URLRouter(websocket_urlpatterns), settings.ALLOWED_HOSTS),
    }
)
guard_daphne()
allow_many_sockets()
end_soon_after_stop()
freeze_loaded_objects()
