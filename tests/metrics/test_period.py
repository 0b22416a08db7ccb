"""Periods are half-open, in local days, and right over clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metrics.period import Period, PeriodError, midnight, parse_moment

STOCKHOLM = ZoneInfo("Europe/Stockholm")
KOLKATA = ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")


def period(start: str, end: str, zone: ZoneInfo = STOCKHOLM) -> Period:
    return Period(parse_moment(start, zone, "start"), parse_moment(end, zone, "end"), zone)


@pytest.mark.parametrize(
    ("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-10-27", 24)], ids=["spring", "autumn", "plain"]
)
def test_a_local_day_has_as_many_hours_as_really_pass(day: str, hours: int) -> None:
    start = date.fromisoformat(day)
    edges = period(day, (start + timedelta(days=1)).isoformat()).edges("hour")
    assert len(edges) - 1 == hours
    assert edges[-1] - edges[0] == timedelta(hours=hours)


def test_the_hour_that_comes_twice_has_two_names() -> None:
    autumn = period("2025-10-26", "2025-10-27")
    names = [autumn.label(edge, "hour") for edge in autumn.edges("hour")[:-1]]
    assert names[2:4] == ["2025-10-26T02:00:00+02:00", "2025-10-26T02:00:00+01:00"]
    assert len(set(names)) == 25


def test_hours_of_a_half_hour_zone_begin_at_its_own_full_hours() -> None:
    edges = period("2025-10-06", "2025-10-07", KOLKATA).edges("hour")
    assert edges[0] == datetime(2025, 10, 5, 18, 30, tzinfo=UTC)
    assert all(edge.minute == 30 for edge in edges)


def test_a_clock_moved_by_half_an_hour_still_gives_local_hours() -> None:
    night = period("2025-10-05", "2025-10-06", LORD_HOWE)
    local = [edge.astimezone(LORD_HOWE) for edge in night.edges("hour")]
    assert all(moment.minute == 0 for moment in local if moment.hour != 2)
    assert night.end - night.start == timedelta(hours=23, minutes=30)


def test_weeks_begin_on_monday_and_pieces_at_the_ends_are_cut() -> None:
    weeks = period("2025-10-01", "2025-10-15")
    assert [weeks.label(edge, "week") for edge in weeks.edges("week")[:-1]] == [
        "2025-09-29",
        "2025-10-06",
        "2025-10-13",
    ]
    assert weeks.edges("week")[0] == weeks.start


def test_months_are_local_months() -> None:
    months = period("2024-12-15", "2025-03-02")
    assert [months.label(edge, "month") for edge in months.edges("month")[:-1]] == [
        "2024-12", "2025-01", "2025-02", "2025-03",
    ]  # fmt: skip


def test_the_period_before_has_the_same_local_days_though_the_clock_changed() -> None:
    before = period("2025-10-27", "2025-11-03").before()
    assert before.start == midnight(date(2025, 10, 20), STOCKHOLM)
    assert before.end - before.start == timedelta(days=7, hours=1)


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", "2025-10-01T00:00:00", ""])
def test_a_moment_that_is_not_one_is_refused_by_name(text: str) -> None:
    with pytest.raises(PeriodError) as refused:
        parse_moment(text, STOCKHOLM, "start")
    assert refused.value.parameter == "start"


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(PeriodError):
        period("2025-10-02", "2025-10-02")


def test_too_many_rows_are_refused_before_they_are_computed() -> None:
    with pytest.raises(PeriodError):
        period("2000-01-01", "2025-01-01").edges("hour")
