from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from operations.database_roles import Credentials, roles_prepare


class Command(BaseCommand):
    help = (
        "Make the roles of DATABASE_URL and OWNER_DATABASE_URL, and hand the database to the owner."
        " Connects by ADMIN_DATABASE_URL, as an administrator of the server, and can be repeated. Run migrate next."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        addresses = {name: getattr(settings, name) for name in ("ADMIN_DATABASE_URL", "OWNER_DATABASE_URL")}
        if missing := [name for name, address in addresses.items() if not address]:
            raise CommandError(f"Set {' and '.join(missing)}")
        owner, application = map(Credentials.of, (settings.OWNER_DATABASE_URL, settings.DATABASE_URL))
        if owner.name == application.name:
            raise CommandError("DATABASE_URL and OWNER_DATABASE_URL must name different roles")
        with psycopg.connect(settings.ADMIN_DATABASE_URL, autocommit=True, connect_timeout=5) as connection:
            roles_prepare(connection, owner=owner, application=application)
        self.stdout.write(f"{owner.name} owns the database; {application.name} owns nothing.")
