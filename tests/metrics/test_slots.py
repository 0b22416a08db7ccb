"""Half-hours of the week and bands of lengths: parts of a period that add up to it, each with the very rows."""

from __future__ import annotations

from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict

from metrics import compute, rows
from metrics.board import read_board
from metrics.catalog import KPIS
from metrics.compute import Query
from metrics.period import Period, PeriodError, Slot, midnight
from metrics.question import QuestionError, has_lengths, is_added_up
from metrics.sql import Band
from tests.factories import make_user

STOCKHOLM = ZoneInfo("Europe/Stockholm")
ADDED_UP = [kpi for kpi in KPIS.values() if is_added_up(kpi) and kpi.percentile is None]


def whole_year(zone: ZoneInfo) -> Period:
    return Period(midnight(date(2025, 1, 1), zone), midnight(date(2026, 6, 1), zone), zone)


@pytest.mark.parametrize(("text", "weekday", "half"), [("1-10:30", 1, 21), ("7-00:00", 7, 0), ("5-23:30", 5, 47)])
def test_a_slot_is_read_and_written(text: str, weekday: int, half: int) -> None:
    assert Slot.read(text) == Slot(weekday, half)
    assert str(Slot(weekday, half)) == text


@pytest.mark.parametrize(
    "text", ["", "1", "8-10:00", "0-10:00", "1-10:15", "1-24:00", "1-1000", "mon-10:00", "1-10:00Z"]
)
def test_what_is_no_slot_is_refused(text: str) -> None:
    with pytest.raises(PeriodError):
        Slot.read(text)


def test_a_half_hour_that_the_clock_skips_is_not_there_and_one_shown_twice_is_twice() -> None:
    spring = Period(midnight(date(2026, 3, 29), STOCKHOLM), midnight(date(2026, 3, 30), STOCKHOLM), STOCKHOLM)
    autumn = Period(midnight(date(2025, 10, 26), STOCKHOLM), midnight(date(2025, 10, 27), STOCKHOLM), STOCKHOLM)
    night = Slot.read("7-02:30")
    assert spring.slots(night) == []
    assert len(autumn.slots(night)) == 2
    assert autumn.slots(Slot.read("1-02:30")) == []


@pytest.mark.parametrize("name", ["Europe/Stockholm", "Asia/Kolkata", "Australia/Lord_Howe"])
def test_the_slots_of_a_week_fill_it_without_overlap(name: str) -> None:
    zone = ZoneInfo(name)
    week = Period(datetime(2026, 3, 27, 9, 10, tzinfo=zone), datetime(2026, 4, 7, 16, 5, tzinfo=zone), zone)
    found = sorted(span for weekday in range(1, 8) for half in range(48) for span in week.slots(Slot(weekday, half)))
    assert found[0][0] == week.start
    assert found[-1][1] == week.end
    assert all(one[1] == after[0] for one, after in pairwise(found))


@pytest.mark.parametrize("name", ["Europe/Stockholm", "Asia/Kolkata", "America/New_York"])
def test_slots_add_up_to_the_value_and_each_is_the_value_of_its_own_rows(golden, name: str) -> None:
    query = Query(whole_year(ZoneInfo(name)))
    (whole,) = compute.values(ADDED_UP, query)
    found = compute.by_slot(ADDED_UP, query)
    assert len(found) > 5
    for kpi in ADDED_UP:
        total = whole.values[kpi.key]
        if kpi.numerator.aggregate == "max":
            continue
        parts = [values[kpi.key] for values in found.values()]
        assert sum(part.provisional for part in parts) == total.provisional
        if kpi.denominator is None:
            assert sum(part.value or 0 for part in parts) == pytest.approx(total.value)
        else:
            assert sum(part.numerator or 0 for part in parts) == pytest.approx(total.numerator)
            assert sum(part.denominator or 0 for part in parts) == pytest.approx(total.denominator)
    for slot in sorted(found, key=str)[::9]:
        part = Query(query.period, slot=slot, as_of=query.as_of)
        (alone,) = compute.values(ADDED_UP, part)
        assert alone.values == found[slot]
        for key in ("fcr", "service-level", "csat"):
            kpi, value = KPIS[key], found[slot][key]
            assert rows.count(kpi, part, "numerator") == (value.numerator or 0)
            assert rows.count(kpi, part, "denominator") == (value.denominator or 0)


@pytest.mark.parametrize("key", ["asa", "aht", "wait:p50", "longest-wait", "time-to-resolution", "csat:mean"])
def test_bands_part_the_rows_without_loss(golden, key: str) -> None:
    kpi, query = KPIS[key], Query(whole_year(STOCKHOLM))
    edges = [None, 0, 1, 4, 10, 60, 240, 480, 3600, 86_400, None]
    counts = [
        rows.count(kpi, Query(query.period, as_of=query.as_of, band=Band(kpi.numerator, low, high)), "numerator")
        for low, high in pairwise(edges)
    ]
    assert sum(counts) == rows.count(kpi, query, "numerator")
    assert sum(count > 0 for count in counts) > 1
    low, high = next(ends for ends, count in zip(pairwise(edges), counts, strict=True) if count)
    (answer,) = compute.values([kpi], Query(query.period, as_of=query.as_of, band=Band(kpi.numerator, low, high)))
    assert answer.values[kpi.key].value is not None
    assert answer.values[kpi.key].value < high


@pytest.mark.parametrize(
    ("key", "name", "text"),
    [
        ("backlog", "slot", "1-10:00"),
        ("occupancy", "slot", "1-10:00"),
        ("asa", "slot", "Monday"),
        ("fcr", "between", "0,1"),
        ("asa", "between", "30"),
        ("asa", "between", "a,b"),
        ("asa", "between", "nan,3"),
    ],
)
def test_a_part_that_cannot_be_is_refused_by_name(db, key: str, name: str, text: str) -> None:
    with pytest.raises(QuestionError) as error:
        read_board(QueryDict(f"{name}={text}"), make_user(role="manager"), KPIS[key])
    assert error.value.parameter == name


def test_the_page_of_rows_says_which_part_it_shows_and_hands_it_on(golden, client) -> None:
    client.force_login(make_user(role="manager"))
    page = client.get("/metrics/asa/rows/?start=2025-01-01&end=2026-06-01&slot=1-09:00&between=0,60")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Monday 09:00–09:30" in text
    assert "0 s to below 1:00 min" in text
    assert text.count("slot=1-09%3A00&amp;between=0%2C60") >= 3


def test_capability_is_told_apart() -> None:
    assert has_lengths(KPIS["asa"])
    assert not has_lengths(KPIS["fcr"])
    assert not is_added_up(KPIS["backlog"])
    assert not is_added_up(KPIS["cost-per-contact"])
