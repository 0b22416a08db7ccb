"""Business time, by tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.clock import Hours, add_business_seconds, business_seconds, public_holidays

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NINE_TO_FIVE = ((time(9), time(17)),)
ALWAYS = ((time(0), time(0)),)


def make_hours(week=None, *, zone=STOCKHOLM, **fields) -> Hours:
    return Hours(zone=zone, week=week or (NINE_TO_FIVE,) * 5 + ((),) * 2, **fields)


def local(text: str, zone: ZoneInfo = STOCKHOLM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def test_only_open_time_counts():
    # Friday 16:30 to Monday 09:15.
    assert business_seconds(local("2026-11-20T16:30"), local("2026-11-23T09:15"), make_hours()) == 45 * 60


def test_microseconds_are_kept():
    start = local("2026-11-20T16:59:59.999999")
    assert business_seconds(start, local("2026-11-23T09:00:00.000001"), make_hours()) == 0.000002


def test_a_public_holiday_is_closed():
    hours = make_hours(country="SE")
    # Epiphany 2026 is a Tuesday.
    assert business_seconds(local("2026-01-05T16:00"), local("2026-01-07T10:00"), hours) == 2 * 3600


def test_a_holiday_of_a_subdivision_is_closed():
    assert date(2026, 11, 30) in public_holidays("GB-SCT", 2026)
    assert date(2026, 11, 30) not in public_holidays("GB-ENG", 2026)


def test_a_local_closing_day_is_closed():
    hours = make_hours(closed=frozenset({date(2026, 11, 24)}))
    assert business_seconds(local("2026-11-24T09:00"), local("2026-11-25T10:00"), hours) == 3600


def test_a_window_over_midnight_belongs_to_the_day_on_which_it_begins():
    night = ((time(22), time(6)),)
    hours = make_hours((night,) * 7, closed=frozenset({date(2026, 11, 24)}))
    # The night that began on Monday is open until Tuesday at six; the one of the closed Tuesday is not.
    assert business_seconds(local("2026-11-23T23:00"), local("2026-11-25T12:00"), hours) == 7 * 3600


def test_windows_that_overlap_count_once():
    hours = make_hours((((time(9), time(13)), (time(12), time(17))),) * 7)
    assert business_seconds(local("2026-11-24T00:00"), local("2026-11-25T00:00"), hours) == 8 * 3600
    over_midnight = make_hours((((time(22), time(6)), (time(0), time(1))),) * 7)
    assert business_seconds(local("2026-11-24T00:00"), local("2026-11-25T00:00"), over_midnight) == 8 * 3600


@pytest.mark.parametrize(
    ("day", "seconds"),
    [("2026-03-29", 23 * 3600), ("2026-10-25", 25 * 3600), ("2026-11-24", 24 * 3600)],
)
def test_a_day_with_a_clock_change_counts_the_time_that_really_passed(day, seconds):
    start = local(f"{day}T00:00")
    end = local(f"{date.fromisoformat(day) + timedelta(days=1)}T00:00")
    assert business_seconds(start, end, make_hours((ALWAYS,) * 7)) == seconds


def test_opening_at_a_time_that_the_clock_jumps_over_is_opening_at_the_jump():
    hours = make_hours((((time(2, 30), time(4)),),) * 7)
    # From 03:00 summer time, the moment of the jump, to 04:00.
    assert business_seconds(local("2026-03-29T00:00"), local("2026-03-29T12:00"), hours) == 3600


def test_the_end_before_the_start_is_no_time():
    assert business_seconds(local("2026-11-24T12:00"), local("2026-11-24T10:00"), make_hours()) == 0


@pytest.mark.parametrize(
    ("start", "seconds", "expected"),
    [
        ("2026-11-24T10:00", 3600, "2026-11-24T11:00"),
        ("2026-11-24T16:00", 3600, "2026-11-24T17:00"),
        ("2026-11-24T16:00", 3600.5, "2026-11-25T09:00:00.500000"),
        ("2026-11-21T11:00", 60, "2026-11-23T09:01"),
        ("2026-11-21T11:00", 0, "2026-11-21T11:00"),
        ("2026-10-23T16:00", 2 * 3600, "2026-10-26T10:00"),
    ],
)
def test_a_deadline_is_the_first_instant_at_which_the_time_is_used_up(start, seconds, expected):
    assert add_business_seconds(local(start), seconds, make_hours()) == local(expected)


def test_a_deadline_in_hours_that_never_open_is_refused():
    with pytest.raises(ValueError, match="never open"):
        add_business_seconds(local("2026-11-24T10:00"), 60, make_hours(((),) * 7))


def test_a_deadline_may_lie_behind_a_year_of_waiting():
    hours = make_hours((((time(9), time(10)),), (), (), (), (), (), ()))
    assert add_business_seconds(local("2026-11-24T10:00"), 3600 * 60, hours) > local("2027-12-01T00:00")


def test_a_naive_moment_is_refused():
    naive = datetime(2026, 11, 24, 10)  # noqa: DTZ001 - what the test is about
    with pytest.raises(ValueError, match="no time zone"):
        business_seconds(naive, local("2026-11-24T12:00"), make_hours())
    with pytest.raises(ValueError, match="no time zone"):
        add_business_seconds(naive, 60, make_hours())


def test_a_deadline_in_the_past_is_refused():
    with pytest.raises(ValueError, match="ahead"):
        add_business_seconds(local("2026-11-24T10:00"), -1, make_hours())


@settings(max_examples=60, deadline=None)
@given(
    start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds
    seconds=st.integers(1, 400_000),
)
def test_as_much_open_time_lies_before_the_deadline_as_was_given(start, seconds):
    hours = make_hours(
        (((time(8), time(12)), (time(13), time(16, 30))),) * 5 + (((time(22), time(3)),),) * 2, country="FI"
    )
    due = add_business_seconds(start, seconds, hours)
    assert business_seconds(start, due, hours) == seconds
    assert business_seconds(start, due - timedelta(microseconds=1), hours) < seconds
