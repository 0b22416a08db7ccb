"""A desk of a chosen size, made in the database by SQL: cases with messages, events and contacts, and what they are found by.

Two years that end now, 50 queues of 20 teams with 10 agents each, 15 of 100 cases open, five messages a case. Made once
for each size and kept, in an installation of its own: `python -m bench.desk --cases 1000000`.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta

from bench import desk_words
from bench.common import stage, start
from bench.generate import bare_tables, execute_all

TABLES = (
    "tickets_case",
    "tickets_casewords",
    "tickets_message",
    "tickets_caseevent",
    "tickets_contact",
    "tickets_segment",
    "tickets_promise",
    "tickets_customer",
    "tickets_identity",
)
# Cases a statement: what one of them sorts must fit into memory.
BATCH = 100_000
DAYS = 730

DIMENSIONS = """
INSERT INTO tickets_client (code, name, language) VALUES ('own', 'Own', 'sv');
INSERT INTO tickets_team (code, name) SELECT 't' || n, 'Team ' || n FROM generate_series(1, 20) n;
INSERT INTO tickets_queue (code, name, client_id, team_id)
    SELECT 'q' || n, 'Queue ' || n, c.id, t.id FROM generate_series(1, 50) n
    JOIN tickets_client c ON true JOIN tickets_team t ON t.code = 't' || 1 + n %% 20;
INSERT INTO tickets_queue_teams (queue_id, team_id) SELECT id, team_id FROM tickets_queue;
INSERT INTO tickets_topic (path, name, demand, business_area, first_contact_resolvable, is_active)
    SELECT 'area' || n %% 8 || '/topic' || n, 'topic' || n, '', '', true, true FROM generate_series(1, 60) n;
