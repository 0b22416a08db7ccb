"""The files of a bundle that are ours: surveys, interviews, the employees' pulse, and the headcounts in costs.csv."""

from __future__ import annotations

from surveys.models import Interview, Response
from surveys.scales import CSAT_SCALES
from tickets.bundle import desk  # noqa: F401 - ours come after the desk's own files
from tickets.bundle.columns import Column, Makes, Reason, choice, instant, text, whole, yes_no
from tickets.bundle.customers import KEY
from tickets.bundle.spec import Check, FileSpec, Order, Reference, Step, add_prefix, register
from tickets.bundle.staging import Stage
from tickets.bundle.upsert import Field, Upsert

_id = text(500)
_score = whole()
_HEADCOUNT = "headcount_team_"

SURVEYS = FileSpec(
    name="surveys",
    # A survey that is answered twice is there twice.
    key=("survey_id",),
    may_repeat=True,
    columns=(
        Column("survey_id", _id, filled=True),
        Column("contact_id", _id),
        Column("case_id", _id),
        Column("customer_id", text(320), makes=Makes.CUSTOMER),
        Column("sent_at", instant, "timestamptz", filled=True),
        Column("delivered", yes_no, "boolean"),
        Column("responded_at", instant, "timestamptz"),
        Column("csat", _score, "smallint"),
        Column("csat_scale", choice(CSAT_SCALES)),
        Column("ces", _score, "smallint"),
        Column("nps", _score, "smallint"),
        Column("fcr_resolved", choice(Response.Resolved.values)),
        Column("fcr_contacts", whole(0), "smallint"),
        Column("comment", text(100_000)),
    ),
    orders=(Order("responded_at", ("sent_at",)),),
    references=(
        Reference("contact_id", "contacts", "tickets_contact"),
        Reference("case_id", "cases", "tickets_case"),
    ),
    checks=(
        Check(
            Reason.MISSING,
            "responded_at",
            """
            SELECT line, 'is empty although there is an answer' AS message FROM stage_surveys
            WHERE responded_at IS NULL
                AND num_nonnulls(csat, ces, nps, fcr_resolved, fcr_contacts, nullif(btrim(comment), '')) > 0
            """,
        ),
        Check(
            Reason.DUPLICATE,
            "survey_id",
            """
            SELECT line, 'has the same answer time as line ' || first AS message
            FROM (SELECT line, min(line) OVER (PARTITION BY survey_id, responded_at) AS first FROM stage_surveys) n
            WHERE line > first
            """,
        ),
        Check(
            Reason.DUPLICATE,
            "survey_id",
            """
            SELECT n.line, 'is another survey on line ' || f.line AS message
            FROM stage_surveys n
            JOIN (SELECT DISTINCT ON (survey_id) * FROM stage_surveys ORDER BY survey_id, line) f USING (survey_id)
            WHERE (n.contact_id, n.case_id, n.customer_id, n.sent_at)
                IS DISTINCT FROM (f.contact_id, f.case_id, f.customer_id, f.sent_at)
            """,
        ),
    ),
)

INTERVIEWS = FileSpec(
    name="interviews",
    table="surveys_interview",
    key=("interview_id",),
    columns=(
        Column("interview_id", _id, filled=True),
        Column("agent_id", text(120), filled=True, makes=Makes.AGENT),
        Column("customer_id", text(320), makes=Makes.CUSTOMER),
        Column("contact_id", _id),
        Column("attempted_at", instant, "timestamptz", filled=True),
        Column("completed_at", instant, "timestamptz"),
        Column("outcome", choice(Interview.Outcome.values), filled=True),
        Column("rating", _score, "smallint"),
    ),
    orders=(Order("completed_at", ("attempted_at",)),),
    references=(Reference("contact_id", "contacts", "tickets_contact"),),
)

PULSE = FileSpec(
    name="pulse",
    key=("team", "respondent"),
    columns=(
        Column("team", text(120), filled=True, makes=Makes.TEAM),
        Column("respondent", text(60), filled=True),
        Column("enps", _score, "smallint"),
    ),
)

_FIRST = "(SELECT DISTINCT ON (survey_id) * FROM stage_surveys ORDER BY survey_id, line)"

