"""Which rows KPIs count, which moment dates each, which dimensions it has, and why a row is left out.

Each fact is one SELECT over the logs with `{scope}` where the period and the filters go. Unused columns cost nothing:
the planner drops them. Everything that depends on an agreement is judged by the version in force when the row arrived.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Maturity, Reason
from surveys.scales import CES, CSAT_SCALES, NPS

# One row a client and version, with the moment at which the next version takes over. The first version also holds for
# what came before it.
_AGREEMENTS = """
    SELECT id, client_id, service_level_variant, fcr_window_days, resolution_grace_minutes, abandon_recovery_hours,
        survey_window_days,
        CASE WHEN row_number() OVER w = 1 THEN '-infinity' ELSE valid_from END AS valid_from,
        lead(valid_from, 1, 'infinity') OVER w AS valid_to
    FROM tickets_agreement WINDOW w AS (PARTITION BY client_id ORDER BY valid_from)
"""

# A contact that somebody made and that reached us: no abandonment, no lost call, nobody still waiting.
_CAME_BACK = "x.is_valid AND x.outcome NOT IN ('', 'abandoned', 'ivr_abandoned', 'blocked')"

_CONTACTS_SQL = f"""
SELECT c.id, c.external_id, c.started_at AS at, c.client_id, c.queue_id, c.channel, c.team_id, c.owner_id AS agent_id,
    c.topic_id, c.customer_id, c.case_id, c.direction, c.outcome, c.flags, c.duplicate_of_id, c.is_void, c.is_valid,
    c.demand, c.started_at, c.queued_at, c.answered_at, c.ended_at, c.is_handled, c.handled_end_at,
    c.talk_us, c.hold_us, c.acw_us, c.talk_us + c.hold_us + c.acw_us AS work_us, c.engaged_us, c.elapsed_us, c.legs,
    c.transfers,
    c.channel IN ('phone', 'chat') AS live,
    c.is_valid AND c.channel IN ('phone', 'chat') AND c.queued_at IS NOT NULL
        AND c.outcome NOT IN ('ivr_abandoned', 'blocked') AS in_queue,
    (extract(epoch FROM coalesce(c.answered_at, c.ended_at) - c.queued_at) * 1000000)::bigint AS wait_us,
    (extract(epoch FROM c.answered_at - c.started_at) * 1000000)::bigint AS wait_from_start_us,
    (coalesce(l.threshold_seconds, CASE c.channel WHEN 'chat' THEN 60 ELSE 20 END) * 1000000)::bigint AS threshold_us,
    (coalesce(l.short_abandon_seconds, 5) * 1000000)::bigint AS short_us,
    coalesce(g.service_level_variant, 'sl3') AS service_level_variant,
    c.handled_end_at + coalesce(g.fcr_window_days, 7) * interval '24 hours' AS repeat_mature_at,
    -- CASE, so that only the rows that can be repeats or recoveries pay for the look-up.
    CASE WHEN c.is_handled AND c.customer_id IS NOT NULL THEN (
        EXISTS (SELECT FROM tickets_contact x WHERE x.case_id = c.case_id AND x.id <> c.id AND {_CAME_BACK}
            AND x.started_at > c.handled_end_at
            AND x.started_at <= c.handled_end_at + coalesce(g.fcr_window_days, 7) * interval '24 hours')
        OR EXISTS (SELECT FROM tickets_contact x WHERE x.customer_id = c.customer_id AND x.topic_id = c.topic_id
            AND x.id <> c.id AND {_CAME_BACK} AND x.started_at > c.handled_end_at
            AND x.started_at <= c.handled_end_at + coalesce(g.fcr_window_days, 7) * interval '24 hours')
    ) ELSE false END AS is_repeated,
    CASE WHEN c.outcome = 'abandoned' AND c.customer_id IS NOT NULL THEN EXISTS (SELECT FROM tickets_contact x WHERE x.customer_id = c.customer_id AND x.is_valid AND x.id <> c.id
        AND x.outcome = 'answered' AND x.started_at > c.ended_at
        AND x.answered_at <= c.ended_at + coalesce(g.abandon_recovery_hours, 24) * interval '1 hour') ELSE false END AS is_recovered
