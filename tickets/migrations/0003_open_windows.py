"""Opening hours worked out per client, and the triggers that say when they must be worked out anew."""

import django.db.models.deletion
from django.db import migrations, models

STALE = """
CREATE FUNCTION tickets_calendar_stale() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE old_calendar bigint; new_calendar bigint;
BEGIN
    -- The calendar itself, or something that hangs on one.
    IF TG_TABLE_NAME = 'tickets_calendar' THEN
        old_calendar := OLD.id;
    ELSE
        old_calendar := OLD.calendar_id;
        new_calendar := NEW.calendar_id;
    END IF;
    UPDATE tickets_windowrange SET is_stale = true WHERE NOT is_stale AND client_id IN
        (SELECT client_id FROM tickets_agreement WHERE calendar_id IN (old_calendar, new_calendar));
    RETURN NULL;
END $$;
CREATE FUNCTION tickets_agreement_stale() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_windowrange SET is_stale = true
    WHERE NOT is_stale AND client_id IN (OLD.client_id, NEW.client_id);
    RETURN NULL;
END $$;
CREATE TRIGGER windows_stale AFTER UPDATE OF timezone, country ON tickets_calendar
    FOR EACH ROW EXECUTE FUNCTION tickets_calendar_stale();
CREATE TRIGGER windows_stale AFTER INSERT OR UPDATE OR DELETE ON tickets_openinghours
    FOR EACH ROW EXECUTE FUNCTION tickets_calendar_stale();
CREATE TRIGGER windows_stale AFTER INSERT OR UPDATE OR DELETE ON tickets_closedday
    FOR EACH ROW EXECUTE FUNCTION tickets_calendar_stale();
CREATE TRIGGER windows_stale AFTER INSERT OR UPDATE OR DELETE ON tickets_agreement
    FOR EACH ROW EXECUTE FUNCTION tickets_agreement_stale();
"""
NEVER_STALE = """
DROP TRIGGER windows_stale ON tickets_calendar;
DROP TRIGGER windows_stale ON tickets_openinghours;
DROP TRIGGER windows_stale ON tickets_closedday;
DROP TRIGGER windows_stale ON tickets_agreement;
DROP FUNCTION tickets_calendar_stale(), tickets_agreement_stale();
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0002_append_only_and_first_rows")]
    operations = [
        migrations.CreateModel(
            name="OpenWindow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opens_at", models.DateTimeField()),
                ("closes_at", models.DateTimeField()),
                ("before_us", models.BigIntegerField()),
                (
                    "client",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.client",
                    ),
                ),
            ],
            options={
                "verbose_name": "open window",
                "verbose_name_plural": "open windows",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("client", "opens_at"), include=("closes_at", "before_us"), name="open_window_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("closes_at__gt", models.F("opens_at"))), name="open_window_not_empty"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WindowRange",
            fields=[
                (
                    "client",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="tickets.client",
                    ),
                ),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("has_hours", models.BooleanField()),
                ("is_stale", models.BooleanField(db_default=False, default=False)),
            ],
            options={
                "verbose_name": "range of open windows",
                "verbose_name_plural": "ranges of open windows",
            },
        ),
        migrations.RunSQL(STALE, NEVER_STALE),
    ]
