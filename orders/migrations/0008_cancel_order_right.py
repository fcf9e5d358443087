from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0007_candles'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='order',
            options={'ordering': ['-id'], 'permissions': [('cancel_order', 'Can cancel orders of users')]},
        ),
    ]
