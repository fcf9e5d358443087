"""The `web` role: pages, admin, REST and WebSockets over ASGI."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

from config.processes import end_soon_after_stop, freeze_loaded_objects, start_only_if_safe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_asgi_application()

from base.origins import OwnOriginsOnly  # noqa: E402  (these need the settings and the app registry)
from marketdata.protocol import install  # noqa: E402
from marketdata.routing import websocket_urlpatterns  # noqa: E402

start_only_if_safe()
install()
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": OwnOriginsOnly(URLRouter(websocket_urlpatterns)),
    }
)
end_soon_after_stop()
freeze_loaded_objects()
