"""Business time against vectors that come from other implementations and from brute force."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.factories import make_agreement, make_client
from tests.metrics.test_business import in_sql
from tests.realdata.shared import shared
from tickets import windows
from tickets.clock import Hours, add_business_seconds, business_seconds
from tickets.models import Calendar, Client, ClosedDay, OpeningHours

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FOLDER = shared("data/bizhours")
VECTORS: dict[str, list[dict[str, Any]]] = (
    json.loads((FOLDER / "vectors.json").read_text()) if FOLDER else {"elapsed": [], "deadline": []}
)
pytestmark = pytest.mark.skipif(FOLDER is None, reason="the shared data folder is not beside this checkout")


def hours_of(schedule: dict[str, Any]) -> Hours:
    return Hours(
        zone=ZoneInfo(schedule["tz"]),
        week=tuple(
            tuple((clock_time(opens), clock_time(closes)) for opens, closes in schedule["hours"].get(name, []))
            for name in WEEKDAYS
        ),
        closed=frozenset(date.fromisoformat(day) for day in schedule["holidays"]),
    )


def clock_time(text: str) -> time:
    return time.fromisoformat("00:00" if text == "24:00" else text)


def moment(text: str, hours: Hours) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=hours.zone)


def test_all_vectors_are_there():
    assert (len(VECTORS["elapsed"]), len(VECTORS["deadline"])) == (39, 28)


@pytest.mark.parametrize("vector", VECTORS["elapsed"], ids=lambda vector: vector["name"])
def test_elapsed_business_time(vector):
    hours = hours_of(vector["schedule"])
    found = business_seconds(moment(vector["start"], hours), moment(vector["end"], hours), hours)
    assert found == vector["expected_seconds"]


def client_with(number: int, hours: Hours) -> Client:
    """A client whose agreement has these hours."""
    calendar = Calendar.objects.create(name=f"vector {number}", timezone=str(hours.zone))
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=weekday, opens_at=opens, closes_at=closes)
        for weekday, spans in enumerate(hours.week)
        for opens, closes in spans
    )
    ClosedDay.objects.bulk_create(ClosedDay(calendar=calendar, closed_on=day) for day in hours.closed)
    client = make_client(f"vector-{number}")
    make_agreement(client, calendar=calendar)
    return client


def test_elapsed_business_time_in_the_database(db):
    clients: dict[Hours, Client] = {}
    # The oldest first, so that each client's windows are worked out for the years that hers are asked about alone.
    for number, vector in enumerate(sorted(VECTORS["elapsed"], key=lambda vector: vector["start"])):
        hours = hours_of(vector["schedule"])
        start, end = moment(vector["start"], hours), moment(vector["end"], hours)
        if hours not in clients:
            clients[hours] = client_with(number, hours)
            windows.bring_up_to_date(start)
        assert in_sql(clients[hours], start, end) == vector["expected_seconds"], vector["name"]


@pytest.mark.parametrize("vector", VECTORS["deadline"], ids=lambda vector: vector["name"])
def test_deadline_in_business_time(vector):
    hours = hours_of(vector["schedule"])
    found = add_business_seconds(moment(vector["start"], hours), vector["sla_minutes"] * 60, hours)
    assert found == datetime.fromisoformat(vector["expected_deadline"])
