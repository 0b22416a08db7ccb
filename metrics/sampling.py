"""How much a sample can tell: how many are needed, bounds where some are silent, funnels, medians. Pure.

Source: Spiegelhalter 2005 (funnel plots); Conover, Practical Nonparametric Statistics (interval of a median).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, sqrt

from metrics.stats import Z95, Interval

Z998 = 3.090232306167813


def n_needed(margin: float, share: float = 0.8, z: float = Z95) -> int:
    """How many answers make a share known within plus or minus `margin`."""
    return ceil(z * z * share * (1 - share) / (margin * margin))


def worst_case(successes: float, known: float, all_: float) -> Interval | None:
    """The share of all, had every silent or unclassified one been a failure, and had every one been a success."""
    if not all_:
        return None
    return successes / all_, (successes + all_ - known) / all_


def funnel(share: float, n: float, z: float = Z95) -> Interval:
    """Between what shares chance alone takes a group of `n` whose true share is `share`."""
    half = z * sqrt(share * (1 - share) / n)
    return max(0.0, share - half), min(1.0, share + half)


def median_interval(values: Sequence[float], z: float = Z95) -> Interval | None:
    """95 % interval of a median by ranks: it needs no shape of the distribution. None below six values."""
    n = len(values)
    if n < 6:
        return None
    ordered, half = sorted(values), z * sqrt(n) / 2
    low, high = max(1, floor(n / 2 - half)), min(n, ceil(n / 2 + half) + 1)
    return ordered[low - 1], ordered[high - 1]
