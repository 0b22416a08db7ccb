"""A log of a chosen size, made in the database by SQL: contacts with legs, cases with events, surveys with answers.

Two years that end with yesterday, 3 clients, 30 queues of 10 teams with 20 agents each, 60 topics. Written with indexes and
triggers put aside, with the sums over legs as `tickets.settle` would write them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time, timedelta

from bench.common import options, stage, start

DAYS = 730
TABLES = (
    "tickets_contact",
    "tickets_segment",
    "tickets_case",
    "tickets_caseevent",
    "surveys_invitation",
    "surveys_response",
)

# How many contacts are a customer's first about something; the others come back about the same case some days later.
NEW_SHARE = 0.8

DIMENSIONS = """
INSERT INTO tickets_client (code, name, language) SELECT 'c' || n, 'Client ' || n, 'sv' FROM generate_series(1, 3) n;
INSERT INTO tickets_team (code, name) SELECT 't' || n, 'Team ' || n FROM generate_series(1, 10) n;
INSERT INTO tickets_queue (code, name, client_id, team_id)
    SELECT 'q' || n, 'Queue ' || n, c.id, t.id FROM generate_series(1, 30) n
    JOIN tickets_client c ON c.code = 'c' || 1 + n %% 3 JOIN tickets_team t ON t.code = 't' || 1 + n %% 10;
INSERT INTO tickets_topic (path, name, demand, business_area, first_contact_resolvable, is_active)
    SELECT 'area' || n %% 8 || '/topic' || n, 'topic' || n, '', '', n %% 9 > 0, true FROM generate_series(1, 60) n;
INSERT INTO tickets_customer (name, language, created_at)
    SELECT 'Customer ' || n, 'sv', now() FROM generate_series(1, %(customers)s) n;
"""

CONTACTS = """
INSERT INTO tickets_contact (id, source_id, external_id, client_id, channel, direction, outcome, customer_id, case_id,
    logged_case_id, topic_id, queue_id, demand, cause, subject, started_at, queued_at, answered_at, ended_at, flags, is_void,
    is_handled, handled_end_at, owner_id, team_id, talk_us, hold_us, acw_us, engaged_us, elapsed_us, legs, transfers)
SELECT n, %(source)s, n::text, cl.id, ch, 'inbound', outcome, customer,
    CASE WHEN outcome = 'answered' THEN n END, CASE WHEN outcome = 'answered' THEN n END, topic, q.id,
    CASE WHEN outcome = 'answered' THEN (ARRAY['value', 'failure', 'unclear', ''])[1 + n %% 4] ELSE '' END, '', '',
    at, at, CASE WHEN outcome = 'answered' THEN at + wait END,
    at + wait + CASE WHEN outcome = 'answered' AND live THEN talk ELSE interval '0' END, '{}', false,
    outcome = 'answered',
    CASE WHEN outcome = 'answered' THEN CASE WHEN live THEN at + wait + talk + acw ELSE at + wait END END,
    CASE WHEN outcome = 'answered' THEN a.id END, CASE WHEN outcome = 'answered' THEN a.team_id ELSE q.team_id END,
    CASE WHEN outcome = 'answered' THEN us(talk) ELSE 0 END, 0, CASE WHEN outcome = 'answered' THEN us(acw) ELSE 0 END,
    CASE WHEN outcome = 'answered' THEN us(talk) + us(acw) ELSE 0 END,
    CASE WHEN outcome = 'answered' AND live THEN us(talk) ELSE 0 END, (outcome = 'answered')::int, 0
FROM (
    -- Agent 17 is in team 8 with agents 7, 27, 37 and so on, and answers its queues.
    SELECT n, at, ch, ch IN ('phone', 'chat') AS live, queue, 1 + (queue + 9) %% 10 + 10 * colleague AS agent, topic, customer,
        CASE WHEN ch IN ('email', 'web') THEN 'answered' WHEN luck < 0.07 THEN 'abandoned' WHEN luck < 0.09 THEN 'ivr_abandoned'
            ELSE 'answered' END AS outcome,
        make_interval(secs => round((-ln(1 - wait) * CASE WHEN ch IN ('email', 'web') THEN 9000 ELSE 35 END)::numeric, 3)::float)
            AS wait,
        make_interval(secs => round((60 - ln(1 - talk) * 280)::numeric, 3)::float) AS talk,
        make_interval(secs => round((5 - ln(1 - acw) * 40)::numeric, 3)::float) AS acw
    FROM (
        SELECT n,
            %(first)s + make_interval(
                days => (n::bigint * %(days)s / (%(new)s + 1))::int,
                secs => round(((random() + random() + random()) / 3 * 14 * 3600 + 6 * 3600)::numeric, 3)::float) AS at,
            (ARRAY['phone', 'phone', 'phone', 'phone', 'phone', 'email', 'email', 'chat', 'chat', 'web'])
                [1 + floor(random() * 10)::int] AS ch,
            1 + floor(random() * random() * 30)::int AS queue, floor(random() * 20)::int AS colleague,
            1 + floor(random() * random() * 60)::int AS topic, 1 + floor(random() * %(customers)s)::bigint AS customer,
            random() AS luck, random() AS wait, random() AS talk, random() AS acw
        FROM generate_series(%(from)s, %(to)s) n
    ) drawn
) r
JOIN tickets_queue q ON q.code = 'q' || r.queue JOIN tickets_client cl ON cl.id = q.client_id
JOIN tickets_user a ON a.code = 'a' || r.agent
"""

# Every fourth of the first contacts comes back, and asks about the same case.
FOLLOW_UPS = """
INSERT INTO tickets_contact (id, source_id, external_id, client_id, channel, direction, outcome, customer_id, case_id,
    logged_case_id, topic_id, queue_id, demand, cause, subject, started_at, queued_at, answered_at, ended_at, flags, is_void,
    is_handled, handled_end_at, owner_id, team_id, talk_us, hold_us, acw_us, engaged_us, elapsed_us, legs, transfers)
