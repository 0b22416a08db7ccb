"""The event log refuses changes, and the rows that every installation starts with."""

from django.db import migrations

FORBID = """
CREATE FUNCTION tickets_forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Only the import of a corrected log says this, for its own transaction.
    IF current_setting('helpdesk.correcting', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION 'case events are append-only' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER case_event_append_only BEFORE UPDATE OR DELETE ON tickets_caseevent
    FOR EACH ROW EXECUTE FUNCTION tickets_forbid_change();
"""

ALLOW = """
DROP TRIGGER case_event_append_only ON tickets_caseevent;
DROP FUNCTION tickets_forbid_change();
"""


def first_rows(apps, schema_editor):
    """A desk of our own to log at, open on weekdays; an admin changes it or adds clients."""
    apps.get_model("tickets", "Source").objects.get_or_create(name="desk")


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]
    operations = [
        migrations.RunSQL(FORBID, ALLOW),
        migrations.RunPython(first_rows, migrations.RunPython.noop),
    ]
