"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from metrics import formats
from metrics.catalog import KPIS
from metrics.compute import Value

SPACE = formats.SPACE
STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (19.4, "19,4 s"),
        (59.94, "59,9 s"),
        (59.96, "1:00 min"),
        (518.1, "8:38 min"),
        (3599.6, "1:00:00 h"),
        (3723, "1:02:03 h"),
        (4 * 86_400, "4 d"),
        (-12.5, "−12,5 s"),
    ],
)
def test_a_length_is_said_in_the_unit_that_it_is_felt_in(seconds: float, text: str) -> None:
    with translation.override("sv"):
        assert formats.duration(seconds) == text


def test_decimals_and_thousands_are_those_of_the_language() -> None:
    with translation.override("fi"):
        assert formats.share(0.5384615) == "53,8 %"
        assert formats.number(1234567) == f"1{SPACE}234{SPACE}567"
    with translation.override("en"):
        assert formats.share(0.5384615) == "53.8 %"
        assert formats.share(1) == "100 %"


def test_nothing_is_a_dash_and_never_zero() -> None:
    assert formats.figure(KPIS["asa"], Value(value=None, numerator=0, denominator=0)) == "–"
    assert formats.figure(KPIS["asa"], Value(value=0, numerator=0, denominator=40)) == "0 s"


def test_few_rows_show_their_fraction_and_neither_percentage_nor_interval() -> None:
    few = Value(value=0.75, numerator=6, denominator=8, low=0.41, high=0.93)
    assert formats.figure(KPIS["csat"], few) == "6 of 8"
    assert formats.interval(KPIS["csat"], few) == ""
    enough = Value(value=0.7, numerator=7, denominator=10, low=0.397, high=0.892)
    assert formats.figure(KPIS["csat"], enough) == "70 %"
    assert formats.interval(KPIS["csat"], enough) == "95% sure: 39.7 % to 89.2 %"


def test_what_rounds_to_nothing_has_no_minus() -> None:
    assert formats.difference(KPIS["csat"], -0.0001) == "0 pp"
    assert formats.difference(KPIS["csat"], -0.041) == "−4.1 pp"
    assert formats.difference(KPIS["nps"], 12.4) == "+12"


def test_a_period_is_named_by_its_first_and_last_day() -> None:
    start = datetime(2025, 9, 30, 22, tzinfo=UTC)
    assert formats.days(start, datetime(2025, 10, 31, 23, tzinfo=UTC), STOCKHOLM) == "Oct. 1, 2025 – Oct. 31, 2025"
    assert formats.days(start, datetime(2025, 10, 1, 22, tzinfo=UTC), STOCKHOLM) == "Oct. 1, 2025"
    assert formats.days(start, datetime(2025, 10, 1, 8, 30, tzinfo=UTC), STOCKHOLM) == "Oct. 1, 2025 00:00–10:30"
