from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0009_rejected_under"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="fee_fraction_ppm",
            field=models.IntegerField(
                null=True,
                help_text="What of the last unit of its fees its fills have used up, in millionths; null before the first fee",
            ),
        ),
    ]
