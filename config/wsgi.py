"""The `api` role: the same Django over WSGI, where REST throughput matters."""

import os

from django.core.wsgi import get_wsgi_application

from config.private import serve_privately
from config.processes import die_with_server, freeze_loaded_objects, start_only_if_safe

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

die_with_server()
application = get_wsgi_application()
start_only_if_safe()
freeze_loaded_objects()
serve_privately()
