"""The very contacts, cases or invitations behind a value, and those it leaves out, with the reason.

The conditions are those of the value itself, so the counts cannot differ from its parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core import signing
from django.db import connection

from metrics.compute import Query, mature
from metrics.definition import Kpi, Reason
from metrics.sql import Params, fact_rows

SETS = ("numerator", "denominator", "excluded")
NOT_MATURE = "not_mature"
OTHER = "other"


class CursorError(ValueError):
    """The paging cursor was not made by us."""


@dataclass(frozen=True)
class Page:
    """Some rows, in order of time, and the cursor of the next page or None."""

    rows: list[dict[str, Any]]
    after: str | None


# What a row shows, by fact: the log's own ids first.
_COLUMNS = {
    "contact": """x.external_id AS contact_id, x.id AS pk, c.channel, c.direction, c.outcome, c.started_at, c.queued_at,
        c.answered_at, c.ended_at, x.wait_us / 1e6 AS wait_seconds, x.engaged_us / 1e6 AS handle_seconds,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic, k.external_id AS case_id,
        c.case_id AS case_number, c.flags""",
    "first_contact": """x.external_id AS case_id, x.id AS case_number, x.contact_external_id AS contact_id,
        x.contact_pk, x.channel, x.at AS started_at, x.handled_end_at, x.first_resolved_at, x.again_at, x.is_escalated, q.code AS queue,
        coalesce(u.code, u.username) AS agent, t.path AS topic""",
    "resolved_case": """x.external_id AS case_id, x.id AS case_number, x.channel, x.at AS resolved_at, x.contacts,
        q.code AS queue, coalesce(u.code, u.username) AS agent, t.path AS topic""",
    "invitation": """x.external_id AS survey_id, x.id AS pk, x.case_external_id AS case_id,
        i.case_id AS case_number, x.contact_external_id AS contact_id, i.contact_id AS contact_pk, x.channel, x.at AS sent_at, x.responded_at, x.csat, x.csat_scale, x.ces,
        x.nps, x.fcr_resolved, x.fcr_contacts, x.comment, q.code AS queue, coalesce(u.code, u.username) AS agent,
        t.path AS topic""",
}
_JOINS = {
    "contact": "JOIN tickets_contact c ON c.id = x.id LEFT JOIN tickets_case k ON k.number = c.case_id",
    "invitation": "JOIN surveys_invitation i ON i.id = x.id",
}
_NAMES = (
    "LEFT JOIN tickets_queue q ON q.id = x.queue_id LEFT JOIN tickets_user u ON u.id = x.agent_id "
    "LEFT JOIN tickets_topic t ON t.id = x.topic_id"
)


def conditions(kpi: Kpi) -> Mapping[str, str]:
    """The SQL condition of each set. A plain count, maximum or percentile has one set: numerator = denominator."""
    top = kpi.numerator
    base = kpi.denominator or kpi.numerator
    inside = base.where
    if kpi.maturity is not None:
        top, inside = mature(top, kpi.maturity), mature(base, kpi.maturity).where
    numerator = top.where
    if kpi.numerator.value and kpi.denominator is not None and kpi.unit.value == "points":
        # A balance: those who add to it and those who take from it; neither are the passives.
        numerator = f"({top.where}) AND {kpi.numerator.value} <> 0"
    return {"numerator": numerator, "denominator": inside, "excluded": f"({inside}) IS NOT TRUE"}


def reasons(kpi: Kpi) -> tuple[Reason, ...]:
    return kpi.reasons or kpi.fact.reasons


def _reason_sql(kpi: Kpi) -> str:
    whens = "".join(f" WHEN {reason.where} THEN '{reason.code}'" for reason in reasons(kpi))
    if kpi.maturity is not None and kpi.denominator is not None:
        # Last of all: the row would be in, but its window has not passed.
        not_yet = f"({kpi.denominator.where}) AND {kpi.maturity.at} > %(as_of)s"
        whens = f" WHEN {not_yet} THEN '{NOT_MATURE}'" + whens
    return f"CASE{whens} ELSE '{OTHER}' END"


def _source(kpi: Kpi, query: Query, which: str, params: Params) -> str:
    period = query.period
    params["as_of"] = query.as_of
    rows = fact_rows(kpi.fact, [(period.start, period.end)], query.filters, params)
    reason = _reason_sql(kpi) if which == "excluded" else "NULL"
    return f"(SELECT f.*, {reason} AS reason FROM {rows} WHERE {conditions(kpi)[which]})"


def count(kpi: Kpi, query: Query, which: str) -> int:
    """How many rows the set has."""
    params: Params = {}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {_source(kpi, query, which, params)} x", params)
        return int(cursor.fetchone()[0])


def excluded_by_reason(kpi: Kpi, query: Query) -> dict[str, int]:
    """Reason code to number of rows, most first."""
    params: Params = {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT reason, count(*) FROM {_source(kpi, query, 'excluded', params)} x GROUP BY 1 ORDER BY 2 DESC, 1",
            params,
        )
        return dict(cursor.fetchall())


def page(
    kpi: Kpi, query: Query, which: str, *, after: str | None = None, limit: int = 100, reason: str | None = None
) -> Page:
    """One page of the set's rows in order of time. `reason` narrows the excluded ones.

    Raises:
        CursorError: `after` was not given out by us.
    """
    params: Params = {"limit": limit + 1}
    source = _source(kpi, query, which, params)
    where = "true"
    if after:
        params["after_at"], params["after_id"] = _read_cursor(after)
        where = "(x.at, x.id) > (%(after_at)s, %(after_id)s)"
    if reason:
        params["reason"] = reason
        where += " AND x.reason = %(reason)s"
    code = kpi.fact.code
    sql = (
        f"SELECT x.at AS cursor_at, x.id AS cursor_id, x.reason, {_COLUMNS[code]} "
        f"FROM (SELECT * FROM {source} x WHERE {where} ORDER BY x.at, x.id LIMIT %(limit)s) x "
        f"{_JOINS.get(code, '')} {_NAMES} ORDER BY x.at, x.id"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    more = len(found) > limit
    rows = found[:limit]
    next_cursor = _cursor(rows[-1]) if more else None
    return Page([_shown(row, which) for row in rows], next_cursor)


def _shown(row: dict[str, Any], which: str) -> dict[str, Any]:
    hidden = {"cursor_at", "cursor_id"} | ({"reason"} if which != "excluded" else set())
    return {name: value for name, value in row.items() if name not in hidden}


_SIGNER = signing.Signer(salt="metrics.rows")


def _cursor(row: Mapping[str, Any]) -> str:
    return _SIGNER.sign_object([row["cursor_at"].isoformat(), row["cursor_id"]])


def _read_cursor(text: str) -> tuple[datetime, int]:
    try:
        at, pk = _SIGNER.unsign_object(text)
    except (signing.BadSignature, json.JSONDecodeError, ValueError) as error:
        raise CursorError("expected a cursor from an answer") from error
    return datetime.fromisoformat(at), int(pk)