"""

# The tables to draw from. A draw is a hash of what it is for, so that two statements draw the same.
LOTS = """
CREATE OR REPLACE FUNCTION bench_draw(of_ bigint, what int) RETURNS float LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (hashint8extended(of_, what) & 1073741823) / 1073741824.0;
CREATE OR REPLACE FUNCTION bench_language(queue bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN queue <= 25 THEN 0 WHEN queue <= 42 THEN 1 ELSE 2 END;
CREATE OR REPLACE FUNCTION bench_messages(number bigint) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 1 + (number * 7 %% 9)::int;
-- The language and the place of one of three sentences of a message; some are said more often than others.
CREATE OR REPLACE FUNCTION bench_sentence(language int, message bigint, slot int) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN language * %(sentences)s + floor(power(bench_draw(message, slot), 1.5) * %(sentences)s)::int;
DROP TABLE IF EXISTS bench_sentences, bench_subjects;
CREATE UNLOGGED TABLE bench_sentences (id int PRIMARY KEY, text text, words tsvector);
CREATE UNLOGGED TABLE bench_subjects (language int, place int, text text, words tsvector, PRIMARY KEY (language, place));
"""

CUSTOMERS = """
INSERT INTO tickets_customer (id, name, language, client_id, created_at)
    SELECT n, (%(first_names)s::text[])[1 + floor(bench_draw(n, 1) * %(firsts)s)::int] || ' '
        || (%(last_names)s::text[])[1 + floor(bench_draw(n, 2) * %(lasts)s)::int], 'sv', %(client)s, now()
    FROM generate_series(1, %(customers)s) n;
INSERT INTO tickets_identity (customer_id, kind, value)
    SELECT n, 'email', 'person' || n || '@example.' || (ARRAY['se', 'fi', 'com'])[1 + n %% 3] FROM generate_series(1, %(customers)s) n;
INSERT INTO tickets_identity (customer_id, kind, value)
    SELECT n, 'phone', '+467' || lpad((10000000 + n * 37)::text, 8, '0') FROM generate_series(1, %(customers)s) n
"""

# The newest tenth of the cases is mostly open, of the older ones a fifteenth: 15 of 100.
CASES = """
INSERT INTO tickets_case (number, source_id, external_id, client_id, customer_id, topic_id, queue_id, owner_id, team_id, channel,
    priority, status, subject, fcr_eligible, flags, created_at, resolved_at, updated_at, first_response_due_at,
    resolution_due_at)
SELECT n, %(source)s, n::text, %(client)s, customer, topic, queue, CASE WHEN bench_draw(n, 15) < 0.85 THEN owner END, team, channel,
    (ARRAY['normal', 'normal', 'normal', 'normal', 'normal', 'normal', 'low', 'high', 'high', 'urgent'])
        [1 + floor(bench_draw(n, 16) * 10)::int],
    CASE WHEN is_open THEN (ARRAY['open', 'open', 'open', 'open', 'open', 'open', 'open', 'waiting_customer', 'waiting_customer',
        'waiting_third_party'])[1 + floor(bench_draw(n, 17) * 10)::int] ELSE 'resolved' END,
    s.text || CASE WHEN n %% 4 = 0 THEN ' ORD' || 1000000 + n ELSE '' END, true, '{}', at,
    CASE WHEN NOT is_open THEN last_at + interval '5 minutes' END,
    CASE WHEN is_open THEN last_at ELSE last_at + interval '5 minutes' END, at + interval '4 hours', at + interval '24 hours'
FROM (
    SELECT n, queue, q.team_id AS team, 1 + floor(bench_draw(n, 11) * %(customers)s)::bigint AS customer,
        %(topic)s + floor(bench_draw(n, 12) * 60)::bigint AS topic,
        a.first + floor(bench_draw(n, 13) * a.many)::bigint AS owner,
        (ARRAY['email', 'email', 'email', 'phone', 'phone', 'chat', 'web'])[1 + floor(bench_draw(n, 14) * 7)::int] AS channel,
        bench_draw(n, 10) < CASE WHEN n > 0.9 * %(cases)s THEN 0.9 ELSE 0.0667 END AS is_open,
        at, at + (bench_messages(n) - 1) * interval '3 hours 7 minutes' AS last_at
    FROM (
        SELECT n, %(queue)s + floor(bench_draw(n, 9) * 50)::bigint AS queue,
            %(begin)s + make_interval(secs => n * %(days)s::float * 86400 / (%(cases)s + 1)) AS at
        FROM generate_series(%(from)s, %(to)s) n
    ) d JOIN tickets_queue q ON q.id = queue
    JOIN (SELECT team_id, min(id) AS first, count(*) AS many FROM tickets_user WHERE team_id IS NOT NULL GROUP BY 1) a
        ON a.team_id = q.team_id
) c JOIN bench_subjects s ON s.language = bench_language(queue - %(queue)s + 1)
    AND s.place = floor(power(bench_draw(n, 18), 2) * %(subjects)s)::int
"""

CONTACTS = """
INSERT INTO tickets_contact (id, source_id, external_id, client_id, channel, direction, outcome, customer_id, case_id,
    logged_case_id, topic_id, queue_id, demand, cause, subject, started_at, queued_at, answered_at, ended_at, flags, is_void,
    is_handled, handled_end_at, owner_id, team_id, talk_us, hold_us, acw_us, engaged_us, elapsed_us, legs, transfers)
SELECT number, source_id, external_id, client_id, channel, 'inbound',
    CASE WHEN channel IN ('phone', 'chat') THEN 'answered' ELSE 'received' END, customer_id, number, number, topic_id, queue_id,
    '', '', subject, created_at, created_at, CASE WHEN channel IN ('phone', 'chat') THEN created_at END,
    created_at + interval '4 minutes', '{}', false, false, NULL, NULL, team_id, 0, 0, 0, 0, 0, 0, 0
FROM tickets_case WHERE number BETWEEN %(from)s AND %(to)s
"""

MESSAGES = """
INSERT INTO tickets_message (id, case_id, contact_id, kind, author_id, body, at)
SELECT m.id, m.number, CASE WHEN m.place = 0 THEN m.number END, kind, CASE WHEN kind <> 'incoming' THEN owner_id END,
    a.text || E'\n\n' || b.text || ' ' || c.text || CASE WHEN m.place = 0 THEN E'\nREF' || 5000000 + m.number ELSE '' END,
    m.at
FROM (
    SELECT k.number, k.owner_id, k.number * 9 - place AS id, place, bench_language(k.queue_id - %(queue)s + 1) AS language,
        (ARRAY['incoming', 'outgoing', 'incoming', 'note', 'outgoing'])[1 + place %% 5] AS kind,
        k.created_at + place * interval '3 hours 7 minutes' AS at
    FROM tickets_case k CROSS JOIN LATERAL generate_series(0, bench_messages(k.number) - 1) place
    WHERE k.number BETWEEN %(from)s AND %(to)s
) m
JOIN bench_sentences a ON a.id = bench_sentence(language, m.id, 1)
JOIN bench_sentences b ON b.id = bench_sentence(language, m.id, 2)
JOIN bench_sentences c ON c.id = bench_sentence(language, m.id, 3)
"""

# As the triggers write it, but from the words of the sentences, which are known.
WORDS = """
INSERT INTO tickets_casewords (case_id, words, doors, shelf)
SELECT k.number, desk_words(k.subject) || desk_words(c.name) || desk_words('REF' || 5000000 + k.number) || m.words,
    desk_doors(k.queue_id, k.owner_id), desk_shelf(k.number)
FROM (
    SELECT number, desk_all_words(s.words) AS words
    FROM tickets_case k CROSS JOIN LATERAL generate_series(0, bench_messages(number) - 1) place
    CROSS JOIN generate_series(1, 3) slot
    JOIN bench_sentences s ON s.id = bench_sentence(bench_language(queue_id - %(queue)s + 1), number * 9 - place, slot)
    WHERE number BETWEEN %(from)s AND %(to)s GROUP BY number
) m JOIN tickets_case k ON k.number = m.number JOIN tickets_customer c ON c.id = k.customer_id
"""

EVENTS = """
INSERT INTO tickets_caseevent (case_id, kind, at, occurrence, actor_id, actor_label, is_valid, note, data)
SELECT k.number, e.kind, e.at, 0, k.owner_id, '', true, '', '{}'
FROM tickets_case k
CROSS JOIN LATERAL (
    SELECT 'created' AS kind, k.created_at AS at
    UNION ALL SELECT 'resolved', k.resolved_at WHERE k.status = 'resolved'
    UNION ALL SELECT CASE WHEN m.kind = 'outgoing' THEN 'agent_reply' WHEN m.kind = 'note' THEN 'note' ELSE 'customer_message' END, m.at
    FROM tickets_message m WHERE m.id BETWEEN k.number * 9 - 8 AND k.number * 9 - 1 AND m.case_id = k.number
) e
WHERE k.number BETWEEN %(from)s AND %(to)s;
INSERT INTO tickets_promise (source_id, kind, case_id, made_by_id, made_at, original_due_at, due_at, rescheduled_by, cancelled_by)
SELECT %(source)s, 'update', number, owner_id, created_at, due, due, '', ''
FROM (
    SELECT *, now() + make_interval(hours => (number %% 72)::int - 24) AS due FROM tickets_case
    WHERE number BETWEEN %(from)s AND %(to)s AND status = 'open' AND number %% 5 = 0 AND owner_id IS NOT NULL
) k
"""


def ensure(cases: int) -> None:
    """Have a desk of so many cases, made where there is none."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('tickets_casewords'::regclass)")
        if cursor.fetchone()[0] == f"desk {cases}":
            return
        print(f"Making a desk of {cases:,} cases", file=sys.stderr)
        cursor.execute("COMMENT ON TABLE tickets_casewords IS NULL")
        _fill(cursor, cases)
        with stage("vacuum and analyse"):
            cursor.execute("VACUUM ANALYZE")
        cursor.execute(f"COMMENT ON TABLE tickets_casewords IS 'desk {cases}'")


