"""Ledgers count by whole months; promises by when they are due; interviews over thirty days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query
from metrics.models import Mark
from metrics.period import Period, midnight
from metrics.refresh import refresh
from surveys.models import Interview
from tests.factories import make_case, make_client, make_contact, make_source, make_user
from tests.metrics.test_golden import ask
from tickets.models import AgentTime, Case, Cost, Promise

STOCKHOLM = ZoneInfo("Europe/Stockholm")
HOUR = 3_600_000_000


def span(start: date, end: date, zone: ZoneInfo = STOCKHOLM) -> Period:
    return Period(midnight(start, zone), midnight(end, zone), zone)


AUTUMN = span(date(2025, 9, 1), date(2025, 12, 1))


def value(key: str, period: Period, engine: str = "auto", **query) -> compute.Value:
    (row,) = compute.values([KPIS[key]], Query(period, engine=engine, **query))
    return row.values[key]


def at(month: int, day: int = 15, hour: int = 12) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


@pytest.fixture
def costs(db) -> None:
    """September and October have a cost; November only contacts."""
    own = make_client()
    Cost.objects.create(client=own, month_on=date(2025, 9, 1), amount="300.30")
    Cost.objects.create(client=own, month_on=date(2025, 10, 1), amount="100")
    agent = make_user()
    for month, times in ((9, 3), (10, 2), (11, 4)):
        for _ in range(times):
            make_contact(at=at(month), agent=agent)
    # The last evening of September in Stockholm is not October there, nor in the cost of October.
    make_contact(at=datetime(2025, 9, 30, 21, 59, 59, tzinfo=UTC), agent=agent)
    make_contact(at=datetime(2025, 9, 30, 22, tzinfo=UTC), agent=agent)


@pytest.mark.parametrize("refreshed", [False, True])
def test_a_cost_is_divided_by_what_was_done_in_the_same_months(costs, *, refreshed: bool) -> None:
    if refreshed:
        refresh()
    for engine in ("facts", "auto"):
        found = value("cost-per-contact", AUTUMN, engine)
        assert (found.numerator, found.denominator, found.currency) == (400.3, 7, "EUR")
        cut = value("cost-per-contact", span(date(2025, 9, 2), date(2025, 11, 1)), engine)
        assert (cut.numerator, cut.denominator) == (100, 3)
        none = value("cost-per-contact", span(date(2025, 10, 2), date(2025, 11, 1)), engine)
        assert (none.value, none.denominator) == (None, 0)


def test_handled_beside_the_cost_is_still_of_the_whole_period(costs) -> None:
    (row,) = compute.values([KPIS["handled"], KPIS["cost-per-contact"]], Query(AUTUMN))
    assert row.values["handled"].value == 11
    assert row.values["cost-per-contact"].denominator == 7


def test_a_cost_by_month_and_none_by_day(costs) -> None:
    months = compute.values([KPIS["cost-per-contact"]], Query(AUTUMN, ("month",)))
    assert [(row.group["month"].month, row.values["cost-per-contact"].denominator) for row in months] == [
        (8, 4),
        (9, 3),
    ]
    assert compute.values([KPIS["cost-per-contact"]], Query(AUTUMN, ("day",))) == []


def test_a_client_without_a_cost_does_not_make_the_others_cheap(costs) -> None:
    make_contact(at=at(10), client=make_client("other"))
    assert value("cost-per-contact", AUTUMN).denominator == 7
    assert value("handled", AUTUMN).value == 12
    rows = compute.values([KPIS["cost-per-contact"]], Query(AUTUMN, ("client",)))
    assert [row.values["cost-per-contact"].denominator for row in rows] == [7]


def test_two_currencies_have_no_sum(costs) -> None:
    other = make_client("other")
    Cost.objects.create(client=other, month_on=date(2025, 10, 1), amount="5000", currency="SEK")
    make_contact(at=at(10), client=other)
    assert value("cost-per-contact", AUTUMN).value is None
    assert value("cost-per-contact", AUTUMN, filters={"client": [make_client().pk]}).currency == "EUR"
    by_client = compute.values([KPIS["cost-per-contact"]], Query(AUTUMN, ("client",)))
    assert {row.values["cost-per-contact"].currency for row in by_client} == {"EUR", "SEK"}


def test_a_filter_that_a_ledger_lacks_gives_no_value(golden: Path) -> None:
    for kpi in ("cost-per-contact", "occupancy", "utilisation", "enps", "pulse-response-rate"):
        for filters in ("channel=phone", "queue=support"):
            (row,) = compute.values(ask(kpi, filters).kpis, ask(kpi, filters).query)
            assert row.values[kpi].value is None, (kpi, filters)
            assert not row.values[kpi].denominator


def test_a_month_is_that_of_the_zone_asked_in(costs) -> None:
    utc = value("cost-per-contact", span(date(2025, 10, 1), date(2025, 11, 1), ZoneInfo("UTC")))
    assert (utc.numerator, utc.denominator) == (100, 2)


def test_occupancy_is_no_mean_of_the_agents(db) -> None:
    for paid, handling, free in ((10, 9, 1), (100, 20, 60)):
        AgentTime.objects.create(
            agent=make_user(),
            client=make_client(),
            month_on=date(2025, 10, 1),
            paid_us=paid * HOUR,
            handling_us=handling * HOUR,
            available_us=free * HOUR,
        )
    found = value("occupancy", AUTUMN)
    assert found.value == pytest.approx(29 / 90)
    assert (found.low, found.high) == (None, None)  # seconds are no sample of anything
    assert value("utilisation", AUTUMN).value == pytest.approx(29 / 110)
    assert value("utilisation:presence", AUTUMN).value == pytest.approx(90 / 110)


# --- promises


def promise(**fields) -> Promise:
    fields.setdefault("case", make_case(at=at(10, 1)))
    fields.setdefault("original_due_at", fields["due_at"])
    return Promise.objects.create(source=make_source(), made_at=at(10, 1), **fields)


def promises(engine: str, as_of: datetime, key: str = "promises-kept") -> tuple:
    found = value(key, AUTUMN, engine, as_of=as_of)
    return found.numerator, found.denominator, found.provisional


def test_open_and_overdue_is_broken_and_not_yet_due_is_neither(db) -> None:
    promise(due_at=at(10, 10))
    promise(due_at=at(10, 20), fulfilled_at=at(10, 5))
    for _ in range(2):
        for engine in ("facts", "auto"):
            assert promises(engine, at(10, 9)) == (0, 0, 0)
            assert promises(engine, at(10, 10)) == (0, 1, 0)
            assert promises(engine, at(10, 21)) == (1, 2, 0)
        refresh()
    assert check() == ([], 0)


def test_what_happens_to_a_promise_or_its_case_moves_the_figure(db) -> None:
    given = promise(due_at=at(10, 10))
    refresh()
    Promise.objects.filter(pk=given.pk).update(fulfilled_at=at(10, 9))
    assert promises("auto", at(11)) == promises("facts", at(11)) == (1, 1, 0)
    refresh()
    assert promises("auto", at(11)) == (1, 1, 0)
    Promise.objects.filter(pk=given.pk).update(rescheduled_by="us", due_at=at(10, 12), original_due_at=at(10, 8))
    refresh()
    assert promises("auto", at(11)) == (0, 1, 0)
    assert promises("auto", at(11), "promises-kept:lenient") == (1, 1, 0)
    Case.objects.filter(pk=given.case_id).update(flags=["test"])
    assert promises("auto", at(11)) == promises("facts", at(11)) == (0, 0, 0)
    refresh()
    assert not Mark.objects.exists()
    assert check() == ([], 0)
    given.delete()
    refresh()
    assert check() == ([], 0)


def test_a_promise_moved_by_us_out_of_the_period_stays_in_it(db) -> None:
    promise(due_at=at(12, 20), original_due_at=at(11, 20), rescheduled_by="us")
    promise(due_at=at(11, 20), original_due_at=at(12, 20), rescheduled_by="customer")
    for engine in ("facts", "auto"):
        assert promises(engine, at(12, 31)) == (0, 2, 0)
    refresh()
    assert promises("auto", at(12, 31)) == (0, 2, 0)


def test_cases_not_solved_at_once_carry_a_promise_or_not(db) -> None:
    for solved, promised in ((True, False), (False, True), (False, False)):
        case = make_case(at=at(10, 1))
        contact = make_contact(at=at(10, 1), customer=case.customer, case=case)
        if solved:
            case.resolve(by=make_user(), at=contact.handled_end_at)
        if promised:
            promise(case=case, due_at=at(10, 3))
    for engine in ("facts", "auto"):
        found = value("promise-coverage", AUTUMN, engine)
        assert (found.numerator, found.denominator) == (1, 2)
    refresh()
    Promise.objects.all().delete()
    refresh()
    assert value("promise-coverage", AUTUMN).numerator == 0
    assert check() == ([], 0)


# --- interviews


def test_ten_an_agent_in_thirty_days_and_more_of_one_do_not_help_another(db) -> None:
    busy, silent = make_user(), make_user()
    make_contact(at=at(10, 20), agent=busy)
    make_contact(at=at(10, 20), agent=silent)
    for n in range(14):
        Interview.objects.create(
            source=make_source(),
            agent=busy,
            attempted_at=at(10, 25) + timedelta(minutes=n),
            outcome="completed",
            rating=5,
        )
    Interview.objects.create(source=make_source(), agent=busy, attempted_at=at(9, 5), outcome="completed", rating=1)
    october = span(date(2025, 10, 1), date(2025, 11, 1))
    found = value("call-back-coverage", october, as_of=at(12))
    assert (found.numerator, found.denominator) == (10, 20)
    assert value("call-back-coverage", october, as_of=at(12), filters={"agent": [silent.pk]}).numerator == 0
    # By month each is judged at its own end; as of an earlier moment, at that moment.
    by_month = compute.values([KPIS["call-back-coverage"]], Query(AUTUMN, ("month",), as_of=at(12)))
    assert [row.values["call-back-coverage"].numerator for row in by_month] == [1, 10]
    assert value("call-back-coverage", october, as_of=at(10, 21)).numerator == 0
