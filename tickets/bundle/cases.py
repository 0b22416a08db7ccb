"""Taking in cases and their events: one transaction, so that no case is ever seen without what happened to it."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from tickets import windows
from tickets.bundle.contacts import FIND_ROOTS
from tickets.bundle.customers import KEY
from tickets.bundle.files import CASE_EVENTS, CASES
from tickets.bundle.lookups import NOBODY
from tickets.bundle.staging import Stage
from tickets.bundle.upsert import Field, Upsert
from tickets.clock import Hours
from tickets.models.client import Agreement
from tickets.settle import settle

# A case has no client of its own in the log: its first contact says whose it is, or any other.
_CLIENTS = """
INSERT INTO stage_clients
SELECT DISTINCT ON (case_id) case_id, client_id
FROM (
    SELECT x.case_id, cl.id AS client_id, 1 AS rank, x.line
    FROM stage_contacts x JOIN tickets_client cl ON cl.code = x.client WHERE x.case_id IS NOT NULL
    UNION ALL
    SELECT s.case_id, cl.id, 0, x.line
    FROM stage_cases s JOIN stage_contacts x ON x.contact_id = s.first_contact_id
    JOIN tickets_client cl ON cl.code = x.client
) n
ORDER BY case_id, rank, line
"""

_CASES = Upsert(
    CASES,
    fields=(
        Field("client_id", "coalesce(cc.client_id, old.client_id, %(client)s)"),
        Field("customer_id", "w.customer_id"),
        Field("topic_id", "tp.id"),
        Field("queue_id", "q.id", ("queue",)),
        Field("channel", "s.channel"),
        Field("priority", "coalesce(s.priority, 'normal')", ("priority",)),
        Field("subject", "coalesce(s.subject, '')", ("subject",)),
        Field("fcr_eligible", "coalesce(s.fcr_eligible, tp.first_contact_resolvable, true)"),
        Field("flags", "coalesce(s.flags, '{}')::varchar[]"),
        Field("created_at", "s.created_at"),
        Field("first_response_due_at", "coalesce(s.first_response_due_at, old.first_response_due_at)"),
        Field("resolution_due_at", "coalesce(s.resolution_due_at, old.resolution_due_at)"),
        Field("merged_into_id", "coalesce(m.id, md.number)"),
        # What the events say is written below; here only what keeps the row true until then.
        Field(
            "status",
            "CASE WHEN s.merged_into IS NOT NULL THEN 'merged'"
            " WHEN old.status = 'merged' THEN 'open' ELSE coalesce(old.status, 'open') END",
        ),
        Field("updated_at", "s.created_at", once=True),
    ),
    joins=f"""
    LEFT JOIN tickets_case old ON old.number = s.id
    LEFT JOIN stage_clients cc ON cc.case_id = s.case_id
    LEFT JOIN stage_who w ON w.key = {KEY}
    LEFT JOIN tickets_topic tp ON tp.path = s.topic
    LEFT JOIN tickets_queue q ON q.code = s.queue
    LEFT JOIN stage_cases m ON m.case_id = s.merged_into
    LEFT JOIN tickets_case md ON m.id IS NULL AND md.source_id = %(source)s AND md.external_id = s.merged_into
    """,
)

# A later opening would contradict the resolution that is stored, until the events are read again.
_PUT_BACK = """
UPDATE tickets_case k SET status = CASE WHEN k.status = 'resolved' THEN 'open' ELSE k.status END, resolved_at = NULL
FROM stage_cases s
WHERE k.source_id = %(source)s AND k.external_id = s.case_id AND s.created_at > k.resolved_at
"""

# --- events

# Events of one kind at one instant are told apart by their order in the file.
_NUMBERED = """
INSERT INTO stage_events (line, case_id, kind, at, occurrence, actor_id, actor_label, is_valid, note)
SELECT s.line, k.number, s.type, s.at,
    row_number() OVER (PARTITION BY k.number, s.at, s.type ORDER BY s.line) - 1,
    a.id, CASE WHEN a.id IS NULL THEN coalesce(s.actor, '') ELSE '' END, coalesce(s.valid, true), coalesce(s.note, '')
