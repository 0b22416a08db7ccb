"""The morning page: each line counts what it opens onto, and nothing is said that is only noise."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from metrics.morning import groups, halves, signals
from surveys.models import Invitation
from tests.factories import (
    make_agreement,
    make_case,
    make_contact,
    make_customer,
    make_queue,
    make_source,
    make_team,
    make_user,
)
from tickets.models import Case, CaseEvent, Promise, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(client: Client) -> Client:
    client.force_login(make_user("boss", role="manager"))
    return client


def lines(code: str, user: User | None = None, query: str = "") -> list[groups.Line]:
    user = user or User.objects.filter(username="boss").first() or make_user("boss", role="manager")
    return groups.make(groups.read(QueryDict(query), user), code).lines


def aged(case: Case, **ago: float) -> Case:
    at = timezone.now() - timedelta(**ago)
    Case.objects.filter(pk=case.pk).update(created_at=at, updated_at=at)
    return case


def test_an_empty_desk_is_quiet(manager: Client) -> None:
    html = manager.get("/morning/").content.decode()
    assert "Nothing is too late." in html
    for code, kind in groups.KINDS.items():
        part = manager.get(f"/morning/{code}/").content.decode()
        assert str(kind.quiet) in part, code
    assert manager.get("/morning/weather/").status_code == 404


def test_only_who_sees_numbers_has_a_morning(client: Client) -> None:
    for role, status in (("agent", 404), ("lead", 200), ("manager", 200)):
        client.force_login(make_user(role=role))
        assert client.get("/morning/").status_code == status, role
        assert client.get("/morning/promised/").status_code == status, role


def test_every_line_of_cases_counts_the_list_that_it_opens(manager: Client) -> None:
    now = timezone.now()
    for days in (0, 2, 2, 5, 12, 40):
        aged(make_case(subject=f"aged {days}"), days=days, hours=1)
    late = make_case(subject="late")
    late.promise(due_at=now - timedelta(hours=3), by=None, at=now - timedelta(days=1))
    Case.objects.filter(pk=late.pk).update(next_promise_at=now - timedelta(hours=3))
    due = make_case(subject="due")
    Case.objects.filter(pk=due.pk).update(resolution_due_at=now - timedelta(minutes=1))
    checked = 0
    for code in ("promised", "silent", "ages"):
        for line in lines(code):
            html = manager.get(line.url).content.decode()
            rows = set(re.findall(r'href="/cases/(\d+)/', html))
            assert str(len(rows)) == line.figure, line
            checked += 1
    assert checked >= 6


def test_a_case_is_silent_until_somebody_speaks_and_never_while_it_waits_for_the_customer() -> None:
    quiet, spoken, called, waits = (aged(make_case(subject=name), days=4) for name in "abcd")
    spoken.log_message("We are on it.", kind="outgoing", by=None)
    make_contact(case=called, at=timezone.now() - timedelta(hours=2))
    Case.objects.filter(pk=waits.pk).update(status="waiting_customer")
    noted = aged(make_case(subject="e"), days=4)
    noted.log_message("To myself.", kind="note", by=make_user("someone"))
    assert set(Case.objects.silent()) == {quiet, noted}
    make_agreement(quiet.client, silence_hours=24 * 5)
    assert not Case.objects.silent().exists()


def test_a_first_response_that_was_given_is_not_due() -> None:
    now = timezone.now()
    for name in ("asked", "replied"):
        case = make_case(subject=name)
        Case.objects.filter(pk=case.pk).update(first_response_due_at=now - timedelta(hours=1))
    Case.objects.get(subject="replied").record(CaseEvent.Kind.AGENT_REPLY, by=None, at=now)
    (line,) = lines("promised")
    assert line.figure == "1"
    assert line.is_urgent


def answered(case: Case, **scores: Any) -> None:
    at = timezone.now() - timedelta(days=2)
    invitation = Invitation.objects.create(source=make_source(), client=case.client, case=case, sent_at=at)
    invitation.answer(at=at + timedelta(hours=1), **scores)


def test_a_low_score_stands_until_somebody_was_in_touch() -> None:
    low, fine, followed = make_case(subject="low"), make_case(subject="fine"), make_case(subject="followed")
    answered(low, csat=1, comment="Nobody called")
    answered(fine, csat=5)
    answered(followed, fcr_resolved="no")
    followed.log_message("Sorry!", kind="outgoing", by=None)
    (line,) = lines("low")
    assert "Nobody called" in line.text
    assert line.url == f"/cases/{low.pk}/"
    low.invitations.get().follow_up.finish(by=make_user(), result="Called")
    assert not lines("low")
    low.invitations.get().follow_up.reopen()
    assert len(lines("low")) == 1
    # A changed mind: only the last answer counts.
    low.invitations.get().answer(csat=5, comment="All well now")
    assert not lines("low")


def test_half_hours_below_the_agreement_are_told_by_queue_and_open_those_who_waited(manager: Client) -> None:
    queue, few = make_queue("first-line"), make_queue("second-line")
    agreement = make_agreement(queue.client)
    agreement.service_levels.create(channel="phone", target_share="0.8", threshold_seconds=20, short_abandon_seconds=5)
    start = timezone.localtime().replace(hour=10, minute=0, second=0, microsecond=0) - timedelta(days=1)
    for n in range(12):
        make_contact(queue=queue, at=start + timedelta(minutes=n), wait=90 if n < 6 else 5)
    for n in range(9):
        make_contact(queue=few, at=start + timedelta(minutes=n), wait=90)
    (line,) = lines("slow")
    assert "10:00" in line.text
    assert "6 of 12" in line.more
    assert len(set(re.findall(r'href="/contacts/(\d+)/', manager.get(line.url).content.decode()))) == 6


def test_a_signal_is_told_once_and_noise_never(manager: Client) -> None:
    queue = make_queue("first-line")
    make_agreement(queue.client)
    today = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0)
    for day in range(1, 31):
        for n in range(10):
            # Day by day nearly alike, and yesterday far away.
            wait = 300 if day == 1 else 10 + (day + n) % 3
            make_contact(queue=queue, at=today - timedelta(days=day) + timedelta(minutes=n), wait=wait)
    found = {line.text.split(",")[0]: line for line in lines("changed")}
    assert "Average speed of answer" in found
    line = found["Average speed of answer"]
    assert "worse than usual" in line.text
    assert len(set(re.findall(r'href="/contacts/(\d+)/', manager.get(line.url).content.decode()))) == 10
    board = groups.read(QueryDict(), User.objects.get(username="boss"))
    later = board.query.as_of + timedelta(days=1)
    tomorrow = replace(board, question=replace(board.question, query=replace(board.query, as_of=later)))
    assert "Average speed of answer" not in {one.text.split(",")[0] for one in signals.fresh(tomorrow)}


def test_a_lead_is_told_of_her_queues_alone() -> None:
    mine, others = make_queue("mine"), make_queue("others", teams=[make_team("other")])
    aged(make_case(queue=mine, subject="my own"), days=2)
    aged(make_case(queue=others, subject="theirs"), days=2)
    answered(make_case(queue=others, subject="theirs", customer=make_customer()), csat=1, comment="Their secret")
    lead = make_user("lead", role="lead")
    assert [line.figure for line in lines("ages", lead)] == ["1"]
    assert not lines("low", lead)
    assert [line.figure for line in lines("ages", lead, "queue=mine")] == ["1"]


def test_the_page_asks_few_questions_however_much_there_is(manager: Client, django_assert_max_num_queries) -> None:
    """The session and reader, tabs and boxes; each line its count and its first; the low scores once."""
    for n in range(6):
        aged(make_case(queue=make_queue(f"queue-{n}")), days=n + 1)
    with django_assert_max_num_queries(60):
        manager.get("/morning/")


def test_half_hours_are_those_of_the_clock_in_half_hour_zones() -> None:
    queue = make_queue("first-line")
    at = timezone.localtime().replace(hour=10, minute=29, second=59, microsecond=0) - timedelta(days=1)
    for n in range(20):
        make_contact(queue=queue, at=at + timedelta(seconds=n // 10), wait=5)
    board = groups.read(QueryDict("tz=Asia/Kolkata"), make_user("boss", role="manager"))
    found = halves.halves(board)
    assert [one.of for one in found] == [10, 10]
    assert all(isinstance(one.start, datetime) and one.start.minute in {0, 30} for one in found)
    assert Promise.objects.count() == 0
