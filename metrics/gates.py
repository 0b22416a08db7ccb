"""What is not shown as a number: what few people answered, and a sum of two currencies.

Anonymous answers are shown in pieces of which none is small: a team's month of at least so many answers is a piece; the
smaller ones, and if they are too few together the next larger ones, make one piece with each other. A value is shown
where it is made of whole pieces, and not otherwise. So whatever is added to or taken from what is shown is made of whole
pieces too, whichever filters and periods it was asked for with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from metrics.definition import Fact, Kpi, Unit
from metrics.period import midnight
from metrics.reader import reader
from metrics.sql import log_rows

if TYPE_CHECKING:
    from metrics.compute import Query, Row, Value

Counts = Mapping[date, Mapping[Any, int]]


def guarded(kpis: Sequence[Kpi], query: Query, rows: list[Row]) -> list[Row]:
    """The same rows, with what must not be shown taken out and money's currency put in."""
    people = {kpi.fact.anonymous_below for kpi in kpis if kpi.fact.anonymous_below}
    counts = _answers() if people else {}
    currencies = {kpi.fact.code: _currencies(kpi.fact, query) for kpi in kpis if kpi.unit is Unit.MONEY}
    if not people and not currencies:
        return rows
    for row in rows:
        start, end = _span(query, row.group)
        for kpi in kpis:
            if kpi.fact.anonymous_below:
                if not _is_open(counts, kpi.fact.anonymous_below, query, row.group, start, end):
                    row.values[kpi.key] = _hidden(row.values[kpi.key])
            elif kpi.unit is Unit.MONEY:
                wanted = [row.group["client"]] if "client" in row.group else query.filters.get("client")
                found = {
                    currency
                    for client, at, until, currency in currencies[kpi.fact.code]
                    if start <= at and until <= end and (wanted is None or client in wanted)
                }
                row.values[kpi.key] = _in_currency(row.values[kpi.key], found)
    return rows


def shows_rows(kpi: Kpi, query: Query) -> bool:
    """Whether rows of the KPI may be counted: of anonymous answers, where its value is shown."""
    below = kpi.fact.anonymous_below
    return not below or _is_open(_answers(), below, query, {}, query.period.start, query.period.end)


def _span(query: Query, group: Mapping[str, Any]) -> tuple[datetime, datetime]:
    edges = query.edges
    if not query.time_split:
        return edges[0], edges[-1]
    at = edges.index(group[query.time_split])
    return edges[at], edges[at + 1]


# --- people


def _answers() -> Counts:
    """How many answered, by month and team, at any time: what is hidden must not depend on what is asked for."""
    from metrics.facts.pulse import PULSE_MONTH

    found: dict[date, dict[Any, int]] = defaultdict(dict)
    with reader().cursor() as cursor:
        cursor.execute(
            f"SELECT d.month_on, p.team_id, count(*) FROM surveys_pulseanswer p {PULSE_MONTH} "
            "WHERE d.month_on IS NOT NULL AND p.enps BETWEEN 0 AND 10 GROUP BY 1, 2"
        )
        for month, team, n in cursor.fetchall():
            found[month][team] = n
    return found


def kept_together(teams: Mapping[Any, int], least: int) -> set[Any]:
    """The teams that are shown only with each other: those too small, and the next larger until they are enough."""
    by_size = sorted(teams, key=lambda team: (teams[team], str(team)))
    together = {team for team in by_size if teams[team] < least}
    for team in by_size:
        if not together or sum(teams[other] for other in together) >= least:
            break
        together.add(team)
    return together


def _is_open(
    counts: Counts, least: int, query: Query, group: Mapping[str, Any], start: datetime, end: datetime
) -> bool:
    teams = query.filters.get("team")
    if "team" in group:
        teams = [group["team"]]
    for month in _months(counts, query, start, end):
        here = counts[month]
        together = kept_together(here, least)
        wanted = set(here) if teams is None else set(teams)
        if sum(here.values()) < least or (together & wanted and not together <= wanted):
            return False
    return True


def _months(counts: Counts, query: Query, start: datetime, end: datetime) -> Iterable[date]:
    zone = query.period.zone
    for month in counts:
        next_month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        if start <= midnight(month, zone) and midnight(next_month, zone) <= end:
            yield month


def _hidden(value: Value) -> Value:
    if not (value.numerator or value.denominator):
        return value
    return replace(
        value, value=None, numerator=None, denominator=None, low=None, high=None, squares=None, is_hidden=True
    )


# --- money


def _currencies(ledger: Fact, query: Query) -> list[tuple[Any, ...]]:
    params = query.params
    rows = log_rows(ledger, query.whole, query.filters, params)
    with reader().cursor() as cursor:
        cursor.execute(f"SELECT f.client_id, f.{ledger.at}, f.{ledger.until}, f.currency FROM {rows}", params)
        return list(cursor.fetchall())


def _in_currency(value: Value, currencies: set[str]) -> Value:
    """Euros and kronor do not add up: of several currencies there is no value."""
    if len(currencies) > 1:
        return replace(value, value=None, numerator=None)
    return replace(value, currency=next(iter(currencies), ""))
