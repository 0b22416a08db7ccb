"""Shares by channel: the total, and what of a change in it is a changed mix of channels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from metrics import mix
from metrics.compute import Row, Value, interval
from metrics.definition import Kpi, Unit

BY = "channel"


def is_mixed(kpi: Kpi) -> bool:
    """Whether it is a share of plain rows that have a channel: then its total may move by their mix alone."""
    of_rows = kpi.unit is Unit.SHARE and not kpi.numerator.value and kpi.denominator_fact is None
    is_plain = not (kpi.together or kpi.stock or kpi.average or kpi.fact.anonymous_below)
    return of_rows and is_plain and BY in kpi.fact.dimensions


def total(kpi: Kpi, rows: Iterable[Row]) -> Value:
    """The value over all channels from those of each: numerators and denominators add up, shares do not."""
    values = [row.values[kpi.key] for row in rows if kpi.key in row.values]
    numerator = sum(value.numerator or 0 for value in values)
    denominator = sum(value.denominator or 0 for value in values)
    low, high = interval(kpi, numerator, denominator, None)
    return Value(
        value=kpi.factor * numerator / denominator if denominator else None,
        numerator=numerator,
        denominator=denominator,
        low=low,
        high=high,
        provisional=sum(value.provisional for value in values),
        definition=kpi.definition_version,
    )


@dataclass(frozen=True)
class Mixed:
    """Values of shares, and their parts by channel."""

    values: dict[str, Value]
    parts: dict[str, dict[Any, tuple[float, float]]]


def summed(kpis: Iterable[Kpi], rows: Iterable[Row]) -> Mixed:
    kpis, rows = list(kpis), list(rows)
    return Mixed(
        {kpi.key: total(kpi, rows) for kpi in kpis},
        {
            kpi.key: {
                row.group[BY]: (row.values[kpi.key].numerator or 0, row.values[kpi.key].denominator or 0)
                for row in rows
                if kpi.key in row.values
            }
            for kpi in kpis
        },
    )


def split(
    before: Mapping[Any, tuple[float, float]] | None, after: Mapping[Any, tuple[float, float]] | None
) -> mix.Decomposition | None:
    """The change as rate and mix, where these tell another story than the total."""
    found = mix.decompose(before, after) if before and after else None
    return found if found is not None and found.is_worth_showing else None


def by_channel(query: Any) -> Any:
    """The same question, by channel."""
    return replace(query, by=(BY,))
