"""The employees' pulse: anonymous answers by team and month, and how many could have answered."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from metrics.definition import Fact, Reason, Record
from metrics.facts.ledgers import month_end, month_start

# Fewer answers than this are never shown, and never worked out by subtraction.
ANONYMOUS_BELOW = 5
# Answers of a round that names no month are of the last month whose headcount is known.
PULSE_MONTH = """CROSS JOIN LATERAL (
    SELECT date_trunc('month', coalesce(
        p.month_on,
        (SELECT max(h.month_on) FROM surveys_pulseheadcount h WHERE h.team_id = p.team_id),
        (SELECT max(h.month_on) FROM surveys_pulseheadcount h)
    ))::date AS month_on
) d"""

PULSE_ANSWER = Record(
    code="pulse",
    table="surveys_pulseanswer",
    key="p.id",
    sql=f"""
SELECT p.id, {month_start("d.month_on")} AS at, {month_end("d.month_on")} AS until, d.month_on, p.team_id,
    CASE WHEN p.enps BETWEEN 0 AND 10 THEN p.enps END AS enps,
    CASE WHEN p.enps BETWEEN 9 AND 10 THEN 1 WHEN p.enps BETWEEN 0 AND 6 THEN -1 ELSE 0 END AS promotion
FROM surveys_pulseanswer p {PULSE_MONTH}
WHERE {{scope}}
""",
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "until": "timestamptz",
        "month_on": "date",
        "team_id": "int",
        "enps": "smallint",
        "promotion": "smallint",
    },
    stored=False,
)
# A month's headcount is of a round where anybody answered in that month; those of a silent team are in it.
HEADCOUNT = Record(
    code="headcount",
    table="surveys_pulseheadcount",
    key="h.id",
    sql=f"""
SELECT h.id, {month_start("h.month_on")} AS at, {month_end("h.month_on")} AS until, h.month_on, h.team_id, h.headcount,
    coalesce(a.answers, 0) AS answers, r.month_on IS NOT NULL AS in_round
FROM surveys_pulseheadcount h
LEFT JOIN (
    SELECT d.month_on, p.team_id, count(*) AS answers FROM surveys_pulseanswer p {PULSE_MONTH} GROUP BY 1, 2
) a ON a.month_on = date_trunc('month', h.month_on) AND a.team_id = h.team_id
LEFT JOIN (SELECT DISTINCT d.month_on FROM surveys_pulseanswer p {PULSE_MONTH}) r
    ON r.month_on = date_trunc('month', h.month_on)
WHERE {{scope}}
""",
    columns={
        "id": "bigint",
        "at": "timestamptz",
        "until": "timestamptz",
        "month_on": "date",
        "team_id": "int",
        "headcount": "int",
        "answers": "bigint",
        "in_round": "boolean",
    },
    stored=False,
)

PULSE = Fact(
    code="pulse",
    name=_("Employees' answers"),
    dated_by=_("The month of the pulse, counted where it lies in the period as a whole"),
    record=PULSE_ANSWER,
    at="at",
    until="until",
    dimensions={"team": "team_id"},
    candidates="{within}",
    candidates_at=month_start("d.month_on"),
    # Nothing is listed of an anonymous answer.
    shows="to_char(x.month_on, 'YYYY-MM') AS month",
    reasons=(Reason("skipped", "enps IS NULL", _("Question skipped, or answer out of range")),),
    anonymous_below=ANONYMOUS_BELOW,
)
HEADCOUNTS = Fact(
    code="headcount",
    name=_("Teams' headcounts"),
    dated_by=_("The month of the pulse, counted where it lies in the period as a whole"),
    record=HEADCOUNT,
    at="at",
    until="until",
    dimensions={"team": "team_id"},
    candidates="{within}",
    candidates_at=month_start("h.month_on"),
    shows="to_char(x.month_on, 'YYYY-MM') AS month",
    reasons=(Reason("no_round", "NOT in_round", _("Nobody was asked in this month")),),
    anonymous_below=ANONYMOUS_BELOW,
)
