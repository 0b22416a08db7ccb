"""What the log says of a case: one row, with every verdict."""

from __future__ import annotations

from metrics.definition import Record
from metrics.facts.agreements import agreed, agreed_each
from metrics.facts.business import microseconds, reading
from metrics.facts.contacts import CAME_BACK

_OUR_CALL = "x.direction = 'outbound' AND x.outcome = 'answered' AND NOT 'callback' = ANY(x.flags)"
_REACHED_US = "x.is_valid AND x.outcome NOT IN ('abandoned', 'ivr_abandoned', 'blocked')"
_AFTER_FIRST = "x.id <> f.id AND x.started_at > f.handled_end_at"
# A customer and one of us in touch: a call or chat that was answered, a mail either way. Nobody hears an abandonment.
_IN_TOUCH = (
    "NOT x.is_void AND (x.is_valid OR x.direction = 'outbound') "
    "AND (x.channel NOT IN ('phone', 'chat') OR (x.outcome = 'answered' AND x.answered_at IS NOT NULL))"
)
_TOUCH = """CASE WHEN x.channel IN ('phone', 'chat')
        THEN tstzmultirange(tstzrange(x.answered_at, coalesce(x.ended_at, x.answered_at), '[]'))
        ELSE tstzmultirange(tstzrange(x.started_at, x.started_at, '[]'),
            tstzrange(coalesce(x.answered_at, x.started_at), coalesce(x.answered_at, x.started_at), '[]')) END"""
# Of events at one instant the opening is the first; the others happened in the order in which they were written.
IN_ORDER = "ORDER BY e.at, e.kind <> 'created', e.id"

LEFT_OUT = """CASE WHEN k.merged_into_id IS NOT NULL THEN 'merged'
        WHEN 'test' = ANY(k.flags) THEN 'test'
        WHEN 'spam' = ANY(k.flags) THEN 'spam'
        ELSE '' END"""


def _reading(at: str) -> str:
    return reading("k.client_id", at, "h.has_hours")


def _since_opening(at: str) -> str:
    """Business time from the opening of the case to a later moment, or nothing where that never came."""
    return f"CASE WHEN {at} IS NOT NULL THEN greatest(0, ({_reading(at)}) - opening.us) END"


