import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

APPEND_ONLY = """
CREATE FUNCTION exchange_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'notes on users are append-only: a correction is a new note';
END $$;
CREATE TRIGGER user_note_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON exchange_usernote
    FOR EACH STATEMENT EXECUTE FUNCTION exchange_refuse_change();
"""
REVERSE = """
DROP TRIGGER user_note_append_only ON exchange_usernote;
DROP FUNCTION exchange_refuse_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('exchange', '0007_users_by_last_login'),
    ]

    operations = [
        migrations.CreateModel(
            name='UserNote',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('created_at', models.DateTimeField(db_default=Now())),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='notes', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'note on a user',
                'verbose_name_plural': 'notes on users',
                'indexes': [models.Index(fields=['user', 'id'], name='usernote_user_id')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, REVERSE),
    ]
