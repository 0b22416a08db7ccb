"""Signal or noise over time: process behaviour charts (XmR) and Laney's chart for shares. Pure.

Source: Wheeler, Understanding Variation (limits, rules 1 to 3); Laney 2002 (p'-chart for large, unequal samples).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

# For moving ranges of two: 3 / d2 with d2 = 1.128, and D4.
LIMIT, RANGE_LIMIT, D2 = 2.66, 3.267, 1.128
# Limits from fewer points than this are drawn as provisional; from fewer than `LEAST` there are none.
BASELINE, FIRM, LEAST = 24, 12, 6
RUN = 8


@dataclass(frozen=True)
class Limits:
    """The natural limits of a process, worked out from `n` points and frozen from then on."""

    mean: float
    moving_range: float
    n: int

    @property
    def upper(self) -> float:
        return self.mean + LIMIT * self.moving_range

    @property
    def lower(self) -> float:
        return self.mean - LIMIT * self.moving_range

    @property
    def range_limit(self) -> float:
        return RANGE_LIMIT * self.moving_range

    @property
    def is_provisional(self) -> bool:
        return self.n < FIRM


@dataclass(frozen=True)
class Stretch:
    """A part of a chart with limits of its own, and by rule the points, counted from the chart's first, that signal.

    Rule 1: a point beyond the limits. Rule 2: the eighth and later points in a row on one side of the mean. Rule 3: the
    third of four points in a row that are nearer to the same limit than to the mean.
    """

    start: int
    limits: Limits | None
    rules: dict[int, list[int]]

    @property
    def has_signal(self) -> bool:
        return any(self.rules.values())


def limits(baseline: Sequence[float | None], *, least: int = LEAST) -> Limits | None:
    """The limits that these points give; None for too few. A gap is no point, and no range reaches over it."""
    points = [value for value in baseline if value is not None]
    ranges = [abs(b - a) for a, b in itertools.pairwise(baseline) if a is not None and b is not None]
    if len(points) < max(least, 2) or not ranges:
        return None
    return Limits(sum(points) / len(points), sum(ranges) / len(ranges), len(points))


def signals(points: Sequence[float | None], frozen: Limits) -> dict[int, list[int]]:
    """By Wheeler's rules, the indexes at which the process differs from that of the limits."""
    found: dict[int, list[int]] = {1: [], 2: [], 3: []}
    run, side_before = 0, 0
    for at, value in enumerate(points):
        side = 0 if value is None else _side(value, frozen.mean)
        run = run + 1 if side and side == side_before else abs(side)
        side_before = side
        if value is None:
            continue
        if not frozen.lower <= value <= frozen.upper:
            found[1].append(at)
        if run >= RUN:
            found[2].append(at)
        if side and _is_near(value, frozen):
            four = [p for p in points[max(0, at - 3) : at + 1] if p is not None]
            if sum(_side(p, frozen.mean) == side and _is_near(p, frozen) for p in four) >= 3:
                found[3].append(at)
    return found


def _side(value: float, mean: float) -> int:
    return (value > mean) - (value < mean)


def _is_near(value: float, frozen: Limits) -> bool:
    return abs(value - frozen.mean) > LIMIT * frozen.moving_range / 2


def chart(points: Sequence[float | None], changes: Sequence[int] = (), *, baseline: int = BASELINE) -> list[Stretch]:
    """Limits and signals of a series.

    The first points give the limits, which stay. They are worked out anew only from a recorded change on after which
    the old ones gave a signal: a change that changed nothing is none, and a signal nobody can explain stays one.

    Args:
        points: In order of time; None where there is none.
        changes: The indexes of the first points after recorded changes ("we moved opening hours").
    """
    stretches: list[Stretch] = []
    start = 0
    for change in [*sorted(c for c in changes if 0 < c < len(points)), len(points)]:
        here = _stretch(points, start, baseline)
        is_last = change == len(points)
        if is_last or any(at >= change for found in here.rules.values() for at in found):
            stretches.append(here if is_last else _stretch(points[:change], start, baseline))
            start = change
    return stretches


def _stretch(points: Sequence[float | None], start: int, baseline: int) -> Stretch:
    here = points[start:]
    # A gap is no point: days on which we were closed do not use the baseline up.
    known = [at for at, value in enumerate(here) if value is not None][:baseline]
    frozen = limits(here[: known[-1] + 1]) if known else None
    rules = signals(here, frozen) if frozen else {1: [], 2: [], 3: []}
    return Stretch(start, frozen, {rule: [start + at for at in found] for rule, found in rules.items()})


@dataclass(frozen=True)
class ShareLimits:
    """Laney's limits for shares of samples of different sizes. `over_dispersion` 1: chance alone, a plain p-chart."""

    mean: float
    over_dispersion: float
    limits: list[tuple[float, float] | None]


def laney(shares: Sequence[tuple[float, float]]) -> ShareLimits | None:
    """Limits for shares given as (successes, n). None where they cannot be worked out; a sample of nothing has none."""
    total = sum(n for _k, n in shares)
    filled = [(k, n) for k, n in shares if n]
    if len(filled) < LEAST or not total:
        return None
    mean = sum(k for k, _n in shares) / total
    if not 0 < mean < 1:
        return None
    z = [(k / n - mean) / sqrt(mean * (1 - mean) / n) for k, n in filled]
    over = sum(abs(b - a) for a, b in itertools.pairwise(z)) / (len(z) - 1) / D2
    found: list[tuple[float, float] | None] = []
    for _k, n in shares:
        half = 3 * sqrt(mean * (1 - mean) / n) * over if n else 0
        found.append((max(0.0, mean - half), min(1.0, mean + half)) if n else None)
    return ShareLimits(mean, over, found)
