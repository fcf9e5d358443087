import django.db.models.deletion
from django.db import migrations, models
from django.db.models.functions import Now

from base.advisory_locks import ExchangeLock

APPEND_ONLY = """
CREATE FUNCTION exchange_refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse_audit_change();
CREATE TRIGGER audit_link_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse_audit_change();
"""
UNGUARDED = """
DROP TRIGGER audit_entry_append_only ON exchange_auditentry;
DROP TRIGGER audit_link_append_only ON exchange_auditlink;
DROP FUNCTION exchange_refuse_audit_change();
"""
# Both functions run as their owner: the application adds entries, and has no other way to the chain.
CHAIN = f"""
CREATE FUNCTION exchange_await_link() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.exchange_auditwaiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_entry_waits AFTER INSERT ON exchange_auditentry
    FOR EACH ROW EXECUTE FUNCTION exchange_await_link();

CREATE FUNCTION exchange_audit_text(number bigint, entry exchange_auditentry) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT string_agg(octet_length(field) || ':' || field, '' ORDER BY place)
    FROM unnest(ARRAY[
        number::text, entry.id::text, (extract(epoch FROM entry.created_at) * 1000000)::bigint::text,
        coalesce(entry.actor_id::text, ''), entry.action, entry.target_type, entry.target_id,
        entry.old::text, entry.new::text, entry.note
    ]) WITH ORDINALITY fields (field, place)
$$;

-- One at a time: who comes while another is at it leaves the work to it, or to the next. Nobody waits.
CREATE FUNCTION exchange_link_audit(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    head public.exchange_auditlink;
    entry public.exchange_auditentry;
    linked integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock({ExchangeLock.AUDIT_CHAIN:d}) THEN
        RETURN 0;
    END IF;
    SELECT * INTO head FROM public.exchange_auditlink ORDER BY number DESC LIMIT 1;
    head.number := coalesce(head.number, 0);
    head.hash := coalesce(head.hash, decode(repeat('00', 32), 'hex'));
    FOR entry IN
        SELECT known.* FROM public.exchange_auditwaiting waiting JOIN public.exchange_auditentry known
            ON known.id = waiting.entry_id ORDER BY known.id LIMIT most
    LOOP
        head.number := head.number + 1;
        head.hash := sha256(head.hash || convert_to(public.exchange_audit_text(head.number, entry), 'UTF8'));
        INSERT INTO public.exchange_auditlink (number, entry_id, hash) VALUES (head.number, entry.id, head.hash);
        DELETE FROM public.exchange_auditwaiting WHERE entry_id = entry.id;
        linked := linked + 1;
    END LOOP;
    RETURN linked;
END $$;
"""
UNCHAINED = """
DROP TRIGGER audit_entry_waits ON exchange_auditentry;
DROP FUNCTION exchange_await_link();
DROP FUNCTION exchange_link_audit(integer);
DROP FUNCTION exchange_audit_text(bigint, exchange_auditentry);
"""
# The chain begins with all that is there.
BEGINNING = """
INSERT INTO exchange_auditwaiting (entry_id) SELECT id FROM exchange_auditentry;
SELECT exchange_link_audit(2147483647);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0008_user_notes'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditLink',
            fields=[
                ('number', models.BigIntegerField(primary_key=True, serialize=False)),
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='link', to='exchange.auditentry')),
                ('hash', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(db_default=Now())),
            ],
        ),
        migrations.CreateModel(
            name='AuditWaiting',
            fields=[
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='+', serialize=False, to='exchange.auditentry')),
            ],
        ),
        migrations.CreateModel(
            name='ApiKeyAddress',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('address', models.CharField(max_length=64)),
                ('first_used_at', models.DateTimeField()),
                ('api_key', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='addresses', to='exchange.apikey')),
            ],
            options={
                'verbose_name': 'address of an API key',
                'verbose_name_plural': 'addresses of API keys',
                'constraints': [models.UniqueConstraint(fields=('api_key', 'address'), name='apikeyaddress_once')],
            },
        ),
        migrations.RunSQL(CHAIN, UNCHAINED),
        migrations.RunSQL(BEGINNING, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, UNGUARDED),
    ]