FROM tickets_contact c
LEFT JOIN ({_AGREEMENTS}) g ON g.client_id = c.client_id AND c.started_at >= g.valid_from AND c.started_at < g.valid_to
LEFT JOIN (
    SELECT DISTINCT ON (agreement_id, channel) agreement_id, channel, threshold_seconds, short_abandon_seconds
    FROM tickets_servicelevel ORDER BY agreement_id, channel, position
) l ON l.agreement_id = g.id AND l.channel = c.channel
WHERE {{scope}}
"""

_LEFT_OUT = (
    Reason("test", "'test' = ANY(flags)", _("Test")),
    Reason("spam", "'spam' = ANY(flags)", _("Spam")),
    Reason("thanks", "'thanks' = ANY(flags)", _("Only thanks")),
    Reason("duplicate", "duplicate_of_id IS NOT NULL", _("Duplicate")),
    Reason("void", "is_void", _("On a case marked as test or spam")),
    Reason("outbound", "direction = 'outbound'", _("Outbound: made by us")),
    Reason("internal", "direction = 'internal'", _("Internal")),
    Reason("ivr_abandoned", "outcome = 'ivr_abandoned'", _("Ended in the voice menu")),
    Reason("blocked", "outcome = 'blocked'", _("Blocked: never reached us")),
)

QUEUE_REASONS = (
    *_LEFT_OUT,
    Reason("not_live", "NOT live", _("No waiting line on this channel")),
    Reason("not_queued", "queued_at IS NULL", _("Did not enter a queue: the wait is unknown")),
    Reason("waiting", "outcome = ''", _("Still waiting")),
    Reason("short_abandon", "outcome = 'abandoned' AND wait_us <= short_us", _("Short abandonment")),
    Reason("abandoned", "outcome = 'abandoned'", _("Abandoned")),
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
    Reason("running", "outcome = 'answered' AND ended_at IS NULL AND NOT is_handled", _("Not ended yet")),
    Reason("not_handled", "NOT is_handled", _("No human has served it yet")),
    Reason("anonymous", "customer_id IS NULL", _("Customer unknown: cannot be matched")),
)

CONTACTS = Fact(
    code="contact",
    name=_("Contacts"),
    dated_by=_("Arrival of the contact"),
    sql=_CONTACTS_SQL,
    at="c.started_at",
    dimensions={
        "client": "c.client_id",
        "queue": "c.queue_id",
        "channel": "c.channel",
        "team": "c.team_id",
        "agent": "c.owner_id",
        "topic": "c.topic_id",
    },
    row_columns=("contact_id",),
    reasons=QUEUE_REASONS,
)

REPEAT_WINDOW = Maturity(
    code="repeat",
    at="repeat_mature_at",
    explanation=_("Provisional until the repeat window after the handled contact has passed."),
)


_OUR_CALL = "x.direction = 'outbound' AND x.outcome = 'answered' AND NOT 'callback' = ANY(x.flags)"
_REACHED_US = "x.is_valid AND x.outcome NOT IN ('abandoned', 'ivr_abandoned', 'blocked')"
_AFTER_FIRST = "x.id <> f.id AND x.started_at > f.handled_end_at"

# Driven by contacts: those that are the first of their case. One look at the case's contacts, one at its events and
# one at the customer's other contacts answer everything about it.
_FIRST_CONTACTS_SQL = f"""
SELECT k.*,
    least(k.customer_again_on_case, k.we_again_on_case, k.reply_at, k.reopened_at) AS again_on_case_at,
    least(k.customer_again_on_case, k.we_again_on_case, k.reply_at, k.reopened_at, k.again_on_topic) AS again_at,
    k.is_handled AND k.first_resolved_at <= k.handled_end_at + k.grace AS in_time,
    coalesce(k.escalated_at <= coalesce(k.first_resolved_at, 'infinity'), false) AS is_escalated,
    coalesce(k.handled_end_at, k.at) + k.fcr_window AS mature_at,
    coalesce(k.handled_end_at, k.at) + interval '336 hours' AS mature_14_at,
    coalesce(k.handled_end_at, k.at) + interval '720 hours' AS mature_30_at
