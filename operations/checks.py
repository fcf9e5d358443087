"""System checks: does the application own what it must not be able to change?"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError, connections

__all__ = ["check_database_role"]

_POWER = """
SELECT current_user, rolsuper OR EXISTS (
    SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
        AND pg_has_role(current_user, relowner, 'USAGE')
) FROM pg_roles WHERE rolname = current_user
"""


@register(Tags.database)
def check_database_role(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> Iterable[CheckMessage]:
    """W001: whoever gets hold of the application could rewrite ledger, journal and audit trail. One query."""
    for alias in () if settings.IS_OWNER else databases or ():
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(_POWER)
                name, has_power = cursor.fetchone()
        except DatabaseError:
            continue  # Django's own check reports a database that cannot be reached
        if has_power:
            yield Caution(
                f"The role {name} of DATABASE_URL owns tables or is a superuser: it can switch off what guards them.",
                hint="Give the application a role of its own: docs/operations.md, database roles.",
                id="operations.W001",
            )
