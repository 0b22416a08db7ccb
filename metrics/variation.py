"""Is a series the same process all along, or did something happen? In words, and as what a chart draws.

The arithmetic is `metrics.xmr`. Counts by day or hour follow the week and the clock, so they are not put to this test,
nor is anything by the hour; what rests on few rows or is provisional is no point of the series.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from metrics import formats, xmr
from metrics.compute import Value
from metrics.definition import Kpi, Unit

RULES = {
    1: gettext_lazy("beyond the limits"),
    2: gettext_lazy("eight in a row on one side of the mean"),
    3: gettext_lazy("three of four near one limit"),
}


@dataclass(frozen=True)
class Point:
    """One piece of a series. `value` None: a gap. `is_provisional`: drawn hollow. `is_few`: left out of the drawing."""

    value: float | None
    is_provisional: bool = False
    is_few: bool = False

    @property
    def firm(self) -> float | None:
        return None if self.is_provisional else self.value


def point(kpi: Kpi, value: Value | None) -> Point:
    """A count of nothing is 0, a rate of nothing is a gap, and a rate of few rows is not drawn."""
    if value is None or value.value is None:
        return Point(0 if kpi.unit is Unit.COUNT else None, is_provisional=bool(value and value.provisional))
    if formats.is_few(value):
        return Point(None, is_provisional=bool(value.provisional), is_few=True)
    return Point(value.value, is_provisional=bool(value.provisional))


@dataclass(frozen=True)
class Stretch:
    """Limits that hold from one point on, until before another."""

    start: int
    end: int
    mean: float
    low: float
    high: float
    is_firm: bool


@dataclass(frozen=True)
class Variation:
    """What was found. `signals`: index of the point to the rules that it breaks; `is_tested`: whether there are limits."""

    text: str
    stretches: tuple[Stretch, ...] = ()
    signals: dict[int, list[int]] = field(default_factory=dict)

    @property
    def is_tested(self) -> bool:
        return bool(self.stretches)

    def plain(self) -> dict[str, Any]:
        return {
            "limits": [[s.start, s.end, s.low, s.mean, s.high] for s in self.stretches],
            "signals": sorted(self.signals),
        }


UNTESTED = Variation("")


def variation(kpi: Kpi, split: str, points: Sequence[Point], changes: Sequence[int] = ()) -> Variation:
    """Put a series to the test.

    Args:
        changes: Indexes of the first points after recorded changes; only there may limits begin anew.
    """
    if split == "hour" or (kpi.unit is Unit.COUNT and split == "day"):
        return UNTESTED
    found = xmr.chart([one.firm for one in points], changes)
    stretches = tuple(
        Stretch(one.start, after, one.limits.mean, *_bounds(kpi, one.limits), is_firm=not one.limits.is_provisional)
        for one, after in zip(found, [*(later.start for later in found[1:]), len(points)], strict=True)
        if one.limits is not None
    )
    signals: dict[int, list[int]] = {}
    for one in found:
        for rule, at in ((rule, at) for rule, indexes in one.rules.items() for at in indexes):
            signals.setdefault(at, []).append(rule)
    return Variation(_text(kpi, stretches, signals), stretches, signals)


def _bounds(kpi: Kpi, limits: xmr.Limits) -> tuple[float, float]:
    """Limits within what can be: no share lies above 100 %, no time below 0."""
    low = limits.lower if kpi.unit is Unit.POINTS else max(0.0, limits.lower)
    return low, min(1.0, limits.upper) if kpi.unit is Unit.SHARE else limits.upper


def _text(kpi: Kpi, stretches: Sequence[Stretch], signals: dict[int, list[int]]) -> str:
    if not stretches:
        return _("Too few points to tell signal from noise")
    if not signals:
        text = _("Within normal variation")
    else:
        rules = sorted({rule for broken in signals.values() for rule in broken})
        text = ngettext("%(count)s signal: %(rules)s", "%(count)s signals: %(rules)s", len(signals)) % {
            "count": formats.number(len(signals)),
            "rules": "; ".join(str(RULES[rule]) for rule in rules),
        }
    return text if stretches[-1].is_firm else _("%s (limits still provisional)") % text


def in_full(kpi: Kpi, found: Variation) -> str:
    """The result with the limits it rests on, for below a chart."""
    if not found.stretches:
        return f"{kpi.name}: {found.text}" if found.text else ""
    last = found.stretches[-1]
    return _("%(name)s: %(text)s. Limits %(low)s to %(high)s, mean %(mean)s") % {
        "name": kpi.name,
        "text": found.text,
        "low": formats.amount(kpi, last.low),
        "high": formats.amount(kpi, last.high),
        "mean": formats.amount(kpi, last.mean),
    }
