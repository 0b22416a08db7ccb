"""What is looked for by search: one row of words a case, kept by triggers, and an index on the words of articles."""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# Their bodies are bound when they are made: an index that uses them can be restored with any search path.
WORDS = r"""
CREATE FUNCTION desk_words(written text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- As it is written and as a stem in each language, since nobody tells us which one it is. Without places: a lexeme is kept
-- once however often it is said. Signs within a word part it, so that "maja@example.com" is found by "example".
RETURN (
    SELECT strip(to_tsvector('pg_catalog.simple', plain)) || strip(to_tsvector('pg_catalog.swedish', plain))
        || strip(to_tsvector('pg_catalog.finnish', plain)) || strip(to_tsvector('pg_catalog.english', plain))
    FROM (SELECT translate(left(coalesce(written, ''), 20000), $$-_./\@:;+&=#%~*<>'"$$, repeat(' ', 19))) t(plain)
);
CREATE FUNCTION desk_article_words(title text, html text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN desk_words(title || ' ' || regexp_replace(html, '<[^>]*>', ' ', 'g'));
CREATE AGGREGATE desk_all_words(tsvector) (SFUNC = tsvector_concat, STYPE = tsvector, INITCOND = '');
"""
NO_WORDS = """
DROP AGGREGATE desk_all_words(tsvector);
DROP FUNCTION desk_article_words(text, text);
DROP FUNCTION desk_words(text);
"""

FIND = """
CREATE FUNCTION desk_shelf(number bigint) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[number >> 12];

-- The numbers of the newest cases that match. `likely` has whole words only, which the index gives from where they are
-- wanted; in `whole` the last one is a beginning, for which all that begins so is gathered first. One may come twice.
CREATE FUNCTION desk_find_cases(likely tsquery, whole tsquery, allowed bigint[], enough int, most int) RETURNS SETOF bigint
LANGUAGE plpgsql STABLE
-- Reading the table itself unpacks every row's words, which the planner takes to cost nothing.
SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    top bigint := coalesce((SELECT max(case_id) FROM tickets_casewords), 0) >> 12;
    found bigint := 0;
    more bigint;
    span int4range;
    asked bigint[] := coalesce(allowed, '{}');
BEGIN
    -- The newest thousands, then some ten thousands: a common word is found among them, and the rest is left alone. Without
    -- the shelf an index on words would fetch every case with a common one.
    FOREACH span IN ARRAY ARRAY[int4range(0, 2), int4range(2, 16)] LOOP
        RETURN QUERY SELECT case_id FROM tickets_casewords
            WHERE words @@ likely AND (allowed IS NULL OR doors && asked)
                AND shelf && ARRAY(SELECT top - n FROM generate_series(lower(span), upper(span) - 1) n)
            ORDER BY case_id + 0 DESC LIMIT most - found;
        GET DIAGNOSTICS more = ROW_COUNT;
        found := found + more;
        IF found >= enough THEN
            RETURN;
        END IF;
    END LOOP;
    -- What is not among those is seldom enough to be looked for everywhere. Ordered by a sum, so that the planner does not
    -- walk the table by its key and unpack the words on the way.
    RETURN QUERY SELECT case_id FROM tickets_casewords
        WHERE words @@ whole AND (allowed IS NULL OR doors && asked) ORDER BY case_id + 0 DESC LIMIT most;
END $$;
"""
NO_FIND = """
DROP FUNCTION desk_find_cases(tsquery, tsquery, bigint[], int, int);
DROP FUNCTION desk_shelf(bigint);
"""

