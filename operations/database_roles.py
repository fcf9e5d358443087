"""The two roles by which the exchange reaches its database: one owns everything, the other owns nothing.

The owner migrates, backs up and restores. The application, which is every process that serves anybody, reads and writes
rows, and may neither change a table nor switch a trigger off. Who makes the roles is an administrator of the server.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple
from urllib.parse import unquote, urlsplit

from psycopg import Connection, sql

__all__ = ["APPLICATION", "OWNER", "Credentials", "roles_prepare"]

OWNER: Final = "exchange_owner"
APPLICATION: Final = "exchange_app"

_NO_POWER: Final = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS"
_MEMBERSHIPS: Final = """
SELECT format('REVOKE %%I FROM %%I', granted.rolname, member.rolname) FROM pg_auth_members
    JOIN pg_roles granted ON granted.oid = roleid JOIN pg_roles member ON member.oid = member
WHERE member.rolname = %s
"""
# Tables and views first: the sequences, indexes and types that belong to them go along.
_FOREIGN_RELATIONS: Final = """
SELECT format('ALTER %%s %%s OWNER TO %%I', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
    WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass, %(owner)s::text)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S')
    AND relowner <> %(owner)s::regrole
    AND NOT EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid
        AND refclassid = 'pg_class'::regclass AND deptype IN ('a', 'i') AND relkind = 'S')
"""
_FOREIGN_FUNCTIONS: Final = """
SELECT format('ALTER ROUTINE %%s OWNER TO %%I', oid::regprocedure, %(owner)s::text)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proowner <> %(owner)s::regrole
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""
_OWNERSHIP: Final = """
SELECT format('ALTER DATABASE %%I OWNER TO %%I', datname, %(owner)s::text) FROM pg_database
    WHERE datname = current_database() AND datdba <> %(owner)s::regrole
UNION ALL
SELECT 'ALTER SCHEMA public OWNER TO pg_database_owner' FROM pg_namespace
    WHERE nspname = 'public' AND nspowner <> 'pg_database_owner'::regrole
"""
_ENTRY: Final = """
REVOKE ALL ON SCHEMA public FROM PUBLIC, {application};
GRANT USAGE ON SCHEMA public TO {application};
GRANT ALL ON SCHEMA public TO {owner};
GRANT pg_read_all_stats TO {owner};
REVOKE ALL ON DATABASE {database} FROM PUBLIC, {application};
GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {application}
"""


class Credentials(NamedTuple):
    """A role's name and password."""

    name: str
    password: str

    @classmethod
    def of(cls, url: str) -> "Credentials":
        """Return those that the address of a database has."""
        parts = urlsplit(url)
        return cls(unquote(parts.username or ""), unquote(parts.password or ""))


def roles_prepare(connection: "Connection[Any]", *, owner: Credentials, application: Credentials) -> None:
    """Make both roles, give them their passwords, and hand the database with all that is in it to the owner.

    `connection` is an administrator's, in the exchange's own database, in autocommit mode. Safe to repeat. Sessions
    that are open go on. The owner may also see how far a follower of the server's log has come. What the application
    may do with each table follows with the next migration.
    """
    assert owner.name != application.name, "Invariant: the application is not the owner"
    _ensure_role(connection, owner, f"{_NO_POWER} REPLICATION")  # for base backups
    _ensure_role(connection, application, f"{_NO_POWER} NOREPLICATION")
    _execute_all(connection, connection.execute(_MEMBERSHIPS, [application.name]).fetchall())
    with connection.transaction():
        for statements in (_OWNERSHIP, _FOREIGN_RELATIONS, _FOREIGN_FUNCTIONS):
            _execute_all(connection, connection.execute(statements, {"owner": owner.name}).fetchall())
    names = {"application": application.name, "database": connection.info.dbname, "owner": owner.name}
    connection.execute(sql.SQL(_ENTRY).format(**{name: sql.Identifier(value) for name, value in names.items()}))


def _ensure_role(connection: "Connection[Any]", role: Credentials, options: str) -> None:
    """Send the password's hash, so that no log of the server can have the password."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role.name]).fetchone()
    name = role.name.encode()
    verifier = connection.pgconn.encrypt_password(role.password.encode(), name, b"scram-sha-256").decode()
    statement = sql.SQL("{} ROLE {} " + options + " PASSWORD {}")
    act = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(statement.format(act, sql.Identifier(role.name), sql.Literal(verifier)))


def _execute_all(connection: "Connection[Any]", rows: Iterable[tuple[str]]) -> None:
    for (statement,) in rows:
        connection.execute(statement.encode())
