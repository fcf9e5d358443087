from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0008_cancel_order_right"),
    ]

    operations = [
        migrations.AddField(
            model_name="clientorderid",
            name="rejected_under",
            field=models.JSONField(
                null=True, help_text="The limits under which the engine rejected it, to answer the same once more"
            ),
        ),
    ]
