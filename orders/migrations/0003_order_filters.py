from django.db import migrations

# What staff filter orders by and few orders have: without these a page would read whole partitions to find fifty rows.
# An ordinary order (limit or market, GTC or IOC, alone, default self-trade prevention) is in none of them.
INDEX_SQL = """
CREATE INDEX order_uncommon_type ON orders_order (type, id) WHERE type NOT IN ('limit', 'market');
CREATE INDEX order_uncommon_time_in_force ON orders_order (time_in_force, id) WHERE time_in_force IN ('fok', 'gtd');
CREATE INDEX order_uncommon_prevention ON orders_order (self_trade_prevention, id)
    WHERE self_trade_prevention <> 'cancel_newest';
CREATE INDEX order_group_role ON orders_order (group_role, id) WHERE group_role <> '';
"""
INDEX_UNDO_SQL = """
DROP INDEX order_uncommon_type, order_uncommon_time_in_force, order_uncommon_prevention, order_group_role;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0002_order_types'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='cancelafter',
            options={'verbose_name': 'cancel-after switch', 'verbose_name_plural': 'cancel-after switches'},
        ),
        migrations.RunSQL(INDEX_SQL, INDEX_UNDO_SQL),
    ]
