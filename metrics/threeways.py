"""First contact resolution in three ways, on the same cases: the log, the agent's word at wrap-up, and the customer's.

None of them is the truth alone. Where log and customer disagree lies what neither shows: a silent failure, a matter
taken to another channel, or a customer who was content with being called back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from metrics import stats
from metrics.catalog.resolution import FCR
from metrics.compute import Query
from metrics.facts.surveys import INVITATION
from metrics.sources import current_rows
from metrics.sql import Params, computed

WAYS = ("log", "agent", "survey")
ANSWERS = {"yes": True, "no": False}
# The log's verdict and another way's, by what the two say together.
CELLS = {
    "both_yes": (True, True),
    "log_yes_other_no": (True, False),
    "log_no_other_yes": (False, True),
    "both_no": (False, False),
}


@dataclass(frozen=True)
class Way:
    """How many of the cases that this way knows about were solved at first contact."""

    code: str
    solved: int
    known: int

    @property
    def interval(self) -> stats.Interval | None:
        return stats.wilson(self.solved, self.known)


@dataclass(frozen=True)
class Case:
    """One case, with what each way says of it; None where it says nothing."""

    number: int
    external_id: str
    first_contact_at: Any
    queue: str
    topic: str
    log: bool
    agent: bool | None
    survey: bool | None


def _cases(query: Query, params: Params) -> str:
    """The mature cases of the cohort with the three verdicts, as a sub-select `v`."""
    params["as_of"] = query.as_of
    rows = current_rows(FCR.fact, query.whole, query.filters, params, engine=query.engine)
    cohort = FCR.denominator.where if FCR.denominator else "true"
    answers = computed(INVITATION, "i.case_id IN (SELECT id FROM cohort)")
    return f"""(
        WITH cohort AS MATERIALIZED (
            SELECT f.*, ({FCR.numerator.where}) AS log FROM {rows} WHERE ({cohort}) AND f.mature_at <= %(as_of)s
        ), asked AS MATERIALIZED (
            -- The last answer to a case's surveys that says both: solved, and with how many contacts.
            SELECT DISTINCT ON (case_id) case_id, is_fcr FROM {answers} a
            WHERE is_delivered AND NOT is_void AND has_fcr AND at <= %(as_of)s ORDER BY case_id, at DESC, id DESC
        )
        SELECT cohort.id, cohort.first_contact_at, cohort.first_queue_id, cohort.first_topic_id, cohort.log,
            c.solved AS agent, asked.is_fcr AS survey
        FROM cohort LEFT JOIN tickets_contact c ON c.id = cohort.first_contact_id
        LEFT JOIN asked ON asked.case_id = cohort.id
    ) v"""


def ways(query: Query) -> tuple[list[Way], dict[tuple[str, bool, bool], int]]:
    """Count the cases.

    Returns:
        Each way by itself, and how many cases the log and another way judge so and so: (way, log's verdict, its verdict).
    """
    params: Params = {}
    known = ", ".join(f"count(*) FILTER (WHERE {way}), count({way})" for way in WAYS)
    pairs = [(way, log, other) for way in WAYS[1:] for log in (True, False) for other in (True, False)]
    cells = ", ".join(f"count(*) FILTER (WHERE log IS {log} AND {way} IS {other})" for way, log, other in pairs)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {known}, {cells} FROM {_cases(query, params)}", params)
        found: Sequence[int] = cursor.fetchone()
    singles = [Way(way, found[2 * n], found[2 * n + 1]) for n, way in enumerate(WAYS)]
    return singles, dict(zip(pairs, found[2 * len(WAYS) :], strict=True))


def cases(query: Query, way: str, *, log: bool, other: bool, limit: int, offset: int = 0) -> list[Case]:
    """The cases of one cell, in order of time."""
    params: Params = {"limit": limit, "offset": offset, "sight_client": query.sight.client}
    sql = f"""SELECT k.number, k.external_id, v.first_contact_at, coalesce(q.name, ''), coalesce(t.path, ''), v.log, v.agent,
            v.survey
        FROM {_cases(query, params)} JOIN tickets_case k ON k.number = v.id
        LEFT JOIN tickets_queue q ON q.id = v.first_queue_id
            AND (%(sight_client)s::bigint IS NULL OR coalesce(q.client_id, %(sight_client)s) = %(sight_client)s) LEFT JOIN tickets_topic t ON t.id = v.first_topic_id
        WHERE v.log IS {log} AND v.{way} IS {other}
        ORDER BY v.first_contact_at, v.id LIMIT %(limit)s OFFSET %(offset)s"""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Case(*row) for row in cursor.fetchall()]
