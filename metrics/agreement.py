"""Does the log's verdict on first contact resolution agree with what the customer says? The two by two of cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection

from metrics.catalog.experience import FCR_SURVEY
from metrics.catalog.resolution import FCR
from metrics.compute import Query
from metrics.facts.case_record import CASE
from metrics.facts.surveys import INVITATIONS
from metrics.sources import current_rows, pending_count
from metrics.sql import Params, computed, record_table

# What the log says, and what the customer says.
CELLS = ("both_yes", "log_yes_survey_no", "log_no_survey_yes", "both_no")
# The log says nothing: the window has not passed, or the case is no case of first contact resolution.
UNKNOWN = "log_unknown"


@dataclass(frozen=True)
class Agreement:
    """How many answers fall in each cell."""

    counts: Mapping[str, int]

    @property
    def n(self) -> int:
        return sum(self.counts[cell] for cell in CELLS)

    @property
    def share(self) -> float | None:
        """Of how many the two say the same."""
        return (self.counts["both_yes"] + self.counts["both_no"]) / self.n if self.n else None


def agreement(query: Query) -> Agreement:
    params: Params = {}
    with connection.cursor() as cursor:
        cursor.execute(f"{_judged(query, params)} SELECT cell, count(*) FROM judged GROUP BY 1", params)
        found = dict(cursor.fetchall())
    return Agreement({cell: found.get(cell, 0) for cell in (*CELLS, UNKNOWN)})


def cases(query: Query, cell: str, *, after: int = 0, limit: int = 100) -> list[dict[str, Any]]:
    """The cases behind a cell, with the answer, in order of the invitations after the one with this key."""
    params: Params = {"cell": cell, "after": after, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_judged(query, params)} SELECT j.id AS pk, i.external_id AS survey_id, k.external_id AS case_id, "
            "j.case_id AS case_number FROM judged j JOIN surveys_invitation i ON i.id = j.id "
            "LEFT JOIN tickets_case k ON k.number = j.case_id "
            "WHERE j.cell = %(cell)s AND j.id > %(after)s ORDER BY j.id LIMIT %(limit)s",
            params,
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _judged(query: Query, params: Params) -> str:
    """WITH: `judged`, one row an answer about first contact resolution, with its cell."""
    params |= replace(query, by=()).params
    assert FCR.denominator is not None
    assert FCR.maturity is not None
    assert FCR_SURVEY.denominator is not None
    asked = current_rows(INVITATIONS, query.whole, query.filters, params, engine=query.engine)
    if query.engine == "auto" and not pending_count(CASE):
        verdicts = f"{record_table(CASE)} f WHERE f.id IN (SELECT case_id FROM asked)"
    else:
        verdicts = f"{computed(CASE, 'k.number IN (SELECT case_id FROM asked)')} f WHERE true"
    ripe = f"f.{FCR.maturity.at} <= %(as_of)s"
    return (
        f"WITH asked AS MATERIALIZED (SELECT f.id, f.case_id, f.is_fcr FROM {asked} "
        f"WHERE {FCR_SURVEY.denominator.where}), "
        f"verdict AS (SELECT f.id, ({FCR.numerator.where}) AS is_yes FROM {verdicts} "
        f"AND ({FCR.denominator.where}) AND {ripe}), "
        "judged AS (SELECT a.id, a.case_id, CASE WHEN v.is_yes AND a.is_fcr THEN 'both_yes' "
        "WHEN v.is_yes THEN 'log_yes_survey_no' WHEN v.id IS NULL THEN 'log_unknown' "
        "WHEN a.is_fcr THEN 'log_no_survey_yes' ELSE 'both_no' END AS cell "
        "FROM asked a LEFT JOIN verdict v ON v.id = a.case_id)"
    )
