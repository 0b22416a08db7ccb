"""Cases, dated by what happened to them: their first contact, their last resolution."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Maturity, Reason, Record
from metrics.facts.agreements import agreed
from metrics.facts.contacts import CAME_BACK

_OUR_CALL = "x.direction = 'outbound' AND x.outcome = 'answered' AND NOT 'callback' = ANY(x.flags)"
_REACHED_US = "x.is_valid AND x.outcome NOT IN ('abandoned', 'ivr_abandoned', 'blocked')"
_AFTER_FIRST = "x.id <> f.id AND x.started_at > f.handled_end_at"

# One look at the case's contacts, one at its events and one at the customer's other contacts answer everything.
_SQL = f"""
SELECT k.number AS id, k.client_id, k.queue_id, k.channel, k.team_id, k.owner_id AS agent_id, k.topic_id,
    f.queue_id AS first_queue_id, f.channel AS first_channel, f.team_id AS first_team_id, f.owner_id AS first_agent_id,
    coalesce(k.topic_id, f.topic_id) AS first_topic_id,
    CASE WHEN k.merged_into_id IS NOT NULL THEN 'merged'
        WHEN 'test' = ANY(k.flags) THEN 'test'
        WHEN 'spam' = ANY(k.flags) THEN 'spam'
        ELSE '' END AS left_out,
    k.customer_id IS NOT NULL AS is_known, k.fcr_eligible, k.created_at,
    EXISTS (SELECT FROM tickets_promise p WHERE p.case_id = k.number) AS has_promise,
    f.id AS first_contact_id, f.started_at AS first_contact_at, f.handled_end_at AS first_handled_at,
    happened.first_resolved_at,
    CASE WHEN happened.ended_as = 'resolved' THEN happened.last_resolved_at END AS last_resolved_at,
    f.is_handled AND happened.first_resolved_at
        <= f.handled_end_at + coalesce(g.resolution_grace_minutes, 60) * interval '1 minute' AS in_grace,
    coalesce(happened.escalated_at <= coalesce(happened.first_resolved_at, 'infinity'), false) AS is_escalated,
    least(on_case.customer_again_at, on_case.we_again_at, happened.reply_again_at, happened.reopened_again_at)
        AS again_on_case_at,
    least(on_case.customer_again_at, on_case.we_again_at, happened.reply_again_at, happened.reopened_again_at,
        on_topic.again_at) AS again_at,
    coalesce(f.handled_end_at, f.started_at) + coalesce(g.fcr_window_days, 7) * interval '24 hours' AS mature_at,
    coalesce(f.handled_end_at, f.started_at) + interval '336 hours' AS mature_14_at,
    coalesce(f.handled_end_at, f.started_at) + interval '720 hours' AS mature_30_at,
    on_case.contacts
