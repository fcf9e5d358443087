"""The `web` role: pages, admin, REST and WebSockets over ASGI."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

from config.processes import end_soon_after_stop, freeze_loaded_objects, start_only_if_safe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_asgi_application()

from django.conf import settings  # noqa: E402  (these need the settings and the app registry)

from base.origins import OwnOriginsOnly  # noqa: E402
from base.serving.daphne import guard_daphne  # noqa: E402
from base.serving.sockets import allow_many_sockets  # noqa: E402
from base.static_application import StaticFilesApplication  # noqa: E402
from config.private import ByPort, PrivateASGIHandler  # noqa: E402
from marketdata.protocol import install  # noqa: E402
from marketdata.routing import websocket_urlpatterns  # noqa: E402

start_only_if_safe()
install()
application = ByPort(
    ProtocolTypeRouter(
        {
            "http": StaticFilesApplication(django_application),
            "websocket": OwnOriginsOnly(URLRouter(websocket_urlpatterns)),
        }
    ),
    ProtocolTypeRouter({"http": PrivateASGIHandler()}),
    settings.WEB_PRIVATE_PORT,
)
guard_daphne()
allow_many_sockets()
end_soon_after_stop()
freeze_loaded_objects()