SELECT %(new)s + c.id / 4, c.source_id, (%(new)s + c.id / 4)::text, c.client_id, c.channel, c.direction, c.outcome, c.customer_id,
    c.case_id, c.logged_case_id, c.topic_id, c.queue_id, CASE WHEN c.outcome = 'answered' THEN 'failure' ELSE '' END, '', '',
    c.started_at + gap, c.queued_at + gap, c.answered_at + gap, c.ended_at + gap, c.flags, false, c.is_handled,
    c.handled_end_at + gap, c.owner_id, c.team_id, c.talk_us, c.hold_us, c.acw_us, c.engaged_us, c.elapsed_us, c.legs, c.transfers
FROM (
    SELECT *, make_interval(hours => 20 + floor(random() * 12)::int * 24) AS gap FROM tickets_contact
    WHERE id %% 4 = 0 AND id BETWEEN %(from)s AND %(to)s
) c WHERE c.started_at + gap < %(last)s
"""

SEGMENTS = """
INSERT INTO tickets_segment (contact_id, source_id, external_id, agent_id, team_id, role, started_at, ended_at, talk_us, hold_us,
    acw_us)
SELECT id, source_id, id::text, owner_id, team_id, 'primary', answered_at, answered_at + talk_us * interval '1 microsecond',
    talk_us, 0, acw_us
FROM tickets_contact WHERE is_handled
"""

# Of the newest cases every other one is still open, so that the list of open cases has something to list.
CASES = """
INSERT INTO tickets_case (number, source_id, external_id, client_id, customer_id, topic_id, queue_id, owner_id, team_id, channel,
    priority, status, subject, fcr_eligible, flags, created_at, resolved_at, updated_at, first_response_due_at,
    resolution_due_at)
SELECT id, source_id, id::text, client_id, customer_id, topic_id, queue_id, owner_id, team_id, channel, 'normal',
    CASE WHEN is_open THEN 'open' ELSE 'resolved' END, 'Something that somebody asked about', first_contact_resolvable, '{}',
    answered_at, CASE WHEN NOT is_open THEN handled_end_at + gap END, CASE WHEN is_open THEN answered_at ELSE handled_end_at + gap END,
    CASE WHEN channel IN ('email', 'web') THEN answered_at + interval '4 hours' END, answered_at + interval '6 hours'
FROM (
    SELECT c.*, t.first_contact_resolvable, c.id > %(new)s * 0.98 AND c.id %% 2 = 0 AS is_open,
        CASE WHEN c.id %% 3 = 0 THEN interval '7 hours' ELSE interval '3 minutes' END AS gap
    FROM tickets_contact c JOIN tickets_topic t ON t.id = c.topic_id WHERE c.case_id = c.id
) c
"""

EVENTS = """
INSERT INTO tickets_caseevent (case_id, kind, at, occurrence, actor_id, actor_label, is_valid, note, data)
SELECT k.number, e.kind, e.at, 0, k.owner_id, '', true, '', '{}'
FROM tickets_case k
CROSS JOIN LATERAL (VALUES ('created', k.created_at), ('resolved', k.resolved_at)) e(kind, at)
WHERE e.at IS NOT NULL
"""

SURVEYS = """
INSERT INTO surveys_invitation (id, source_id, external_id, client_id, contact_id, case_id, customer_id, language, sent_at,
    is_delivered, expires_at)
SELECT number, source_id, external_id, client_id, number, number, customer_id, 'sv', resolved_at, number %% 50 > 0,
    resolved_at + interval '14 days'
