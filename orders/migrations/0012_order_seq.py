from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0011_editions"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="seq",
            field=models.BigIntegerField(
                default=0,
                db_default=0,
                help_text="Sequence number of the last event about it; 0 = under an earlier release",
            ),
        ),
    ]
