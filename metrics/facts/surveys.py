"""Survey invitations with their answers, dated by their sending."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Reason, Record
from metrics.facts.agreements import agreed
from surveys.scales import CES, CSAT_SCALES, NPS


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

_SQL = f"""
SELECT i.id, i.sent_at AS at, i.client_id, coalesce(c.queue_id, k.queue_id) AS queue_id,
    coalesce(c.channel, k.channel) AS channel, coalesce(c.team_id, k.team_id) AS team_id,
    coalesce(c.owner_id, k.owner_id) AS agent_id, coalesce(c.topic_id, k.topic_id) AS topic_id, i.case_id, i.is_delivered,
    coalesce(c.flags && ARRAY['test', 'spam']::varchar[], false)
        OR coalesce(k.flags && ARRAY['test', 'spam']::varchar[], false) AS is_void,
    a.id AS response_id, a.id IS NOT NULL AS has_answer,
    EXISTS (SELECT FROM surveys_response r WHERE r.invitation_id = i.id) AS has_late_answer,
    coalesce({_IN_RANGE}, false) AS has_csat,
    coalesce({_SATISFIED}, false) AS is_satisfied,
    coalesce({_DISSATISFIED}, false) AS is_dissatisfied,
    ({_NORMALISED})::bigint AS csat_normalised,
    CASE WHEN a.ces BETWEEN {CES.low} AND {CES.high} THEN a.ces END AS ces,
    CASE WHEN a.nps BETWEEN {NPS.low} AND {NPS.high} THEN a.nps END AS nps,
    CASE WHEN a.nps >= {NPS.good_from} THEN 1 WHEN a.nps <= {NPS.bad_to} THEN -1 ELSE 0 END AS promotion,
    coalesce(a.fcr_resolved <> '' AND a.fcr_contacts IS NOT NULL, false) AS has_fcr,
    coalesce(a.fcr_resolved = 'yes' AND a.fcr_contacts = 1, false) AS is_fcr,
    coalesce(btrim(a.comment, E' \\t\\r\\n') NOT IN ('', '-', '.')
        AND lower(btrim(a.comment, E' \\t\\r\\n')) <> 'n/a', false) AS has_comment
FROM surveys_invitation i
LEFT JOIN tickets_contact c ON c.id = i.contact_id
LEFT JOIN tickets_case k ON k.number = i.case_id
{agreed("i.client_id", "i.sent_at")}
LEFT JOIN LATERAL (
    SELECT r.* FROM surveys_response r
    WHERE r.invitation_id = i.id
        AND r.responded_at <= i.sent_at + coalesce(g.survey_window_days, 14) * interval '24 hours'
    ORDER BY r.responded_at DESC, r.id DESC LIMIT 1
) a ON true
WHERE {{scope}}
"""

INVITATION = Record(
    code="invitation",
    table="surveys_invitation",
    key="i.id",
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
        "case_id": "bigint",
        "is_delivered": "boolean",
        "is_void": "boolean",
        "response_id": "bigint",
        "has_answer": "boolean",
        "has_late_answer": "boolean",
        "has_csat": "boolean",
        "is_satisfied": "boolean",
        "is_dissatisfied": "boolean",
        "csat_normalised": "bigint",
        "ces": "smallint",
        "nps": "smallint",
        "promotion": "smallint",
        "has_fcr": "boolean",
        "is_fcr": "boolean",
        "has_comment": "boolean",
    },
)

INVITATIONS = Fact(
    code="invitation",
    name=_("Survey invitations"),
    dated_by=_("Sending of the survey"),
    record=INVITATION,
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
    candidates_at="i.sent_at",
    shows="""i.external_id AS survey_id, x.id AS pk, k.external_id AS case_id, i.case_id AS case_number,
        c.external_id AS contact_id, i.contact_id AS contact_pk, x.channel, i.sent_at, a.responded_at, a.csat,
        a.csat_scale, a.ces, a.nps, a.fcr_resolved, a.fcr_contacts, a.comment, q.code AS queue,
        coalesce(u.code, u.username) AS agent, t.path AS topic""",
    joins="""JOIN surveys_invitation i ON i.id = x.id LEFT JOIN tickets_contact c ON c.id = i.contact_id
        LEFT JOIN tickets_case k ON k.number = i.case_id LEFT JOIN surveys_response a ON a.id = x.response_id""",
    reasons=(
        Reason("void", "is_void", _("Test or spam")),
        Reason("bounced", "NOT is_delivered", _("Could not be delivered")),
        Reason("late", "NOT has_answer AND has_late_answer", _("Answered after the window")),
        Reason("silent", "NOT has_answer", _("Not answered")),
        Reason("skipped", "has_answer", _("Question skipped, or answer out of range")),
    ),
)
