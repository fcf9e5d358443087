from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0004_reconciliation'),
    ]

    operations = [
        migrations.CreateModel(
            name='EngineProcess',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('host', models.CharField(max_length=100)),
                ('pid', models.PositiveIntegerField()),
                ('started_at', models.DateTimeField()),
                ('beat_at', models.DateTimeField()),
                ('fresh_since', models.DateTimeField()),
                ('listed', models.JSONField(null=True)),
                ('markets', models.JSONField(default=list)),
            ],
            options={
                'verbose_name_plural': 'engine processes',
            },
        ),
    ]
