"""What the desk does to cases reaches the figures: merged and parted, split, sent and taken back, snoozed, booked as spam."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from metrics import compute
from metrics.catalog import KPIS
from metrics.check import check
from metrics.compute import Query
from metrics.period import Period, midnight
from metrics.refresh import refresh
from tests.factories import make_agreement, make_case, make_contact, make_customer, make_queue, make_topic, make_user
from tickets import merging, sending
from tickets.models import Draft
from tickets.windows import bring_up_to_date

pytestmark = pytest.mark.django_db

ZONE = ZoneInfo("Europe/Stockholm")
START = datetime(2025, 10, 20, 7, tzinfo=UTC)
SPAN = Period(midnight(START.date(), ZONE), midnight((START + timedelta(days=60)).date(), ZONE), ZONE)
# A person's page of figures: what she would see change.
ASKED = [
    "fcr",
    "contacts-per-case",
    "time-to-resolution",
    "first-response-time",
    "reopen-rate",
    "backlog",
    "promises-kept",
]


@pytest.fixture
def agent():
    make_agreement()
    bring_up_to_date()
    return make_user("anna")


def figures(engine: str) -> list[tuple[Any, ...]]:
    kpis = [kpi for kpi in KPIS.values() if kpi.slug in ASKED or kpi.slug.split(":")[0] in ASKED]
    rows = compute.values(kpis, Query(SPAN, ("queue",), as_of=START + timedelta(days=40), engine=engine))
    return [
        (key, value.value, value.numerator, value.denominator)
        for row in rows
        for key, value in sorted(row.values.items())
    ]


def proved() -> list[tuple[Any, ...]]:
    """The figures, once it is shown that the marked log, the cells and the log itself give the same."""
    marked = figures("auto")
    refresh()
    assert check() == ([], 0)
    assert marked == figures("auto") == figures("facts")
    return marked


def desk(agent, number=4):
    queue, topic = make_queue(), make_topic("billing")
    cases = []
    for n in range(number):
        at = START + timedelta(days=n)
        customer = make_customer(f"C{n}", email=f"c{n}@example.com")
        case = make_case(customer=customer, queue=queue, topic=topic, owner=agent, at=at)
        for hours in (0, 30):
            make_contact(
                case=case, customer=customer, queue=queue, topic=topic, agent=agent, at=at + timedelta(hours=hours)
            )
        case.promise(due_at=at + timedelta(days=2), by=agent, at=at)
        if n % 2:
            case.resolve(by=agent, at=at + timedelta(hours=31))
        cases.append(case)
    return cases


def test_a_merge_taken_back_leaves_every_figure_as_it_was(agent):
    one, two, three, _four = desk(agent)
    before = proved()
    merging.merge(one, into=two, by=agent, at=START + timedelta(days=5))
    merging.merge(two, into=three, by=agent, at=START + timedelta(days=6))
    merged = proved()
    assert merged != before
    merging.unmerge(two, by=agent, at=START + timedelta(days=7))
    merging.unmerge(one, by=agent, at=START + timedelta(days=8))
    assert proved() == before


def test_a_split_message_is_a_case_more(agent):
    case = desk(agent)[0]
    message = case.log_message("And another thing.", kind="incoming", by=None, at=START + timedelta(hours=2))
    before = proved()
    merging.split(message, by=agent, at=START + timedelta(days=5))
    assert proved() != before


def test_a_message_taken_back_never_was_and_one_that_left_is_an_answer(agent):
    case = desk(agent, 1)[0]
    before = proved()
    draft = sending.draft_of(case, "reply", by=agent)
    draft.write(version=draft.version, html="<div>Yes.</div>", seen=case.events.latest("pk").pk)
    sending.send(draft, then="resolved")
    assert proved() == before
    assert sending.take_back(draft)
    assert proved() == before
    draft.refresh_from_db()
    sending.send(draft)
    Draft.objects.leaving().update(send_at=START)
    assert sending.send_due() == 1
    assert "agent_reply" in case.events.values_list("kind", flat=True)
    # It left now, long after the moment that these figures are of.
    assert proved() == before


def test_putting_a_case_to_sleep_changes_no_figure(agent):
    case = desk(agent)[0]
    before = proved()
    case.snooze(until=START + timedelta(days=90), by=agent, at=START + timedelta(days=3))
    case.wake(by=agent, at=START + timedelta(days=4))
    assert proved() == before
