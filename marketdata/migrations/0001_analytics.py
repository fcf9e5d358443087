import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The views are filled while they are made, however many orders and trades there are by then.
NO_LIMIT_SQL = "SET LOCAL statement_timeout = 0"
# The smallest UUIDv7 of a moment: tables are ranged by id, so this is what leaves whole partitions out.
FLOOR = "(lpad(to_hex((extract(epoch FROM {}) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid"
MARKETDAY_SQL = f"""
CREATE MATERIALIZED VIEW marketdata_marketday AS
WITH prices AS (
    SELECT market_id, (array_agg(open ORDER BY opened_at))[1] AS open, max(high) AS high, min(low) AS low,
        (array_agg(close ORDER BY opened_at DESC))[1] AS close
    FROM orders_candle WHERE timeframe = '1m' AND opened_at >= date_trunc('minute', now() - interval '24 hours')
    GROUP BY market_id
), day AS (
    SELECT market_id, buyer_id, seller_id, price, quantity, buyer_fee + seller_fee AS fees FROM orders_trade
    WHERE id >= {FLOOR.format("now() - interval '24 hours'")}
), traded AS (
    SELECT market_id, sum(quantity) AS volume, sum(price * quantity) AS quote_volume, sum(fees) AS fees,
        count(*) AS trade_count
    FROM day GROUP BY market_id
), traders AS (
    SELECT market_id, count(*) AS trader_count
    FROM (SELECT market_id, buyer_id FROM day UNION SELECT market_id, seller_id FROM day) AS parties GROUP BY market_id
), placed AS (
    SELECT market_id, count(*) AS order_count FROM orders_order
    WHERE id >= {FLOOR.format("now() - interval '24 hours'")} GROUP BY market_id
)
SELECT m.id AS market_id, now() AS until, open, high, low, close, coalesce(volume, 0) AS volume,
    coalesce(quote_volume, 0) AS quote_volume, coalesce(fees, 0) AS fees, coalesce(trade_count, 0) AS trade_count,
    coalesce(trader_count, 0) AS trader_count, coalesce(order_count, 0) AS order_count
FROM exchange_market m LEFT JOIN prices ON prices.market_id = m.id LEFT JOIN traded ON traded.market_id = m.id
    LEFT JOIN traders ON traders.market_id = m.id LEFT JOIN placed ON placed.market_id = m.id;
CREATE UNIQUE INDEX marketday_market ON marketdata_marketday (market_id);
"""
USERACTIVITY_SQL = f"""
CREATE MATERIALIZED VIEW marketdata_useractivity AS
SELECT user_id, now() AS until, count(*) AS order_count,
    count(*) FILTER (WHERE status IN ('pending', 'open', 'partially_filled')) AS open_count,
    count(*) FILTER (WHERE status = 'filled') AS filled_count,
    count(*) FILTER (WHERE status IN ('cancelled', 'expired')) AS cancelled_count,
    count(*) FILTER (WHERE status = 'rejected') AS rejected_count,
    count(*) FILTER (WHERE filled_quantity > 0) AS traded_count,
    round(count(*) FILTER (WHERE filled_quantity > 0) / count(*)::numeric, 4) AS fill_ratio,
    count(DISTINCT market_id) AS market_count, max(created_at) AS last_order_at
FROM orders_order WHERE id >= {FLOOR.format("now() - interval '30 days'")} GROUP BY user_id WITH NO DATA;  -- it is made anew by a later migration
CREATE UNIQUE INDEX useractivity_user ON marketdata_useractivity (user_id);
CREATE INDEX useractivity_order_count ON marketdata_useractivity (order_count, user_id);
"""
AMOUNT = {"decimal_places": 18, "max_digits": 38}


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('exchange', '0002_market_rules_and_fee_tiers'),
        ('orders', '0007_candles'),
    ]

    operations = [
        migrations.RunSQL(NO_LIMIT_SQL, migrations.RunSQL.noop),
        migrations.RunSQL(MARKETDAY_SQL, "DROP MATERIALIZED VIEW marketdata_marketday"),
        migrations.RunSQL(USERACTIVITY_SQL, "DROP MATERIALIZED VIEW marketdata_useractivity"),
        migrations.CreateModel(
            name='MarketDay',
            fields=[
                ('market', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='exchange.market')),
                ('until', models.DateTimeField()),
                ('open', models.DecimalField(null=True, **AMOUNT)),
                ('high', models.DecimalField(null=True, **AMOUNT)),
                ('low', models.DecimalField(null=True, **AMOUNT)),
                ('close', models.DecimalField(null=True, **AMOUNT)),
                ('volume', models.DecimalField(**AMOUNT)),
                ('quote_volume', models.DecimalField(**AMOUNT)),
                ('fees', models.DecimalField(**AMOUNT)),
                ('trade_count', models.BigIntegerField()),
                ('trader_count', models.BigIntegerField()),
                ('order_count', models.BigIntegerField()),
            ],
            options={
                'verbose_name': "market's last 24 hours",
                'verbose_name_plural': "markets' last 24 hours",
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='UserActivity',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('until', models.DateTimeField()),
                ('order_count', models.BigIntegerField()),
                ('open_count', models.BigIntegerField()),
                ('filled_count', models.BigIntegerField()),
                ('cancelled_count', models.BigIntegerField()),
                ('rejected_count', models.BigIntegerField()),
                ('traded_count', models.BigIntegerField()),
                ('fill_ratio', models.DecimalField(decimal_places=4, max_digits=5)),
                ('market_count', models.BigIntegerField()),
                ('last_order_at', models.DateTimeField()),
            ],
            options={
                'verbose_name_plural': 'user activity',
                'managed': False,
            },
        ),
    ]
