from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tickets', '0003_running_legs'),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='is_complete',
            field=models.BooleanField(db_default=True, default=True, editable=False),
        ),
    ]
