from django.db import migrations

# Runs as its owner, because only the owner of a view may refresh it: the application refreshes these and no others.
REFRESH = """
CREATE FUNCTION marketdata_refresh(view text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF view NOT IN ('marketdata_marketday', 'marketdata_useractivity') THEN
        RAISE EXCEPTION 'there is no view % to refresh', view;
    END IF;
    EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY public.%I', view);
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('marketdata', '0003_orders_of_users_counted_in_memory'),
    ]

    operations = [migrations.RunSQL(REFRESH, "DROP FUNCTION marketdata_refresh(text)")]
