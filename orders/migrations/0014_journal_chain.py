import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

# Instant on a journal of any size: nothing is rewritten, and what is there stays without a hash.
HASH_SQL = "ALTER TABLE orders_journalbatch ADD COLUMN hash bytea"
# The trigger for rows is copied to each partition, so that one cannot be changed by its own name either.
APPEND_ONLY = """
CREATE FUNCTION orders_refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: each batch is chained to the one before';
END $$;
CREATE TRIGGER journal_append_only BEFORE UPDATE OR DELETE ON orders_journalbatch
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_journal_change();
CREATE TRIGGER journal_whole_append_only BEFORE TRUNCATE ON orders_journalbatch
    FOR EACH STATEMENT EXECUTE FUNCTION orders_refuse_journal_change();
"""
UNGUARDED = """
DROP TRIGGER journal_append_only ON orders_journalbatch;
DROP TRIGGER journal_whole_append_only ON orders_journalbatch;
DROP FUNCTION orders_refuse_journal_change();
"""
# Runs as its owner: the application, which owns nothing, may add exactly these tables and no others.
# A table is made first and attached then: CREATE TABLE ... PARTITION OF would lock out every reader and writer.
ADD_PARTITION = """
CREATE FUNCTION orders_add_partition(parent text, first_day date, end_day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    name text;
    bounds uuid[];
BEGIN
    IF parent = 'orders_order' AND extract(day FROM first_day) = 1 AND end_day = first_day + interval '1 month' THEN
        name := parent || to_char(first_day, '_YYYY_MM');
    ELSIF parent IN ('orders_trade', 'orders_journalbatch') AND end_day = first_day + 1 THEN
        name := parent || to_char(first_day, '_YYYY_MM_DD');
    ELSE
        RAISE EXCEPTION 'no partition of % is from % to %', parent, first_day, end_day;
    END IF;
    -- The smallest UUIDv7 of each midnight.
    bounds := ARRAY(
        SELECT (lpad(to_hex((extract(epoch FROM day::timestamp) * 1000)::bigint), 12, '0') || '70008000000000000000')::uuid
        FROM unnest(ARRAY[first_day, end_day]) day
    );
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', name, parent);
    EXECUTE format(
        'ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        parent, name, bounds[1], bounds[2]
    );
END $$;
"""
# What stands in the journals now has no hashes: the chains begin behind it.
BEGINNING = """
INSERT INTO orders_journalanchor (market_id, seq, hash, note)
SELECT market_id, last_seq, decode(repeat('00', 32), 'hex'), 'What was there before has no hashes'
FROM orders_marketsequence WHERE last_seq > 0
"""


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0008_user_notes'),
        ('orders', '0013_order_user_market_seq'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(HASH_SQL, "ALTER TABLE orders_journalbatch DROP COLUMN hash")],
            state_operations=[
                migrations.AddField(
                    model_name='journalbatch',
                    name='hash',
                    field=models.BinaryField(help_text='SHA-256 over the hash before it and this batch; none in what an older release wrote', max_length=32, null=True),
                ),
            ],
        ),
        migrations.AddField(
            model_name='marketsequence',
            name='journal_hash',
            field=models.BinaryField(help_text="The last batch's hash", max_length=32, null=True),
        ),
        migrations.CreateModel(
            name='JournalAnchor',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField(help_text='Of the last batch before it')),
                ('hash', models.BinaryField(max_length=32)),
                ('note', models.TextField()),
                ('created_at', models.DateTimeField(db_default=Now())),
                ('market', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='exchange.market')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('market', 'seq'), name='journalanchor_once')],
            },
        ),
        migrations.AlterField(
            model_name='mismatch',
            name='check_name',
            field=models.CharField(choices=[('zero_sum', 'entries of an asset sum to zero'), ('balance', 'a balance is the sum of its entries'), ('held', 'held = open orders + unsettled trades'), ('order_hold', 'an order holds what it needs'), ('transfer', 'a settled trade moved its money once'), ('journal', 'the journal is whole and can be executed'), ('chain', "the journal's chain of hashes is unbroken"), ('state_hash', 'a replay gives the state hash'), ('trade', 'replayed trades = stored trades'), ('order', 'replayed orders = stored orders'), ('fee', 'fees and holds of fills are what the rates say'), ('book', "stored open orders = the engine's book"), ('engine', 'the running engine = the journal'), ('wallet', 'money here = reserved at the wallet'), ('audit', "the audit trail's chain is unbroken")], max_length=12, verbose_name='check'),
        ),
        migrations.RunSQL(BEGINNING, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, UNGUARDED),
        migrations.RunSQL(ADD_PARTITION, "DROP FUNCTION orders_add_partition"),
    ]
