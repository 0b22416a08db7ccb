"""Contacts, dated by their arrival."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Maturity, Reason, Record
from metrics.facts.agreements import agreed

# A contact that somebody made and that reached us: no abandonment, no lost call, nobody still waiting.
CAME_BACK = "x.is_valid AND x.outcome NOT IN ('', 'abandoned', 'ivr_abandoned', 'blocked')"
_WINDOW = "coalesce(g.fcr_window_days, 7) * interval '24 hours'"
_IN_WINDOW = f"x.id <> c.id AND x.started_at > c.handled_end_at AND x.started_at <= c.handled_end_at + {_WINDOW}"

_SQL = f"""
SELECT c.id, c.started_at AS at, c.client_id, c.queue_id, c.channel, c.team_id, c.owner_id AS agent_id, c.topic_id,
    CASE WHEN c.is_valid THEN ''
        WHEN 'test' = ANY(c.flags) THEN 'test'
        WHEN 'spam' = ANY(c.flags) THEN 'spam'
        WHEN 'thanks' = ANY(c.flags) THEN 'thanks'
        WHEN c.duplicate_of_id IS NOT NULL THEN 'duplicate'
        WHEN c.is_void THEN 'void'
        ELSE c.direction END AS left_out,
    c.is_valid, c.outcome, c.demand, c.customer_id IS NOT NULL AS is_known, c.is_handled,
    c.ended_at IS NOT NULL AS is_ended, 'status_enquiry' = ANY(c.flags) AS is_status_enquiry,
    c.channel IN ('phone', 'chat') AS live, c.queued_at IS NOT NULL AS is_queued,
    q.in_queue,
    q.in_queue AND c.outcome = 'answered' AND w.wait_us IS NOT NULL AS is_answered,
    q.in_queue AND c.outcome = 'abandoned' AS is_abandoned,
    q.in_queue AND c.outcome IN ('callback_requested', 'voicemail') AS is_flow_out,
    w.wait_us, w.wait_us <= w.threshold_us AS in_time, w.wait_us <= w.short_us AS is_short,
    (extract(epoch FROM c.answered_at - c.started_at) * 1000000)::bigint AS wait_from_start_us,
    coalesce(substring(g.service_level_variant FROM 3)::smallint, 3) AS service_level_variant,
    c.talk_us, c.hold_us, c.acw_us, c.talk_us + c.hold_us + c.acw_us AS work_us, c.engaged_us, c.elapsed_us, c.legs,
    -- Only a customer who said so herself takes her request out of the count.
    c.outcome = 'callback_requested' AND EXISTS (
        SELECT FROM tickets_callback k WHERE k.contact_id = c.id AND k."end" = 'withdrawn'
    ) AS is_withdrawn,
    c.transfers, c.handled_end_at + {_WINDOW} AS repeat_mature_at,
    -- CASE, so that only the rows that can be repeats or recoveries pay for the look-up.
    CASE WHEN c.is_handled AND c.customer_id IS NOT NULL THEN (
        EXISTS (SELECT FROM tickets_contact x WHERE x.case_id = c.case_id AND {CAME_BACK} AND {_IN_WINDOW})
        OR EXISTS (SELECT FROM tickets_contact x WHERE x.customer_id = c.customer_id AND x.topic_id = c.topic_id
            AND {CAME_BACK} AND {_IN_WINDOW})
    ) ELSE false END AS is_repeated,
    CASE WHEN c.outcome = 'abandoned' AND c.customer_id IS NOT NULL THEN EXISTS (
        SELECT FROM tickets_contact x
        WHERE x.customer_id = c.customer_id AND x.is_valid AND x.id <> c.id AND x.outcome = 'answered'
            AND x.started_at > c.ended_at
            AND x.answered_at <= c.ended_at + coalesce(g.abandon_recovery_hours, 24) * interval '1 hour'
    ) ELSE false END AS is_recovered
