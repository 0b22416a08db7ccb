"""What we told customers that we would do, dated by when it was due."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Maturity, Reason, Record

# Moved by the customer, a promise has a new time; moved by us, it is still judged by the one that we gave first.
_SQL = """
SELECT p.id, j.due_at AS at, p.due_at AS last_due_at, k.client_id, k.queue_id, k.channel, k.team_id,
    coalesce(p.made_by_id, k.owner_id) AS agent_id, k.topic_id,
    CASE WHEN p.cancelled_by = 'customer' THEN 'withdrawn'
        WHEN k.merged_into_id IS NOT NULL THEN 'merged'
        WHEN 'test' = ANY(k.flags) THEN 'test'
        WHEN 'spam' = ANY(k.flags) THEN 'spam'
        ELSE '' END AS left_out,
    coalesce(p.fulfilled_at <= j.due_at, false) AS is_kept,
    coalesce(p.fulfilled_at <= p.due_at, false) AS is_kept_in_the_end
FROM tickets_promise p
JOIN tickets_case k ON k.number = p.case_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN p.rescheduled_by = 'us' THEN p.original_due_at ELSE p.due_at END AS due_at
) j
WHERE {scope}
"""

PROMISE = Record(
    code="promise",
    table="tickets_promise",
    key="p.id",
    sql=_SQL,
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "last_due_at": "timestamptz",
        "client_id": "int",
        "queue_id": "int",
        "channel": "text",
        "team_id": "int",
        "agent_id": "int",
        "topic_id": "int",
        "left_out": "text",
        "is_kept": "boolean",
        "is_kept_in_the_end": "boolean",
    },
)

PROMISES = Fact(
    code="promise",
    name=_("Promises"),
    dated_by=_("When the promise was due"),
    record=PROMISE,
    at="at",
    dimensions={
        "client": "client_id",
        "queue": "queue_id",
        "channel": "channel",
        "team": "team_id",
        "agent": "agent_id",
        "topic": "topic_id",
    },
    # Either of the two may be the one that counts.
    candidates="p.id IN (SELECT s.id FROM tickets_promise s CROSS JOIN LATERAL (VALUES (s.due_at), (s.original_due_at)) v(at)"
    " WHERE {within})",
    candidates_at="v.at",
    shows="""p.external_id AS promise_id, k.external_id AS case_id, x.id AS pk, p.case_id AS case_number, p.kind, p.made_at,
        p.original_due_at, p.due_at, p.fulfilled_at, p.rescheduled_by, q.code AS queue,
        coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins="JOIN tickets_promise p ON p.id = x.id JOIN tickets_case k ON k.number = p.case_id",
    reasons=(
        Reason("withdrawn", "left_out = 'withdrawn'", _("Withdrawn by the customer")),
        Reason("merged", "left_out = 'merged'", _("Merged into another case")),
        Reason("test", "left_out = 'test'", _("Test")),
        Reason("spam", "left_out = 'spam'", _("Spam")),
    ),
)
DUE = Maturity(code="due", at="at", explanation=_("Counted once the promise is due."), is_due=True)
DUE_IN_THE_END = Maturity(
    code="due_last", at="last_due_at", explanation=_("Counted once the promise is due, moved or not."), is_due=True
)
