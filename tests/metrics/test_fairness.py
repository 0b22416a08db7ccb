"""What makes two periods no fair comparison, and that each refusal says so in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from metrics.cards import WHY, change_text
from metrics.catalog import KPIS
from metrics.change import Circumstances, Verdict, Why, compare
from metrics.compute import Query, Value
from metrics.fairness import around
from tests.factories import make_agreement, make_calendar, make_client
from tests.metrics.test_change import share
from tests.metrics.test_ledgers import span
from tickets.models import Agreement

SL, OFFERED = KPIS["service-level"], KPIS["offered"]
NOW, BEFORE = share(900, 1000), share(700, 1000)
WEEK, WEEK_BEFORE = span(date(2025, 10, 13), date(2025, 10, 20)), span(date(2025, 10, 6), date(2025, 10, 13))


@pytest.mark.parametrize(
    ("kpi", "around", "why"),
    [
        (SL, Circumstances(), None),
        (SL, Circumstances(same_length=False), None),  # a rate may be compared with one of another length
        (OFFERED, Circumstances(same_length=False), Why.LENGTH),
        (SL, Circumstances(weekday_shift=0.06), Why.WEEKDAYS),
        (SL, Circumstances(weekday_shift=0.05), None),
        (SL, Circumstances(same_hours=False), Why.HOURS),
    ],
)
def test_each_item_of_the_check_list(kpi, around: Circumstances, why: Why | None) -> None:
    now, before = (Value(value=900), Value(value=700)) if kpi is OFFERED else (NOW, BEFORE)
    change = compare(kpi, now, before, circumstances=around)
    assert change.why is why
    assert (change.verdict is Verdict.NONE) == (why is not None)


def test_every_refusal_has_words() -> None:
    for why in set(Why) - {Why.NOT_ASKED, Why.NOTHING_NOW}:
        assert str(WHY[why])
    text = change_text(SL, compare(SL, NOW, BEFORE, circumstances=Circumstances(same_hours=False)), BEFORE)
    assert text is not None
    assert text.text == "not compared: opening hours changed"


def test_days_of_the_week_and_length_are_those_of_the_calendar(db) -> None:
    monday, sunday = span(date(2025, 10, 27), date(2025, 10, 28)), span(date(2025, 10, 26), date(2025, 10, 27))
    assert around(Query(monday), Query(sunday)).weekday_shift == 1
    assert around(Query(monday), Query(sunday)).same_length  # of one day each, though one has 25 hours
    months = around(Query(span(date(2025, 10, 1), date(2025, 11, 1))), Query(span(date(2025, 9, 1), date(2025, 10, 1))))
    assert not months.same_length
    assert months.weekday_shift < 0.05


def test_opening_hours_that_changed_between_or_within(db) -> None:
    first = make_agreement(make_client())
    later = make_calendar("Evenings too")
    make_agreement(make_client("other"))
    assert around(Query(WEEK), Query(WEEK_BEFORE)).same_hours
    Agreement.objects.create(client=first.client, calendar=later, valid_from=WEEK.start + timedelta(days=2))
    assert not around(Query(WEEK), Query(WEEK_BEFORE)).same_hours
    only_other = {"client": [make_client("other").pk]}
    assert around(Query(WEEK, filters=only_other), Query(WEEK_BEFORE, filters=only_other)).same_hours


def test_a_period_that_still_runs_has_the_length_of_what_is_over(db) -> None:
    week = span(date(2025, 10, 20), date(2025, 10, 27))
    just_after_midnight = datetime(2025, 10, 25, 22, 20, tzinfo=UTC)  # 00:20 on the 26th in Stockholm
    before = span(date(2025, 10, 13), date(2025, 10, 19))  # up to midnight before the 19th: six days
    assert around(Query(week, as_of=just_after_midnight), Query(before)).same_length
    assert not around(Query(week, as_of=just_after_midnight + timedelta(days=5)), Query(before)).same_length
