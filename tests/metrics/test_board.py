"""The dashboard's address: periods, comparisons, and links that keep them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from metrics.board import before, days_of, read_board, split_of, starts
from metrics.catalog import KPIS
from metrics.period import Period, midnight
from metrics.question import QuestionError
from tests.factories import make_queue, make_user

ZONE = ZoneInfo("Europe/Stockholm")
TUESDAY = date(2026, 3, 31)


def period(first: date, end: date) -> Period:
    return Period(midnight(first, ZONE), midnight(end, ZONE), ZONE)


@pytest.mark.parametrize(
    ("name", "first", "end"),
    [
        ("today", date(2026, 3, 31), date(2026, 4, 1)),
        ("yesterday", date(2026, 3, 30), date(2026, 3, 31)),
        ("this-week", date(2026, 3, 30), date(2026, 4, 1)),
        ("this-month", date(2026, 3, 1), date(2026, 4, 1)),
        ("last-month", date(2026, 2, 1), date(2026, 3, 1)),
        ("7d", date(2026, 3, 25), date(2026, 4, 1)),
        ("90d", date(2026, 1, 1), date(2026, 4, 1)),
    ],
)
def test_a_named_period_is_whole_local_days(name: str, first: date, end: date) -> None:
    assert days_of(name, TUESDAY) == (first, end)


def test_a_past_period_is_compared_with_as_many_days_before_it() -> None:
    found = before(period(date(2026, 2, 1), date(2026, 3, 1)), "before", datetime(2026, 5, 1, tzinfo=UTC))
    assert found == period(date(2026, 1, 4), date(2026, 2, 1))


def test_a_running_period_is_compared_up_to_the_same_time_of_day() -> None:
    now = datetime(2026, 3, 31, 9, 40, tzinfo=ZONE)
    today = before(period(TUESDAY, date(2026, 4, 1)), "before", now)
    assert today is not None
    assert today.end == datetime(2026, 3, 30, 9, 40, tzinfo=ZONE)
    # Over the change of the clock the wall clock decides, in whole hours so that stored cells can answer.
    week = before(period(date(2026, 3, 25), date(2026, 4, 1)), "before", now)
    assert week is not None
    assert (week.start, week.end) == (
        datetime(2026, 3, 18, tzinfo=ZONE),
        datetime(2026, 3, 24, 9, tzinfo=ZONE),
    )


def test_the_same_weekdays_may_be_asked_for() -> None:
    found = before(period(date(2026, 3, 30), date(2026, 3, 31)), "weekdays", datetime(2026, 5, 1, tzinfo=UTC))
    assert found == period(date(2026, 3, 23), date(2026, 3, 24))
    assert before(period(date(2026, 3, 30), date(2026, 3, 31)), "none", datetime(2026, 5, 1, tzinfo=UTC)) is None


def test_a_day_just_begun_has_nothing_to_be_compared_with() -> None:
    day = period(date(2026, 3, 25), date(2026, 4, 1))
    assert before(day, "before", day.start.replace(minute=20)) is None


def test_the_chart_is_cut_by_the_length_of_the_period_and_ends_now() -> None:
    day = period(TUESDAY, date(2026, 4, 1))
    assert split_of(day) == "hour"
    assert split_of(period(date(2026, 1, 1), date(2026, 4, 1))) == "day"
    assert split_of(period(date(2025, 1, 1), date(2026, 1, 1))) == "week"
    assert len(starts(day, datetime(2026, 3, 31, 9, 40, tzinfo=ZONE))) == 10


@pytest.mark.django_db
def test_a_figure_links_to_exactly_what_it_counted() -> None:
    make_queue("first-line")
    params = QueryDict("from=2025-10-01&to=2025-10-31&queue=first-line&channel=phone&channel=chat&chart=asa")
    board = read_board(params, make_user(role="manager"))
    link = parse_qs(urlsplit(board.rows_link(KPIS["wait:p90"])).query)
    assert link.pop("as_of")
    assert link == {
        "start": ["2025-10-01"],
        "end": ["2025-11-01"],
        "queue": ["first-line"],
        "channel": ["phone", "chat"],
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("period=someday", "period"),
        ("period=custom", "from"),
        ("from=2025-10-02&to=2025-10-01", "to"),
        ("compare=luck", "compare"),
        ("chart=mood", "chart"),
        ("queue=nowhere", "queue"),
        ("start=2025-10-01", "end"),
        ("tz=Mars/Base", "tz"),
    ],
)
def test_an_address_that_cannot_be_read_names_the_parameter(text: str, parameter: str) -> None:
    with pytest.raises(QuestionError) as refused:
        read_board(QueryDict(text), make_user(role="manager"))
    assert refused.value.parameter == parameter