FROM tickets_contact c
{agreed("c.client_id", "c.started_at")}
LEFT JOIN (
    SELECT DISTINCT ON (agreement_id, channel) agreement_id, channel, threshold_seconds, short_abandon_seconds
    FROM tickets_servicelevel ORDER BY agreement_id, channel, position
) l ON l.agreement_id = g.id AND l.channel = c.channel
CROSS JOIN LATERAL (
    SELECT c.is_valid AND c.channel IN ('phone', 'chat') AND c.queued_at IS NOT NULL
        AND c.outcome NOT IN ('ivr_abandoned', 'blocked') AS in_queue
) q
CROSS JOIN LATERAL (
    SELECT (extract(epoch FROM coalesce(c.answered_at, c.ended_at) - c.queued_at) * 1000000)::bigint AS wait_us,
        (coalesce(l.threshold_seconds, CASE c.channel WHEN 'chat' THEN 60 ELSE 20 END) * 1000000)::bigint AS threshold_us,
        (coalesce(l.short_abandon_seconds, 5) * 1000000)::bigint AS short_us
) w
WHERE {{scope}}
"""

CONTACT = Record(
    code="contact",
    table="tickets_contact",
    key="c.id",
    sql=_SQL,
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "client_id": "int",
        "queue_id": "int",
        "channel": "text",
        "team_id": "int",
        "agent_id": "int",
        "topic_id": "int",
        "left_out": "text",
        "is_valid": "boolean",
        "outcome": "text",
        "demand": "text",
        "is_known": "boolean",
        "is_handled": "boolean",
        "is_ended": "boolean",
        "is_status_enquiry": "boolean",
        "live": "boolean",
        "is_queued": "boolean",
        "in_queue": "boolean",
        "is_answered": "boolean",
        "is_abandoned": "boolean",
        "is_flow_out": "boolean",
        "wait_us": "bigint",
        "in_time": "boolean",
        "is_short": "boolean",
        "wait_from_start_us": "bigint",
        "service_level_variant": "smallint",
        "talk_us": "bigint",
        "hold_us": "bigint",
        "acw_us": "bigint",
        "work_us": "bigint",
        "engaged_us": "bigint",
        "elapsed_us": "bigint",
        "legs": "smallint",
        "is_withdrawn": "boolean",
        "transfers": "smallint",
        "repeat_mature_at": "timestamptz",
        "is_repeated": "boolean",
        "is_recovered": "boolean",
    },
)

_LEFT_OUT = (
    Reason("test", "left_out = 'test'", _("Test")),
    Reason("spam", "left_out = 'spam'", _("Spam")),
    Reason("thanks", "left_out = 'thanks'", _("Only thanks")),
    Reason("duplicate", "left_out = 'duplicate'", _("Duplicate")),
    Reason("void", "left_out = 'void'", _("On a case marked as test or spam")),
    Reason("outbound", "left_out = 'outbound'", _("Outbound: made by us")),
    Reason("internal", "left_out = 'internal'", _("Internal")),
    Reason("ivr_abandoned", "outcome = 'ivr_abandoned'", _("Ended in the voice menu")),
    Reason("blocked", "outcome = 'blocked'", _("Blocked: never reached us")),
)

QUEUE_REASONS = (
    *_LEFT_OUT,
    Reason("not_live", "NOT live", _("No waiting line on this channel")),
    Reason("not_queued", "NOT is_queued", _("Did not enter a queue: the wait is unknown")),
    Reason("waiting", "outcome = ''", _("Still waiting")),
    Reason("short_abandon", "outcome = 'abandoned' AND is_short", _("Short abandonment")),
    Reason("abandoned", "outcome = 'abandoned'", _("Abandoned")),
    Reason("withdrawn", "is_withdrawn", _("The customer no longer wants to be called back")),
    Reason("flow_out", "outcome IN ('callback_requested', 'voicemail')", _("Left the queue by callback or voicemail")),
    Reason("not_answered", "outcome <> 'answered'", _("Not answered")),
    Reason("answered", "outcome = 'answered'", _("Answered")),
)

HANDLED_REASONS = (
    *_LEFT_OUT,
    Reason("waiting", "outcome = ''", _("Still waiting")),
    Reason("abandoned", "outcome = 'abandoned'", _("Abandoned")),
    Reason(
        "no_callback", "outcome IN ('callback_requested', 'voicemail') AND NOT is_handled", _("Not called back yet")
    ),
    Reason("running", "outcome = 'answered' AND NOT is_ended AND NOT is_handled", _("Not ended yet")),
    Reason("not_handled", "NOT is_handled", _("No human has served it yet")),
    Reason("anonymous", "NOT is_known", _("Customer unknown: cannot be matched")),
)

CONTACTS = Fact(
    code="contact",
    name=_("Contacts"),
    dated_by=_("Arrival of the contact"),
    record=CONTACT,
    at="at",
    dimensions={
        "client": "client_id",
        "queue": "queue_id",
        "channel": "channel",
        "team": "team_id",
        "agent": "agent_id",
        "topic": "topic_id",
    },
    candidates="{within}",
    candidates_at="c.started_at",
    shows="""c.external_id AS contact_id, x.id AS pk, c.channel, c.direction, c.outcome, c.started_at, c.queued_at,
        c.answered_at, c.ended_at, x.wait_us / 1e6 AS wait_seconds, x.engaged_us / 1e6 AS handle_seconds,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic, k.external_id AS case_id,
        c.case_id AS case_number, c.flags""",
    joins="JOIN tickets_contact c ON c.id = x.id LEFT JOIN tickets_case k ON k.number = c.case_id",
    reasons=QUEUE_REASONS,
)

REPEAT_WINDOW = Maturity(
    code="repeat",
    at="repeat_mature_at",
    explanation=_("Provisional until the repeat window after the handled contact has passed."),
)