def home_of(cases: int) -> str:
    """The name of the installation with a desk of that size."""
    return f"desk-{cases}"


def _fill(cursor, cases: int) -> None:
    from django.utils import timezone

    cursor.execute(
        "TRUNCATE tickets_client, tickets_team, tickets_queue, tickets_topic, tickets_customer, tickets_user, metrics_mark,"
        " tickets_agreement RESTART IDENTITY CASCADE"
    )
    values = {
        "cases": cases,
        "customers": max(100, cases // 3),
        "days": DAYS,
        "begin": timezone.now() - timedelta(days=DAYS),
        "sentences": desk_words.SENTENCES,
        "subjects": len(desk_words.SUBJECTS["sv"]),
        "first_names": desk_words.FIRST,
        "firsts": len(desk_words.FIRST),
        "last_names": desk_words.LAST,
        "lasts": len(desk_words.LAST),
    }
    values |= _write_dimensions(cursor, values)
    with bare_tables(cursor, TABLES):
        with stage("customers"):
            execute_all(cursor, CUSTOMERS, values)
        for name, statement in (("cases", CASES), ("contacts", CONTACTS), ("messages", MESSAGES), ("words", WORDS)):
            _in_batches(cursor, name, statement, values)
        # Their keys are there: it finds a case's messages by them.
        cursor.execute("ANALYZE tickets_message, tickets_case")
        _in_batches(cursor, "events", EVENTS, values)
    cursor.execute("DROP TABLE bench_sentences, bench_subjects")
    for table in ("tickets_case", "tickets_contact", "tickets_message", "tickets_customer"):
        key = "number" if table == "tickets_case" else "id"
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), (SELECT max({key}) FROM {table}))")


