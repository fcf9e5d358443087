import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from exchange.migrations._two_people import REVERSE, SQL
from exchange.seeds import ASSETS, DEMO_STAFF, demo_user_id

RULES = {"play_money": 0, "cooling_hours": 24, "fee_margin_ppm": 500, "band_margin_ppm": 20_000, "stop_hours": 24}


def begin(apps, schema_editor):
    """Store the rules and limits to begin with; a copy that was a demo's has play money, as it always had."""
    was_demo = apps.get_model("exchange", "User").objects.filter(pk=demo_user_id(DEMO_STAFF)).exists()
    rules = {**RULES, "play_money": 1, "cooling_hours": 0} if was_demo else RULES
    rule = apps.get_model("exchange", "Rule")
    rule.objects.bulk_create(rule(name=name, value=value) for name, value in rules.items())
    for asset in ASSETS:
        apps.get_model("exchange", "Asset").objects.filter(pk=asset.code).update(hand_limit=asset.hand_limit)


BOUND_FEES = """
UPDATE exchange_market SET maker_fee_ppm = least(maker_fee_ppm, 50000), taker_fee_ppm = least(taker_fee_ppm, 50000)
    WHERE maker_fee_ppm > 50000 OR taker_fee_ppm > 50000;
UPDATE exchange_feetier SET maker_fee_ppm = least(maker_fee_ppm, 50000), taker_fee_ppm = least(taker_fee_ppm, 50000)
    WHERE maker_fee_ppm > 50000 OR taker_fee_ppm > 50000;
UPDATE exchange_market SET agreed_maker_fee_ppm = maker_fee_ppm, agreed_taker_fee_ppm = taker_fee_ppm,
    agreed_price_band_ppm = price_band_ppm;
-- Deferred checks of what was written so far, so that the tables can be altered further.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""
SANE = models.Q(('maker_fee_ppm__lte', 50_000), ('taker_fee_ppm__lte', 50_000))


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('exchange', '0009_audit_chain'),
        ('proposals', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Rule',
            fields=[
                ('name', models.CharField(choices=[('play_money', 'play money: funds and staff of a demo come from nowhere (1) or not (0)'), ('cooling_hours', 'hours before new or changed members of staff may decide'), ('fee_margin_ppm', 'how far one person may move a fee, in ppm'), ('band_margin_ppm', 'how far one person may move a price band, in ppm'), ('stop_hours', 'hours for which one person may stop a market')], max_length=32, primary_key=True, serialize=False)),
                ('value', models.BigIntegerField(validators=[django.core.validators.MinValueValidator(0)])),
            ],
            options={'constraints': [models.CheckConstraint(condition=models.Q(('value__gte', 0)), name='rule_not_negative')]},
        ),
        migrations.AddField('user', 'rights_since', models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField('asset', 'hand_limit', models.DecimalField(db_default=0, decimal_places=18, default=0, help_text='How much of it one member of staff may propose or approve to move by hand in 24 hours', max_digits=38, verbose_name='by hand a day')),
        migrations.AddConstraint('asset', models.CheckConstraint(condition=models.Q(('hand_limit__gte', 0)), name='asset_hand_limit_not_negative')),
        migrations.AddField('market', 'agreed_maker_fee_ppm', models.PositiveIntegerField(db_default=0, editable=False)),
        migrations.AddField('market', 'agreed_taker_fee_ppm', models.PositiveIntegerField(db_default=0, editable=False)),
        migrations.AddField('market', 'agreed_price_band_ppm', models.PositiveIntegerField(db_default=0, editable=False)),
        migrations.AddField('market', 'stop_ends_at', models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField('market', 'state_before_stop', models.CharField(blank=True, db_default='', editable=False, max_length=12)),
        migrations.AddField('market', 'stopped_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
        migrations.AddField('market', 'made_in', models.BigIntegerField(db_default=0, editable=False)),
        migrations.RunSQL(BOUND_FEES, migrations.RunSQL.noop),
        migrations.RunPython(begin, migrations.RunPython.noop),
        migrations.RemoveConstraint('market', 'market_fees_below_half'),
        migrations.AddConstraint('market', models.CheckConstraint(condition=SANE, name='market_fees_sane')),
        migrations.RemoveConstraint('feetier', 'feetier_fees_below_half'),
        migrations.AddConstraint('feetier', models.CheckConstraint(condition=SANE, name='feetier_fees_sane', violation_error_message='Fees must be between 0 and 50,000')),
        migrations.RunSQL(SQL, REVERSE),
    ]
