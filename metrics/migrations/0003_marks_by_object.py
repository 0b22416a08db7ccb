"""Marks name the objects whose verdicts a change touches, instead of the hours whose cells must be redone.

The triggers work on whole statements, so a bulk import pays once a statement. What a row touches besides itself: the
earlier contacts of the same customer, whose repeat and first-contact verdicts look forward over the window, and what
hangs on the same case.
"""

from django.db import migrations, models

# The longest window that an agreement may have, and the longest variant of the catalogue, with a day's margin.
WINDOW = "61 days"

DROP_HOURS = """
DROP TRIGGER metrics_inserted ON tickets_contact;
DROP TRIGGER metrics_updated ON tickets_contact;
DROP TRIGGER metrics_deleted ON tickets_contact;
DROP TRIGGER metrics_emptied ON tickets_contact;
DROP TRIGGER metrics_updated ON tickets_case;
DROP TRIGGER metrics_inserted ON tickets_caseevent;
DROP TRIGGER metrics_updated ON tickets_caseevent;
DROP TRIGGER metrics_deleted ON tickets_caseevent;
DROP TRIGGER metrics_inserted ON surveys_invitation;
DROP TRIGGER metrics_updated ON surveys_invitation;
DROP TRIGGER metrics_deleted ON surveys_invitation;
DROP TRIGGER metrics_inserted ON surveys_response;
DROP TRIGGER metrics_updated ON surveys_response;
DROP TRIGGER metrics_deleted ON surveys_response;
DROP TRIGGER metrics_changed ON tickets_agreement;
DROP TRIGGER metrics_changed ON tickets_servicelevel;
DROP FUNCTION metrics_contact_inserted(), metrics_contact_updated(), metrics_contact_deleted(),
    metrics_log_emptied(), metrics_case_updated(), metrics_events_changed(), metrics_invitations_changed(),
    metrics_responses_changed(), metrics_agreement_changed(), metrics_service_level_changed(),
    metrics_mark_clients(bigint[]), metrics_mark_cases(bigint[]),
    metrics_mark_contacts(bigint[], bigint[], bigint[], bigint[], timestamptz[]);
"""

