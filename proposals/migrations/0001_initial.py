import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

SQL = """
-- A proposal begins undecided and is decided once; the database keeps the time and the transaction of both steps.
CREATE FUNCTION proposals_check_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'proposed' THEN
            RAISE EXCEPTION 'a proposal begins undecided' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.proposed_by_id = ANY (NEW.beneficiaries) THEN
            RAISE EXCEPTION 'nobody proposes what benefits themselves' USING ERRCODE = 'check_violation';
        END IF;
        NEW.created_at := now();
        NEW.made_in := pg_current_xact_id()::text::bigint;
        NEW.decided_in := NULL;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'proposed' THEN
        RAISE EXCEPTION 'a proposal is decided once: this one is %', OLD.state USING ERRCODE = 'check_violation';
    END IF;
    IF to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_at', 'decided_in', 'note']
       <> to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_at', 'decided_in', 'note'] THEN
        RAISE EXCEPTION 'what was proposed is what is decided: nothing of it changes'
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state = 'proposed' THEN
        RETURN NEW;
    END IF;
    IF NEW.state = 'approved' THEN
        IF NEW.decided_by_id = ANY (NEW.beneficiaries) THEN
            RAISE EXCEPTION 'nobody decides what benefits themselves' USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.made_in = pg_current_xact_id()::text::bigint THEN
            RAISE EXCEPTION 'a proposal is not made and approved in one transaction' USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.expires_at <= now() THEN
            RAISE EXCEPTION 'the proposal has expired' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.decided_at IS NOT NULL THEN
        NEW.decided_at := now();
    END IF;
    NEW.decided_in := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER proposal_step BEFORE INSERT OR UPDATE ON proposals_proposal
    FOR EACH ROW EXECUTE FUNCTION proposals_check_step();

CREATE FUNCTION proposals_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'proposals are kept' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER proposal_kept BEFORE DELETE OR TRUNCATE ON proposals_proposal
    FOR EACH STATEMENT EXECUTE FUNCTION proposals_refuse_removal();

-- Whether this very transaction has decided that something of a kind be done to a target. Both the time and the
-- number of the transaction must be right: numbers begin anew in a copy that was restored.
CREATE FUNCTION proposals_decided(wanted_kind text, wanted_target text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT FROM proposals_proposal
        WHERE state = 'approved' AND decided_in = pg_current_xact_id()::text::bigint AND decided_at = now()
          AND kind = wanted_kind AND target = wanted_target
    )
$$;
"""
REVERSE = """
DROP FUNCTION proposals_decided(text, text);
DROP TRIGGER proposal_kept ON proposals_proposal;
DROP TRIGGER proposal_step ON proposals_proposal;
DROP FUNCTION proposals_refuse_removal();
DROP FUNCTION proposals_check_step();
"""


class Migration(migrations.Migration):

    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            name='Proposal',
            fields=[
                ('id', models.UUIDField(default=uuid_utils.compat.uuid7, primary_key=True, serialize=False)),
                ('kind', models.CharField(max_length=32)),
                ('target', models.CharField(blank=True, help_text='Key of the object that it changes', max_length=64)),
                ('subject', models.CharField(blank=True, help_text='What the object is called', max_length=200, verbose_name='about')),
                ('payload', models.JSONField(blank=True, default=dict, help_text='What is to be done, for the program')),
                ('before', models.JSONField(blank=True, default=dict, help_text='What was so when it was proposed')),
                ('after', models.JSONField(blank=True, default=dict, help_text='What would be so')),
                ('reason', models.CharField(max_length=200)),
                ('reference', models.CharField(blank=True, default='', help_text='The transaction outside that it is about, once ever', max_length=128)),
                ('claim', models.CharField(blank=True, default='', help_text='What no second proposal may be about unless this one fails', max_length=128)),
                ('beneficiaries', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), blank=True, default=list, help_text='Users who get or lose by it', size=None)),
                ('state', models.CharField(choices=[('proposed', 'Proposed'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn'), ('expired', 'Expired')], default='proposed', max_length=9)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='proposed at')),
                ('expires_at', models.DateTimeField()),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('note', models.TextField(blank=True)),
                ('made_in', models.BigIntegerField(default=0, editable=False)),
                ('decided_in', models.BigIntegerField(editable=False, null=True)),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [
                    models.Index(fields=['state', 'id'], name='proposal_state_id'),
                    models.Index(fields=['kind', 'id'], name='proposal_kind_id'),
                    models.Index(fields=['proposed_by', 'id'], name='proposal_proposer_id'),
                    models.Index(condition=models.Q(('state', 'approved')), fields=['decided_in'], name='proposal_decided_in'),
                    models.Index(condition=models.Q(('state', 'proposed')), fields=['expires_at'], name='proposal_expires'),
                ],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(models.Q(('decided_at', None), ('decided_by', None), ('state', 'proposed')), models.Q(('decided_at__isnull', False), ('decided_by', None), ('state', 'expired')), models.Q(models.Q(('state__in', ['proposed', 'expired']), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='proposal_decided_by_somebody'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['approved', 'rejected']), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='proposal_two_people'),
                    models.CheckConstraint(condition=models.Q(models.Q(('state', 'withdrawn'), _negated=True), ('decided_by', models.F('proposed_by')), _connector='OR'), name='proposal_withdrawn_by_its_proposer'),
                    models.UniqueConstraint(django.db.models.functions.text.Lower('reference'), condition=models.Q(('state__in', ['proposed', 'approved']), models.Q(('reference', ''), _negated=True)), name='proposal_reference_once'),
                    models.UniqueConstraint(condition=models.Q(('state__in', ['proposed', 'approved']), models.Q(('claim', ''), _negated=True)), fields=('claim',), name='proposal_claim_once'),
                ],
            },
        ),
        migrations.RunSQL(SQL, REVERSE),
    ]
