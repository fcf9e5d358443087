"""Whoever has the application's role has no way to rewrite what is append-only, nor to more power."""

import os

import psycopg
import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.db import DatabaseError, connection

from exchange.audit import audit_record
from exchange.models import User
from operations.database_roles import Credentials, roles_prepare
from tests.administrator import as_administrator
from tests.separate_database import separate_database
from tests.servers import ADMINISTRATOR_URL

GUARDED = (
    "exchange_auditentry",
    "exchange_auditlink",
    "exchange_usernote",
    "orders_journalbatch",
    "settlement_adjustmentline",
    "settlement_ledgerentry",
)
FORBIDDEN = [
    "UPDATE exchange_auditentry SET note = ''",
    "UPDATE exchange_auditlink SET hash = ''",
    "UPDATE exchange_usernote SET text = ''",
    "UPDATE orders_journalbatch SET commands = ''",
    "UPDATE settlement_adjustmentline SET available = 1",
    "UPDATE settlement_ledgerentry SET amount = 1",
    *[f"{act} {table}" for act in ("DELETE FROM", "TRUNCATE", "DROP TABLE") for table in GUARDED],
    *[f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in GUARDED],
    *[f"ALTER TABLE {table} OWNER TO exchange_app" for table in GUARDED],
    "INSERT INTO exchange_auditlink (number, entry_id, hash) VALUES (9, 9, '')",
    "INSERT INTO exchange_auditwaiting (entry_id) VALUES (9)",
    "DELETE FROM exchange_auditwaiting",
    "INSERT INTO orders_journalanchor (market_id, seq, hash, note) VALUES (1, 1, '', '')",
    "DELETE FROM django_migrations",
    "DROP TRIGGER ledger_append_only ON settlement_ledgerentry",
    "CREATE OR REPLACE FUNCTION settlement_refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION exchange_link_audit(integer) SECURITY INVOKER",
    "SET session_replication_role = replica",
    "SET ROLE exchange_owner",
    "SET SESSION AUTHORIZATION exchange",
    "GRANT exchange_owner TO exchange_app",
    "ALTER ROLE exchange_app SUPERUSER",
    "CREATE ROLE helper",
    "CREATE TABLE mine (id int)",
    "CREATE DATABASE mine",
    "COPY exchange_user TO PROGRAM 'cat'",
    "SELECT pg_read_file('PG_VERSION')",
    "ALTER SYSTEM SET fsync = off",
    "TRUNCATE exchange_user CASCADE",
    "REFRESH MATERIALIZED VIEW marketdata_marketday",
    "SELECT orders_add_partition('orders_journalbatch', '2044-01-01', '2045-01-01')",
    "SELECT orders_add_partition('exchange_user', '2044-01-01', '2044-01-02')",
    "SELECT marketdata_refresh('exchange_user')",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_application_is_refused(statement: str) -> None:
    with (
        psycopg.connect(settings.DATABASE_URL, autocommit=True) as application,
        pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RaiseException)),
    ):
        application.execute(statement.encode())


def test_a_partition_cannot_be_reached_by_its_own_name() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'orders_journalbatch'::regclass")
        names = [name for (name,) in cursor.fetchall()]
    for statement in (f"TABLE {names[0]}", f"TRUNCATE {names[0]}", f"DROP TABLE {names[0]}"):
        with psycopg.connect(settings.DATABASE_URL) as application, pytest.raises(psycopg.errors.InsufficientPrivilege):
            application.execute(statement.encode())


@pytest.mark.parametrize("table", GUARDED)
def test_the_owner_meets_the_triggers(table: str, staff: User) -> None:
    """Who only forgets that a table is append-only is stopped, too."""
    audit_record(actor=staff, action="test.act", target=staff)
    with as_administrator(), connection.cursor() as cursor, pytest.raises(DatabaseError, match="append-only"):
        cursor.execute(f"TRUNCATE {table} CASCADE")


def test_a_database_is_handed_over() -> None:
    """As when a copy of an earlier release is started: everything belonged to somebody else."""
    with separate_database("handed_over"):
        name = connection.settings_dict["NAME"]
        url = f"{os.environ[ADMINISTRATOR_URL].rpartition('/')[0]}/{name}"
        owner, application = Credentials("handed_owner", "one"), Credentials("handed_app", "another")
        with psycopg.connect(url, autocommit=True) as administrator:
            for _ in range(2):
                roles_prepare(administrator, owner=owner, application=application)
            left = administrator.execute(
                "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
                " AND relowner <> 'handed_owner'::regrole"
            ).fetchall()
            entry = administrator.execute(
                "SELECT has_database_privilege('exchange_app', current_database(), 'CONNECT')"
            )
            assert (left, entry.fetchone()) == ([], (False,))
            administrator.execute(f'ALTER DATABASE "{name}" OWNER TO exchange_owner')
            administrator.execute("REASSIGN OWNED BY handed_owner TO exchange_owner")
            administrator.execute("DROP OWNED BY handed_owner, handed_app")
            administrator.execute("DROP ROLE handed_owner, handed_app")


def test_an_installation_with_one_role_for_all_is_told() -> None:
    def found() -> list[str | None]:
        messages = run_checks(databases=["default"], include_deployment_checks=False)
        return [message.id for message in messages if message.id == "operations.W001"]

    assert found() == []
    with as_administrator():
        assert found() == ["operations.W001"]
