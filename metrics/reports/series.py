"""The month by day, and its usual day by the hour."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format

from metrics import compute, formats
from metrics.catalog import KPIS
from metrics.compute import Value
from metrics.variation import in_full, point, variation

if TYPE_CHECKING:
    from metrics.reports.figures import Scope

# Put to the test of signal or noise, day by day.
TESTED = ("service-level", "abandonment", "asa")


def by_day(scope: Scope, keys: Sequence[str]) -> dict[str, Any]:
    """The figures day by day; days without contacts stay in, as nothing. With what the series of rates say."""
    from metrics.reports.figures import cell

    kpis = [KPIS[key] for key in keys]
    found = {row.group["day"]: row.values for row in compute.values(kpis, replace(scope.now, by=("day",)))}
    edges = scope.period.edges("day")[:-1]
    rows = []
    for edge in edges:
        local = edge.astimezone(scope.zone)
        cells = [cell(kpi, found.get(edge, {}).get(kpi.key)) for kpi in kpis]
        rows.append(
            {
                "key": local.date().isoformat(),
                "name": f"{date_format(local, 'D')} {date_format(local, 'j.n.')}",
                "day": local.day,
                "weekend": local.weekday() >= 5,
                "cells": cells,
            }
        )
    tests = {}
    for kpi in (kpi for kpi in kpis if kpi.key in TESTED):
        points = [point(kpi, found.get(edge, {}).get(kpi.key)) for edge in edges]
        tested = variation(kpi, "day", points)
        last = tested.stretches[-1] if tested.stretches else None
        tests[kpi.key] = {
            "points": [one.value for one in points],
            "few": sum(one.is_few for one in points),
            "signals": sorted(tested.signals),
            "low": last.low if last else None,
            "mean": last.mean if last else None,
            "high": last.high if last else None,
            "low_text": formats.amount(kpi, last.low) if last else "",
            "high_text": formats.amount(kpi, last.high) if last else "",
            "text": in_full(kpi, tested),
        }
    return {"columns": [{"key": kpi.key, "name": str(kpi.name)} for kpi in kpis], "rows": rows, "tests": tests}


def by_hour(scope: Scope) -> dict[str, Any]:
    """What comes in at each hour of the clock, on all days together, and how much of it is answered in time."""
    kpis = [KPIS[key] for key in ("offered", "service-level")]
    sums: dict[int, list[float]] = defaultdict(lambda: [0, 0, 0])
    for row in compute.values(kpis, replace(scope.now, by=("hour",))):
        hour = sums[row.group["hour"].astimezone(scope.zone).hour]
        hour[0] += row.values["offered"].value or 0
        hour[1] += row.values["service-level"].numerator or 0
        hour[2] += row.values["service-level"].denominator or 0
    return {"rows": [_hour(hour, *sums[hour]) for hour in range(24)]}


def _hour(hour: int, offered: float, in_time: float, judged: float) -> dict[str, Any]:
    value = Value(in_time / judged if judged else None, in_time, judged)
    return {
        "hour": hour,
        "offered": offered,
        "offered_text": formats.number(offered),
        "numerator": in_time,
        "denominator": judged,
        "service_level": value.value,
        "service_level_text": formats.figure(KPIS["service-level"], value),
    }
