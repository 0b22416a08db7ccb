"""Every KPI, by group. Adding one is a declaration in one of these files, and its tests."""

from __future__ import annotations

from functools import cache

from metrics.catalog import (
    accessibility,
    backlog,
    cases,
    cost,
    demand,
    efficiency,
    experience,
    interviews,
    people,
    promises,
    resolution,
    times,
)
from metrics.definition import Kpi, Maturity, Measure

GROUPS = {
    "accessibility": accessibility.KPIS,
    "efficiency": (*efficiency.KPIS, *cost.KPIS, *backlog.KPIS),
    "resolution": (*resolution.KPIS, *cases.KPIS, *times.RESOLUTION_KPIS),
    "experience": (*experience.KPIS, *interviews.KPIS),
    "demand": (*demand.KPIS, *promises.KPIS, *times.DEMAND_KPIS),
    "people": people.KPIS,
}
KPIS: dict[str, Kpi] = {}
for _kpis in GROUPS.values():
    for _kpi in _kpis:
        if _kpi.key in KPIS:
            raise ValueError(f"two KPIs are called {_kpi.key}")
        KPIS[_kpi.key] = _kpi


def find(name: str) -> Kpi | None:
    """The KPI called `slug` or `slug:variant`. The headline variant may also be named by its own code."""
    return KPIS.get(name) or KPIS.get(ALIASES.get(name, ""))


# Names by which a default variant may be asked for explicitly.
ALIASES = {
    "wait": "wait:p50",
    "time-to-resolution:business": "time-to-resolution",
    "first-response-time:business": "first-response-time",
    "next-reply-time:business": "next-reply-time",
}


@cache
def measures_of(fact_code: str) -> dict[str, Measure]:
    """Every part that the KPIs need of a fact, by code. A code means one thing only."""
    measures: dict[str, Measure] = {}
    for kpi in KPIS.values():
        for part in kpi.parts:
            if part.fact.code == fact_code and measures.setdefault(part.measure.code, part.measure) != part.measure:
                raise ValueError(f"two measures are called {part.measure.code}")
    return measures


@cache
def columns_of(fact_code: str) -> dict[str, str]:
    """Measure code to the column of a cell that has it: parts that count the same share one, the first that is named."""
    first: dict[tuple[str, str, str], str] = {}
    return {
        code: first.setdefault((measure.where, measure.value, measure.aggregate), code)
        for code, measure in measures_of(fact_code).items()
    }


@cache
def kept_of(fact_code: str) -> dict[str, Measure]:
    """The measures that cells keep, one a column."""
    return {code: measures_of(fact_code)[code] for code in dict.fromkeys(columns_of(fact_code).values())}


@cache
def maturities_of(fact_code: str) -> dict[str, Maturity]:
    parts = [part for kpi in KPIS.values() for part in kpi.parts if part.fact.code == fact_code]
    return {part.maturity.code: part.maturity for part in parts if part.maturity is not None}
