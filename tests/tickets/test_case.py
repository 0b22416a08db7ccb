"""Cases and their verbs: one change, one event, and nothing the second time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.factories import make_case, make_contact, make_queue, make_team, make_user
from tickets import timeline
from tickets.models import Case, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user()


@pytest.fixture
def case(agent):
    return make_case(by=agent, at=timezone.now() - timedelta(hours=2))


def kinds(case):
    return [event.kind for event in case.events.order_by("id")]


def test_resolving_twice_counts_once(case, agent):
    assert [case.resolve(by=agent), case.resolve(by=agent)] == [True, False]
    assert kinds(case) == ["created", "resolved"]


def test_a_reopened_case_is_open_and_remembers_both(case, agent):
    case.resolve(by=agent)
    assert [case.reopen(by=agent), case.reopen(by=agent)] == [True, False]
    assert case.is_open
    assert case.resolved_at is None
    assert kinds(case) == ["created", "resolved", "reopened"]


def test_a_waiting_case_carries_on_once(case, agent):
    assert [case.wait(on=Status.WAITING_CUSTOMER, by=agent), case.wait(on=Status.WAITING_CUSTOMER, by=agent)] == [
        True,
        False,
    ]
    assert [case.carry_on(by=agent), case.carry_on(by=agent)] == [True, False]
    assert case.status == Status.OPEN


def test_a_resolved_case_cannot_wait_carry_on_or_be_escalated(case, agent):
    case.resolve(by=agent)
    assert not case.wait(on=Status.WAITING_CUSTOMER, by=agent)
    assert not case.carry_on(by=agent)
    assert not case.escalate(by=agent, reason="too late")
    assert case.status == Status.RESOLVED


def test_taking_a_case_that_is_hers_already_writes_nothing(case, agent):
    assert [case.assign(to=agent, by=agent), case.assign(to=agent, by=agent)] == [True, False]
    assert kinds(case) == ["created", "assigned"]


def test_a_promise_is_kept_once_and_not_moved(case, agent):
    promise = case.promise(due_at=timezone.now() + timedelta(days=1), by=agent)
    first = timezone.now()
    assert [case.keep(promise, by=agent, at=first), case.keep(promise, by=agent)] == [True, False]
    promise.refresh_from_db()
    assert promise.fulfilled_at == first


def test_a_promise_of_another_case_cannot_be_kept_here(case, agent):
    promise = make_case().promise(due_at=timezone.now(), by=agent)
    assert not case.keep(promise, by=agent)


def test_the_list_shows_the_next_promise_that_is_not_kept(case, agent):
    soon, later = (datetime(2030, 1, day, tzinfo=UTC) for day in (1, 2))
    kept = case.promise(due_at=soon, by=agent)
    case.promise(due_at=later, by=agent)
    case.keep(kept, by=agent)
    assert Case.objects.for_list().get().next_promise_at == later


def test_an_agent_sees_the_cases_of_her_queues_and_her_own(agent):
    hers = make_case()
    elsewhere = make_queue("elsewhere", teams=[make_team("others")])
    owned, hidden = make_case(queue=elsewhere, owner=agent), make_case(queue=elsewhere)
    assert set(Case.objects.visible_to(agent)) == {hers, owned}
    assert hidden in Case.objects.visible_to(make_user(role="manager"))


def test_an_agent_without_a_team_sees_only_her_own_cases():
    loner = make_user(team=None)
    make_case()
    own = make_case(owner=loner)
    assert list(Case.objects.visible_to(loner)) == [own]


def test_the_timeline_tells_everything_once_newest_first(case, agent):
    make_contact(case=case, agent=agent, at=timezone.now() - timedelta(hours=1))
    case.write_note("Looked into it.", by=agent)
    case.promise(due_at=timezone.now(), by=agent)
    case.assign(to=agent, by=agent)
    entries = timeline.of([case.pk]).entries
    assert [entry.what for entry in entries] == ["event", "promise", "message", "contact", "event"]
    assert entries[0].words == [str(agent)]
