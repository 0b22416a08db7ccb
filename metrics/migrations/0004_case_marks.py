"""Marks for the messages of customers, and for what a change of opening hours touches."""

from django.db import migrations

FUNCTIONS = """
-- The verdict on a message hangs on what else happened on its case, and on the case's groups.
CREATE FUNCTION metrics_mark_replies(cases bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO metrics_mark (record, row_id)
        SELECT 'reply', e.id FROM tickets_caseevent e WHERE e.case_id = ANY(cases) AND e.kind = 'customer_message';
$$;

CREATE FUNCTION metrics_replies_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM metrics_mark_replies(array_agg(DISTINCT case_id)) FROM new_rows
            WHERE kind IN ('created', 'customer_message', 'agent_reply', 'resolved');
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO metrics_mark (record, row_id) SELECT 'reply', id FROM old_rows WHERE kind = 'customer_message';
        PERFORM metrics_mark_replies(array_agg(DISTINCT case_id)) FROM old_rows
            WHERE kind IN ('created', 'customer_message', 'agent_reply', 'resolved');
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_replies_regrouped() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM metrics_mark_replies(array_agg(n.number))
    FROM old_rows o JOIN new_rows n USING (number)
    WHERE (o.client_id, o.topic_id, o.queue_id, o.owner_id, o.team_id, o.channel, o.merged_into_id, o.flags)
        IS DISTINCT FROM
          (n.client_id, n.topic_id, n.queue_id, n.owner_id, n.team_id, n.channel, n.merged_into_id, n.flags);
    RETURN NULL;
END $$;

-- Where the desk was open at other hours than was thought: the cases that lived then, and their messages.
CREATE FUNCTION metrics_windows_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS metrics_hours (client_id bigint, opens_at timestamptz, closes_at timestamptz)
        ON COMMIT DELETE ROWS;
    DELETE FROM metrics_hours;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO metrics_hours SELECT client_id, min(opens_at), max(closes_at) FROM new_rows GROUP BY client_id;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO metrics_hours SELECT client_id, min(opens_at), max(closes_at) FROM old_rows GROUP BY client_id;
    ELSE
        -- A sum that moved with all that follow it moves no difference.
        INSERT INTO metrics_hours
            SELECT n.client_id, min(n.opens_at), max(greatest(o.closes_at, n.closes_at))
            FROM old_rows o JOIN new_rows n USING (id) WHERE o.closes_at <> n.closes_at GROUP BY n.client_id;
    END IF;
    INSERT INTO metrics_mark (record, row_id)
        WITH touched AS (
            SELECT k.number FROM metrics_hours w JOIN tickets_case k ON k.client_id = w.client_id
            WHERE k.created_at < w.closes_at
                AND (k.status <> 'resolved' OR greatest(k.updated_at, k.first_response_due_at) > w.opens_at)
        )
        SELECT 'case', number FROM touched
        UNION ALL
        SELECT 'reply', e.id FROM touched JOIN tickets_caseevent e ON e.case_id = touched.number
        WHERE e.kind = 'customer_message';
    RETURN NULL;
END $$;

CREATE TRIGGER metrics_replies_inserted AFTER INSERT ON tickets_caseevent REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_replies_changed();
CREATE TRIGGER metrics_replies_updated AFTER UPDATE ON tickets_caseevent
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_replies_changed();
CREATE TRIGGER metrics_replies_deleted AFTER DELETE ON tickets_caseevent REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_replies_changed();
CREATE TRIGGER metrics_replies_regrouped AFTER UPDATE ON tickets_case
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_replies_regrouped();
CREATE TRIGGER metrics_inserted AFTER INSERT ON tickets_openwindow REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_windows_changed();
CREATE TRIGGER metrics_updated AFTER UPDATE ON tickets_openwindow
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_windows_changed();
CREATE TRIGGER metrics_deleted AFTER DELETE ON tickets_openwindow REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_windows_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0003_marks_by_object"), ("tickets", "0003_open_windows")]
    operations = [migrations.RunSQL(FUNCTIONS, migrations.RunSQL.noop)]
