from django.db import migrations


class Migration(migrations.Migration):
    """The dashboard counts who placed an order in the last day, among all who did in thirty."""

    dependencies = [
        ('marketdata', '0001_analytics'),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX useractivity_last_order_at ON marketdata_useractivity (last_order_at)",
            "DROP INDEX useractivity_last_order_at",
        ),
    ]
