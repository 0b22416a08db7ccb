"""Keeping records and cells up to date, beside plain SQL.

The first baseline adds up ten sums an hour and group, and knows nothing of repeats, cases or answers. The second says what
ours say: every verdict and every part of the catalogue, worked out anew, at one grain and without keeping the records.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bench import generate
from bench.common import Table, options, seconds, start

LIVE_CONTACTS = 1_000

# What one would store without knowing more: a few sums an hour and group.
REFERENCE = """
SELECT date_trunc('hour', started_at) AS hour, client_id, queue_id, channel, team_id,
    count(*) FILTER (WHERE queued_at IS NOT NULL) AS offered, count(*) FILTER (WHERE outcome = 'answered') AS answered,
    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned, sum(answered_at - queued_at) AS wait,
    count(*) FILTER (WHERE answered_at - queued_at <= interval '20 seconds') AS within, count(*) FILTER (WHERE is_handled) AS handled,
    sum(talk_us) AS talk_us, sum(hold_us) AS hold_us, sum(acw_us) AS acw_us, max(answered_at - queued_at) AS longest
FROM tickets_contact WHERE is_valid AND {} GROUP BY 1, 2, 3, 4, 5"""


def main() -> None:
    chosen = options(__doc__)
    start("log")
    generate.ensure(chosen.contacts)
    from metrics.rebuild import rebuild
    from metrics.refresh import refresh

    refresh()
    table = Table(f"Refreshing, {chosen.contacts:,} contacts", "ten sums", "all by hand")
    reference = seconds(lambda: execute(f"CREATE TABLE bench_reference AS {REFERENCE.format('true')}"))
    execute("CREATE INDEX ON bench_reference (hour)")
    known = execute(f"SELECT id FROM tickets_customer ORDER BY hashint8(id) LIMIT {LIVE_CONTACTS}")
    try:
        # A customer who was here before has earlier contacts, and their verdicts on repeats look this far forward.
        for who, customers in (("nobody knows", [None] * LIVE_CONTACTS), ("who were here", [row[0] for row in known])):
            measure(table, who, customers)
        table.line("full rebuild", seconds(rebuild), reference, seconds(all_by_hand))
    finally:
        execute("DROP TABLE IF EXISTS bench_reference")


def measure(table: Table, who: str, customers: list[int | None]) -> None:
    """Write contacts, refresh, and have plain SQL redo the days on which anything changes. Leaves the log as it was."""
    from metrics.refresh import refresh

    ids: list[int] = []
    written = seconds(lambda: ids.extend(write_live(customers)))
    days = marked_days()
    ours = seconds(refresh)
    table.line(f"1,000 by customers {who}: {len(days)} d", ours, seconds(lambda: redo_reference(days)), None)
    table.line("  beside plain SQL that redoes one day only", ours, seconds(lambda: redo_reference(days[-1:])), None)
    table.line("  writing them, with their marks", written, None, None)
    remove(ids)
    refresh()


def execute(sql: str, values: Any = None) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def write_live(customers: list[int | None]) -> list[int]:
    """Contacts of the last half-hour, one a customer, written as the API writes a batch."""
    from django.db import transaction
    from django.utils import timezone

    from tickets.models import Contact, Queue, Segment, Source, Topic, User
    from tickets.settle import settle

    queues, agents = (
        list(Queue.objects.select_related("client")),
        list(User.objects.exclude(team=None).select_related("team")),
    )
    topics, source = list(Topic.objects.filter(children=None)), Source.objects.get(name="desk")
    now = timezone.now()
    with transaction.atomic():
        contacts = Contact.objects.bulk_create(
            Contact(
                source=source, external_id=f"live {now.timestamp()} {n}", client=(queue := queues[n % len(queues)]).client,
                channel="phone", outcome="answered", customer_id=customer, topic=topics[n % len(topics)], queue=queue,
                started_at=(at := now - timedelta(seconds=600 + n)), queued_at=at, answered_at=at + timedelta(seconds=n % 90),
                ended_at=at + timedelta(seconds=300),
            )
            for n, customer in enumerate(customers)
        )  # fmt: skip
        Segment.objects.bulk_create(
            Segment(
                contact=contact, source=source, agent=(agent := agents[n % len(agents)]), team=agent.team,
                started_at=contact.answered_at, ended_at=contact.ended_at, talk_us=200_000_000, acw_us=30_000_000,
            )
            for n, contact in enumerate(contacts)
        )  # fmt: skip
        settle([contact.pk for contact in contacts])
    return [contact.pk for contact in contacts]


def remove(ids: list[int]) -> None:
    """Leave the log as it was found. Nothing refers to these rows: asking whether something does would read all others."""
    execute("SET session_replication_role = replica")
    execute("DELETE FROM tickets_segment WHERE contact_id = ANY(%s)", [ids])
    execute("DELETE FROM tickets_contact WHERE id = ANY(%s)", [ids])
    execute("RESET session_replication_role")
    execute("INSERT INTO metrics_mark (record, row_id) SELECT 'contact', unnest(%s::bigint[])", [ids])


def marked_days() -> list[datetime]:
    rows = execute(
        "SELECT DISTINCT date_trunc('day', c.started_at, 'Europe/Stockholm') FROM metrics_mark m"
        " JOIN tickets_contact c ON c.id = m.row_id WHERE m.record = 'contact' ORDER BY 1"
    )
    return [row[0] for row in rows]


def redo_reference(days: list[datetime]) -> None:
    for day in days:
        bounds = {"from": day, "to": day + timedelta(days=1)}
        execute("DELETE FROM bench_reference WHERE hour >= %(from)s AND hour < %(to)s", bounds)
        which = "started_at >= %(from)s AND started_at < %(to)s"
        execute(f"INSERT INTO bench_reference {REFERENCE.format(which)}", bounds)


def all_by_hand() -> None:
    """Every record worked out, every part of every KPI added up by hour, and all of it thrown away."""
    from django.db import connection, transaction

    from metrics.grains import GRAINS
    from metrics.sql import computed
    from metrics.store import STORED, cells_of, facts_of, params

    hour = next(grain for grain in GRAINS if grain.code == "hour")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_hashagg = off")
        cursor.execute("SELECT set_config('work_mem', current_setting('maintenance_work_mem'), true)")
        for record in STORED.values():
            cursor.execute(f"CREATE TABLE bench_record AS SELECT * FROM {computed(record, 'true')} r")
            for fact in facts_of(record):
                cursor.execute(f"CREATE TABLE bench_cells AS {cells_of(fact, hour, 'bench_record')}", params())
                cursor.execute("DROP TABLE bench_cells")
            cursor.execute("DROP TABLE bench_record")


if __name__ == "__main__":
    main()
