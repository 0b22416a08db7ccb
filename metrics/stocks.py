"""What is there: at an instant, from the rows that are there then; on average over a period, from what came and left.

A stock adds over queues and not over time. The average adds seconds: what is there when a stretch begins stays all of
it, what comes adds the rest of it, what leaves takes the rest of it away. So counts and sums of moments are enough, and
cells keep those. The few rows that come back later are looked at one by one.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from metrics.definition import Flow, Kpi
from metrics.facts.business import microseconds
from metrics.period import Period
from metrics.sources import current_rows
from metrics.sql import Params

if TYPE_CHECKING:
    from metrics.compute import Query, Totals

# Before everything that is logged.
BEGINNING = datetime(1900, 1, 1, tzinfo=UTC)
OPEN_US, PERIOD_US = "open us", "period us"
_MICROSECOND = timedelta(microseconds=1)

Run = Callable[[Sequence[str], Mapping[str, str], str, Params], "Totals"]


def source(kpi: Kpi, query: Query, params: Params, moments: Sequence[datetime] = ()) -> str:
    """The rows that were there, as a sub-select `f`: for some of the period, or at the question's instant.

    Of a stock each row comes once an instant, with the `instant` and its `place` among the `moments`, from 1.
    """
    if kpi.average:
        params["start"], params["end"] = query.period.start, query.period.end
        rows = _rows(kpi, query, query.period.end, params)
        return f"(SELECT * FROM {rows} WHERE {kpi.average.present}) f"
    params["moments"] = list(moments or [query.moment])
    rows = _rows(kpi, query, max(params["moments"]) + _MICROSECOND, params)
    return (
        "(SELECT f.*, m.instant, m.place FROM unnest(%(moments)s::timestamptz[]) WITH ORDINALITY m(instant, place) "
        f"JOIN {rows} ON {kpi.stock}) f"
    )


def _rows(kpi: Kpi, query: Query, end: datetime, params: Params) -> str:
    """All that came before."""
    return current_rows(kpi.fact, [(BEGINNING, end)], query.filters, params, engine=query.engine)


# --- at an instant


def snapshots(kpis: Sequence[Kpi], query: Query, run: Run) -> Iterator[tuple[Kpi, Totals]]:
    """The totals of each KPI's parts by group; of a period that is split, at the end of each piece."""
    families: dict[tuple[str, str], list[Kpi]] = defaultdict(list)
    for kpi in kpis:
        families[kpi.fact.code, kpi.stock].append(kpi)
    for family in families.values():
        known = all(name in family[0].fact.dimensions for name in query.dimensions)
        found = _snapshot(family, query, run) if known else {}
        for kpi in family:
            yield kpi, found


def _snapshot(kpis: Sequence[Kpi], query: Query, run: Run) -> Totals:
    sums: dict[str, str] = {}
    for kpi in kpis:
        if kpi.percentile is not None:
            measure = kpi.numerator
            inner = f"WITHIN GROUP (ORDER BY {measure.value}) FILTER (WHERE {measure.where})"
            sums[f"p {kpi.key}"] = f"percentile_cont({kpi.percentile}) {inner}"
            sums[f"n {kpi.key}"] = f"count({measure.value}) FILTER (WHERE {measure.where})"
        else:
            sums |= {part.name: part.measure.sql() for part in (kpi.top, kpi.base) if part}
    params: Params = {"as_of": query.as_of}
    keys = ["f.place - 1"] if query.time_split else []
    keys += [f"f.{kpis[0].fact.dimensions[name]}" for name in query.dimensions]
    return run(keys, sums, source(kpis[0], query, params, _moments(query)), params)


def _moments(query: Query) -> list[datetime]:
    """The end of each piece, the one that is still running as of now."""
    if not query.time_split:
        return [query.moment]
    edges = query.edges
    pieces = itertools.pairwise(edges)
    return [min(end, query.as_of) for start, end in pieces if start < query.as_of] or [query.moment]


# --- on average over a period


def averaged(kpi: Kpi, query: Query, parts: Callable[..., Totals], run: Run) -> Totals:
    """How long rows were there in the period and how long it is, both in microseconds, by group."""
    flow, end = kpi.average, min(query.period.end, query.as_of)
    if flow is None or end <= query.period.start or any(n not in kpi.fact.dimensions for n in query.dimensions):
        return {}
    query = replace(query, period=Period(query.period.start, end, query.period.zone))
    before = replace(query, period=Period(BEGINNING, query.period.start, end.tzinfo or UTC), by=query.dimensions)
    there = _net(flow, parts, before)
    moved = _net(flow, parts, query)
    again = run(*_again(kpi, flow, query))
    edges = [_micro(edge) for edge in query.edges]
    found: Totals = {}
    dimensions = {key[1:] if query.time_split else key for key in (*moved, *again)} | set(there)
    for group in dimensions if query.by else {()}:
        count = there.get(group, (0, 0))[0]
        for place, (a, b) in enumerate(itertools.pairwise(edges)):
            key = (place, *group) if query.time_split else group
            came, moments = moved.get(key, (0, 0))
            open_us = count * (b - a) + came * b - moments + int(again.get(key, {}).get(OPEN_US) or 0)
            count += came
            if open_us or not query.by:
                found[key] = {OPEN_US: open_us, PERIOD_US: b - a}
    return found


def _net(flow: Flow, parts: Callable[..., Totals], query: Query) -> dict[tuple[Any, ...], tuple[int, int]]:
    """Number and sum of moments of what came, less those of what left, by group."""
    came, left = parts([flow.came, flow.came_at], query), parts([flow.left, flow.left_at], query)

    def total(key: tuple[Any, ...], coming: str, leaving: str) -> int:
        return int(came.get(key, {}).get(coming) or 0) - int(left.get(key, {}).get(leaving) or 0)

    return {
        key: (total(key, flow.came.name, flow.left.name), total(key, flow.came_at.name, flow.left_at.name))
        for key in {*came, *left}
    }


def _again(kpi: Kpi, flow: Flow, query: Query) -> tuple[list[str], dict[str, str], str, Params]:
    """The question for what rows add that come back after they had left."""
    edges = query.edges
    params: Params = {"as_of": query.as_of, "starts": edges[:-1], "ends": edges[1:]}
    rows = _rows(kpi, query, query.period.end, params)
    params["start"], params["end"] = query.period.start, query.period.end
    stretch = microseconds("least(upper(s.stretch), e.b) - greatest(lower(s.stretch), e.a)")
    keys = [f"f.{kpi.fact.dimensions[name]}" for name in query.dimensions]
    return (
        ["e.n - 1", *keys] if query.time_split else keys,
        {OPEN_US: f"sum({stretch})"},
        (
            f"{rows} CROSS JOIN unnest(f.{flow.again}) s(stretch) "
            "JOIN unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY e(a, b, n) "
            "ON s.stretch && tstzrange(e.a, e.b) "
            f"WHERE ({kpi.numerator.where}) AND f.{flow.again} && tstzrange(%(start)s, %(end)s)"
        ),
        params,
    )


def _micro(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