_SQL = f"""
SELECT k.number AS id, k.client_id, k.queue_id, k.channel, k.team_id, k.owner_id AS agent_id, k.topic_id,
    f.queue_id AS first_queue_id, f.channel AS first_channel, f.team_id AS first_team_id, f.owner_id AS first_agent_id,
    coalesce(k.topic_id, f.topic_id) AS first_topic_id,
    {LEFT_OUT} AS left_out,
    k.customer_id IS NOT NULL AS is_known, k.fcr_eligible, k.created_at,
    EXISTS (SELECT FROM tickets_promise p WHERE p.case_id = k.number) AS has_promise,
    f.id AS first_contact_id, f.started_at AS first_contact_at, f.handled_end_at AS first_handled_at,
    done.first_resolved_at, done.last_resolved_at,
    f.is_handled AND happened.first_resolved_at
        <= f.handled_end_at + coalesce(g.resolution_grace_minutes, 60) * interval '1 minute' AS in_grace,
    coalesce(happened.escalated_at <= coalesce(happened.first_resolved_at, 'infinity'), false) AS is_escalated,
    happened.escalated_at,
    least(on_case.customer_again_at, on_case.we_again_at, happened.reply_again_at, happened.reopened_again_at)
        AS again_on_case_at,
    least(on_case.customer_again_at, on_case.we_again_at, happened.reply_again_at, happened.reopened_again_at,
        on_topic.again_at) AS again_at,
    coalesce(f.handled_end_at, f.started_at) + coalesce(g.fcr_window_days, 7) * interval '24 hours' AS mature_at,
    coalesce(f.handled_end_at, f.started_at) + interval '336 hours' AS mature_14_at,
    coalesce(f.handled_end_at, f.started_at) + interval '720 hours' AS mature_30_at,
    on_case.contacts, on_case.our_calls,
    reopenings.reopened_at, reopenings.reopened_raw_at,
    happened.first_resolved_at + coalesce(a.reopen_window_days, 14) * interval '24 hours' AS reopen_mature_at,
    done.first_reply_at,
    CASE WHEN k.channel IN ('email', 'web') THEN {_since_opening("done.first_reply_at")} END AS reply_business_us,
    k.first_response_due_at, k.resolution_due_at,
    {_since_opening("k.first_response_due_at")} AS response_target_us,
    {_since_opening("done.last_resolved_at")} AS resolved_business_us,
    waited.us AS waited_us, waited.business_us AS waited_business_us,
    silence.us AS silence_us, silence.us > coalesce(a.silence_hours, 48) * 3600000000 AS is_silent,
    reopenings.open_again, waiting.waits
FROM tickets_case k
LEFT JOIN LATERAL (
    SELECT c.id, c.client_id, c.queue_id, c.channel, c.team_id, c.owner_id, c.topic_id, c.started_at, c.is_handled,
        c.handled_end_at
    FROM tickets_contact c
    WHERE c.case_id = k.number AND {_REACHED_US.replace("x.", "c.")}
    ORDER BY c.id = k.first_contact_id DESC NULLS LAST, c.started_at, c.id LIMIT 1
) f ON true
{agreed_each("f.client_id", "f.started_at")}
{agreed("k.client_id", "k.created_at", "a")}
LEFT JOIN tickets_windowrange h ON h.client_id = k.client_id
CROSS JOIN LATERAL (SELECT {_reading("k.created_at")} AS us OFFSET 0) opening
CROSS JOIN LATERAL (
    SELECT
        min(x.started_at) FILTER (WHERE {CAME_BACK} AND {_AFTER_FIRST}) AS customer_again_at,
        min(x.started_at) FILTER (WHERE {_OUR_CALL} AND {_AFTER_FIRST}) AS we_again_at,
        (count(*) FILTER (WHERE {CAME_BACK}))::int AS contacts,
        (count(*) FILTER (WHERE {_OUR_CALL}))::int AS our_calls,
        min(x.answered_at) FILTER (WHERE {_IN_TOUCH} AND x.outcome = 'answered') AS answered_at,
        range_agg({_TOUCH}) FILTER (WHERE {_IN_TOUCH}) AS touches
    FROM tickets_contact x WHERE x.case_id = k.number
) on_case
CROSS JOIN LATERAL (
    SELECT
        min(e.at) FILTER (WHERE e.kind = 'resolved' AND e.is_valid) AS first_resolved_at,
        max(e.at) FILTER (WHERE e.kind = 'resolved' AND e.is_valid) AS last_resolved_at,
        (array_agg(e.kind ORDER BY e.at DESC, e.id DESC)
            FILTER (WHERE e.kind IN ('resolved', 'reopened') AND e.is_valid))[1] AS ended_as,
        min(e.at) FILTER (WHERE e.kind = 'escalated' AND e.is_valid) AS escalated_at,
        -- What we write when we open a case ourselves replies to nobody.
        min(e.at) FILTER (WHERE e.kind = 'agent_reply' AND e.is_valid AND e.at > k.created_at) AS replied_at,
        min(e.at) FILTER (WHERE e.kind = 'agent_reply' AND e.is_valid AND e.at > f.handled_end_at) AS reply_again_at,
        min(e.at) FILTER (WHERE e.kind = 'reopened' AND e.is_valid AND e.at > f.handled_end_at) AS reopened_again_at,
        bool_or(e.kind = 'reopened') AS is_reopened,
        bool_or(e.kind = 'waiting_customer') AS is_waited_for,
        range_agg(tstzrange(e.at, e.at, '[]'))
            FILTER (WHERE e.kind IN ('agent_reply', 'customer_message') AND e.is_valid) AS touches
    FROM tickets_caseevent e WHERE e.case_id = k.number
) happened
CROSS JOIN LATERAL (
    -- Nothing about a case happens before it is there.
    SELECT CASE WHEN happened.first_resolved_at IS NOT NULL
            THEN greatest(happened.first_resolved_at, k.created_at) END AS first_resolved_at,
        CASE WHEN happened.ended_as = 'resolved'
            THEN greatest(happened.last_resolved_at, k.created_at) END AS last_resolved_at,
        CASE WHEN coalesce(happened.replied_at, on_case.answered_at) IS NOT NULL
            THEN greatest(least(happened.replied_at, on_case.answered_at), k.created_at) END AS first_reply_at
) done
LEFT JOIN LATERAL (
    -- Few cases were ever reopened: the others do not pay for the look.
    SELECT min(o.at) FILTER (WHERE o.kind = 'reopened' AND o.is_valid) AS reopened_at,
        min(o.at) FILTER (WHERE o.kind = 'reopened') AS reopened_raw_at,
        range_agg(tstzrange(o.at, o.until)) FILTER (WHERE o.kind = 'reopened' AND o.is_valid) AS open_again
    FROM (
        SELECT e.kind, e.at, e.is_valid, min(e.at) FILTER (WHERE e.kind = 'resolved' AND e.is_valid)
            OVER ({IN_ORDER} ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
        FROM tickets_caseevent e
        WHERE e.case_id = k.number AND e.kind IN ('resolved', 'reopened') AND e.at >= done.first_resolved_at
    ) o
    WHERE happened.is_reopened
) reopenings ON true
CROSS JOIN LATERAL (
    SELECT tstzmultirange(tstzrange(k.created_at, done.first_resolved_at))
        + coalesce(reopenings.open_again, '{{{{}}}}') AS stretches
) open
LEFT JOIN LATERAL (
    SELECT nullif(open.stretches * range_agg(tstzrange(o.at, o.until)), '{{{{}}}}') AS waits
    FROM (
        SELECT e.kind, e.at, lead(e.at) OVER ({IN_ORDER}) AS until
        FROM tickets_caseevent e
        WHERE e.case_id = k.number AND e.is_valid AND (e.kind IN ('created', 'resolved', 'reopened',
            'waiting_customer', 'waiting_third_party', 'customer_message') OR (e.kind = 'changed' AND e.data ? 'status'))
    ) o
    WHERE o.kind = 'waiting_customer' AND happened.is_waited_for
) waiting ON true
LEFT JOIN LATERAL (
    SELECT sum({microseconds("upper(w) - lower(w)")})::bigint AS us,
        sum(({_reading("upper(w)")}) - ({_reading("lower(w)")}))::bigint AS business_us
    FROM unnest(waiting.waits) w WHERE done.last_resolved_at IS NOT NULL
) waited ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN done.last_resolved_at IS NOT NULL
        THEN coalesce(max({microseconds("upper(s) - lower(s)")}), 0) END AS us
    FROM unnest(open.stretches - coalesce(waiting.waits, '{{{{}}}}') - coalesce(happened.touches, '{{{{}}}}')
        - coalesce(on_case.touches, '{{{{}}}}')) s
    WHERE done.last_resolved_at IS NOT NULL
) silence ON true
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
        "escalated_at": "timestamptz",
        "again_on_case_at": "timestamptz",
        "again_at": "timestamptz",
        "mature_at": "timestamptz",
        "mature_14_at": "timestamptz",
        "mature_30_at": "timestamptz",
        "contacts": "int",
        "our_calls": "int",
        "reopened_at": "timestamptz",
        "reopened_raw_at": "timestamptz",
        "reopen_mature_at": "timestamptz",
        "first_reply_at": "timestamptz",
        "reply_business_us": "bigint",
        "first_response_due_at": "timestamptz",
        "resolution_due_at": "timestamptz",
        "response_target_us": "bigint",
        "resolved_business_us": "bigint",
        "waited_us": "bigint",
        "waited_business_us": "bigint",
        "silence_us": "bigint",
        "is_silent": "boolean",
        "open_again": "tstzmultirange",
        "waits": "tstzmultirange",
    },
    # What was open at an instant: a stretch of each case, and for the few that were reopened their later ones.
    indexes=(
        "USING gist (tstzrange(created_at, first_resolved_at))",
        "USING gist (open_again) WHERE open_again IS NOT NULL",
    ),
)
