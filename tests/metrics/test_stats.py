"""Intervals, against examples worked by hand."""

from __future__ import annotations

import pytest

from metrics import stats


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(6, 8, 0.409276, 0.928520), (0, 5, 0.0, 0.434482), (10, 10, 0.722467, 1.0), (80, 100, 0.711171, 0.866633)],
)
def test_wilson(successes: int, n: int, low: float, high: float) -> None:
    assert stats.wilson(successes, n) == pytest.approx((low, high), abs=1e-6)


def test_no_rows_have_no_interval() -> None:
    assert stats.wilson(0, 0) is None
    assert stats.newcombe(1, 2, 0, 0) is None
    assert stats.mean_interval(5, 25, 1) is None
    assert stats.net_score_interval(0, 0, 0) is None


def test_newcombe() -> None:
    found = stats.newcombe(80, 100, 70, 100)
    assert found is not None
    difference, interval = found
    assert difference == pytest.approx(0.1)
    assert interval == pytest.approx((-0.020249, 0.216734), abs=1e-6)


def test_a_mean_of_few_uses_students_t() -> None:
    answers = [7, 5, 4, 1, 6, 6, 5, 5, 6, 4]
    found = stats.mean_interval(sum(answers), sum(a * a for a in answers), len(answers))
    assert found == pytest.approx((3.710125, 6.089875), abs=1e-5)


def test_net_score() -> None:
    found = stats.net_score_interval(balance=1, squares=7, n=10)
    assert found == pytest.approx((-41.484, 61.484), abs=1e-3)


def test_net_score_of_many() -> None:
    found = stats.net_score_interval(balance=108, squares=216, n=324)
    assert found is not None
    assert (found[1] - found[0]) / 2 / stats.Z95 == pytest.approx(4.140867, abs=1e-6)


def test_two_equal_means_differ_by_nothing_for_sure() -> None:
    found = stats.difference_of_means(100, 1100, 10, 100, 1100, 10)
    assert found is not None
    difference, (low, high) = found
    assert difference == 0
    assert low < 0 < high