FROM tickets_case k
LEFT JOIN LATERAL (
    SELECT c.* FROM tickets_contact c
    WHERE c.case_id = k.number AND {_REACHED_US.replace("x.", "c.")}
    ORDER BY c.id = k.first_contact_id DESC NULLS LAST, c.started_at, c.id LIMIT 1
) f ON true
{agreed("f.client_id", "f.started_at")}
CROSS JOIN LATERAL (
    SELECT
        min(x.started_at) FILTER (WHERE {CAME_BACK} AND {_AFTER_FIRST}) AS customer_again_at,
        min(x.started_at) FILTER (WHERE {_OUR_CALL} AND {_AFTER_FIRST}) AS we_again_at,
        (count(*) FILTER (WHERE {CAME_BACK}))::int AS contacts
    FROM tickets_contact x WHERE x.case_id = k.number
) on_case
CROSS JOIN LATERAL (
    SELECT
        min(e.at) FILTER (WHERE e.kind = 'resolved') AS first_resolved_at,
        max(e.at) FILTER (WHERE e.kind = 'resolved') AS last_resolved_at,
        (array_agg(e.kind ORDER BY e.at DESC, e.id DESC) FILTER (WHERE e.kind IN ('resolved', 'reopened')))[1] AS ended_as,
        min(e.at) FILTER (WHERE e.kind = 'escalated') AS escalated_at,
        min(e.at) FILTER (WHERE e.kind = 'agent_reply' AND e.at > f.handled_end_at) AS reply_again_at,
        min(e.at) FILTER (WHERE e.kind = 'reopened' AND e.at > f.handled_end_at) AS reopened_again_at
    FROM tickets_caseevent e WHERE e.case_id = k.number AND e.is_valid
) happened
CROSS JOIN LATERAL (
    SELECT min(x.started_at) AS again_at
    FROM tickets_contact x
    WHERE x.customer_id = k.customer_id AND x.topic_id = coalesce(k.topic_id, f.topic_id) AND {_AFTER_FIRST}
        -- Later than the longest window it decides nothing, and an old case is left in peace.
        AND x.started_at <= f.handled_end_at + interval '61 days' AND (({CAME_BACK}) OR ({_OUR_CALL}))
) on_topic
WHERE {{scope}}
"""

CASE = Record(
    code="case",
    table="tickets_case",
    key="k.number",
    sql=_SQL,
    columns={
        "id": "bigint",
        "client_id": "int",
        "queue_id": "int",
        "channel": "text",
        "team_id": "int",
        "agent_id": "int",
        "topic_id": "int",
        "first_queue_id": "int",
        "first_channel": "text",
        "first_team_id": "int",
        "first_agent_id": "int",
        "first_topic_id": "int",
        "left_out": "text",
        "is_known": "boolean",
        "fcr_eligible": "boolean",
        "has_promise": "boolean",
        "created_at": "timestamptz",
        "first_contact_id": "bigint",
        "first_contact_at": "timestamptz",
        "first_handled_at": "timestamptz",
        "first_resolved_at": "timestamptz",
        "last_resolved_at": "timestamptz",
        "in_grace": "boolean",
        "is_escalated": "boolean",
        "again_on_case_at": "timestamptz",
        "again_at": "timestamptz",
        "mature_at": "timestamptz",
        "mature_14_at": "timestamptz",
        "mature_30_at": "timestamptz",
        "contacts": "int",
    },
)

CASE_LEFT_OUT = (
    Reason("merged", "left_out = 'merged'", _("Merged into another case")),
    Reason("test", "left_out = 'test'", _("Test")),
    Reason("spam", "left_out = 'spam'", _("Spam")),
)
REAL_CASE = "left_out = ''"

FIRST_CONTACTS = Fact(
    code="first_contact",
    name=_("Cases by their first contact"),
    dated_by=_("Arrival of the case's first contact"),
    record=CASE,
    at="first_contact_at",
    dimensions={
        "client": "client_id",
        "queue": "first_queue_id",
        "channel": "first_channel",
        "team": "first_team_id",
        "agent": "first_agent_id",
        "topic": "first_topic_id",
    },
    candidates="k.number IN (SELECT s.case_id FROM tickets_contact s WHERE {within})",
    candidates_at="s.started_at",
    shows="""k.external_id AS case_id, x.id AS case_number, c.external_id AS contact_id, c.id AS contact_pk,
        x.first_channel AS channel, x.first_contact_at AS started_at, x.first_handled_at AS handled_end_at,
        x.first_resolved_at, x.again_at, x.is_escalated, q.code AS queue, coalesce(u.code, u.username) AS agent,
        t.path AS topic""",
    joins="JOIN tickets_case k ON k.number = x.id LEFT JOIN tickets_contact c ON c.id = x.first_contact_id",
    reasons=(
        *CASE_LEFT_OUT,
        Reason("anonymous", "NOT is_known", _("Customer unknown: cannot be matched")),
        Reason("not_resolvable", "NOT fcr_eligible", _("Topic cannot be solved at first contact")),
    ),
)

FCR_WINDOW = Maturity(
    code="fcr",
    at="mature_at",
    explanation=_("Provisional until the repeat window after the first contact has passed."),
)
FCR_WINDOW_14 = Maturity(code="fcr_14", at="mature_14_at", explanation=_("Provisional for 14 days."))
FCR_WINDOW_30 = Maturity(code="fcr_30", at="mature_30_at", explanation=_("Provisional for 30 days."))

CASE_JOIN = "JOIN tickets_case k ON k.number = x.id"
CASE_DIMENSIONS = {
    "client": "client_id",
    "queue": "queue_id",
    "channel": "channel",
    "team": "team_id",
    "agent": "agent_id",
    "topic": "topic_id",
}

RESOLVED_CASES = Fact(
    code="resolved_case",
    name=_("Cases by their last resolution"),
    dated_by=_("Last valid resolution of the case"),
    record=CASE,
    at="last_resolved_at",
    dimensions=CASE_DIMENSIONS,
    candidates="k.number IN (SELECT s.case_id FROM tickets_caseevent s WHERE s.kind = 'resolved' AND {within})",
    candidates_at="s.at",
    shows="""k.external_id AS case_id, x.id AS case_number, x.channel, x.last_resolved_at AS resolved_at, x.contacts,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins=CASE_JOIN,
    reasons=CASE_LEFT_OUT,
)
