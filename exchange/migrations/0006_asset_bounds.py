import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0005_roles_and_audit_filters'),
    ]

    operations = [
        migrations.AlterField(
            model_name='asset',
            name='code',
            field=models.CharField(
                max_length=12, primary_key=True, serialize=False,
                validators=[django.core.validators.RegexValidator(
                    '^[A-Z0-9]{2,12}$', 'Use two to twelve capital letters and digits'
                )],
            ),
        ),
        migrations.AlterField(
            model_name='asset',
            name='decimals',
            field=models.PositiveSmallIntegerField(
                default=8, validators=[django.core.validators.MaxValueValidator(18)]
            ),
        ),
    ]
