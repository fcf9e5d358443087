import django.db.models.deletion
from django.db import migrations, models

# The current candles change with every batch that trades: free space in their pages lets PostgreSQL write the new
# version beside the old one, without touching an index, and tidy up in passing.
CANDLE_SQL = """
CREATE TABLE orders_candle (
    market_id smallint NOT NULL,
    timeframe varchar(3) NOT NULL,
    opened_at timestamptz NOT NULL,
    open numeric NOT NULL,
    high numeric NOT NULL,
    low numeric NOT NULL,
    close numeric NOT NULL,
    volume numeric NOT NULL,
    quote_volume numeric NOT NULL,
    trade_count bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    PRIMARY KEY (market_id, timeframe, opened_at),
    CONSTRAINT candle_prices_in_range CHECK (0 < low AND low <= open AND low <= close AND open <= high AND close <= high),
    CONSTRAINT candle_has_trades CHECK (volume > 0 AND trade_count > 0 AND first_seq <= last_seq)
) WITH (fillfactor = 70);
"""
CANDLE_UNDO_SQL = "DROP TABLE orders_candle"
TIMEFRAMES = [(name, name) for name in ('1m', '5m', '15m', '1h', '4h', '1d', '1w')]


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0006_trade_resolved'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CANDLE_SQL, CANDLE_UNDO_SQL)],
            state_operations=[
                migrations.CreateModel(
                    name='Candle',
                    fields=[
                        ('pk', models.CompositePrimaryKey('market_id', 'timeframe', 'opened_at', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('timeframe', models.CharField(choices=TIMEFRAMES, max_length=3)),
                        ('opened_at', models.DateTimeField()),
                        ('open', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('high', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('low', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('close', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('volume', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('quote_volume', models.DecimalField(decimal_places=18, max_digits=38)),
                        ('trade_count', models.BigIntegerField()),
                        ('first_seq', models.BigIntegerField()),
                        ('last_seq', models.BigIntegerField()),
                        ('market', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exchange.market')),
                    ],
                    options={
                        'ordering': ['market_id', 'timeframe', 'opened_at'],
                    },
                ),
            ],
        ),
    ]