FROM (
    SELECT k.number AS id, k.external_id, f.id AS contact_pk, f.external_id AS contact_external_id, f.started_at AS at, f.client_id,
        f.queue_id, f.channel, f.team_id, f.owner_id AS agent_id, coalesce(k.topic_id, f.topic_id) AS topic_id,
        k.customer_id, k.flags, k.merged_into_id, k.fcr_eligible, f.is_handled, f.handled_end_at, f.outcome,
        coalesce(g.fcr_window_days, 7) * interval '24 hours' AS fcr_window,
        coalesce(g.resolution_grace_minutes, 60) * interval '1 minute' AS grace,
        happened.first_resolved_at, happened.escalated_at, happened.reply_at, happened.reopened_at,
        on_case.customer_again_on_case, on_case.we_again_on_case, on_topic.again_on_topic
    FROM tickets_contact f
    JOIN tickets_case k ON k.number = f.case_id
    LEFT JOIN ({_AGREEMENTS}) g
        ON g.client_id = f.client_id AND f.started_at >= g.valid_from AND f.started_at < g.valid_to
    CROSS JOIN LATERAL (
        SELECT
            coalesce(
                min(x.id) FILTER (WHERE x.id = k.first_contact_id AND {_REACHED_US}),
                (array_agg(x.id ORDER BY x.started_at, x.id) FILTER (WHERE {_REACHED_US}))[1]
            ) AS first_id,
            min(x.started_at) FILTER (WHERE {_CAME_BACK} AND {_AFTER_FIRST}) AS customer_again_on_case,
            min(x.started_at) FILTER (WHERE {_OUR_CALL} AND {_AFTER_FIRST}) AS we_again_on_case
        FROM tickets_contact x WHERE x.case_id = k.number
    ) on_case
    CROSS JOIN LATERAL (
        SELECT
            min(e.at) FILTER (WHERE e.kind = 'resolved') AS first_resolved_at,
            min(e.at) FILTER (WHERE e.kind = 'escalated') AS escalated_at,
            min(e.at) FILTER (WHERE e.kind = 'agent_reply' AND e.at > f.handled_end_at) AS reply_at,
            min(e.at) FILTER (WHERE e.kind = 'reopened' AND e.at > f.handled_end_at) AS reopened_at
        FROM tickets_caseevent e WHERE e.case_id = k.number AND e.is_valid
    ) happened
    CROSS JOIN LATERAL (
        SELECT min(x.started_at) AS again_on_topic
        FROM tickets_contact x
        WHERE x.customer_id = k.customer_id AND x.topic_id = coalesce(k.topic_id, f.topic_id) AND {_AFTER_FIRST}
            AND (({_CAME_BACK}) OR ({_OUR_CALL}))
    ) on_topic
    WHERE {_REACHED_US.replace("x.", "f.")} AND on_case.first_id = f.id AND {{scope}}
    OFFSET 0 -- a fence: what is worked out above is worked out once, however often it is used
) k
"""

_CASE_LEFT_OUT = (
    Reason("merged", "merged_into_id IS NOT NULL", _("Merged into another case")),
    Reason("test", "'test' = ANY(flags)", _("Test")),
    Reason("spam", "'spam' = ANY(flags)", _("Spam")),
)
# A condition and not a column: the planner may then drop what is not asked for.
REAL_CASE = "merged_into_id IS NULL AND NOT flags && ARRAY['test', 'spam']::varchar[]"

FIRST_CONTACTS = Fact(
    code="first_contact",
    name=_("Cases by their first contact"),
    dated_by=_("Arrival of the case's first contact"),
    sql=_FIRST_CONTACTS_SQL,
    at="f.started_at",
    dimensions={
        "client": "f.client_id",
        "queue": "f.queue_id",
        "channel": "f.channel",
        "team": "f.team_id",
        "agent": "f.owner_id",
        "topic": "coalesce(k.topic_id, f.topic_id)",
    },
    row_columns=("case_id", "contact_id"),
    reasons=(
        *_CASE_LEFT_OUT,
        Reason("anonymous", "customer_id IS NULL", _("Customer unknown: cannot be matched")),
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

_RESOLVED_CASES_SQL = f"""
SELECT k.number AS id, k.external_id, e.at, k.client_id, k.queue_id, k.channel, k.team_id, k.owner_id AS agent_id,
    k.topic_id, k.customer_id, k.flags, k.merged_into_id,
    (SELECT count(*) FROM tickets_contact x WHERE x.case_id = k.number AND {_CAME_BACK}) AS contacts
FROM tickets_caseevent e
JOIN tickets_case k ON k.number = e.case_id
WHERE e.kind = 'resolved' AND e.is_valid AND {{scope}}
    AND NOT EXISTS (SELECT FROM tickets_caseevent n WHERE n.case_id = e.case_id AND n.is_valid
        AND n.kind IN ('resolved', 'reopened') AND (n.at, n.id) > (e.at, e.id))