def _in_batches(cursor, name: str, statement: str, values: dict) -> None:
    with stage(name):
        for begin in range(1, values["cases"] + 1, BATCH):
            span = {"from": begin, "to": min(begin + BATCH - 1, values["cases"])}
            execute_all(cursor, statement, values | span)


def _write_dimensions(cursor, values: dict) -> dict:
    from tests.factories import make_agreement, make_user
    from tickets.models import Client, Queue, Source, Team, Topic, User

    source, _made = Source.objects.get_or_create(name="desk")
    execute_all(cursor, DIMENSIONS, values)
    execute_all(cursor, LOTS, values)
    client = Client.objects.get()
    make_agreement(client)
    teams = {team.code: team for team in Team.objects.all()}
    # Agents 1 to 10 are team 1, and so on: a team's have keys in a row.
    User.objects.bulk_create(
        User(username=f"a{n}", code=f"a{n}", team=teams[f"t{1 + (n - 1) // 10}"]) for n in range(1, 201)
    )
    make_user("manager", role=User.Role.MANAGER)
    with stage("sentences"):
        for at, language in enumerate(desk_words.LANGUAGES):
            for table, key, texts in (
                (
                    "bench_sentences (id, text, words)",
                    f"{at * desk_words.SENTENCES} + n - 1",
                    desk_words.sentences(language),
                ),
                ("bench_subjects (language, place, text, words)", f"{at}, n - 1", desk_words.SUBJECTS[language]),
            ):
                cursor.execute(
                    f"INSERT INTO {table} SELECT {key}, text, desk_words(text)"
                    " FROM unnest(%s::text[]) WITH ORDINALITY t(text, n)",
                    [texts],
                )
        cursor.execute("ANALYZE bench_sentences, bench_subjects")
    return {
        "source": source.pk,
        "client": client.pk,
        "queue": Queue.objects.order_by("pk").values_list("pk", flat=True)[0],
        "topic": Topic.objects.order_by("pk").values_list("pk", flat=True)[0],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="size of the desk (default 10,000)")
    cases = parser.parse_args().cases
    start(home_of(cases))
    ensure(cases)


if __name__ == "__main__":
    main()
