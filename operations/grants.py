"""What the application's role may do with each table. The owner sees to it after each migration.

A table with a trigger `..._append_only` can be read and added to; one of READ_ONLY, and what is no table, only be read.
All others are the application's to read and write. Nobody but the owner truncates, makes triggers or drops anything.
"""

from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

__all__ = ["READ_ONLY", "grants_sync"]

# Written by functions that run as their owner, or by migrations.
READ_ONLY: Final = (
    "django_migrations",
    "exchange_auditlink",
    "exchange_auditwaiting",
    "orders_journalanchor",
)
_RELATIONS: Final = """
SELECT relation.relname,
    CASE
        WHEN relkind NOT IN ('r', 'p') OR relname = ANY(%(read_only)s) THEN ARRAY['SELECT']
        WHEN EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid AND tgname LIKE '%%\\_append\\_only')
            THEN ARRAY['INSERT', 'SELECT']
        ELSE ARRAY['DELETE', 'INSERT', 'SELECT', 'UPDATE']
    END AS wanted,
    ARRAY(SELECT privilege_type::text FROM aclexplode(relacl) WHERE grantee = %(role)s::regrole ORDER BY 1) AS granted
FROM pg_class relation
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND NOT relispartition
"""
_KNOWN: Final = "SELECT current_user <> rolname FROM pg_roles WHERE rolname = %s"


@transaction.atomic
def grants_sync(**_signal: Any) -> None:
    """Give the application's role exactly its rights on all tables. Safe to repeat; two queries when nothing changed.

    Nothing to do where one role is both owner and application.
    """
    role = settings.APPLICATION_ROLE
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [role])
        if cursor.fetchone() != (True,):
            return
        cursor.execute(_RELATIONS, {"role": role, "read_only": list(READ_ONLY)})
        for table, wanted, granted in cursor.fetchall():
            if wanted != granted:
                _grant(cursor, role, table, wanted)


def _grant(cursor: CursorWrapper, role: str, table: str, privileges: list[str]) -> None:
    names = {"table": sql.Identifier(table), "role": sql.Identifier(role)}
    cursor.execute(sql.SQL("REVOKE ALL ON {table} FROM {role}").format(**names))
    cursor.execute(sql.SQL("GRANT " + ", ".join(privileges) + " ON {table} TO {role}").format(**names))
