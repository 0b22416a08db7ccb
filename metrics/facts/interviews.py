"""Call-back interviews, dated by the attempt; and each agent's goal of ten in thirty days, at the end of a period."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Reason, Record

GOAL = 10
WINDOW = "interval '720 hours'"

INTERVIEW = Record(
    code="interview",
    table="surveys_interview",
    key="i.id",
    sql="""
SELECT i.id, i.attempted_at AS at, c.client_id, c.queue_id, c.channel, coalesce(c.team_id, u.team_id) AS team_id,
    i.agent_id, c.topic_id, coalesce(c.flags && ARRAY['test', 'spam']::varchar[] OR c.is_void, false) AS is_void,
    i.outcome, i.outcome = 'completed' AS is_completed, CASE WHEN i.rating BETWEEN 1 AND 5 THEN i.rating END AS rating
FROM surveys_interview i
JOIN tickets_user u ON u.id = i.agent_id
LEFT JOIN tickets_contact c ON c.id = i.contact_id
WHERE {scope}
""",
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "client_id": "int",
        "queue_id": "int",
        "channel": "text",
        "team_id": "int",
        "agent_id": "int",
        "topic_id": "int",
        "is_void": "boolean",
        "outcome": "text",
        "is_completed": "boolean",
        "rating": "smallint",
    },
    stored=False,
)
# Who served a customer in the window, interviewed or not: else the agents whom nobody asked about would be left out.
COVERAGE = Record(
    code="coverage",
    table="tickets_user",
    key="u.id",
    sql=f"""
SELECT u.id, w.start_at AS at, u.team_id, u.id AS agent_id, d.done, least(d.done, {GOAL}) AS counted, {GOAL} AS goal
FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) AS b(start_at, end_at)
CROSS JOIN LATERAL (SELECT b.start_at, least(b.end_at, %(as_of)s) AS end_at) w
CROSS JOIN LATERAL (
    SELECT c.owner_id AS agent_id FROM tickets_contact c
    WHERE c.started_at >= w.end_at - {WINDOW} AND c.started_at < w.end_at AND c.is_handled AND c.owner_id IS NOT NULL
    UNION
    SELECT i.agent_id FROM surveys_interview i WHERE i.attempted_at >= w.end_at - {WINDOW} AND i.attempted_at < w.end_at
) s
JOIN tickets_user u ON u.id = s.agent_id
CROSS JOIN LATERAL (
    SELECT count(*) AS done FROM surveys_interview i
    WHERE i.agent_id = u.id AND i.outcome = 'completed'
        AND i.attempted_at >= w.end_at - {WINDOW} AND i.attempted_at < w.end_at
) d
WHERE {{scope}}
""",
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "team_id": "int",
        "agent_id": "int",
        "done": "bigint",
        "counted": "bigint",
        "goal": "int",
    },
    stored=False,
)

INTERVIEWS = Fact(
    code="interview",
    name=_("Call-back interviews"),
    dated_by=_("Attempt to call the customer back"),
    record=INTERVIEW,
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
    candidates_at="i.attempted_at",
    shows="""i.external_id AS interview_id, coalesce(u.code, u.username) AS agent, c.external_id AS contact_id,
        c.id AS contact_pk, i.attempted_at, i.completed_at, i.outcome, i.rating""",
    joins="JOIN surveys_interview i ON i.id = x.id LEFT JOIN tickets_contact c ON c.id = i.contact_id",
    reasons=(
        Reason("void", "is_void", _("Test or spam")),
        Reason("no_answer", "outcome = 'no_answer'", _("The customer did not answer")),
        Reason("refused", "outcome = 'refused'", _("The customer did not want to")),
        Reason("unrated", "rating IS NULL", _("No rating, or out of range")),
    ),
)
COVERED_AGENTS = Fact(
    code="coverage",
    name=_("Agents who served customers"),
    dated_by=_("The 30 days to the end of the period"),
    record=COVERAGE,
    at="at",
    dimensions={"team": "team_id", "agent": "agent_id"},
    candidates="{within}",
    candidates_at="w.start_at",
    shows="coalesce(u.code, u.username) AS agent, x.done AS interviews, x.goal",
)