FUNCTIONS = f"""
CREATE FUNCTION metrics_mark_around(
    customers bigint[], topics bigint[], cases bigint[], since timestamptz[]
) RETURNS void LANGUAGE sql AS $$
    -- Earlier contacts of the same customer whose verdicts may look this far forward: repeats on the same topic, and
    -- abandonments, which any later answer recovers. And the contacts and the verdicts of the case itself.
    INSERT INTO metrics_mark (record, row_id)
    WITH u AS MATERIALIZED (
        SELECT customer, topic, min(at) AS first, max(at) AS last
        FROM unnest(customers, topics, since) AS u(customer, topic, at)
        WHERE customer IS NOT NULL GROUP BY customer, topic
    )
    SELECT 'contact', c.id
    FROM u JOIN tickets_contact c ON c.customer_id = u.customer AND c.started_at <= u.last
        AND coalesce(c.handled_end_at, c.started_at) >= u.first - interval '{WINDOW}'
    WHERE c.topic_id = u.topic OR c.outcome = 'abandoned'
    UNION
    SELECT 'case', c.case_id
    FROM u
    JOIN tickets_case k ON k.customer_id = u.customer AND (k.topic_id = u.topic OR k.topic_id IS NULL)
    JOIN tickets_contact c ON c.case_id = k.number AND c.started_at <= u.last
        AND c.handled_end_at >= u.first - interval '{WINDOW}'
    UNION
    SELECT 'contact', c.id FROM tickets_contact c WHERE c.case_id = ANY(cases)
    UNION
    SELECT 'case', number FROM unnest(cases) number WHERE number IS NOT NULL;
$$;

CREATE FUNCTION metrics_contact_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (record, row_id) SELECT 'contact', id FROM new_rows;
    PERFORM metrics_mark_around(array_agg(customer_id), array_agg(topic_id), array_agg(DISTINCT case_id),
        array_agg(started_at)) FROM new_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_contact_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (record, row_id) SELECT 'contact', id FROM old_rows;
    PERFORM metrics_mark_around(array_agg(customer_id), array_agg(topic_id), array_agg(DISTINCT case_id),
        array_agg(started_at)) FROM old_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_contact_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE IF NOT EXISTS metrics_touched
        (id bigint, customer_id bigint, topic_id bigint, case_id bigint, started_at timestamptz, is_seen boolean)
        ON COMMIT DELETE ROWS;
    DELETE FROM metrics_touched;
    INSERT INTO metrics_touched
        SELECT x.id, x.customer_id, x.topic_id, x.case_id, x.started_at,
            -- What others see of it. Its own seconds are its own business.
            (o.direction, o.outcome, o.customer_id, o.case_id, o.topic_id, o.queue_id, o.channel, o.client_id,
             o.started_at, o.answered_at, o.ended_at, o.duplicate_of_id, o.flags, o.is_void, o.is_handled,
             o.handled_end_at, o.owner_id, o.team_id)
            IS DISTINCT FROM
            (n.direction, n.outcome, n.customer_id, n.case_id, n.topic_id, n.queue_id, n.channel, n.client_id,
             n.started_at, n.answered_at, n.ended_at, n.duplicate_of_id, n.flags, n.is_void, n.is_handled,
             n.handled_end_at, n.owner_id, n.team_id)
        FROM old_rows o JOIN new_rows n USING (id)
        CROSS JOIN LATERAL (VALUES (o.id, o.customer_id, o.topic_id, o.case_id, o.started_at),
                                   (n.id, n.customer_id, n.topic_id, n.case_id, n.started_at))
            x(id, customer_id, topic_id, case_id, started_at)
        WHERE (o.client_id, o.channel, o.direction, o.outcome, o.customer_id, o.case_id, o.topic_id, o.queue_id,
               o.demand, o.cause, o.started_at, o.queued_at, o.answered_at, o.ended_at, o.duplicate_of_id, o.flags,
               o.is_void, o.is_handled, o.handled_end_at, o.owner_id, o.team_id, o.talk_us, o.hold_us, o.acw_us,
               o.engaged_us, o.elapsed_us, o.legs, o.transfers, o.parent_id, o.solved)
            IS DISTINCT FROM
              (n.client_id, n.channel, n.direction, n.outcome, n.customer_id, n.case_id, n.topic_id, n.queue_id,
               n.demand, n.cause, n.started_at, n.queued_at, n.answered_at, n.ended_at, n.duplicate_of_id, n.flags,
               n.is_void, n.is_handled, n.handled_end_at, n.owner_id, n.team_id, n.talk_us, n.hold_us, n.acw_us,
               n.engaged_us, n.elapsed_us, n.legs, n.transfers, n.parent_id, n.solved);
    INSERT INTO metrics_mark (record, row_id) SELECT DISTINCT 'contact', id FROM metrics_touched;
    INSERT INTO metrics_mark (record, row_id)
        SELECT 'case', case_id FROM metrics_touched WHERE case_id IS NOT NULL
        UNION
        SELECT 'invitation', i.id FROM metrics_touched t JOIN surveys_invitation i ON i.contact_id = t.id;
    PERFORM metrics_mark_around(array_agg(customer_id), array_agg(topic_id), array_agg(DISTINCT case_id),
        array_agg(started_at)) FROM metrics_touched WHERE is_seen;
    RETURN NULL;
END $$;

-- A case, or an event on it, changes the verdicts on the case, and its surveys' groups.
CREATE FUNCTION metrics_mark_cases(cases bigint[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO metrics_mark (record, row_id)
        SELECT 'case', number FROM unnest(cases) number WHERE number IS NOT NULL
        UNION
        SELECT 'invitation', i.id FROM surveys_invitation i WHERE i.case_id = ANY(cases);
$$;

CREATE FUNCTION metrics_case_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (record, row_id) SELECT 'case', number FROM new_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_case_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO metrics_mark (record, row_id) SELECT 'case', number FROM old_rows;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_case_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM metrics_mark_cases(array_agg(n.number))
    FROM old_rows o JOIN new_rows n USING (number)
    WHERE (o.client_id, o.customer_id, o.topic_id, o.queue_id, o.owner_id, o.team_id, o.channel, o.first_contact_id,
           o.fcr_eligible, o.merged_into_id, o.flags, o.created_at, o.first_response_due_at, o.resolution_due_at)
        IS DISTINCT FROM
          (n.client_id, n.customer_id, n.topic_id, n.queue_id, n.owner_id, n.team_id, n.channel, n.first_contact_id,
           n.fcr_eligible, n.merged_into_id, n.flags, n.created_at, n.first_response_due_at, n.resolution_due_at);
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_events_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM metrics_mark_cases(array_agg(DISTINCT case_id)) FROM new_rows;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM metrics_mark_cases(array_agg(DISTINCT case_id)) FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_invitations_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO metrics_mark (record, row_id) SELECT 'invitation', id FROM new_rows;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO metrics_mark (record, row_id) SELECT 'invitation', id FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_responses_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO metrics_mark (record, row_id) SELECT DISTINCT 'invitation', invitation_id FROM new_rows;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO metrics_mark (record, row_id) SELECT DISTINCT 'invitation', invitation_id FROM old_rows;
    END IF;
    RETURN NULL;
END $$;

-- A version of an agreement changes the verdict on everything of that client from the moment it is valid; the first
-- version also on what came before it.
CREATE FUNCTION metrics_mark_client(client bigint, since timestamptz) RETURNS void LANGUAGE sql AS $$
    WITH span AS (
        SELECT CASE WHEN EXISTS (SELECT FROM tickets_agreement a WHERE a.client_id = client AND a.valid_from < since)
            THEN since ELSE '-infinity' END AS start
    )
    INSERT INTO metrics_mark (record, row_id)
        SELECT 'contact', c.id FROM span, tickets_contact c WHERE c.client_id = client AND c.started_at >= span.start
        UNION ALL
        SELECT 'case', k.number FROM span, tickets_case k
        WHERE k.client_id = client AND (k.created_at >= span.start
            OR EXISTS (SELECT FROM tickets_contact c WHERE c.case_id = k.number AND c.started_at >= span.start))
        UNION ALL
        SELECT 'invitation', i.id FROM span, surveys_invitation i
        WHERE i.client_id = client AND i.sent_at >= span.start;
$$;

CREATE FUNCTION metrics_agreement_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM metrics_mark_client(coalesce(NEW.client_id, OLD.client_id), least(NEW.valid_from, OLD.valid_from));
    IF NEW.client_id <> OLD.client_id THEN
        PERFORM metrics_mark_client(OLD.client_id, OLD.valid_from);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION metrics_service_level_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM metrics_mark_client(a.client_id, a.valid_from) FROM tickets_agreement a
        WHERE a.id IN (NEW.agreement_id, OLD.agreement_id);
    RETURN NULL;
END $$;

-- Emptying a log empties what was computed from it.
CREATE FUNCTION metrics_log_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relkind = 'r'
            AND (c.relname LIKE 'metrics\\_cell\\_%' OR c.relname LIKE 'metrics\\_record\\_%') LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    DELETE FROM metrics_mark;
    RETURN NULL;
END $$;
"""

