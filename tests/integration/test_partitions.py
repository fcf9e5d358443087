"""Partitions are added while others read and write."""

from datetime import date
from importlib import import_module

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from operations.partitions import PARTITIONED_TABLES, create_partitions, missing_partitions
from tests.administrator import as_administrator
from tests.separate_database import separate_database

_INDEXES = """
    SELECT regexp_replace(pg_get_indexdef(indexrelid), ' INDEX .* USING', ''), indisvalid
    FROM pg_index WHERE indrelid = %s::regclass ORDER BY 1
"""
_CHECKS = """
    SELECT conname, replace(pg_get_constraintdef(oid), ' NOT VALID', '')
    FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'
"""
_COLUMNS = """
    SELECT attname, atttypid, attnotnull, attidentity, attgenerated, pg_get_expr(adbin, adrelid)
    FROM pg_attribute LEFT JOIN pg_attrdef ON (adrelid, adnum) = (attrelid, attnum)
    WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum
"""
_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgtype & 1 = 1 ORDER BY 1"  # for each row


def test_nobody_waits_for_new_partitions_and_they_wait_for_nobody() -> None:
    today = date(2041, 3, 1)
    with psycopg.connect(settings.ENGINE_DATABASE_URL) as reader, psycopg.connect(settings.DATABASE_URL) as writer:
        for scheme in PARTITIONED_TABLES:
            reader.execute(f"LOCK TABLE {scheme.table} IN ACCESS SHARE MODE")  # a dump, or whoever else reads long
            writer.execute(f"LOCK TABLE {scheme.table} IN ROW EXCLUSIVE MODE")  # a batch
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")

        created = create_partitions(today=today)

        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    assert len(created) > 30
    assert missing_partitions(today=today) == []
    assert create_partitions(today=today) == []


@pytest.mark.parametrize("query", [_INDEXES, _CHECKS, _COLUMNS, _TRIGGERS])
@pytest.mark.parametrize("table", [scheme.table for scheme in PARTITIONED_TABLES])
def test_a_partition_is_made_like_its_table(table: str, query: str) -> None:
    create_partitions(today=date(2042, 1, 1))
    partition = f"{table}_2042_01" if table == "orders_order" else f"{table}_2042_01_01"

    with connection.cursor() as cursor:
        cursor.execute(query, [table])
        of_table = cursor.fetchall()
        cursor.execute(query, [partition])
        of_partition = cursor.fetchall()

    assert sorted(map(str, of_partition)) == sorted(map(str, of_table))


def test_the_index_of_orders_is_put_together_from_those_of_the_partitions() -> None:
    """As when an exchange with orders is upgraded, also after an attempt that was interrupted."""
    migration = import_module("orders.migrations.0013_order_user_market_seq")
    with separate_database("index"), as_administrator(), connection.cursor() as cursor:
        create_partitions(today=date(2043, 1, 1))
        cursor.execute(f"DROP INDEX {migration.NAME}")
        cursor.execute(f"CREATE INDEX {migration.NAME} ON ONLY orders_order {migration.COLUMNS}")
        cursor.execute(f"CREATE INDEX orders_order_2043_01_{migration.NAME} ON orders_order_2043_01 (reason)")
        for _ in range(2):
            with connection.schema_editor(atomic=False) as editor:
                migration.create(None, editor)

        cursor.execute(migration.MISSING)
        assert cursor.fetchall() == []
        cursor.execute(
            "SELECT indisvalid, pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid = %s::regclass",
            [migration.NAME],
        )
        is_valid, definition = cursor.fetchone()
        assert is_valid
        assert migration.COLUMNS in definition
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        assert cursor.fetchone() == ("15s", "5s")
