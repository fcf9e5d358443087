from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('settlement', '0004_wallet'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('kind__in', ['trade', 'fee']), _negated=True), fields=['kind', 'id'], name='entry_rare_kind_id'),
        ),
    ]
