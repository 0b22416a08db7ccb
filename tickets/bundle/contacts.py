"""Taking in contacts and their segments: one transaction, so that no contact is ever seen without its legs."""

from __future__ import annotations

from tickets.bundle.customers import CONTACT_KEY
from tickets.bundle.files import CONTACTS, SEGMENTS
from tickets.bundle.staging import Stage
from tickets.bundle.upsert import Field, Upsert
from tickets.settle import settle

_CONTACTS = Upsert(
    CONTACTS,
    fields=(
        Field("client_id", "coalesce(cl.id, %(client)s)", ("client",)),
        Field("channel", "s.channel"),
        Field("direction", "s.direction"),
        Field("outcome", "coalesce(s.outcome, '')"),
        Field("customer_id", "w.customer_id"),
        Field("case_id", "coalesce(r.root_id, k.number)"),
        Field("logged_case_id", "k.number"),
        Field("topic_id", "tp.id"),
        Field("queue_id", "q.id"),
        Field("demand", "coalesce(s.demand, '')"),
        Field("cause", "coalesce(s.cause, '')"),
        Field("subject", "coalesce(s.subject, '')", ("subject",)),
        Field("started_at", "s.started_at"),
        Field("queued_at", "s.queued_at"),
        Field("answered_at", "s.answered_at"),
        Field("ended_at", "s.ended_at"),
        Field("parent_id", "coalesce(p.id, pd.id)"),
        Field("duplicate_of_id", "coalesce(d.id, dd.id)"),
        Field("flags", "coalesce(s.flags, '{}')::varchar[]"),
        Field("is_void", "coalesce(k.flags && '{test,spam}', false) OR coalesce(rc.flags && '{test,spam}', false)"),
        # Settled below.
        Field("is_handled", "false", once=True),
        *(
            Field(name, "0", once=True)
            for name in ("talk_us", "hold_us", "acw_us", "engaged_us", "elapsed_us", "legs", "transfers")
        ),
    ),
    joins=f"""
    LEFT JOIN tickets_client cl ON cl.code = s.client
    LEFT JOIN stage_who w ON w.key = {CONTACT_KEY}
    LEFT JOIN tickets_topic tp ON tp.path = s.topic
    LEFT JOIN tickets_queue q ON q.code = s.queue
    LEFT JOIN tickets_case k ON k.source_id = %(source)s AND k.external_id = s.case_id
    LEFT JOIN stage_roots r ON r.case_id = k.number
    LEFT JOIN tickets_case rc ON rc.number = r.root_id
    LEFT JOIN stage_contacts p ON p.contact_id = s.parent_id
    LEFT JOIN tickets_contact pd ON p.id IS NULL AND pd.source_id = %(source)s AND pd.external_id = s.parent_id
    LEFT JOIN stage_contacts d ON d.contact_id = s.duplicate_of
    LEFT JOIN tickets_contact dd ON d.id IS NULL AND dd.source_id = %(source)s AND dd.external_id = s.duplicate_of
    """,
)

_SEGMENTS = Upsert(
    SEGMENTS,
    fields=(
        Field("contact_id", "c.id"),
        Field("agent_id", "a.id"),
        # The agent's team at that time: a later move must not move the past.
        Field("team_id", "a.team_id", once=True),
        Field("role", "s.role"),
        Field("started_at", "s.started_at"),
        Field("ended_at", "s.ended_at"),
        Field("talk_us", "coalesce(s.talk_s, 0)"),
        Field("hold_us", "coalesce(s.hold_s, 0)"),
        Field("acw_us", "coalesce(s.acw_s, 0)"),
    ),
    joins="""
    JOIN tickets_contact c ON c.source_id = %(source)s AND c.external_id = s.contact_id
    JOIN tickets_user a ON a.code = s.agent_id
    """,
)

# Where merged cases went in the end. Few cases are merged, so the table is small.
FIND_ROOTS = """
INSERT INTO stage_roots
WITH RECURSIVE way(case_id, at, passed) AS (
    SELECT number, merged_into_id, 1 FROM tickets_case WHERE source_id = %(source)s AND merged_into_id IS NOT NULL
    UNION ALL
    SELECT way.case_id, c.merged_into_id, way.passed + 1
    FROM way JOIN tickets_case c ON c.number = way.at
    WHERE c.merged_into_id IS NOT NULL AND way.passed < 1000
)
SELECT DISTINCT ON (case_id) case_id, at FROM way ORDER BY case_id, passed DESC
"""

