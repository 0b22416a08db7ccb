"""Is a value different from the one of the period before, or is it chance? Pure.

A change is called better or worse only where the 95 % interval of the difference leaves zero out. Where values cannot
be compared fairly, they are not compared, and the reason is given.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from metrics import stats
from metrics.compute import Value
from metrics.definition import Direction, Kpi, Unit
from metrics.formats import is_few

# When so many more or fewer answer, those who answer are not the same kind of customer.
RESPONSE_SHIFT = 0.10
# A Monday is not compared with a Sunday; five Mondays of thirty days may be with four.
WEEKDAY_SHIFT = 0.05


class Verdict(StrEnum):
    BETTER = "better"
    WORSE = "worse"
    DIFFERENT = "different"  # a real change of something that is neither good nor bad
    SAME = "same"  # within chance
    UNTESTED = "untested"  # no interval is defined: shown without a judgement
    NONE = "none"  # not compared


class Why(StrEnum):
    """Why there is no comparison."""

    NOTHING_NOW = "nothing_now"
    NOTHING_BEFORE = "nothing_before"
    FEW_NOW = "few_now"
    FEW_BEFORE = "few_before"
    PROVISIONAL = "provisional"
    DEFINITION = "definition"
    RESPONSE = "response"
    AGREEMENT = "agreement"
    LENGTH = "length"
    WEEKDAYS = "weekdays"
    HOURS = "hours"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True)
class Circumstances:
    """How two periods differ besides in the value: `metrics.fairness` finds it out.

    Attributes:
        weekday_shift: By how much the share of any one weekday differs.
        same_length: Whether both have the same number of days.
        same_hours: Whether the same opening hours were in force.
    """

    weekday_shift: float = 0
    same_length: bool = True
    same_hours: bool = True


ALIKE = Circumstances()


@dataclass(frozen=True)
class Change:
    verdict: Verdict
    why: Why | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None


def compare(
    kpi: Kpi,
    now: Value,
    before: Value | None,
    *,
    response_shift: float = 0,
    changed_terms: Collection[str] = (),
    circumstances: Circumstances = ALIKE,
) -> Change:
    """Compare a value with that of another period of the same length.

    Args:
        response_shift: By how much the response rate differs between the periods; 0 for what no survey measures.
        changed_terms: The terms of agreements that are not the same throughout both periods.
    """
    if before is None:
        return Change(Verdict.NONE, Why.NOT_ASKED)
    agreed_anew = not set(changed_terms).isdisjoint(kpi.terms)
    answered_alike = abs(response_shift) <= RESPONSE_SHIFT
    if why := _unfair(kpi, now, before, circumstances, agreed_anew=agreed_anew, answered_alike=answered_alike):
        return Change(Verdict.NONE, why)
    tested = _tested(kpi, now, before)
    if tested is None:
        return Change(Verdict.UNTESTED, difference=(now.value or 0) - (before.value or 0))
    difference, (low, high) = tested
    return Change(_verdict(kpi, low, high), difference=difference, low=low, high=high)


def _unfair(
    kpi: Kpi, now: Value, before: Value, around: Circumstances, *, agreed_anew: bool, answered_alike: bool
) -> Why | None:
    is_amount = kpi.denominator is None and kpi.percentile is None
    reasons = {
        Why.NOTHING_NOW: now.value is None,
        Why.NOTHING_BEFORE: before.value is None,
        Why.DEFINITION: now.definition != before.definition,
        Why.AGREEMENT: agreed_anew,
        # What has matured so far is not a fair sample of the whole.
        Why.PROVISIONAL: bool(now.provisional or before.provisional),
        Why.FEW_NOW: is_few(now),
        Why.FEW_BEFORE: is_few(before),
        Why.RESPONSE: not answered_alike,
        # A rate of a month may stand beside one of a quarter; a number of calls may not.
        Why.LENGTH: is_amount and not around.same_length,
        Why.WEEKDAYS: around.weekday_shift > WEEKDAY_SHIFT,
        Why.HOURS: not around.same_hours,
    }
    return next((why for why, holds in reasons.items() if holds), None)


def _tested(kpi: Kpi, now: Value, before: Value) -> tuple[float, stats.Interval] | None:
    a, n = now.numerator, now.denominator
    b, m = before.numerator, before.denominator
    if a is None or b is None or not n or not m:
        return None
    if kpi.unit is Unit.SHARE:
        return stats.newcombe(a, n, b, m)
    if now.squares is None or before.squares is None:
        return None
    found = stats.difference_of_means(a, now.squares, int(n), b, before.squares, int(m))
    if found is None:
        return None
    difference, (low, high) = found
    return kpi.factor * difference, (kpi.factor * low, kpi.factor * high)


def _verdict(kpi: Kpi, low: float, high: float) -> Verdict:
    if low <= 0 <= high:
        return Verdict.SAME
    if kpi.direction is Direction.NONE:
        return Verdict.DIFFERENT
    return Verdict.BETTER if (low > 0) == (kpi.direction is Direction.HIGHER_IS_BETTER) else Verdict.WORSE
