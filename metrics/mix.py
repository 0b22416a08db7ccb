"""What part of a change is a changed mix, and who answered compared with whom was asked about. Pure.

Source: Kitagawa 1955 (rate and mix); Kish 1965 (effective sample size); post-stratification as in Holt and Smith 1979.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import sqrt
from statistics import median

# A weight above so many times the usual one makes the answer that of one person.
MOST_TIMES_MEDIAN = 5
# A group with fewer answers is put together with the other small ones.
LEAST_IN_GROUP = 10

Parts = Mapping[Hashable, tuple[float, float]]


@dataclass(frozen=True)
class Decomposition:
    """A total before and after; `rate_effect` + `mix_effect` is their difference."""

    before: float
    after: float
    at_old_mix: float

    @property
    def rate_effect(self) -> float:
        return self.at_old_mix - self.before

    @property
    def mix_effect(self) -> float:
        return self.after - self.at_old_mix

    @property
    def is_worth_showing(self) -> bool:
        """Whether the two tell another story than the total: they differ by more than a point."""
        return abs(self.rate_effect - (self.after - self.before)) > 0.01


def decompose(before: Parts, after: Parts) -> Decomposition | None:
    """Split the change of a ratio into what changed within the groups and what the mix of groups changed.

    Args:
        before: Numerator and denominator by group. A group that is gone after counts with its rate of before.
        after: The same of the later period.
    """
    n_before, n_after = sum(n for _k, n in before.values()), sum(n for _k, n in after.values())
    if not n_before or not n_after:
        return None
    at_old_mix = 0.0
    for group, (k, n) in before.items():
        if n:
            later_k, later_n = after.get(group, (0, 0))
            at_old_mix += n / n_before * (later_k / later_n if later_n else k / n)
    return Decomposition(
        sum(k for k, _n in before.values()) / n_before, sum(k for k, _n in after.values()) / n_after, at_old_mix
    )


def mix_shift[K: Hashable](before: Mapping[K, float], after: Mapping[K, float]) -> float:
    """By how much the share of any one group moved, at most."""
    n_before, n_after = sum(before.values()), sum(after.values())
    if not n_before or not n_after:
        return 0.0
    groups = {*before, *after}
    return max(abs(after.get(g, 0) / n_after - before.get(g, 0) / n_before) for g in groups)


@dataclass(frozen=True)
class Stratum:
    """A group: how many there are, how many of them answered, and how many answers count as a success."""

    population: float
    answers: float
    successes: float


@dataclass(frozen=True)
class Weighted:
    """A share as it came in, and as it would be had every group answered alike."""

    raw: float
    weighted: float
    standard_error: float
    n_effective: float
    is_capped: bool


def kish(weights: Mapping[Hashable, tuple[float, float]]) -> float:
    """How many equal answers these are worth, given as (weight, answers) by group."""
    squares = sum(n * w * w for w, n in weights.values())
    return sum(n * w for w, n in weights.values()) ** 2 / squares if squares else 0.0


def collapse(strata: Mapping[Hashable, Stratum], least: int = LEAST_IN_GROUP) -> dict[Hashable, Stratum]:
    """Put the groups with few answers together; if they are few even then, together with the smallest of the others."""
    big = {name: s for name, s in strata.items() if s.answers >= least}
    small = [s for name, s in strata.items() if name not in big]
    while small and big and sum(s.answers for s in small) < least:
        small.append(big.pop(min(big, key=lambda name: big[name].answers)))
    if small:
        big[None] = Stratum(
            sum(s.population for s in small), sum(s.answers for s in small), sum(s.successes for s in small)
        )
    return big


def post_stratify(strata: Mapping[Hashable, Stratum], least: int = LEAST_IN_GROUP) -> Weighted | None:
    """Weigh the answers of each group by how many the group is. None where nobody answered."""
    groups = {name: s for name, s in collapse(strata, least).items() if s.answers}
    answers = sum(s.answers for s in groups.values())
    if not answers:
        return None
    exact = {name: s.population / s.answers for name, s in groups.items()}
    most = MOST_TIMES_MEDIAN * median(exact.values())
    weights = {name: min(weight, most) for name, weight in exact.items()}
    total = sum(weights[name] * s.answers for name, s in groups.items())
    if not total:
        return None
    mean, variance = 0.0, 0.0
    for name, s in groups.items():
        part, share = weights[name] * s.answers / total, s.successes / s.answers
        mean += part * share
        variance += part * part * share * (1 - share) / s.answers
    return Weighted(
        raw=sum(s.successes for s in groups.values()) / answers,
        weighted=mean,
        standard_error=sqrt(variance),
        n_effective=kish({name: (weights[name], s.answers) for name, s in groups.items()}),
        is_capped=weights != exact,
    )
