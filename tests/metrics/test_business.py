"""Business time in the database is that of `tickets.clock`, across everything that moves a clock or an agreement."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query
from metrics.facts.business import business_us
from metrics.period import Period
from metrics.refresh import refresh
from tests.factories import make_agreement, make_calendar, make_case, make_client
from tickets import windows
from tickets.clock import business_seconds
from tickets.models import Calendar, Client, ClosedDay, OpeningHours, OpenWindow, WindowRange

pytestmark = pytest.mark.django_db


def in_sql(client: Client, start: datetime, end: datetime) -> float:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {business_us('x.client', 'x.a', 'x.b')} / 1e6 "
            "FROM (VALUES (%s::bigint, %s::timestamptz, %s::timestamptz)) x(client, a, b)",
            [client.pk, start, end],
        )
        return float(cursor.fetchone()[0])


def desk(hours: dict[int, list[tuple[str, str]]], timezone: str = "Europe/Stockholm", country: str = "") -> Client:
    calendar = Calendar.objects.create(name=f"{timezone} {hours}"[:120], timezone=timezone, country=country)
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, opens_at=opens, closes_at=closes)
        for day, spans in hours.items()
        for opens, closes in spans
    )
    client = make_client()
    make_agreement(client, calendar=calendar)
    windows.bring_up_to_date(datetime(2024, 6, 1, tzinfo=UTC))
    return client


WEEK = range(7)
OFFICE = {day: [("08:00", "16:00")] for day in range(5)}


@pytest.mark.parametrize(
    ("hours", "zone", "start", "end", "hours_open"),
    [
        (OFFICE, "Europe/Stockholm", "2025-10-10T15:00+02:00", "2025-10-13T09:30+02:00", 2.5),  # over a weekend
        (OFFICE, "Europe/Stockholm", "2025-10-12T15:00+02:00", "2025-10-12T18:00+02:00", 0),  # on a Sunday
        ({day: [("00:00", "00:00")] for day in WEEK}, "Europe/Stockholm", "2025-03-30T00:00+01:00", "2025-03-31T00:00+02:00", 23),
        ({day: [("00:00", "00:00")] for day in WEEK}, "Europe/Stockholm", "2025-10-26T00:00+02:00", "2025-10-27T00:00+01:00", 25),
        ({5: [("22:00", "06:00")]}, "Europe/Stockholm", "2025-10-25T20:00+02:00", "2025-10-26T12:00+01:00", 9),  # that night
        ({5: [("22:00", "06:00")]}, "Europe/Stockholm", "2025-03-29T20:00+01:00", "2025-03-30T12:00+02:00", 7),  # and this
        (OFFICE, "Asia/Kolkata", "2025-10-10T02:30+00:00", "2025-10-10T03:30+00:00", 1),  # zone off by half an hour
        ({0: [("08:00", "12:00"), ("13:00", "17:00")]}, "Asia/Kathmandu", "2025-10-13T00:00+05:45", "2025-10-14T00:00+05:45", 8),
        (OFFICE, "Europe/Stockholm", "2025-10-10T12:00+02:00", "2025-10-10T09:00+02:00", 0),  # the end before the start
    ],
)  # fmt: skip
def test_open_hours(hours, zone, start, end, hours_open) -> None:
    client = desk(hours, zone)
    assert in_sql(client, datetime.fromisoformat(start), datetime.fromisoformat(end)) == hours_open * 3600


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"])
def test_any_two_moments_give_what_the_clock_gives(zone) -> None:
    client = desk({**OFFICE, 5: [("22:00", "03:00")], 6: [("02:30", "09:00")]}, zone, country="SE")
    hours = client.agreements.get().calendar.hours()
    dice = random.Random(zone)
    first = datetime(2024, 1, 1, tzinfo=UTC)
    for _ in range(200):
        start = first + timedelta(microseconds=dice.randrange(2 * 365 * 86_400 * 10**6))
        end = start + timedelta(microseconds=dice.randrange(20 * 86_400 * 10**6))
        assert in_sql(client, start, end) == business_seconds(start, end, hours), (start, end)


def test_without_hours_business_time_is_calendar_time() -> None:
    client = make_client("nobody-asked")
    windows.bring_up_to_date()
    assert in_sql(client, datetime(2025, 10, 11, tzinfo=UTC), datetime(2025, 10, 12, tzinfo=UTC)) == 86_400


def test_each_stretch_follows_the_agreement_that_was_in_force_then() -> None:
    client = desk(OFFICE)
    always = Calendar.objects.create(name="always")
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=always, weekday=day, opens_at="00:00", closes_at="00:00") for day in WEEK
    )
    wednesday = datetime(2025, 10, 8, 10, tzinfo=UTC)  # noon in Stockholm
    make_agreement(client, calendar=always, valid_from=wednesday)
    windows.bring_up_to_date()
    start, end = datetime(2025, 10, 7, 6, tzinfo=UTC), datetime(2025, 10, 9, 6, tzinfo=UTC)
    # Tuesday 8 to 16 and Wednesday 8 to 12 by the old one, twenty hours by the new one.
    assert in_sql(client, start, end) == (8 + 4 + 20) * 3600


def test_what_changes_a_calendar_makes_its_windows_stale() -> None:
    client = desk(OFFICE)
    calendar = client.agreements.get().calendar

    def is_stale() -> bool:
        stale = WindowRange.objects.get(client=client).is_stale
        windows.bring_up_to_date()
        return stale

    assert not is_stale()
    ClosedDay.objects.bulk_create([ClosedDay(calendar=calendar, closed_on=date(2025, 10, 8))])
    assert is_stale()
    calendar.opening_hours.filter(weekday=4).update(closes_at="15:00")
    assert is_stale()
    Calendar.objects.filter(pk=calendar.pk).update(country="SE")
    assert is_stale()
    Calendar.objects.filter(pk=calendar.pk).update(name="renamed")
    assert not is_stale()
    calendar.closed_days.all().delete()
    assert is_stale()


def test_windows_reach_back_to_what_comes_into_the_log_and_ahead_of_today() -> None:
    client = desk(OFFICE)
    windows.bring_up_to_date(datetime(2015, 5, 5, tzinfo=UTC))
    reach = WindowRange.objects.get(client=client)
    assert reach.first_at <= datetime(2015, 1, 1, tzinfo=UTC)
    assert reach.last_at >= datetime.now(UTC) + timedelta(days=700)
    before = list(OpenWindow.objects.values_list("pk", "opens_at", "before_us"))
    assert windows.work_out_all() == Client.objects.count()
    assert list(OpenWindow.objects.values_list("pk", "opens_at", "before_us")) == before


def resolved_in_business_time(engine: str = "auto") -> float | None:
    period = Period(datetime(2025, 10, 1, tzinfo=UTC), datetime(2025, 11, 1, tzinfo=UTC), ZoneInfo("Europe/Stockholm"))
    (row,) = compute.values([KPIS["time-to-resolution"]], Query(period, engine=engine))
    return row.values["time-to-resolution"].value


def test_a_day_that_turns_out_to_have_been_closed_changes_the_cases_of_that_day_alone() -> None:
    client = desk(OFFICE)
    for day in (7, 8, 9):
        case = make_case(client=client, at=datetime(2025, 10, day, 8, tzinfo=UTC))
        case.resolve(by=None, at=datetime(2025, 10, day, 10, tzinfo=UTC))
    refresh()
    assert resolved_in_business_time() == 7200
    ClosedDay.objects.create(calendar=client.agreements.get().calendar, closed_on=date(2025, 10, 8))
    windows.bring_up_to_date()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT row_id) FROM metrics_mark WHERE record = 'case'")
        assert cursor.fetchone() == (1,)
    assert resolved_in_business_time() == resolved_in_business_time("facts") == 4800
    refresh()
    assert resolved_in_business_time() == 4800
    assert check() == ([], 0)


def test_a_holiday_of_the_country_is_closed() -> None:
    client = desk(OFFICE, country="SE")
    national_day = datetime(2025, 6, 6, tzinfo=UTC)  # a Friday
    assert in_sql(client, national_day, national_day + timedelta(days=1)) == 0


def test_the_factory_calendar_is_counted_once_the_refresh_has_seen_it() -> None:
    client = make_client("late")
    make_agreement(client, calendar=make_calendar())
    refresh()
    start = datetime(2025, 10, 8, 5, tzinfo=UTC)
    assert in_sql(client, start, start + timedelta(days=1)) == 9 * 3600