FROM stage_case_events s
JOIN tickets_case k ON k.source_id = %(source)s AND k.external_id = s.case_id
LEFT JOIN tickets_user a ON a.code = s.actor AND lower(s.actor) <> ALL (%(nobody)s)
"""

# Events that an earlier import read off the case's own row give way to real ones.
_REMOVE_SYNTHETIC = """
DELETE FROM tickets_caseevent e USING (SELECT DISTINCT case_id FROM stage_events) n
WHERE e.case_id = n.case_id AND e.data ? 'read_from'
"""

_EVENTS_NEW = """
WITH made AS (
    INSERT INTO tickets_caseevent (case_id, kind, at, occurrence, actor_id, actor_label, is_valid, note, data)
    SELECT n.case_id, n.kind, n.at, n.occurrence, n.actor_id, n.actor_label, n.is_valid, n.note,
        CASE WHEN n.kind = 'merged' AND k.merged_into_id IS NOT NULL
             THEN jsonb_build_object('into', k.merged_into_id) ELSE '{}'::jsonb END
    FROM stage_events n JOIN tickets_case k ON k.number = n.case_id
    WHERE n.line >= %(low)s AND n.line < %(high)s
    ORDER BY n.at, n.kind <> 'created', n.line
    ON CONFLICT (case_id, at, kind, occurrence) DO NOTHING
    RETURNING id, case_id, at, kind, occurrence
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'case_events', n.line, made.case_id, true
FROM made JOIN stage_events n USING (case_id, at, kind, occurrence)
"""

_EVENTS_CHANGED = """
WITH changed AS (
    UPDATE tickets_caseevent e
    SET actor_id = n.actor_id, actor_label = n.actor_label, is_valid = n.is_valid, note = n.note
    FROM stage_events n
    WHERE n.line >= %(low)s AND n.line < %(high)s
        AND (e.case_id, e.at, e.kind, e.occurrence) = (n.case_id, n.at, n.kind, n.occurrence)
        AND (e.actor_id, e.actor_label, e.is_valid, e.note)
            IS DISTINCT FROM (n.actor_id, n.actor_label, n.is_valid, n.note)
    RETURNING n.line, n.case_id
)
INSERT INTO stage_done (file, line, id, is_new) SELECT 'case_events', line, case_id, false FROM changed
"""

# A case without any event gets those that its own row tells of. "read_from" marks them, for real ones to replace.
_SYNTHESISE = """
WITH bare AS (
    SELECT s.line, k.number, s.created_at, s.first_resolved_at, s.last_resolved_at, s.escalated_at, k.merged_into_id
    FROM stage_cases s JOIN tickets_case k ON k.number = s.id
    WHERE s.line >= %(low)s AND s.line < %(high)s
        AND NOT EXISTS (SELECT 1 FROM tickets_caseevent e WHERE e.case_id = k.number AND NOT e.data ? 'read_from')
),
told AS (
    SELECT number, 'created' AS kind, created_at AS at FROM bare
    UNION SELECT number, 'escalated', escalated_at FROM bare WHERE escalated_at IS NOT NULL
    UNION SELECT number, 'resolved', coalesce(first_resolved_at, last_resolved_at) FROM bare
        WHERE coalesce(first_resolved_at, last_resolved_at) IS NOT NULL
    UNION SELECT number, 'resolved', last_resolved_at FROM bare WHERE last_resolved_at IS NOT NULL
),
gone AS (
    DELETE FROM tickets_caseevent e USING bare
    WHERE e.case_id = bare.number
        AND NOT EXISTS (SELECT 1 FROM told WHERE (told.number, told.kind, told.at) = (e.case_id, e.kind, e.at))
    RETURNING e.case_id
),
made AS (
    INSERT INTO tickets_caseevent (case_id, kind, at, occurrence, actor_label, is_valid, note, data)
    SELECT number, kind, at, 0, '', true, '', '{"read_from": "case"}' FROM told
    ORDER BY at, kind <> 'created', number
    ON CONFLICT (case_id, at, kind, occurrence) DO NOTHING
    RETURNING case_id
),
changed AS (SELECT case_id FROM gone UNION SELECT case_id FROM made)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'cases', bare.line, bare.number, false
FROM changed JOIN bare ON bare.number = changed.case_id
WHERE NOT EXISTS (SELECT 1 FROM stage_done d WHERE d.file = 'cases' AND d.line = bare.line)
"""

# --- where the events leave the case

_TOUCHED = """
INSERT INTO stage_touched SELECT DISTINCT id FROM stage_done WHERE file IN ('cases', 'case_events')
"""

# Of events at one instant the opening is the first; the others happened in the order in which they were written.
# Only valid ones move a case: a "thanks" neither opens it nor closes it again.
_STATE = """
WITH events AS (
    SELECT e.case_id, e.kind, e.at, e.is_valid, e.data,
        CASE WHEN e.kind IN ('created', 'assigned', 'agent_reply', 'resolved', 'reopened') AND e.is_valid
             THEN coalesce((e.data->'owner'->>1)::bigint, e.actor_id) END AS owner_id,
        row_number() OVER (PARTITION BY e.case_id ORDER BY e.at, e.kind <> 'created', e.id) AS place
    FROM stage_touched t JOIN tickets_caseevent e ON e.case_id = t.id
    WHERE t.id > %(after)s AND t.id <= %(last)s
),
last_of AS (
    SELECT case_id,
        coalesce(max(place) FILTER (WHERE is_valid AND kind = 'resolved'), 0) AS resolved,
        coalesce(max(place) FILTER (WHERE is_valid AND kind IN ('created', 'reopened')), 0) AS opened,
        coalesce(max(place) FILTER (WHERE is_valid AND kind = 'waiting_customer'), 0) AS waits_customer,
        coalesce(max(place) FILTER (WHERE is_valid AND kind = 'waiting_third_party'), 0) AS waits_third,
        coalesce(max(place) FILTER (WHERE is_valid AND kind = 'customer_message'), 0) AS wrote,
        coalesce(max(place) FILTER (WHERE is_valid AND kind IN ('note', 'agent_reply')), 0) AS worked,
        max(at) FILTER (WHERE is_valid AND kind = 'resolved') AS resolved_at,
        (array_agg(owner_id ORDER BY place DESC) FILTER (WHERE owner_id IS NOT NULL))[1] AS owner_id,
        max(at) AS last_at
    FROM events GROUP BY case_id
),
judged AS (
    SELECT k.number, l.resolved_at, l.owner_id, coalesce(u.team_id, q.team_id) AS team_id,
        greatest(k.created_at, l.last_at) AS updated_at,
        CASE WHEN k.merged_into_id IS NOT NULL THEN 'merged'
             WHEN l.resolved > l.opened AND l.resolved_at >= k.created_at THEN 'resolved'
             WHEN l.waits_customer > greatest(l.opened, l.wrote, l.waits_third) THEN 'waiting_customer'
             WHEN l.waits_third > greatest(l.opened, l.wrote, l.waits_customer, l.worked) THEN 'waiting_third_party'
             ELSE 'open' END AS status
    FROM last_of l
    JOIN tickets_case k ON k.number = l.case_id
    LEFT JOIN tickets_user u ON u.id = l.owner_id
    LEFT JOIN tickets_queue q ON q.id = k.queue_id
)
UPDATE tickets_case k
SET status = n.status, resolved_at = CASE WHEN n.status = 'resolved' THEN n.resolved_at END, owner_id = n.owner_id,
    team_id = n.team_id, updated_at = n.updated_at
FROM judged n
WHERE k.number = n.number AND (k.status, k.resolved_at, k.owner_id, k.team_id, k.updated_at) IS DISTINCT FROM
    (n.status, CASE WHEN n.status = 'resolved' THEN n.resolved_at END, n.owner_id, n.team_id, n.updated_at)
"""

# Contacts of cases that were merged, parted or flagged move with them. They are found by the case that they count for
# until now, which is the one that they were logged on or the one that it was merged into before.
_MOVE_CONTACTS = """
WITH moved AS (
    SELECT id AS number FROM stage_touched WHERE id > %(after)s AND id <= %(last)s
    UNION
    SELECT r.case_id FROM stage_touched t JOIN stage_roots r ON r.root_id = t.id
    WHERE t.id > %(after)s AND t.id <= %(last)s
),
places AS (SELECT number, number AS case_id FROM moved UNION SELECT number, o.root_id FROM moved
           JOIN stage_old_roots o ON o.case_id = moved.number),
new_places AS (
    SELECT c.id, coalesce(r.root_id, k.number) AS case_id,
        k.flags && '{test,spam}' OR coalesce(rk.flags && '{test,spam}', false) AS is_void
    FROM places p
    JOIN tickets_contact c ON c.case_id = p.case_id AND c.logged_case_id = p.number
    JOIN tickets_case k ON k.number = p.number
    LEFT JOIN stage_roots r ON r.case_id = k.number
    LEFT JOIN tickets_case rk ON rk.number = r.root_id
)
UPDATE tickets_contact c SET case_id = n.case_id, is_void = n.is_void
FROM new_places n
WHERE c.id = n.id AND (c.case_id, c.is_void) IS DISTINCT FROM (n.case_id, n.is_void)
RETURNING c.id
"""


def take_in(stage: Stage) -> None:
    """Merge cases and events, then write on each case that was touched where its events leave it."""
    stage.run("SET LOCAL helpdesk.correcting = 'on'")
    stage.run("TRUNCATE stage_clients, stage_roots, stage_old_roots")
    stage.run(FIND_ROOTS)
    stage.run("INSERT INTO stage_old_roots SELECT * FROM stage_roots")
    if "client" in stage.present.get("contacts", ()):
        stage.run(_CLIENTS)
    stage.run(_PUT_BACK)
    # Before the cases are there: none of them then has to be judged again for hours that were not known.
    windows.bring_up_to_date(stage.values("SELECT min(created_at) FROM stage_cases")[0])
    _CASES.run(stage)
    _freeze_targets(stage)
    _take_in_events(stage)
    for low, high in stage.chunks("cases"):
        stage.run(_SYNTHESISE, low=low, high=high)
    stage.run("SET LOCAL helpdesk.correcting = 'off'")
    stage.run("TRUNCATE stage_roots, stage_touched")
    stage.run(FIND_ROOTS)
    stage.run(_TOUCHED)
    _write_states(stage)


def _take_in_events(stage: Stage) -> None:
    if not stage.has(CASE_EVENTS.name):
        return
    stage.run("TRUNCATE stage_events")
    stage.run(_NUMBERED, nobody=list(NOBODY))
    stage.run("ANALYZE stage_events")
    stage.run(_REMOVE_SYNTHETIC)
    for low, high in stage.chunks(CASE_EVENTS.name):
        # Corrections first: what was just made needs none.
        stage.run(_EVENTS_CHANGED, low=low, high=high)
        stage.run(_EVENTS_NEW, low=low, high=high)


def _write_states(stage: Stage) -> None:
    stage.refresh_statistics("stage_touched", "tickets_case", "tickets_caseevent")
    last = 0
    while ids := stage.values("SELECT id FROM stage_touched WHERE id > %s ORDER BY id LIMIT 20000", [last]):
        stage.run(_STATE, after=last, last=ids[-1])
        with connection.cursor() as cursor:
            cursor.execute(_MOVE_CONTACTS, {"after": last, "last": ids[-1]})
            moved = [row[0] for row in cursor.fetchall()]
        settle(moved)
        last = ids[-1]


_UNTARGETED = """
SELECT s.line, s.id, k.client_id, k.channel, k.created_at, s.first_response_due_at, s.resolution_due_at
FROM stage_cases s JOIN tickets_case k ON k.number = s.id JOIN stage_done d ON d.file = 'cases' AND d.line = s.line
WHERE s.line > %s AND (s.first_response_due_at IS NULL OR s.resolution_due_at IS NULL)
ORDER BY s.line LIMIT 5000
"""
_WRITE_TARGETS = """
UPDATE tickets_case k SET first_response_due_at = n.first_response, resolution_due_at = n.resolution
FROM unnest(%(ids)s::bigint[], %(first)s::timestamptz[], %(resolution)s::timestamptz[]) n(id, first_response, resolution)
WHERE k.number = n.id
    AND (k.first_response_due_at, k.resolution_due_at) IS DISTINCT FROM (n.first_response, n.resolution)
"""


def _freeze_targets(stage: Stage) -> None:
    """Give new and corrected cases the targets of the agreement in force when they were opened.

    A target that the log brings is the one that was frozen then, and is left as it is.
    """
    versions = _Versions()
    if not versions.any_target:
        return
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_UNTARGETED, [last])
            rows = cursor.fetchall()
        if not rows:
            return
        ids, first, resolution = [], [], []
        for _line, number, client, channel, created_at, given_first, given_resolution in rows:
            due = versions.targets(client, channel, created_at)
            ids.append(number)
            first.append(given_first or due[0])
            resolution.append(given_resolution or due[1])
        stage.run(_WRITE_TARGETS, ids=ids, first=first, resolution=resolution)
        last = rows[-1][0]


class _Versions:
    """Every client's agreements, newest first, with their opening hours worked out once."""

    def __init__(self) -> None:
        self._hours: dict[int, Hours] = {}
        self._versions: dict[int, list[Agreement]] = {}
        for agreement in Agreement.objects.select_related("calendar").order_by("-valid_from"):
            self._versions.setdefault(agreement.client_id, []).append(agreement)

    @property
    def any_target(self) -> bool:
        return any(
            version.first_response_business_seconds is not None or version.resolution_business_seconds is not None
            for versions in self._versions.values()
            for version in versions
        )

    def targets(self, client: int, channel: str, at: datetime) -> tuple[datetime | None, datetime | None]:
        for version in self._versions.get(client, ()):
            if version.valid_from <= at:
                if version.calendar_id not in self._hours:
                    self._hours[version.calendar_id] = version.calendar.hours()
                hours = self._hours[version.calendar_id]
                return version.first_response_due_at(channel, at, hours), version.resolution_due_at(at, hours)
        return None, None
