"""What may be called a change, and what is drawn beside it."""

from __future__ import annotations

import pytest

from metrics.catalog import KPIS
from metrics.change import Verdict, Why, compare
from metrics.compute import Value
from metrics.trend import trend


def share(numerator: int, denominator: int, **fields: int) -> Value:
    return Value(
        value=numerator / denominator if denominator else None, numerator=numerator, denominator=denominator, **fields
    )


def mean(value: float, spread: float, n: int) -> Value:
    return Value(value=value, numerator=value * n, denominator=n, squares=n * (value**2 + spread**2))


@pytest.mark.parametrize(
    ("kpi", "now", "before", "verdict"),
    [
        ("service-level", share(800, 1000), share(700, 1000), Verdict.BETTER),
        ("service-level", share(700, 1000), share(800, 1000), Verdict.WORSE),
        ("abandonment", share(100, 1000), share(50, 1000), Verdict.WORSE),
        ("service-level", share(14, 20), share(13, 20), Verdict.SAME),
        ("asa", mean(20, 10, 400), mean(30, 10, 400), Verdict.BETTER),
        ("asa", mean(20, 90, 40), mean(30, 90, 40), Verdict.SAME),
        ("aht", mean(300, 50, 400), mean(200, 50, 400), Verdict.DIFFERENT),
    ],
)
def test_a_change_counts_only_where_chance_does_not_explain_it(
    kpi: str, now: Value, before: Value, verdict: Verdict
) -> None:
    assert compare(KPIS[kpi], now, before).verdict is verdict


def test_handle_time_is_never_good_or_bad() -> None:
    verdicts = {compare(KPIS["aht"], mean(a, 20, 300), mean(b, 20, 300)).verdict for a in (90, 300) for b in (90, 300)}
    assert verdicts == {Verdict.DIFFERENT, Verdict.SAME}


@pytest.mark.parametrize(
    ("now", "before", "why"),
    [
        (share(5, 9), share(700, 1000), Why.FEW_NOW),
        (share(700, 1000), share(5, 9), Why.FEW_BEFORE),
        (share(0, 0), share(700, 1000), Why.NOTHING_NOW),
        (share(700, 1000), share(0, 0), Why.NOTHING_BEFORE),
        (share(700, 1000, provisional=1), share(700, 1000), Why.PROVISIONAL),
        (share(700, 1000, definition=2), share(700, 1000), Why.DEFINITION),
        (share(700, 1000), None, Why.NOT_ASKED),
    ],
)
def test_what_cannot_be_compared_fairly_is_not_compared(now: Value, before: Value | None, why: Why) -> None:
    change = compare(KPIS["fcr"], now, before)
    assert (change.verdict, change.why) == (Verdict.NONE, why)


def test_answers_are_not_compared_when_others_answer_than_before() -> None:
    assert compare(KPIS["csat"], share(70, 100), share(90, 100), response_shift=-0.11).why is Why.RESPONSE
    assert compare(KPIS["csat"], share(70, 100), share(90, 100), response_shift=0.1).verdict is Verdict.WORSE


def test_a_count_is_shown_beside_the_one_before_without_a_judgement() -> None:
    change = compare(KPIS["offered"], Value(value=120), Value(value=100))
    assert (change.verdict, change.difference) == (Verdict.UNTESTED, 20)


def test_points_change_in_points() -> None:
    now = Value(value=40, numerator=400, denominator=1000, squares=800)
    before = Value(value=10, numerator=100, denominator=1000, squares=800)
    change = compare(KPIS["nps"], now, before)
    assert change.verdict is Verdict.BETTER
    assert change.difference == pytest.approx(30)
    assert change.low is not None
    assert 20 < change.low < 30


def test_a_gap_in_the_trend_stays_a_gap() -> None:
    drawn = trend([1, 2, None, 3, None, 2, 1])
    assert drawn is not None
    assert drawn.line.count("M") == 3
    assert drawn.line.count("h0.01") == 1


def test_one_value_is_no_trend_and_a_flat_line_lies_in_the_middle() -> None:
    assert trend([None, 4, None]) is None
    flat = trend([5, 5])
    assert flat is not None
    assert flat.line == "M0 14 L120 14"
