"""Telephone events over HTTP: what becomes of the call's contact, whatever the order, and who may tell."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.factories import make_case, make_customer, make_topic, make_user
from tickets.models import AgentState, CallEvent, Contact, QuarantinedRow, Segment
from tickets.settle import differences

pytestmark = pytest.mark.django_db
START = datetime(2025, 10, 6, 9, tzinfo=UTC)


def event(number, kind, seconds, call="c1", **fields):
    at = (START + timedelta(seconds=seconds)).isoformat()
    return {"event_id": f"{call}-{number}", "call_id": call, "kind": kind, "at": at, **fields}


def answered_call(call="c1", start=0, agent="anna", **fields):
    """Ten seconds in the menu, twenty in the queue, talk 100 with 20 of hold, wrap-up 30."""
    return [
        event(1, "ivr_entered", start, call, **{"from": "+46701234567", "to": "+4681234567", **fields}),
        event(2, "queued", start + 10, call, queue="first-line"),
        event(3, "ringing", start + 20, call, agent=agent),
        event(4, "answered", start + 30, call, agent=agent),
        event(5, "held", start + 60, call, agent=agent),
        event(6, "resumed", start + 80, call, agent=agent),
        event(7, "ended", start + 150, call),
        event(8, "after_call_ended", start + 180, call, agent=agent),
    ]


def tell(system, events, source="pbx-1"):
    answer = system.post("calls/events/", {"source": source, "events": events})
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def rows():
    """Everything that the events decide."""
    contacts = Contact.objects.order_by("external_id").values_list(
        "external_id", "direction", "outcome", "queue__code", "customer__name", "started_at", "queued_at", "answered_at",
        "ended_at", "parent__external_id", "flags", "is_handled", "owner__username", "talk_us", "hold_us", "acw_us",
    )  # fmt: skip
    legs = Segment.objects.order_by("external_id").values_list(
        "external_id", "agent__username", "role", "started_at", "ended_at", "talk_us", "hold_us", "acw_us", "is_running"
    )
    return list(contacts), list(legs)


def test_a_call_becomes_a_contact_with_its_leg_as_the_figures_want_it(system, agent):
    maja = make_customer("Maja Lind", phone="+46701234567")
    results = tell(system, answered_call())
    contact = Contact.objects.get()
    assert {result["status"] for result in results} == {"stored"}
    assert {result["contact"] for result in results} == {contact.pk}
    assert (contact.source.name, contact.external_id, contact.channel) == ("pbx-1", "c1", "phone")
    assert (contact.outcome, contact.queue.code, contact.customer) == ("answered", "first-line", maja)
    assert (contact.answered_at - contact.queued_at).total_seconds() == 20
    assert (contact.talk_us, contact.hold_us, contact.acw_us) == (100_000_000, 20_000_000, 30_000_000)
    assert (contact.is_handled, contact.owner, contact.legs) == (True, agent.user, 1)
    assert not differences()


def test_told_again_nothing_changes(system, agent):
    tell(system, answered_call())
    before = rows()
    assert {result["status"] for result in tell(system, answered_call())} == {"unchanged"}
    assert rows() == before
    assert CallEvent.objects.count() == 8


TANGLED = [
    *answered_call(),
    *answered_call("c2", 170),
    event(9, "queued", 300, "c3", queue="first-line", **{"from": "+46709999999"}),
    event(10, "callback_requested", 330, "c3"),
    event(11, "ended", 331, "c3"),
    event(12, "ringing", 900, "c3", agent="anna"),
    event(13, "answered", 905, "c3", agent="anna"),
    event(14, "ended", 965, "c3"),
    event(1, "answered", 1900, "c4", agent="bo", callback_of="c5", direction="outbound"),
    event(2, "ended", 1960, "c4"),
    event(3, "after_call_ended", 1970, "c4"),
    event(1, "queued", 1000, "c5", queue="first-line"),
    event(2, "callback_requested", 1030, "c5"),
]
# The wrap-up of the third call is cut by the fourth that she answers, and nothing else tells of its end.
TANGLED += [
    event(1, "answered", 980, "c6", agent="anna"),
    event(2, "ended", 990, "c6"),
    event(3, "after_call_ended", 995, "c6"),
]


def test_the_rows_are_the_same_in_whatever_order_and_pieces_the_events_come(system, agent, stranger):
    make_customer("Maja Lind", phone="+46701234567")
    expected = None
    for seed in range(8):
        with transaction.atomic():
            shuffled = [*TANGLED, *random.Random(seed).choices(TANGLED, k=10)]
            random.Random(seed).shuffle(shuffled)
            size = [1, 3, 7, 100][seed % 4]
            for start in range(0, len(shuffled), size):
                tell(system, shuffled[start : start + size])
            found = rows()
            expected = expected or found
            assert found == expected, seed
            assert not differences()
            transaction.set_rollback(True)
    contacts, legs = expected
    assert [row[0] for row in contacts] == ["c1", "c2", "c3", "c3#callback-1", "c4", "c5", "c6"]
    assert next(leg[7] for leg in legs if leg[0].startswith("c3#")) == 15_000_000


def test_a_callback_is_a_child_of_its_own_and_the_request_is_handled_by_it(system, agent):
    make_customer("Maja Lind", phone="+46701234567")
    tell(system, [event(1, "queued", 0, "c1", queue="first-line", **{"from": "070-123 45 67"})])
    tell(system, [event(2, "callback_requested", 60), event(3, "ringing", 600, agent="anna")])
    request = Contact.objects.get(external_id="c1")
    assert (request.outcome, request.is_handled) == ("callback_requested", False)
    tell(system, [event(4, "answered", 610, agent="anna"), event(5, "ended", 710), event(6, "after_call_ended", 720)])
    request.refresh_from_db()
    child = request.follow_ups.get()
    assert (child.direction, child.outcome, child.flags) == ("outbound", "answered", ["callback"])
    assert child.customer == request.customer != None  # noqa: E711 - one chain says both
    assert (request.is_handled, request.talk_us, request.acw_us) == (True, 100_000_000, 10_000_000)


def test_what_was_taken_for_a_callback_goes_when_the_call_turns_out_to_have_been_answered(system, agent):
    tell(system, [event(2, "callback_requested", 60), event(4, "answered", 610, agent="anna"), event(5, "ended", 710)])
    assert Contact.objects.filter(external_id="c1#callback-1", duplicate_of=None).exists()
    tell(system, [event(1, "answered", 5, agent="anna")])
    assert Contact.objects.get(external_id="c1").outcome == "answered"
    assert not Contact.objects.get(external_id="c1#callback-1").is_valid
    assert not Segment.objects.filter(contact__external_id="c1#callback-1").exists()


def test_a_transfer_counts_once_for_the_contact_and_owns_it_afterwards(system, agent, stranger):
    tell(system, [
        event(1, "queued", 0, queue="first-line"), event(2, "answered", 10, agent="anna"),
        event(3, "transferred", 70, agent="anna", target="bo"), event(4, "answered", 75, agent="bo"),
        event(5, "ended", 100), event(6, "after_call_ended", 110, agent="bo"), event(7, "after_call_ended", 80, agent="anna"),
    ])  # fmt: skip
    contact = Contact.objects.get()
    assert (contact.transfers, contact.legs, contact.owner) == (1, 2, stranger.user)
    assert (contact.talk_us, contact.acw_us) == (85_000_000, 20_000_000)


def test_what_the_agent_wrote_is_never_overwritten(system, agent):
    maja, other = make_customer("Maja Lind", phone="+46701234567"), make_customer("Her sister")
    first, rest = answered_call()[:4], answered_call()[4:]
    tell(system, first)
    contact = Contact.objects.get()
    assert contact.customer == maja
    case, topic = make_case(customer=other), make_topic()
    contact.describe(
        by=agent.user, customer=other, case=case, topic=topic, solved=True, subject="Her words", demand="failure"
    )
    contact.segments.update(draft="half a note")
    tell(system, rest)
    contact.refresh_from_db()
    assert (contact.customer, contact.case, contact.topic, contact.solved) == (other, case, topic, True)
    assert (contact.subject, contact.demand, contact.segments.get().draft) == ("Her words", "failure", "half a note")
    assert contact.talk_us == 100_000_000


def test_a_customer_taken_back_by_hand_does_not_come_again(system, agent):
    make_customer("Maja Lind", phone="+46701234567")
    tell(system, answered_call()[:4])
    contact = Contact.objects.get()
    contact.describe(by=agent.user, customer=None)
    tell(system, answered_call()[4:])
    contact.refresh_from_db()
    assert contact.customer is None


def test_the_customer_comes_with_the_number_when_that_is_told_late(system, agent):
    maja = make_customer("Maja Lind", phone="+46701234567")
    tell(system, answered_call()[1:])
    assert Contact.objects.get().customer is None
    tell(system, answered_call()[:1])
    assert Contact.objects.get().customer == maja


@pytest.mark.parametrize("number", ["anonymous", "", "+46700000000", None])
def test_a_number_that_nobody_has_names_nobody(system, agent, number):
    make_customer("Maja Lind", phone="+46701234567")
    tell(system, [event(1, "queued", 0, queue="first-line", **{"from": number or None})])
    assert Contact.objects.get().customer is None


WRONG = {
    "agent": (event("x", "answered", 5, agent="nobody"), "reference"),
    "queue": (event("x", "queued", 5, queue="nowhere"), "reference"),
    "kind": (event("x", "hung-up", 5), "enum"),
    "at": (event("x", "ended", 5) | {"at": "2025-10-06T09:00:00"}, "instant"),
    "call_id": (event("x", "ended", 5) | {"call_id": ""}, "missing"),
    "from": (event("x", "ended", 5) | {"from": "1" * 200}, "fields"),
    "colour": (event("x", "ended", 5) | {"colour": "red"}, "fields"),
    "direction": (event("x", "ended", 5) | {"direction": "up"}, "enum"),
    "recording_url": (event("x", "ended", 5) | {"recording_url": "javascript:alert(1)"}, "fields"),
}


@pytest.mark.parametrize("field", WRONG)
def test_an_event_that_cannot_be_right_names_its_field_is_kept_and_stops_no_other(system, agent, field):
    wrong, reason = WRONG[field]
    good = answered_call()
    results = tell(system, [*good[:2], wrong, *good[2:]])
    assert [result["status"] for result in results] == ["stored"] * 2 + ["rejected"] + ["stored"] * 6
    (error,) = results[2]["problem"]["errors"]
    assert (error["field"], error["reason"]) == (field, reason)
    row = QuarantinedRow.objects.get()
    assert (row.file, row.row_id, row.column, row.reason) == ("calls/events", wrong["event_id"], field, reason)
    assert Contact.objects.get().outcome == "answered"


@pytest.mark.parametrize("value", [["anna"], {"a": 1}, True, "x\0y", "\ud800"])
@pytest.mark.parametrize("field", ["agent", "queue", "target", "event_id", "at", "kind"])
def test_a_field_of_another_kind_is_refused_by_its_name(system, agent, field, value):
    (result,) = tell(system, [event(1, "ended", 0) | {field: value}])
    assert result["problem"]["errors"][0]["field"] == field


def test_an_answer_without_an_agent_says_so(system, agent):
    (result,) = tell(system, [event(1, "answered", 0)])
    assert result["problem"]["errors"][0]["field"] == "agent"


def test_an_event_refused_for_an_unknown_agent_is_taken_when_she_is_known_and_waits_no_longer(system, agent):
    late = event(1, "answered", 0, agent="new-one")
    tell(system, [late])
    make_user("new-one")
    assert tell(system, [late])[0]["status"] == "stored"
    assert QuarantinedRow.objects.get().settled_at is not None


def test_an_id_used_for_something_else_is_refused(system, agent):
    tell(system, answered_call())
    (result,) = tell(system, [event(7, "ended", 999)])
    assert result["problem"]["errors"][0] | {"detail": ""} == {
        "field": "event_id", "detail": "", "reason": "duplicate", "expected": "text of at most 200 characters",
    }  # fmt: skip
    assert Contact.objects.get().ended_at == START + timedelta(seconds=150)


def test_agents_are_known_by_code_before_user_name(system):
    make_user("a.berg", code="17")
    other = make_user("17", code="99")
    tell(system, [event(1, "answered", 0, agent="17"), event(2, "answered", 0, "c2", agent="a.berg")])
    assert set(Segment.objects.values_list("agent__username", flat=True)) == {"a.berg"}
    tell(system, [event(1, "answered", 0, "c3", agent="99")])
    assert Segment.objects.filter(agent=other).count() == 1


def test_one_event_may_be_the_body_itself(system, agent):
    answer = system.post("calls/events/", {"source": "pbx-1", **event(1, "queued", 0, queue="first-line")})
    assert answer.json()["results"][0]["status"] == "stored"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"events": []}, "source"),
        ({"source": "x"}, "events"),
        ({"source": "", "events": []}, "source"),
        ({"source": "x", "events": {}}, "events"),
        ({"source": "x", "events": [], "colour": 1}, "colour"),
        ({"source": "x", "events": [{}] * 1001}, "events"),
    ],
)
def test_an_envelope_that_cannot_be_read_names_its_field(system, body, field):
    answer = system.post("calls/events/", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_an_event_that_is_no_object_is_one_result(system):
    assert [result["status"] for result in tell(system, ["x", 3, None])] == ["rejected"] * 3


def test_stored_events_cannot_be_changed_or_deleted(system, agent):
    tell(system, answered_call())
    for change in ("UPDATE tickets_callevent SET at = now()", "DELETE FROM tickets_callevent"):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_two_telephone_systems_may_use_the_same_ids(system, agent):
    tell(system, answered_call())
    tell(system, answered_call(), source="pbx-2")
    assert Contact.objects.count() == 2


# ---- The agent's side ------------------------------------------------------------------------------------------------
def state_of(user):
    running = AgentState.objects.running().filter(agent=user).first()
    return running and running.state


def test_the_agents_state_follows_her_call_and_goes_back_to_what_it_was(system, agent):
    anna = agent.user
    AgentState.enter(anna, "available")
    call = answered_call()
    tell(system, call[:4])
    assert state_of(anna) == "busy"
    tell(system, call[4:7])
    assert state_of(anna) == "after_call"
    AgentState.choose(anna, "break")
    assert state_of(anna) == "after_call"
    tell(system, call[7:])
    assert state_of(anna) == "break"


def test_done_ends_the_wrap_up_and_a_later_word_of_the_system_does_not_lengthen_it(system, agent):
    call = answered_call()
    tell(system, call[:7])
    contact = Contact.objects.get()
    assert contact.wrap_up(by=agent.user, at=START + timedelta(seconds=160))
    assert (contact.acw_us, contact.segments.get().state) == (10_000_000, "done")
    tell(system, call[7:])
    contact.refresh_from_db()
    assert contact.acw_us == 10_000_000


def test_hold_and_end_are_the_telephone_systems_to_tell(system, agent):
    tell(system, answered_call()[:4])
    contact = Contact.objects.get()
    assert not contact.hold(by=agent.user)
    assert not contact.end(by=agent.user)
    assert contact.segments.get().state == "talking"


def test_a_wrap_up_forgotten_for_hours_ends_with_no_time_counted(system, agent):
    tell(system, answered_call()[:7])
    assert CallEvent.end_forgotten_wrap_ups(at=START + timedelta(hours=3)) == 0
    assert CallEvent.end_forgotten_wrap_ups(at=START + timedelta(hours=5)) == 1
    assert (Contact.objects.get().acw_us, Segment.objects.get().is_running) == (0, False)


def test_taking_a_call_by_hand_does_not_end_the_one_that_the_system_tells_of(system, agent):
    tell(system, answered_call()[:4])
    Contact.take(by=agent.user)
    assert Segment.objects.get(contact__external_id="c1").state == "talking"


def test_a_call_with_many_events_takes_no_more_queries_than_one_with_few(system, agent):
    def queries(events):
        with CaptureQueriesContext(connection) as found:
            tell(system, events)
        return len(found)

    tell(system, answered_call("c0"))
    few = queries(answered_call("c1", 1000))
    holds = [event(f"h{n}", ["held", "resumed"][n % 2], 2031 + n, "c2", agent="anna") for n in range(28)]
    assert queries([*answered_call("c2", 2000), *holds]) == few
