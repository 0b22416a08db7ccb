"""From a draft to a message: what leaves, when, and what stops it."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.utils import timezone

from tests.factories import make_case, make_contact, make_customer, make_queue, make_team, make_user
from tickets import outbox, sending, teamwork
from tickets.models import Attachment, Contact, Draft, Notice, OutgoingMail, Segment

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user("anna", first_name="Anna", last_name="Berg")


@pytest.fixture
def case(agent):
    return make_case(customer=make_customer("Maja", email="maja@example.com"), subject="Parcel")


def written(case, by, text="<div>It is on its way.</div>", **fields):
    draft = sending.draft_of(case, "reply", by=by)
    draft.write(version=draft.version, html=text, seen=case.events.latest("pk").pk, **fields)
    return draft


def let_leave():
    Draft.objects.leaving().update(send_at=timezone.now() - timedelta(seconds=1))
    return sending.send_due()


def kinds(case):
    return [event.kind for event in case.events.order_by("id")]


def test_until_it_leaves_nothing_is_in_the_log(case, agent):
    sending.send(written(case, agent), then="resolved")
    assert sending.send_due() == 0
    case.refresh_from_db()
    assert (kinds(case), case.status, case.messages.count()) == (["created"], "open", 0)


def test_it_leaves_once_with_its_event_its_mail_and_what_was_chosen(case, agent):
    sending.send(written(case, agent), then="waiting_customer")
    assert let_leave() == 1
    assert let_leave() == 0
    case.refresh_from_db()
    assert kinds(case) == ["created", "agent_reply", "assigned", "waiting_customer"]
    assert case.owner == agent
    mail = OutgoingMail.objects.get()
    assert (mail.to, mail.subject) == ("maja@example.com", f"Re: Parcel [#{case.number}]")
    assert "It is on its way." in mail.text
    assert "<div>It is on its way.</div>" in mail.html
    assert not Draft.objects.exists()


def test_taken_back_it_is_the_draft_that_it_was(case, agent):
    draft = written(case, agent)
    sending.send(draft, then="resolved")
    assert sending.take_back(draft)
    assert let_leave() == 0
    draft.refresh_from_db()
    assert (draft.html, draft.to, draft.send_at) == ("<div>It is on its way.</div>", ["maja@example.com"], None)
    assert kinds(case) == ["created"]


def test_once_it_has_left_it_cannot_be_taken_back(case, agent):
    draft = written(case, agent)
    sending.send(draft)
    let_leave()
    assert not sending.take_back(draft)


def test_taking_back_keeps_what_was_begun_meanwhile(case, agent):
    draft = written(case, agent)
    sending.send(draft)
    written(case, agent, "<div>PS</div>")
    sending.take_back(draft)
    assert Draft.objects.get().html == "<div>It is on its way.</div><div>PS</div>"


def test_what_came_unseen_stops_it_and_only_then(case, agent):
    draft = written(case, agent)
    case.log_message("Wait!", kind="incoming", by=None)
    with pytest.raises(sending.NewerError):
        sending.send(draft)
    assert sending.send(draft, despite_news=True)
    case.write_note("mine", by=agent)
    assert let_leave() == 1


def test_a_customer_who_writes_before_it_leaves_stops_it_and_its_author_is_told(case, agent):
    draft = written(case, agent)
    sending.send(draft, at=timezone.now() + timedelta(hours=3))
    case.log_message("Never mind.", kind="incoming", by=None)
    assert let_leave() == 0
    draft.refresh_from_db()
    assert (draft.send_at, draft.held) == (None, "newer")
    assert Notice.objects.get(user=agent).kind == "held"
    assert case.messages.filter(kind="outgoing").count() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [({"html": "<div> </div>"}, "nothing to send"), ({"to": []}, "to whom")],
)
def test_an_empty_one_and_one_to_nobody_stay(case, agent, change, words):
    draft = written(case, agent)
    draft.write(version=draft.version, **change)
    with pytest.raises(ValidationError, match=words):
        sending.send(draft)


def test_a_moment_that_has_passed_is_refused(case, agent):
    with pytest.raises(ValidationError, match="passed"):
        sending.send(written(case, agent), at=timezone.now() - timedelta(minutes=1))


def test_a_reply_answers_the_letters_that_wait_and_its_work_is_counted_once(case, agent):
    at = timezone.now() - timedelta(hours=2)
    for _number in range(2):
        letter = make_contact(case=case, channel="email", at=at)
        Segment.objects.filter(contact=letter).delete()
        Contact.objects.filter(pk=letter.pk).update(outcome="received", answered_at=None, ended_at=None)
    draft = written(case, agent, worked=timedelta(seconds=90))
    sending.send(draft)
    let_leave()
    contacts = Contact.objects.filter(case=case, outcome="answered").order_by("pk")
    assert [contact.talk_us for contact in contacts] == [90_000_000, 0]
    assert all(contact.owner == agent for contact in contacts)


def test_a_reply_keeps_the_promised_update_and_no_other_promise(case, agent):
    due = timezone.now() + timedelta(days=1)
    update, call = case.promise(due_at=due, by=agent), case.promise(due_at=due, by=agent, kind="call back")
    sending.send(written(case, agent))
    let_leave()
    assert list(case.promises.pending()) == [call]
    update.refresh_from_db()
    assert update.fulfilled_at


def test_files_go_with_the_mail(case, agent):
    draft = written(case, agent)
    Attachment.keep(ContentFile(b"%PDF-1.4"), name="../..\\evil\n.pdf", content_type="application/pdf", draft=draft)
    sending.send(draft)
    let_leave()
    message = case.messages.get()
    mail = outbox.message_of(message.deliveries.get())
    assert [one.get_filename() for one in mail.message().iter_attachments()] == ["evil.pdf"]


def test_the_next_mail_of_a_case_is_on_the_same_thread(case, agent):
    for _number in range(2):
        sending.send(written(case, agent))
        let_leave()
    first, second = OutgoingMail.objects.order_by("pk")
    assert second.headers["In-Reply-To"] == first.message_id


def test_addresses_are_read_as_people_write_them():
    assert sending.read_addresses("A@x.fi; b@x.fi, a@x.fi  ") == ["a@x.fi", "b@x.fi"]
    with pytest.raises(ValidationError, match="nonsense"):
        sending.read_addresses("a@x.fi, nonsense")


def test_a_mention_reaches_who_may_see_the_case_and_nobody_else(agent):
    case = make_case(queue=make_queue())
    bo = make_user("bo")
    stranger = make_user("eva", team=make_team("others"))
    teamwork.mention("@bo and @eva and mail@bo.fi, see @anna", case, by=agent)
    assert set(Notice.objects.values_list("user", flat=True)) == {bo.pk}
    assert case.followers.get().user == bo
    assert stranger


def test_whoever_is_asked_may_read_the_case_until_she_has_answered(agent):
    case = make_case(queue=make_queue("first-line"), owner=agent)
    expert = make_user("eva", team=make_team("others"))
    assert not type(case).objects.visible_to(expert).filter(pk=case.pk).exists()
    one = teamwork.ask(case, asked=expert, question="Is it covered?", by=agent)
    assert type(case).objects.visible_to(expert).filter(pk=case.pk).exists()
    assert teamwork.answer(one, "Yes.", by=expert)
    assert not teamwork.answer(one, "No.", by=expert)
    assert not type(case).objects.visible_to(expert).filter(pk=case.pk).exists()
    assert Notice.objects.get(user=agent).kind == "answered"
    one.refresh_from_db()
    assert one.answer == "Yes."


def test_a_snoozed_case_comes_back_by_itself_and_when_the_customer_writes(agent):
    from tickets import waking

    case = make_case(owner=agent)
    assert case.snooze(until=timezone.now() + timedelta(hours=1), by=agent)
    assert waking.wake_due() == 0
    case.log_message("Hello?", kind="incoming", by=None)
    case.refresh_from_db()
    assert case.snoozed_until is None
    case.snooze(until=timezone.now() + timedelta(hours=1), by=agent)
    type(case).objects.filter(pk=case.pk).update(snoozed_until=timezone.now() - timedelta(seconds=1))
    assert waking.wake_due() == 1
    assert waking.wake_due() == 0
    assert Notice.objects.get(user=agent).kind == "woken"


def test_a_case_fetched_in_advance_is_not_read(client, agent):
    case = make_case(owner=agent)
    teamwork.notify([agent.pk], case, Notice.Kind.MENTIONED, by=None)
    client.force_login(agent)
    client.get(case.get_absolute_url(), headers={"Sec-Purpose": "prefetch"})
    assert Notice.objects.unread().count() == 1
    client.get(case.get_absolute_url())
    assert Notice.objects.unread().count() == 0
