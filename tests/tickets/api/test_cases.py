from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_case, make_customer, make_queue, make_team, make_topic, make_user
from tickets.models import Case, CaseEvent, Client, Promise

pytestmark = pytest.mark.django_db

OPENED = {"channel": "phone", "subject": "Where is it?", "queue": "first-line"}


def kinds(case):
    return list(case.events.values_list("kind", flat=True))


def test_a_case_is_opened_with_an_event_and_found_where_the_answer_says(agent):
    answer = agent.post("cases/", OPENED | {"customer": make_customer().pk})
    assert answer.status_code == 201, answer.content
    case = Case.objects.get()
    assert kinds(case) == ["created"]
    assert case.events.get().actor == agent.user
    assert agent.get(answer["Location"]).json() == answer.json()
    assert answer.json()["client"] == case.queue.client.code


def test_a_system_that_names_its_case_opens_it_once(system):
    named = {"source": "old", "case_id": "17", "channel": "email"}
    first = system.post("cases/", named)
    again = system.post("cases/", named | {"subject": "Late"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json() | {"subject": "Late", "updated_at": again.json()["updated_at"]}
    assert Case.objects.count() == 1


def test_an_agent_names_no_cases_of_other_systems(agent):
    assert agent.post("cases/", OPENED | {"source": "old", "case_id": "17"}).status_code == 400


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"queue": "invoices"}, "queue"),
        ({"queue": None}, "queue"),
        ({"channel": "fax"}, "channel"),
        ({"customer": 10**30}, "customer"),
        ({"customer": True}, "customer"),
        ({"topic": "none"}, "topic"),
        ({"status": "resolved"}, "status"),
        ({"owner": "anna"}, "owner"),
        ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"),
        ({"is_staff": True}, "is_staff"),
    ],
)
def test_a_case_is_refused_by_the_name_of_the_field(agent, stranger, change, field):
    answer = agent.post("cases/", OPENED | change)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Case.objects.exists()


def test_details_are_corrected_and_what_stood_there_is_kept(agent):
    case = make_case()
    topic = make_topic("delivery")
    body = agent.patch(f"cases/{case.number}/", {"subject": "New", "topic": "delivery", "priority": "high"}).json()
    assert (body["subject"], body["topic"], body["priority"]) == ("New", "delivery", "high")
    event = case.events.get(kind="changed")
    assert event.data["topic"] == [None, topic.pk]
    agent.patch(f"cases/{case.number}/", {"subject": "New"})
    assert kinds(case) == ["created", "changed"]


def test_resolving_twice_resolves_once(agent):
    case = make_case()
    first = agent.post(f"cases/{case.number}/resolution/")
    again = agent.post(f"cases/{case.number}/resolution/")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["status"] == "resolved"
    assert first.json() == again.json()
    assert kinds(case) == ["created", "resolved"]


def test_reopening_twice_reopens_once(agent):
    case = make_case()
    case.resolve(by=agent.user)
    for _ in range(2):
        answer = agent.delete(f"cases/{case.number}/resolution/")
        assert (answer.status_code, answer.json()["status"]) == (200, "open")
    assert kinds(case) == ["created", "resolved", "reopened"]


def test_a_merged_case_is_not_resolved(agent):
    into, case = make_case(), make_case()
    Case.objects.filter(pk=case.pk).update(status="merged", merged_into=into)
    answer = agent.post(f"cases/{case.number}/resolution/")
    assert answer.status_code == 409
    assert str(into.number) in answer.json()["detail"]


def test_a_case_is_given_to_an_agent_and_back(agent):
    case = make_case()
    make_user("olle")
    first = agent.post(f"cases/{case.number}/assignment/", {"agent": "olle"})
    again = agent.post(f"cases/{case.number}/assignment/", {"agent": "olle"})
    assert (first.status_code, again.status_code, again.json()["owner"]) == (201, 200, "olle")
    assert agent.delete(f"cases/{case.number}/assignment/").json()["owner"] is None
    assert kinds(case) == ["created", "assigned", "assigned"]