# A body becomes a message on the contact's case: nowhere else can it be read.
_MESSAGES_NEW = """
INSERT INTO tickets_message (case_id, contact_id, kind, body, at)
SELECT c.case_id, c.id, CASE WHEN c.direction = 'inbound' THEN 'incoming'
                             WHEN c.direction = 'outbound' THEN 'outgoing' ELSE 'note' END, s.body, c.started_at
FROM stage_contacts s JOIN tickets_contact c ON c.id = s.id
WHERE s.body IS NOT NULL AND c.case_id IS NOT NULL AND s.line >= %(low)s AND s.line < %(high)s
    AND NOT EXISTS (SELECT 1 FROM tickets_message m WHERE m.contact_id = c.id)
ORDER BY s.line
"""
_MESSAGES_CHANGED = """
WITH changed AS (
    UPDATE tickets_message m SET body = s.body, case_id = c.case_id, at = c.started_at
    FROM stage_contacts s JOIN tickets_contact c ON c.id = s.id
    WHERE m.contact_id = c.id AND s.body IS NOT NULL AND c.case_id IS NOT NULL
        AND s.line >= %(low)s AND s.line < %(high)s AND NOT s.is_new
        AND (m.body, m.case_id, m.at) IS DISTINCT FROM (s.body, c.case_id, c.started_at)
    RETURNING s.line, s.id
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'contacts', n.line, n.id, false FROM changed n
WHERE NOT EXISTS (SELECT 1 FROM stage_done d WHERE d.file = 'contacts' AND d.line = n.line)
"""
_BODIES_WITHOUT_CASE = """
SELECT 1 FROM stage_contacts s JOIN tickets_contact c ON c.id = s.id WHERE s.body IS NOT NULL AND c.case_id IS NULL
"""

_FIRST_CONTACTS = """
UPDATE tickets_case k SET first_contact_id = c.id
FROM stage_cases s
LEFT JOIN tickets_contact c ON c.source_id = %(source)s AND c.external_id = s.first_contact_id
WHERE k.number = s.id AND s.line >= %(low)s AND s.line < %(high)s AND k.first_contact_id IS DISTINCT FROM c.id
RETURNING s.line, s.id
"""

_TOUCHED = """
INSERT INTO stage_touched
SELECT DISTINCT id FROM stage_done WHERE file = 'contacts'
UNION
SELECT t.contact_id FROM stage_done d JOIN tickets_segment t ON t.id = d.id WHERE d.file = 'segments'
"""


def take_in(stage: Stage) -> None:
    """Merge contacts and segments, name the cases' first contacts, and settle what was touched."""
    stage.run("TRUNCATE stage_roots")
    stage.run(FIND_ROOTS)
    _CONTACTS.run(stage)
    stage.refresh_statistics("tickets_contact")
    if "body" in stage.present.get("contacts", ()):
        for low, high in stage.chunks("contacts"):
            stage.run(_MESSAGES_NEW, low=low, high=high)
            stage.run(_MESSAGES_CHANGED, low=low, high=high)
        lost = stage.run(_BODIES_WITHOUT_CASE)
        if lost:
            stage.notes.append(f"contacts.csv: {lost} texts in body belong to a contact without a case: left out.")
    _name_first_contacts(stage)
    _remember_moved_legs(stage)
    _SEGMENTS.run(stage)
    stage.refresh_statistics("tickets_contact", "tickets_segment", "tickets_case")
    stage.run(_TOUCHED)
    _settle_touched(stage)


def _name_first_contacts(stage: Stage) -> None:
    for low, high in stage.chunks("cases"):
        stage.run(
            f"""
            WITH changed AS ({_FIRST_CONTACTS})
            INSERT INTO stage_done (file, line, id, is_new)
            SELECT 'cases', n.line, n.id, false FROM changed n
            WHERE NOT EXISTS (SELECT 1 FROM stage_done d WHERE d.file = 'cases' AND d.line = n.line)
            """,
            low=low,
            high=high,
        )


def _remember_moved_legs(stage: Stage) -> None:
    """A leg that is moved to another contact changes the sums of the one that it leaves too."""
    stage.run("TRUNCATE stage_touched")
    stage.run(
        """
        INSERT INTO stage_touched
        SELECT DISTINCT t.contact_id
        FROM stage_segments s
        JOIN tickets_segment t ON t.source_id = %(source)s AND t.external_id = s.segment_id
        JOIN tickets_contact c ON c.id = t.contact_id AND c.external_id <> s.contact_id
        """
    )


def _settle_touched(stage: Stage) -> None:
    last = 0
    while ids := stage.values("SELECT DISTINCT id FROM stage_touched WHERE id > %s ORDER BY id LIMIT 20000", [last]):
        settle(ids)
        last = ids[-1]
