"""A contact from the first second to the last, through its verbs."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.factories import make_case, make_customer, make_queue, make_topic, make_user
from tickets.intake import finish
from tickets.models import Case, CaseEvent, Channel, Contact, Outcome, Segment
from tickets.signals import happened

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)


def after(seconds):
    return NOON + timedelta(seconds=seconds)


@pytest.fixture
def agent():
    return make_user()


def leg_of(contact):
    return contact.segments.get()


def test_talk_hold_and_wrap_up_are_the_seconds_between_the_presses(agent):
    contact = Contact.take(by=agent, at=NOON)
    contact.hold(by=agent, at=after(60))
    contact.resume(by=agent, at=after(90))
    contact.end(by=agent, at=after(200))
    contact.wrap_up(by=agent, at=after(245))
    assert (contact.talk_us, contact.hold_us, contact.acw_us) == (170_000_000, 30_000_000, 45_000_000)
    assert contact.handled_end_at == after(245)
    assert contact.is_handled
    assert contact.owner == agent
    assert leg_of(contact).team == agent.team


def test_a_call_logged_by_hand_has_an_unknown_wait_and_not_a_wait_of_zero(agent):
    contact = Contact.take(by=agent, at=NOON)
    assert contact.queued_at is None
    assert contact.answered_at == NOON


def test_the_button_pressed_twice_takes_one_call(agent):
    key = str(uuid4())
    assert Contact.take(by=agent, key=key) == Contact.take(by=agent, key=key)
    assert Segment.objects.count() == 1


def test_every_verb_does_nothing_the_second_time(agent):
    contact = Contact.take(by=agent, at=NOON)
    assert [contact.hold(by=agent, at=after(10)), contact.hold(by=agent, at=after(20))] == [True, False]
    assert [contact.resume(by=agent, at=after(30)), contact.resume(by=agent, at=after(40))] == [True, False]
    assert [contact.end(by=agent, at=after(50)), contact.end(by=agent, at=after(60))] == [True, False]
    assert [contact.wrap_up(by=agent, at=after(70)), contact.wrap_up(by=agent, at=after(99))] == [True, False]
    assert (contact.talk_us, contact.hold_us, contact.acw_us) == (30_000_000, 20_000_000, 20_000_000)


def test_a_call_that_ends_on_hold_counts_the_hold_to_its_end(agent):
    contact = Contact.take(by=agent, at=NOON)
    contact.hold(by=agent, at=after(100))
    contact.end(by=agent, at=after(130))
    assert (contact.talk_us, contact.hold_us) == (100_000_000, 30_000_000)


def test_another_agent_cannot_press_the_buttons_of_a_call(agent):
    contact = Contact.take(by=agent)
    other = make_user()
    assert not contact.hold(by=other)
    assert not contact.end(by=other)
    assert leg_of(contact).state == "talking"


def test_taking_a_call_ends_the_one_before_that_was_forgotten(agent):
    first = Contact.take(by=agent, at=NOON)
    Contact.take(by=agent, at=after(300))
    first.refresh_from_db()
    assert first.ended_at == after(300)
    assert leg_of(first).state == "done"
    assert not leg_of(first).is_complete


def test_taking_a_call_leaves_the_one_on_hold_on_hold(agent):
    first = Contact.take(by=agent, at=NOON)
    first.hold(by=agent, at=after(10))
    Contact.take(by=agent, at=after(20))
    assert leg_of(first).state == "held"


def test_a_mail_is_answered_when_the_reply_is_sent(agent):
    contact = Contact.take(by=agent, channel=Channel.EMAIL, at=NOON)
    assert (contact.outcome, contact.answered_at, contact.is_handled) == (Outcome.RECEIVED, None, False)
    contact.end(by=agent, at=after(400))
    assert (contact.outcome, contact.answered_at, contact.is_handled) == (Outcome.ANSWERED, after(400), True)
    assert contact.talk_us == 400_000_000


def test_a_mail_that_needs_no_reply_is_not_answered(agent):
    contact = Contact.take(by=agent, channel=Channel.EMAIL, at=NOON)
    contact.end(by=agent, replied=False, at=after(40))
    contact.wrap_up(by=agent, at=after(50))
    assert (contact.outcome, contact.answered_at, contact.is_handled) == (Outcome.RECEIVED, None, False)


def test_every_change_is_told_inside_its_transaction(agent, django_assert_num_queries):
    told = []

    def listen(contact=None, **_):
        told.append(contact)

    happened.connect(listen)
    try:
        contact = Contact.take(by=agent)
        contact.describe(by=agent, topic=make_topic())
        contact.describe(by=agent, topic=make_topic())
    finally:
        happened.disconnect(listen)
    assert told == [contact, contact]


def test_a_description_moves_the_contact_to_the_client_of_its_queue(agent):
    contact = Contact.take(by=agent)
    queue = make_queue("nordic", client=make_case().client)
    contact.describe(by=agent, queue=queue)
    assert contact.client == queue.client


def test_a_contact_with_a_merged_case_counts_for_the_case_that_it_went_into(agent):
    target, gone = make_case(), make_case()
    Case.objects.filter(pk=gone.pk).update(status="merged", merged_into=target)
    gone.refresh_from_db()
    contact = Contact.take(by=agent)
    contact.describe(by=agent, case=gone)
    assert (contact.case, contact.logged_case) == (target, gone)


def test_done_opens_a_case_that_begins_with_the_contact_and_resolves_it(agent):
    contact = Contact.take(by=agent, at=NOON)
    contact.describe(by=agent, customer=make_customer(), topic=make_topic(), queue=make_queue(), solved=True)
    finish(contact, by=agent, opens_case=True, note="Sent again.", at=after(300))
    case = contact.case
    assert case.created_at == NOON
    assert case.resolved_at == after(300)
    assert case.owner == agent
    assert case.messages.get().body == "Sent again."
    assert [event.kind for event in case.events.order_by("id")] == ["created", "note", "resolved"]
    assert leg_of(contact).state == "done"


def test_done_pressed_twice_opens_one_case_and_writes_one_note_and_one_promise(agent):
    contact = Contact.take(by=agent)
    contact.describe(by=agent, solved=False)
    for _ in range(2):
        finish(contact, by=agent, opens_case=True, note="Asked the bank.", promised_at=after(9e7))
    assert Case.objects.count() == 1
    assert contact.case.messages.count() == 1
    assert contact.case.promises.count() == 1


def test_correcting_an_old_contact_does_not_resolve_a_case_that_was_reopened(agent):
    contact = Contact.take(by=agent)
    contact.describe(by=agent, solved=True)
    finish(contact, by=agent, opens_case=True)
    contact.case.reopen(by=agent)
    finish(contact, by=agent, opens_case=False)
    assert Case.objects.get().is_open


def test_a_note_of_a_contact_without_a_case_follows_it_into_one(agent):
    contact = Contact.take(by=agent)
    finish(contact, by=agent, opens_case=False, note="Wrong number.")
    assert not Case.objects.exists()
    case = make_case()
    contact.describe(by=agent, case=case)
    assert case.messages.get().body == "Wrong number."


def test_nothing_is_kept_when_finishing_fails_halfway(agent, monkeypatch):
    contact = Contact.take(by=agent)
    contact.describe(by=agent, solved=True)

    def fail(*_args, **_kwargs):
        raise RuntimeError

    happened.connect(fail, weak=False)
    try:
        with pytest.raises(RuntimeError):
            finish(contact, by=agent, opens_case=True)
    finally:
        happened.disconnect(fail)
    assert not Case.objects.exists()
    assert not CaseEvent.objects.exists()
    assert leg_of(contact).is_running
