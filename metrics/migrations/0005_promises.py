"""A change of a promise, or of the case that it is on, marks the promise; a promise also changes its case."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION metrics_promises_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO metrics_mark (record, row_id)
            SELECT 'promise', id FROM new_rows UNION SELECT 'case', case_id FROM new_rows;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO metrics_mark (record, row_id)
            SELECT 'promise', id FROM old_rows UNION SELECT 'case', case_id FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_promised_case_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (record, row_id)
        SELECT 'promise', p.id
        FROM old_rows o JOIN new_rows n USING (number) JOIN tickets_promise p ON p.case_id = n.number
        WHERE (o.client_id, o.topic_id, o.queue_id, o.owner_id, o.team_id, o.channel, o.merged_into_id, o.flags)
            IS DISTINCT FROM
              (n.client_id, n.topic_id, n.queue_id, n.owner_id, n.team_id, n.channel, n.merged_into_id, n.flags);
    RETURN NULL;
END $$;
"""
TRIGGERS = """
CREATE TRIGGER metrics_inserted AFTER INSERT ON tickets_promise REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_promises_changed();
CREATE TRIGGER metrics_updated AFTER UPDATE ON tickets_promise
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_promises_changed();
CREATE TRIGGER metrics_deleted AFTER DELETE ON tickets_promise REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_promises_changed();
CREATE TRIGGER metrics_promises_updated AFTER UPDATE ON tickets_case
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_promised_case_updated();
"""
DROP = """
DROP TRIGGER metrics_inserted ON tickets_promise;
DROP TRIGGER metrics_updated ON tickets_promise;
DROP TRIGGER metrics_deleted ON tickets_promise;
DROP TRIGGER metrics_promises_updated ON tickets_case;
DROP FUNCTION metrics_promises_changed(), metrics_promised_case_updated();
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0004_case_marks")]
    operations = [migrations.RunSQL(FUNCTIONS + TRIGGERS, DROP)]
