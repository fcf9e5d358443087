from django.db import migrations

SQL = """
CREATE FUNCTION settlement_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger entries are append-only: a correction is a new entry';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION settlement_refuse_change();

-- All legs of a transfer are inserted by one statement, so one statement is enough to see that they are zero-sum.
CREATE FUNCTION settlement_check_zero_sum() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken record;
BEGIN
    SELECT transfer_id, asset_id, sum(amount) AS total INTO broken
        FROM added GROUP BY transfer_id, asset_id HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % is not zero-sum in %: %', broken.transfer_id, broken.asset_id, broken.total;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_zero_sum AFTER INSERT ON settlement_ledgerentry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION settlement_check_zero_sum();
"""
REVERSE = """
DROP TRIGGER ledger_zero_sum ON settlement_ledgerentry;
DROP TRIGGER ledger_append_only ON settlement_ledgerentry;
DROP FUNCTION settlement_check_zero_sum();
DROP FUNCTION settlement_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("settlement", "0001_initial")]
    operations = [migrations.RunSQL(SQL, REVERSE)]