@pytest.mark.parametrize("fields", [{"is_active": False}, {"role": "integration"}])
def test_a_case_is_not_given_to_who_cannot_take_it(agent, fields):
    case = make_case()
    make_user("olle", **fields)
    assert agent.post(f"cases/{case.number}/assignment/", {"agent": "olle"}).status_code == 400
    assert kinds(case) == ["created"]


def test_escalating_twice_escalates_once_until_it_was_reopened(agent):
    case = make_case()
    answers = [agent.post(f"cases/{case.number}/escalation/", {"reason": "Hard"}).status_code for _ in range(2)]
    assert answers == [201, 200]
    case.resolve(by=agent.user)
    assert agent.post(f"cases/{case.number}/escalation/").status_code == 409
    case.reopen(by=agent.user)
    assert agent.post(f"cases/{case.number}/escalation/").status_code == 201
    assert kinds(case).count("escalated") == 2


def test_a_promise_is_made_once(agent):
    case = make_case()
    due = {"due_at": (timezone.now() + timedelta(days=1)).isoformat()}
    first = agent.post(f"cases/{case.number}/promises/", due)
    again = agent.post(f"cases/{case.number}/promises/", due)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert agent.get(f"cases/{case.number}/promises/").json()["results"] == [first.json()]
    assert Promise.objects.count() == 1


def test_a_promise_for_yesterday_is_refused(agent):
    case = make_case()
    due = {"due_at": (timezone.now() - timedelta(days=1)).isoformat()}
    assert agent.post(f"cases/{case.number}/promises/", due).json()["errors"][0]["field"] == "due_at"


def test_an_agent_writes_notes_and_a_system_logs_what_it_has_carried(agent, system):
    case = make_case()
    path = f"cases/{case.number}/messages/"
    assert agent.post(path, {"body": "Called back."}).json()["kind"] == "note"
    assert agent.post(path, {"body": "Hello", "kind": "outgoing"}).status_code == 403
    assert system.post(path, {"body": "Hello", "kind": "outgoing"}).status_code == 201
    assert system.post(path, {"body": "Thanks", "kind": "incoming"}).status_code == 201
    assert kinds(case) == ["created", "note", "agent_reply", "customer_message"]
    assert [row["body"] for row in agent.get(path).json()["results"]] == ["Thanks", "Hello", "Called back."]


STATE = ["", "messages/", "resolution/", "assignment/", "escalation/", "promises/"]


@pytest.mark.parametrize("resource", STATE)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_case_of_another_queue_is_not_there_and_stays_as_it_is(agent, resource, method):
    case = make_case(queue=make_queue("invoices", teams=[make_team("billing")]))
    body = {"body": "x", "agent": "anna", "due_at": "2100-01-01T00:00:00Z"}
    answer = agent.send(method, f"cases/{case.number}/{resource}", body)
    assert answer.status_code in {404, 405}
    case.refresh_from_db()
    assert (case.status, case.owner, kinds(case)) == ("open", None, ["created"])


def test_lists_hold_what_the_caller_may_see(agent, stranger, manager):
    seen, hidden = make_case(), make_case(queue=make_queue("invoices"))
    numbers = {
        caller: [row["number"] for row in caller.get("cases/").json()["results"]]
        for caller in (agent, stranger, manager)
    }
    assert numbers == {agent: [seen.number], stranger: [hidden.number], manager: [hidden.number, seen.number]}


def test_cases_are_filtered_by_their_own_fields(manager):
    Client.objects.create(code="acme", name="Acme")
    plain, urgent = make_case(), make_case(priority="urgent", topic=make_topic("delivery"))
    found = lambda query: [row["number"] for row in manager.get(f"cases/?{query}").json()["results"]]  # noqa: E731
    assert found("priority=urgent") == [urgent.number]
    assert found("priority=urgent&priority=normal") == [urgent.number, plain.number]
    assert found("topic=delivery") == [urgent.number]
    assert found("queue=nowhere") == []
    assert found(f"customer={plain.customer_id}") == [plain.number]
    assert found("created_at__lt=2020-01-01T00:00:00Z") == []
    assert CaseEvent.objects.count() == 2