_INVITATIONS = f"""
WITH taken AS (
    INSERT INTO surveys_invitation (source_id, external_id, client_id, contact_id, case_id, customer_id, language,
                                    sent_at, is_delivered, expires_at)
    SELECT %(source)s, s.survey_id, coalesce(c.client_id, k.client_id, %(client)s), c.id, k.number,
        coalesce(w.customer_id, c.customer_id, k.customer_id), '', s.sent_at, coalesce(s.delivered, true),
        s.sent_at + coalesce(a.survey_window_days, 14) * interval '1 day'
    FROM {_FIRST} s
    LEFT JOIN tickets_contact c ON c.source_id = %(source)s AND c.external_id = s.contact_id
    LEFT JOIN tickets_case k ON k.source_id = %(source)s AND k.external_id = s.case_id
    LEFT JOIN stage_who w ON w.key = {KEY}
    LEFT JOIN LATERAL (
        SELECT survey_window_days FROM tickets_agreement a
        WHERE a.client_id = coalesce(c.client_id, k.client_id, %(client)s) AND a.valid_from <= s.sent_at
        ORDER BY a.valid_from DESC LIMIT 1
    ) a ON true
    WHERE s.line >= %(low)s AND s.line < %(high)s
    ORDER BY s.line
    ON CONFLICT (source_id, external_id) DO UPDATE
    SET client_id = excluded.client_id, contact_id = excluded.contact_id, case_id = excluded.case_id,
        customer_id = excluded.customer_id, sent_at = excluded.sent_at, is_delivered = excluded.is_delivered
    WHERE (surveys_invitation.client_id, surveys_invitation.contact_id, surveys_invitation.case_id,
           surveys_invitation.customer_id, surveys_invitation.sent_at, surveys_invitation.is_delivered)
        IS DISTINCT FROM (excluded.client_id, excluded.contact_id, excluded.case_id, excluded.customer_id,
                          excluded.sent_at, excluded.is_delivered)
    RETURNING new.id, new.external_id, old.id IS NULL AS is_new
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'surveys', s.line, t.id, t.is_new FROM taken t JOIN {_FIRST} s ON s.survey_id = t.external_id
"""

# A later answer to a survey that is known is a new row when it has a line of its own, else a change of its line.
_RESPONSES = f"""
WITH answered AS (
    SELECT s.*, i.id AS invitation_id FROM stage_surveys s
    JOIN surveys_invitation i ON i.source_id = %(source)s AND i.external_id = s.survey_id
    WHERE s.responded_at IS NOT NULL AND s.line >= %(low)s AND s.line < %(high)s
),
taken AS (
    INSERT INTO surveys_response (invitation_id, responded_at, csat, csat_scale, ces, nps, fcr_resolved, fcr_contacts,
                                  comment)
    SELECT invitation_id, responded_at, csat, coalesce(csat_scale, '1-5'), ces, nps, coalesce(fcr_resolved, ''),
        fcr_contacts, coalesce(comment, '')
    FROM answered ORDER BY line
    ON CONFLICT (invitation_id, responded_at) DO UPDATE
    SET csat = excluded.csat, csat_scale = excluded.csat_scale, ces = excluded.ces, nps = excluded.nps,
        fcr_resolved = excluded.fcr_resolved, fcr_contacts = excluded.fcr_contacts, comment = excluded.comment
    WHERE (surveys_response.csat, surveys_response.csat_scale, surveys_response.ces, surveys_response.nps,
           surveys_response.fcr_resolved, surveys_response.fcr_contacts, surveys_response.comment)
        IS DISTINCT FROM (excluded.csat, excluded.csat_scale, excluded.ces, excluded.nps, excluded.fcr_resolved,
                          excluded.fcr_contacts, excluded.comment)
    RETURNING new.id, new.invitation_id, new.responded_at, old.id IS NULL AS is_new
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'surveys', s.line, t.id,
    t.is_new AND (s.line <> f.line OR EXISTS (SELECT 1 FROM stage_done d
                                             WHERE d.file = 'surveys' AND d.line = s.line AND d.is_new))
FROM taken t
JOIN answered s ON s.invitation_id = t.invitation_id AND s.responded_at = t.responded_at
JOIN {_FIRST} f ON f.survey_id = s.survey_id
"""


