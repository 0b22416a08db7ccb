"""Which cells a question is read from, and that cells of whole months, agents and topics say what the log says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query
from metrics.grains import plan
from metrics.period import Period, midnight
from metrics.rebuild import rebuild
from metrics.refresh import refresh
from tests.factories import make_contact
from tests.metrics.test_cells import START, Log
from tickets.models import Contact, Topic, User

STOCKHOLM = ZoneInfo("Europe/Stockholm")
AS_OF = datetime(2026, 1, 31, tzinfo=UTC)


def spanning(first: date, last: date, zone: ZoneInfo = STOCKHOLM) -> Period:
    return Period(midnight(first, zone), midnight(last, zone), zone)


def read_from(period: Period, *dimensions: str, split: str | None = None) -> list[tuple[str, int]]:
    """The grains that the question takes its parts from, with how many whole days of each."""
    edges = period.edges(split) if split else [period.start, period.end]
    return [
        (grain.code if grain else "rows", round(sum(((b - a) for a, b in ranges), timedelta()) / timedelta(days=1)))
        for grain, ranges in plan(edges, dimensions)
    ]


YEAR = spanning(date(2025, 1, 1), date(2026, 1, 1))
# From the 25th of a month to the 5th of the next but one.
PIECE = spanning(date(2025, 9, 25), date(2025, 12, 5))


@pytest.mark.parametrize("one", ["agent", "topic"])
def test_a_year_of_one_agent_or_topic_by_month_is_read_from_cells_of_months_alone(one: str) -> None:
    assert read_from(YEAR, one, split="month") == [(f"month_{one}", 365)]
    assert read_from(YEAR, one) == [(f"month_{one}", 365)]


@pytest.mark.parametrize("one", ["agent", "topic"])
def test_the_days_at_both_ends_of_whole_months_are_read_from_cells_of_days(one: str) -> None:
    assert read_from(PIECE, one) == [(f"month_{one}", 61), (f"day_{one}", 10)]
    assert read_from(PIECE, one, split="week") == [(f"day_{one}", 71)]


def test_what_asks_for_no_agent_and_no_topic_is_read_from_the_fewest_cells() -> None:
    assert read_from(YEAR, "queue", split="month") == [("month", 365)]
    assert read_from(PIECE, "queue") == [("month", 61), ("day", 10)]


def test_what_has_no_cells_is_read_from_rows() -> None:
    assert read_from(YEAR, "agent", "topic") == [("rows", 365)]
    assert read_from(spanning(date(2025, 10, 1), date(2025, 11, 1), ZoneInfo("Asia/Kolkata")), "topic") == [
        ("day_topic", 30),
        ("rows", 1),
    ]


def answers(query: Query) -> dict[tuple, dict[str, tuple]]:
    return {
        tuple(row.group.values()): {
            key: (value.value, value.numerator, value.denominator, value.provisional)
            for key, value in row.values.items()
        }
        for row in compute.values(KPIS.values(), query)
    }


def agree() -> None:
    """Log and cells give the same over three months and pieces of two, split by and narrowed to agents and topics."""
    topic, agent = Topic.objects.get(path="a"), User.objects.get(username="agent0")
    for by, filters in (
        (("month", "topic"), {}),
        (("agent",), {}),
        (("month",), {"topic": [topic.pk]}),
        (("month",), {"agent": [agent.pk]}),
    ):
        query = Query(PIECE, by, filters, AS_OF)
        assert answers(query) == answers(Query(PIECE, by, filters, AS_OF, "facts")), (by, filters)


def test_cells_of_months_by_agent_and_topic_give_what_the_log_gives(db) -> None:
    log = Log(11, days=50)
    for _ in range(20):
        log.add()
    refresh()
    for _ in range(5):
        log.add()
        log.correct()
    agree()  # part stored, part marked
    refresh()
    agree()
    # The same cells as if all had come at once, and as a rebuild makes them.
    assert check() == ([], 0)
    rebuild()
    assert check() == ([], 0)


def stored(grain: str) -> list[tuple]:
    """The contacts answered by bucket and agent or topic."""
    one = grain.partition("_")[2]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT bucket, {one}_id, answered FROM metrics_cell_contact_{grain} WHERE answered > 0 ORDER BY 1, 2"
        )
        return cursor.fetchall()


def test_a_contact_that_moves_to_another_topic_moves_in_the_cells_of_its_month(db) -> None:
    log = Log(12)
    first, second = (log.topics[n].pk for n in range(2))
    contacts = [make_contact(at=START + timedelta(days=n), topic=log.topics[0], agent=log.agents[0]) for n in range(3)]
    refresh()
    october = midnight(date(2025, 10, 1), STOCKHOLM)
    assert stored("month_topic") == [(october, first, 3)]
    Contact.objects.filter(pk=contacts[0].pk).update(topic=log.topics[1])
    refresh()
    assert stored("month_topic") == [(october, first, 2), (october, second, 1)]
    Contact.objects.filter(pk__in=[contact.pk for contact in contacts[1:]]).update(topic=log.topics[1])
    refresh()
    assert stored("month_topic") == [(october, second, 3)]
    assert check() == ([], 0)


@pytest.mark.parametrize("one", ["agent", "topic"])
def test_a_forged_cell_of_a_month_is_found(db, one: str) -> None:
    log = Log(13)
    log.add()
    refresh()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE metrics_cell_contact_month_{one} SET row_count = row_count + 1")
    differences, _pending = check()
    assert {found.table for found in differences} == {f"metrics_cell_contact_month_{one}"}
