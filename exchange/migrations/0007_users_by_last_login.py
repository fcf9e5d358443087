from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):

    atomic = False  # users go on logging in while the index is made

    dependencies = [
        ('exchange', '0006_asset_bounds'),
    ]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        AddIndexConcurrently(
            model_name='user',
            index=models.Index(
                models.F('last_login').desc(nulls_last=True), models.F('id').desc(), name='user_last_login'
            ),
        ),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