def take_in_surveys(stage: Stage) -> None:
    for statement in (_INVITATIONS, _RESPONSES):
        for low, high in stage.chunks("surveys"):
            stage.run(statement, low=low, high=high)


_INTERVIEWS = Upsert(
    INTERVIEWS,
    fields=(
        Field("agent_id", "a.id"),
        Field("customer_id", "coalesce(w.customer_id, c.customer_id)"),
        Field("contact_id", "c.id"),
        Field("attempted_at", "s.attempted_at"),
        Field("completed_at", "s.completed_at"),
        Field("outcome", "s.outcome"),
        Field("rating", "s.rating"),
    ),
    joins=f"""
    JOIN tickets_user a ON a.code = s.agent_id
    LEFT JOIN stage_who w ON w.key = {KEY}
    LEFT JOIN tickets_contact c ON c.source_id = %(source)s AND c.external_id = s.contact_id
    """,
)


def take_in_interviews(stage: Stage) -> None:
    _INTERVIEWS.run(stage)


_PULSE = """
WITH taken AS (
    INSERT INTO surveys_pulseanswer (source_id, team_id, respondent, enps, month_on)
    SELECT %(source)s, t.id, s.respondent, s.enps, NULL
    FROM stage_pulse s JOIN tickets_team t ON t.code = s.team
    ORDER BY s.line
    ON CONFLICT (source_id, team_id, respondent, month_on) DO UPDATE SET enps = excluded.enps
    WHERE surveys_pulseanswer.enps IS DISTINCT FROM excluded.enps
    RETURNING new.id, new.team_id, new.respondent, old.id IS NULL AS is_new
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT 'pulse', s.line, n.id, n.is_new
FROM taken n JOIN tickets_team t ON t.id = n.team_id
JOIN stage_pulse s ON s.team = t.code AND s.respondent = n.respondent
"""


def take_in_pulse(stage: Stage) -> None:
    stage.run(_PULSE)


# The column's name says the team, in lower case: headcount_team_x.
_NAMED_TEAMS = f"""
SELECT s.line, s.period, substr(h.key, {len(_HEADCOUNT) + 1}) AS team, h.value::integer AS headcount
FROM stage_costs s CROSS JOIN LATERAL jsonb_each_text(s.prefixed) h WHERE starts_with(h.key, '{_HEADCOUNT}')
"""
_NEW_TEAMS = f"""
INSERT INTO tickets_team (code, name)
SELECT DISTINCT n.team, n.team FROM ({_NAMED_TEAMS}) n
WHERE NOT EXISTS (SELECT 1 FROM tickets_team t WHERE lower(t.code) = lower(n.team))
ON CONFLICT DO NOTHING
"""
_HEADCOUNTS = f"""
WITH named AS (
    SELECT DISTINCT ON (lower(n.team), n.period) n.line, n.period, n.headcount,
        (SELECT t.id FROM tickets_team t WHERE lower(t.code) = lower(n.team) ORDER BY t.code <> n.team, t.id LIMIT 1)
            AS team_id
    FROM ({_NAMED_TEAMS}) n
),
taken AS (
    INSERT INTO surveys_pulseheadcount (team_id, month_on, headcount) SELECT team_id, period, headcount FROM named
    ON CONFLICT (team_id, month_on) DO UPDATE SET headcount = excluded.headcount
    WHERE surveys_pulseheadcount.headcount <> excluded.headcount
    RETURNING new.id, new.team_id, new.month_on
)
INSERT INTO stage_done (file, line, id, is_new)
SELECT DISTINCT 'costs', n.line, 0, false
FROM taken t JOIN named n ON n.team_id = t.team_id AND n.period = t.month_on
"""


def take_in_headcounts(stage: Stage) -> None:
    stage.run(_NEW_TEAMS)
    stage.run(_HEADCOUNTS)


register(
    (SURVEYS, INTERVIEWS, PULSE),
    (
        Step(("surveys",), take_in_surveys),
        Step(("interviews",), take_in_interviews),
        Step(("pulse",), take_in_pulse),
        Step(("costs",), take_in_headcounts),
    ),
)
add_prefix("costs", _HEADCOUNT, whole(0, 2_000_000_000))