FROM tickets_case WHERE number %% 3 = 1 AND status = 'resolved';
INSERT INTO surveys_response (invitation_id, responded_at, csat, csat_scale, ces, nps, fcr_resolved, fcr_contacts, comment)
SELECT id, sent_at + make_interval(mins => 5 + floor(random() * 3000)::int), 1 + floor(sqrt(random()) * 5)::int, '1-5',
    1 + floor(sqrt(random()) * 7)::int, floor(sqrt(random()) * 11)::int, CASE WHEN random() < 0.8 THEN 'yes' ELSE 'no' END,
    1 + floor(random() * random() * 4)::int, ''
FROM surveys_invitation WHERE is_delivered AND id %% 10 < 4;
"""


def ensure(contacts: int) -> None:
    """Have a log of so many contacts, made anew where there is one of another size, with its cells computed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT obj_description('tickets_contact'::regclass)")
        if cursor.fetchone()[0] == f"bench {contacts}":
            return
        print(f"Generating {contacts:,} contacts", file=sys.stderr)
        cursor.execute("COMMENT ON TABLE tickets_contact IS NULL")
        _fill(cursor, contacts)
        with stage("vacuum and analyse"):
            cursor.execute("VACUUM ANALYZE")
    from metrics.rebuild import rebuild

    with stage("cells"):
        rebuild()
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON TABLE tickets_contact IS 'bench {contacts}'")


def _fill(cursor, contacts: int) -> None:
    from django.utils import timezone

    last = datetime.combine(timezone.localdate(), time(), tzinfo=timezone.get_current_timezone())
    new = round(contacts * NEW_SHARE)
    values = {
        "customers": max(100, contacts // 5),
        "new": new,
        "days": DAYS - 1,
        "first": last - timedelta(days=DAYS),
        "last": last,
    }
    cursor.execute(
        "TRUNCATE tickets_client, tickets_team, tickets_queue, tickets_topic, tickets_customer, tickets_user, metrics_mark,"
        " tickets_agreement RESTART IDENTITY CASCADE"
    )
    cursor.execute("SELECT setseed(0.5)")
    # The same draw every time: workers side by side would take from it in any order.
    cursor.execute("SET max_parallel_workers_per_gather = 0")
    _write_dimensions(cursor, values)
    cursor.execute("SELECT id FROM tickets_source WHERE name = 'desk'")
    values["source"] = cursor.fetchone()[0]
    with bare_tables(cursor, TABLES):
        with stage("contacts"):
            for begin in range(1, new + 1, 1_000_000):
                span = {"from": begin, "to": min(begin + 999_999, new)}
                cursor.execute(CONTACTS, values | span)
                cursor.execute(FOLLOW_UPS, values | span)
        for name, statement in (("legs", SEGMENTS), ("cases", CASES), ("events", EVENTS), ("surveys", SURVEYS)):
            with stage(name):
                execute_all(cursor, statement, values)
    cursor.execute("RESET max_parallel_workers_per_gather")
    for table, column in (("tickets_contact", "id"), ("tickets_case", "number"), ("surveys_invitation", "id")):
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), (SELECT max({column}) FROM {table}))"
        )


def execute_all(cursor, statements: str, values: dict) -> None:
    for statement in statements.split(";\n"):
        if statement.strip():
            cursor.execute(statement, values)


def _write_dimensions(cursor, values: dict) -> None:
    from tests.factories import make_agreement, make_user
    from tickets.models import Client, Source, Team, User

    cursor.execute(
        "CREATE OR REPLACE FUNCTION us(i interval) RETURNS bigint LANGUAGE sql IMMUTABLE AS"
        " 'SELECT (extract(epoch FROM i) * 1000000)::bigint'"
    )
    Source.objects.get_or_create(name="desk")
    execute_all(cursor, DIMENSIONS, values)
    for client in Client.objects.all():
        make_agreement(client)
    teams = {team.code: team for team in Team.objects.all()}
    User.objects.bulk_create(User(username=f"a{n}", code=f"a{n}", team=teams[f"t{1 + n % 10}"]) for n in range(1, 201))
    make_user("manager", role=User.Role.MANAGER)


@contextmanager
def bare_tables(cursor, tables: tuple[str, ...]) -> Iterator[None]:
    """Put indexes, unique keys and triggers of these tables aside, and make the indexes anew at the end."""
    names = list(tables)
    cursor.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'u' AND conrelid::regclass::text = ANY(%s)",
        [names],
    )
    constraints = cursor.fetchall()
    cursor.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid"
        " WHERE i.indrelid::regclass::text = ANY(%s) AND c.oid IS NULL",
        [names],
    )
    indexes = cursor.fetchall()
    for table, name, _definition in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    cursor.execute("SET session_replication_role = replica")
    try:
        yield
    finally:
        cursor.execute("RESET session_replication_role")
        with stage("indexes"):
            for _name, definition in indexes:
                cursor.execute(definition)
            for table, name, definition in constraints:
                cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')


if __name__ == "__main__":
    chosen = options(__doc__)
    start("log")
    ensure(chosen.contacts)
