"""Intervals for what was counted. Pure.

Source: Brown, Cai and DasGupta 2001 (Wilson for shares at any n); Newcombe 1998 (difference of two shares).
"""

from __future__ import annotations

from math import sqrt

Z95 = 1.959963984540054
Interval = tuple[float, float]
# Two-sided 95 % quantiles of Student's t for 1 to 29 degrees of freedom; from 30 on the normal one is used.
T95 = (
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
    2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922, 2.093024, 2.085963,
    2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831, 2.048407, 2.045230,
)  # fmt: skip


def wilson(successes: float, n: float, z: float = Z95) -> Interval | None:
    """95 % interval of a share. None where nothing was counted."""
    if n <= 0:
        return None
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the ends the formula gives 0 and 1 up to rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def newcombe(a: float, n_a: float, b: float, n_b: float) -> tuple[float, Interval] | None:
    """Difference of two shares, a/n_a - b/n_b, with its 95 % interval. None where either has no rows."""
    first, second = wilson(a, n_a), wilson(b, n_b)
    if first is None or second is None:
        return None
    p, q = a / n_a, b / n_b
    low = (p - q) - sqrt((p - first[0]) ** 2 + (second[1] - q) ** 2)
    high = (p - q) + sqrt((first[1] - p) ** 2 + (q - second[0]) ** 2)
    return p - q, (low, high)


def mean_interval(total: float, squares: float, n: int) -> Interval | None:
    """95 % interval of a mean from the sum and the sum of squares. None below two values."""
    if n < 2:
        return None
    mean = total / n
    variance = max(0.0, (squares - n * mean * mean) / (n - 1))
    quantile = Z95 if n > len(T95) else T95[n - 2]
    half = quantile * sqrt(variance / n)
    return mean - half, mean + half


def difference_of_means(
    total_a: float, squares_a: float, n_a: int, total_b: float, squares_b: float, n_b: int
) -> tuple[float, Interval] | None:
    """Difference of two means with a 95 % interval (Welch, with the smaller sample's quantile: on the safe side)."""
    first, second = mean_interval(total_a, squares_a, n_a), mean_interval(total_b, squares_b, n_b)
    if first is None or second is None:
        return None
    difference = total_a / n_a - total_b / n_b
    half = sqrt(((first[1] - first[0]) / 2) ** 2 + ((second[1] - second[0]) / 2) ** 2)
    return difference, (difference - half, difference + half)


def net_score_interval(balance: float, squares: float, n: int) -> Interval | None:
    """95 % interval, in points, of 100 * (promoters - detractors) / n.

    Args:
        balance: Promoters minus detractors.
        squares: Promoters plus detractors (each answer is worth +1, 0 or -1).
        n: Answers.
    """
    if n <= 0:
        return None
    mean = balance / n
    half = Z95 * sqrt(max(0.0, squares / n - mean * mean) / n)
    return 100 * (mean - half), 100 * (mean + half)