"""

RESOLVED_CASES = Fact(
    code="resolved_case",
    name=_("Cases by their last resolution"),
    dated_by=_("Last valid resolution of the case"),
    sql=_RESOLVED_CASES_SQL,
    at="e.at",
    dimensions={
        "client": "k.client_id",
        "queue": "k.queue_id",
        "channel": "k.channel",
        "team": "k.team_id",
        "agent": "k.owner_id",
        "topic": "k.topic_id",
    },
    row_columns=("case_id",),
    reasons=_CASE_LEFT_OUT,
    dirty_kind="case",
)


def _by_scale(column: str, values: dict[str, str]) -> str:
    """A CASE over the scale that an answer was given on."""
    whens = " ".join(f"WHEN '{code}' THEN {sql}" for code, sql in values.items())
    return f"CASE {column} {whens} END"


_IN_RANGE = _by_scale("a.csat_scale", {s.code: f"a.csat BETWEEN {s.low} AND {s.high}" for s in CSAT_SCALES.values()})
_SATISFIED = _by_scale("a.csat_scale", {s.code: f"a.csat >= {s.good_from}" for s in CSAT_SCALES.values()})
_DISSATISFIED = _by_scale("a.csat_scale", {s.code: f"a.csat <= {s.bad_to}" for s in CSAT_SCALES.values()})
_NORMALISED = _by_scale(
    "a.csat_scale",
    {s.code: f"round((a.csat - {s.low}) * 100000000.0 / {s.high - s.low})" for s in CSAT_SCALES.values()},
)

_INVITATIONS_SQL = f"""
SELECT i.id, i.external_id, i.sent_at AS at, i.client_id, coalesce(c.queue_id, k.queue_id) AS queue_id,
    coalesce(c.channel, k.channel) AS channel, coalesce(c.team_id, k.team_id) AS team_id,
    coalesce(c.owner_id, k.owner_id) AS agent_id, coalesce(c.topic_id, k.topic_id) AS topic_id,
    i.is_delivered, a.responded_at, a.csat, a.csat_scale, a.ces, a.nps, a.fcr_resolved, a.fcr_contacts, a.comment,
    k.external_id AS case_external_id, c.external_id AS contact_external_id,
    coalesce(c.flags && ARRAY['test', 'spam']::varchar[], false)
        OR coalesce(k.flags && ARRAY['test', 'spam']::varchar[], false) AS is_void,
    a.id IS NOT NULL AS has_answer,
    coalesce({_IN_RANGE}, false) AS has_csat,
    coalesce({_SATISFIED}, false) AS is_satisfied,
    coalesce({_DISSATISFIED}, false) AS is_dissatisfied,
    ({_NORMALISED})::bigint AS csat_normalised,
    coalesce(a.ces BETWEEN {CES.low} AND {CES.high}, false) AS has_ces,
    coalesce(a.nps BETWEEN {NPS.low} AND {NPS.high}, false) AS has_nps,
    CASE WHEN a.nps >= {NPS.good_from} THEN 1 WHEN a.nps <= {NPS.bad_to} THEN -1 ELSE 0 END AS promotion,
    coalesce(a.fcr_resolved <> '' AND a.fcr_contacts IS NOT NULL, false) AS has_fcr,
    coalesce(btrim(a.comment, E' \\t\\r\\n') NOT IN ('', '-', '.')
        AND lower(btrim(a.comment, E' \\t\\r\\n')) <> 'n/a', false) AS has_comment,
    EXISTS (SELECT FROM surveys_response r WHERE r.invitation_id = i.id) AS has_late_answer
FROM surveys_invitation i
LEFT JOIN tickets_contact c ON c.id = i.contact_id
LEFT JOIN tickets_case k ON k.number = i.case_id
LEFT JOIN ({_AGREEMENTS}) g ON g.client_id = i.client_id AND i.sent_at >= g.valid_from AND i.sent_at < g.valid_to
LEFT JOIN LATERAL (
    SELECT r.* FROM surveys_response r
    WHERE r.invitation_id = i.id
        AND r.responded_at <= i.sent_at + coalesce(g.survey_window_days, 14) * interval '24 hours'
    ORDER BY r.responded_at DESC, r.id DESC LIMIT 1
) a ON true
WHERE {{scope}}
"""

INVITATIONS = Fact(
    code="invitation",
    name=_("Survey invitations"),
    dated_by=_("Sending of the survey"),
    sql=_INVITATIONS_SQL,
    at="i.sent_at",
    dimensions={
        "client": "i.client_id",
        "queue": "coalesce(c.queue_id, k.queue_id)",
        "channel": "coalesce(c.channel, k.channel)",
        "team": "coalesce(c.team_id, k.team_id)",
        "agent": "coalesce(c.owner_id, k.owner_id)",
        "topic": "coalesce(c.topic_id, k.topic_id)",
    },
    row_columns=("survey_id", "case_id", "contact_id"),
    reasons=(
        Reason("void", "is_void", _("Test or spam")),
        Reason("bounced", "NOT is_delivered", _("Could not be delivered")),
        Reason("late", "NOT has_answer AND has_late_answer", _("Answered after the window")),
        Reason("silent", "NOT has_answer", _("Not answered")),
        Reason("skipped", "has_answer", _("Question skipped, or answer out of range")),
    ),
    dirty_kind="survey",
)

FACTS = {fact.code: fact for fact in (CONTACTS, FIRST_CONTACTS, RESOLVED_CASES, INVITATIONS)}