KEEP = """
CREATE FUNCTION desk_doors(queue bigint, owner bigint) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_remove(ARRAY[queue, -owner], NULL);

CREATE FUNCTION desk_words_of_case(number_ bigint) RETURNS tsvector LANGUAGE plpgsql STABLE AS $$
DECLARE
    head tsvector;
BEGIN
    SELECT desk_words(k.subject) || desk_words(c.name) INTO head
    FROM tickets_case k LEFT JOIN tickets_customer c ON c.id = k.customer_id WHERE k.number = number_;
    -- The newest say the most about it, and a case of thousands of messages must not take seconds.
    RETURN head || (
        SELECT desk_all_words(desk_words(body))
        FROM (SELECT body FROM tickets_message WHERE case_id = number_ ORDER BY at DESC LIMIT 300) m
    );
EXCEPTION WHEN program_limit_exceeded THEN
    RETURN head;
END $$;

CREATE FUNCTION desk_refresh_words(numbers bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF numbers IS NULL THEN
        RETURN;
    END IF;
    -- Locked first, so that what is read next has every message whose words were being added.
    PERFORM 1 FROM tickets_casewords WHERE case_id = ANY (numbers) ORDER BY case_id FOR UPDATE;
    UPDATE tickets_casewords SET words = desk_words_of_case(case_id) WHERE case_id = ANY (numbers);
END $$;

CREATE FUNCTION desk_case_opened() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tickets_casewords (case_id, words, doors, shelf)
    SELECT k.number, desk_words(k.subject) || desk_words(c.name), desk_doors(k.queue_id, k.owner_id), desk_shelf(k.number)
    FROM fresh k LEFT JOIN tickets_customer c ON c.id = k.customer_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER case_opened_words AFTER INSERT ON tickets_case REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION desk_case_opened();

CREATE FUNCTION desk_case_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_casewords w SET doors = desk_doors(k.queue_id, k.owner_id)
    FROM fresh k JOIN stale o ON o.number = k.number
    WHERE w.case_id = k.number AND (k.queue_id IS DISTINCT FROM o.queue_id OR k.owner_id IS DISTINCT FROM o.owner_id);
    PERFORM desk_refresh_words((
        SELECT array_agg(k.number) FROM fresh k JOIN stale o ON o.number = k.number
        WHERE k.subject IS DISTINCT FROM o.subject OR k.customer_id IS DISTINCT FROM o.customer_id
    ));
    RETURN NULL;
END $$;
CREATE TRIGGER case_changed_words AFTER UPDATE ON tickets_case REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION desk_case_changed();

CREATE FUNCTION desk_message_written() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE tickets_casewords w SET words = w.words || m.words
    FROM (SELECT case_id, desk_all_words(desk_words(body)) AS words FROM fresh WHERE case_id IS NOT NULL GROUP BY 1) m
    WHERE w.case_id = m.case_id AND length(w.words) < 30000;
    RETURN NULL;
EXCEPTION WHEN program_limit_exceeded THEN
    -- A message is never refused because its case has become too long to be found by all of its words.
    RETURN NULL;
END $$;
CREATE TRIGGER message_written_words AFTER INSERT ON tickets_message REFERENCING NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION desk_message_written();

CREATE FUNCTION desk_message_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM desk_refresh_words((
        SELECT array_agg(DISTINCT number) FROM (
            SELECT unnest(ARRAY[o.case_id, m.case_id]) FROM fresh m JOIN stale o ON o.id = m.id
            WHERE m.body IS DISTINCT FROM o.body OR m.case_id IS DISTINCT FROM o.case_id
        ) t(number) WHERE number IS NOT NULL
    ));
    RETURN NULL;
END $$;
CREATE TRIGGER message_changed_words AFTER UPDATE ON tickets_message REFERENCING OLD TABLE AS stale NEW TABLE AS fresh
    FOR EACH STATEMENT EXECUTE FUNCTION desk_message_changed();

CREATE FUNCTION desk_message_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM desk_refresh_words((SELECT array_agg(DISTINCT case_id) FROM stale WHERE case_id IS NOT NULL));
    RETURN NULL;
END $$;
CREATE TRIGGER message_deleted_words AFTER DELETE ON tickets_message REFERENCING OLD TABLE AS stale
    FOR EACH STATEMENT EXECUTE FUNCTION desk_message_deleted();

CREATE FUNCTION desk_customer_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM desk_refresh_words((SELECT array_agg(number) FROM tickets_case WHERE customer_id = NEW.id));
    RETURN NULL;
END $$;
CREATE TRIGGER customer_named_words AFTER UPDATE OF name ON tickets_customer
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION desk_customer_named();
"""
FORGET = """
DROP TRIGGER customer_named_words ON tickets_customer;
DROP TRIGGER message_deleted_words ON tickets_message;
DROP TRIGGER message_changed_words ON tickets_message;
DROP TRIGGER message_written_words ON tickets_message;
DROP TRIGGER case_changed_words ON tickets_case;
DROP TRIGGER case_opened_words ON tickets_case;
DROP FUNCTION desk_customer_named(), desk_message_deleted(), desk_message_changed(), desk_message_written(),
    desk_case_changed(), desk_case_opened(), desk_refresh_words(bigint[]), desk_words_of_case(bigint),
    desk_doors(bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("tickets", "0004_the_desk")]
    operations = [
        migrations.RunSQL(WORDS, NO_WORDS),
        migrations.CreateModel(
            name="CaseWords",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="tickets.case",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                ("doors", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
                ("shelf", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={"verbose_name": "case words", "verbose_name_plural": "case words"},
        ),
        migrations.AddIndex(
            model_name="casewords",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["words", "doors", "shelf"], gin_pending_list_limit=1024, name="case_words"
            ),
        ),
        migrations.AddIndex(
            model_name="article",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func("title", "html", function="desk_article_words"), name="article_words"
            ),
        ),
        # So many of the commonest words are known by their frequency: what a beginning most likely means.
        migrations.RunSQL(
            "ALTER TABLE tickets_casewords ALTER COLUMN words SET STATISTICS 300", migrations.RunSQL.noop
        ),
        migrations.RunSQL(FIND, NO_FIND),
        migrations.RunSQL(KEEP, FORGET),
    ]