TRIGGERS = """
CREATE TRIGGER metrics_inserted AFTER INSERT ON tickets_contact REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_contact_inserted();
CREATE TRIGGER metrics_updated AFTER UPDATE ON tickets_contact REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_contact_updated();
CREATE TRIGGER metrics_deleted AFTER DELETE ON tickets_contact REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_contact_deleted();
CREATE TRIGGER metrics_emptied AFTER TRUNCATE ON tickets_contact
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_log_emptied();
CREATE TRIGGER metrics_inserted AFTER INSERT ON tickets_case REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_case_inserted();
CREATE TRIGGER metrics_updated AFTER UPDATE ON tickets_case REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_case_updated();
CREATE TRIGGER metrics_deleted AFTER DELETE ON tickets_case REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_case_deleted();
CREATE TRIGGER metrics_inserted AFTER INSERT ON tickets_caseevent REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_events_changed();
CREATE TRIGGER metrics_updated AFTER UPDATE ON tickets_caseevent
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_events_changed();
CREATE TRIGGER metrics_deleted AFTER DELETE ON tickets_caseevent REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_events_changed();
CREATE TRIGGER metrics_inserted AFTER INSERT ON surveys_invitation REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_invitations_changed();
CREATE TRIGGER metrics_updated AFTER UPDATE ON surveys_invitation
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_invitations_changed();
CREATE TRIGGER metrics_deleted AFTER DELETE ON surveys_invitation REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_invitations_changed();
CREATE TRIGGER metrics_inserted AFTER INSERT ON surveys_response REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_responses_changed();
CREATE TRIGGER metrics_updated AFTER UPDATE ON surveys_response
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_responses_changed();
CREATE TRIGGER metrics_deleted AFTER DELETE ON surveys_response REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION metrics_responses_changed();
CREATE TRIGGER metrics_changed AFTER INSERT OR UPDATE OR DELETE ON tickets_agreement
    FOR EACH ROW EXECUTE FUNCTION metrics_agreement_changed();
CREATE TRIGGER metrics_changed AFTER INSERT OR UPDATE OR DELETE ON tickets_servicelevel
    FOR EACH ROW EXECUTE FUNCTION metrics_service_level_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("metrics", "0002_marks")]
    operations = [
        migrations.RunSQL(DROP_HOURS),
        migrations.DeleteModel(name="DirtyHour"),
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("record", models.CharField(max_length=16)),
                ("row_id", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "mark",
                "verbose_name_plural": "marks",
                "indexes": [models.Index(fields=["record", "row_id"], name="mark_record_row")],
            },
        ),
        migrations.RunSQL(FUNCTIONS + TRIGGERS),
    ]
