from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0004_complete_legs")]
    operations = [
        migrations.RemoveField("idempotentanswer", "body"),
        migrations.AddField("idempotentanswer", "body", models.TextField(blank=True, default=""), preserve_default=False),
        migrations.AddField(
            "idempotentanswer", "content_type", models.CharField(blank=True, max_length=120, default=""), preserve_default=False
        ),
        migrations.AddField(
            "idempotentanswer", "location", models.CharField(blank=True, max_length=500, default=""), preserve_default=False
        ),
        migrations.AddIndex("idempotentanswer", models.Index(fields=["created_at"], name="idempotent_answer_created")),
    ]
