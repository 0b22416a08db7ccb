"""The very contacts, cases or invitations behind a value, and those it leaves out, with the reason.

The conditions are those of the value itself, so the counts cannot differ from its parts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.core import signing

from metrics import stocks
from metrics.compute import Query
from metrics.definition import Fact, Kpi, Reason
from metrics.gates import shows_rows
from metrics.ledgers import covered
from metrics.reader import reader
from metrics.sources import current_rows
from metrics.sql import Params, parted

SETS = ("numerator", "denominator", "rest", "excluded")
NOT_MATURE = "not_mature"
NOT_DUE = "not_due"
OTHER = "other"


class CursorError(ValueError):
    """The paging cursor was not made by us."""


@dataclass(frozen=True)
class Page:
    """Some rows, in order of time, and the cursor of the next page or None."""

    rows: list[dict[str, Any]]
    after: str | None


def _names(fact: Fact, query: Query, params: Params) -> str:
    """Joins that bring the names of a row's queue, agent and topic, as far as the reader may know them."""
    may = {"u": "" if query.sight.agents else " AND false"}
    if query.sight.client is not None:
        params["sight_client"] = query.sight.client
        may["q"] = " AND coalesce(q.client_id, %(sight_client)s) = %(sight_client)s"
    columns = {"q": ("queue", "tickets_queue"), "u": ("agent", "tickets_user"), "t": ("topic", "tickets_topic")}
    return " ".join(
        f"LEFT JOIN {table} {alias} ON {alias}.id = {f'x.{fact.dimensions[name]}' if name in fact.dimensions else 'NULL'}"
        f"{may.get(alias, '')}"
        for alias, (name, table) in columns.items()
    )


def fact_of(kpi: Kpi, which: str) -> Fact:
    """Whose rows the set has: those of a ratio over two facts are of the one, or of the other."""
    return kpi.fact if which == "numerator" else kpi.denominator_fact or kpi.fact


def conditions(kpi: Kpi) -> Mapping[str, str]:
    """The SQL condition of each set. A plain count, maximum or percentile has one set: numerator = denominator.

    The rest is what a share is of, and does not have: who was not served in time, whose matter was not solved.
    """
    top = kpi.numerator
    base = kpi.denominator or kpi.numerator
    inside = base.where
    numerator = top.where
    if kpi.maturity is not None:
        ripe = f"f.{kpi.maturity.at} <= %(as_of)s"
        numerator, inside = f"({top.where}) AND {ripe}", f"({base.where}) AND {ripe}"
    if kpi.numerator.value and kpi.denominator is not None and kpi.unit.value == "points":
        # A balance: those who add to it and those who take from it; neither are the passives.
        numerator = f"({numerator}) AND {kpi.numerator.value} <> 0"
    rest = f"({inside}) AND ({numerator}) IS NOT TRUE"
    return {"numerator": numerator, "denominator": inside, "rest": rest, "excluded": f"({inside}) IS NOT TRUE"}


def reasons(kpi: Kpi) -> tuple[Reason, ...]:
    return kpi.reasons or kpi.fact.reasons


def _reason_sql(kpi: Kpi) -> str:
    whens = "".join(f" WHEN {reason.where} THEN '{reason.code}'" for reason in reasons(kpi))
    if kpi.maturity is not None and kpi.denominator is not None:
        # Last of all: the row would be in, but its window has not passed.
        not_yet = f"({kpi.denominator.where}) AND {kpi.maturity.at} > %(as_of)s"
        whens = f" WHEN {not_yet} THEN '{NOT_DUE if kpi.maturity.is_due else NOT_MATURE}'" + whens
    return f"CASE{whens} ELSE '{OTHER}' END" if whens else f"'{OTHER}'"


def source(kpi: Kpi, query: Query, which: str, params: Params) -> str:
    """The set's rows as a sub-select, with the moment that dates each, a number of its own, and which of several KPIs
    has it.
    """
    query = replace(query, by=())
    params |= query.params
    several = kpi.together or (kpi,)
    found = []
    for part, one in enumerate(several):
        fact = fact_of(one, which)
        if one.stock or one.average:
            rows = stocks.source(one, query, params)
        else:
            rows = current_rows(fact, query.whole, query.filters, params, engine=query.engine)
            rows = parted(rows, query.band, query.cause, params)
        reason = _reason_sql(one) if which == "excluded" else "NULL"
        columns = ", ".join(f"f.{name}" for name in [*fact.record.columns, *(["instant"] if one.stock else [])])
        found.append(
            f"SELECT {columns}, {reason} AS reason, f.{fact.at} AS listed_at, "
            f"f.id * {len(several)} + {part} AS listed_id, {part} AS part FROM {rows} "
            f"WHERE {_within_reach(one, query, which, fact, params)}"
        )
    return f"({' UNION ALL '.join(found)})"


def _within_reach(kpi: Kpi, query: Query, which: str, fact: Fact, params: Params) -> str:
    """The set's condition; of what may not be shown no row, and beside a ledger only the months that it covers."""
    if not query.answers(kpi) or not shows_rows(kpi, query):
        return "false"
    where = conditions(kpi)[which]
    if kpi.base and kpi.base.ledger and which != "numerator":
        return f"({where}) AND {covered(kpi.base.ledger, fact, query, params)}"
    return where


def count(kpi: Kpi, query: Query, which: str) -> int:
    """How many rows the set has."""
    params: Params = {}
    with reader().cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {source(kpi, query, which, params)} x", params)
        return int(cursor.fetchone()[0])


def excluded_by_reason(kpi: Kpi, query: Query) -> dict[str, int]:
    """Reason code to number of rows, most first."""
    params: Params = {}
    with reader().cursor() as cursor:
        cursor.execute(
            f"SELECT reason, count(*) FROM {source(kpi, query, 'excluded', params)} x GROUP BY 1 ORDER BY 2 DESC, 1",
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
    fact = fact_of(kpi, which)
    if fact.anonymous_below:
        return Page([], None)  # counted, and never listed
    listed = source(kpi, query, which, params)
    where = "true"
    if after:
        params["after_at"], params["after_id"] = _read_cursor(after)
        where = "(x.listed_at, x.listed_id) > (%(after_at)s, %(after_id)s)"
    if reason:
        params["reason"] = reason
        where += " AND x.reason = %(reason)s"
    sql = (
        f"SELECT x.listed_at AS cursor_at, x.listed_id AS cursor_id, x.reason, {kpi.shows or fact.shows} "
        f"FROM (SELECT * FROM {listed} x WHERE {where} ORDER BY x.listed_at, x.listed_id LIMIT %(limit)s) x "
        f"{fact.joins} {_names(fact, query, params)} ORDER BY x.listed_at, x.listed_id"
    )
    with reader().cursor() as cursor:
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
