from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from base.advisory_locks import ExchangeLock

# What changed on a user's orders since the user looked last, market by market. An index on a partitioned table cannot
# be made concurrently: so each partition gets its own while engines write, and the table's is put together from them.
NAME = "order_user_market_seq"
COLUMNS = "(user_id, market_id, seq)"
MISSING = f"""
SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = 'orders_order'::regclass AND NOT EXISTS (
    SELECT FROM pg_index JOIN pg_inherits attached ON attached.inhrelid = indexrelid
    WHERE indrelid = child.oid AND attached.inhparent = '{NAME}'::regclass
) ORDER BY 1
"""


def create(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        timeouts = cursor.fetchone()
        cursor.execute("SELECT set_config('statement_timeout', '0', false), set_config('lock_timeout', '0', false)")
        cursor.execute("SELECT pg_advisory_lock(%s)", [ExchangeLock.PARTITIONS])  # nobody adds a partition meanwhile
        try:
            cursor.execute(f"CREATE INDEX IF NOT EXISTS {NAME} ON ONLY orders_order {COLUMNS}")
            cursor.execute(MISSING)
            for (partition,) in cursor.fetchall():
                own = f"{partition}_{NAME}"[:63]
                cursor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{own}"')  # left by a run that was interrupted
                cursor.execute(f'CREATE INDEX CONCURRENTLY "{own}" ON "{partition}" {COLUMNS}')
                cursor.execute(f'ALTER INDEX {NAME} ATTACH PARTITION "{own}"')
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ExchangeLock.PARTITIONS])
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false)", timeouts
            )


def drop(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {NAME}")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("orders", "0012_order_seq"),
    ]

    operations = [migrations.RunPython(create, drop)]
