import django.db.models.deletion
from django.db import migrations, models

from settlement.migrations._by_hand import MOVE, MOVE_BACK, REVERSE, SQL


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0010_two_people'),
        ('proposals', '0001_initial'),
        ('settlement', '0005_rare_kinds'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(MOVE, MOVE_BACK)],
            state_operations=[
                migrations.DeleteModel('AdjustmentLine'),
                migrations.DeleteModel('Adjustment'),
                migrations.CreateModel(
                    name='Adjustment',
                    fields=[
                        ('proposal', models.OneToOneField(db_column='id', on_delete=django.db.models.deletion.PROTECT, parent_link=True, primary_key=True, related_name='adjustment', serialize=False, to='proposals.proposal')),
                        ('failure', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='adjustments', to='settlement.failedsettlement')),
                    ],
                    options={
                        'verbose_name': 'adjustment',
                        'permissions': [('approve_adjustment', 'Can approve and reject adjustments of others')],
                    },
                    bases=('proposals.proposal',),
                ),
                migrations.CreateModel(
                    name='AdjustmentLine',
                    fields=[
                        ('id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('number', models.PositiveSmallIntegerField()),
                        ('available', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('held', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='settlement.account')),
                        ('adjustment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='settlement.adjustment')),
                    ],
                    options={
                        'constraints': [
                            models.UniqueConstraint(fields=('adjustment', 'number'), name='adjustmentline_number'),
                            models.UniqueConstraint(fields=('adjustment', 'account'), name='adjustmentline_one_per_account'),
                            models.CheckConstraint(condition=models.Q(('available', 0), ('held', 0), _negated=True), name='adjustmentline_changes_something'),
                        ],
                    },
                ),
            ],
        ),
        migrations.AddField('walletoperation', 'reversal_id', models.UUIDField(blank=True, help_text='The transfer that undid a settlement', null=True, unique=True)),
        migrations.RunSQL(SQL, REVERSE),
    ]
