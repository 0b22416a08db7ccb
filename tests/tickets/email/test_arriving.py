"""A mail becomes a customer, a contact, a case and a message; an answer finds its case."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from tests.factories import make_agreement, make_case, make_customer, make_mailbox, make_user
from tests.tickets.email.mails import arrive, mail, reply_from
from tickets import mail_ids, merging
from tickets.channels.email import backlog
from tickets.channels.email.thanks import is_only_thanks
from tickets.models import Attachment, Case, Contact, Customer, IncomingMail, Message, Notice, OutgoingMail, Status

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return make_mailbox()


@pytest.fixture
def anna():
    return make_user("anna", first_name="Anna", last_name="Berg")


def kinds(case):
    return list(case.events.order_by("at", "id").values_list("kind", flat=True))


def test_a_mail_of_somebody_new_makes_everything_that_a_case_needs(mailbox):
    at = timezone.now() - timedelta(minutes=3)
    got = arrive(mail(), mailbox, at=at)
    case, contact, message = Case.objects.get(), Contact.objects.get(), Message.objects.get()
    customer = Customer.objects.get()
    assert (customer.name, customer.identities.get().value, customer.language) == (
        "Maja Lind",
        "maja@example.com",
        "en",
    )
    assert (case.subject, case.queue, case.channel, case.customer) == ("Parcel", mailbox.queue, "email", customer)
    assert (contact.channel, contact.direction, contact.outcome) == ("email", "inbound", "received")
    assert (contact.case, contact.customer, contact.started_at, contact.is_valid) == (case, customer, at, True)
    assert (message.kind, message.body, message.sender) == ("incoming", "Where is my parcel?", "maja@example.com")
    assert (message.contact, case.created_at) == (contact, at)
    assert kinds(case) == ["created", "customer_message", "auto_ack"]
    assert (got.state, got.kind, got.case, got.message) == ("applied", "letter", case, message)


def test_the_same_mail_again_is_one_and_the_same_id_on_other_words_is_another(mailbox):
    raw = mail(Message_ID="<one@example.com>")
    again = b"Received: by another way\r\n" + raw.replace(b"\n", b"\r\n")
    first, second = arrive(raw, mailbox), arrive(again, mailbox)
    assert first == second
    arrive(mail("Something else", Message_ID="<one@example.com>"), mailbox)
    assert (IncomingMail.objects.count(), Case.objects.count()) == (2, 2)


def test_two_mails_without_an_id_are_one_only_if_every_byte_is_the_same(mailbox):
    first = b"From: robot@example.com\nX-Alarm: 1\n\nIt burns."
    for raw in (first, first, first.replace(b"1", b"2")):
        arrive(raw, mailbox)
    assert Case.objects.count() == 2


def test_doing_it_again_changes_nothing(mailbox):
    arrive(mail(), mailbox)
    assert backlog.work_off() == 0
    assert (Case.objects.count(), Message.objects.count(), OutgoingMail.objects.count()) == (1, 1, 1)


def test_the_answer_to_our_mail_goes_on_its_case_and_opens_it_again(mailbox, anna):
    case = arrive(mail(), mailbox).case
    sent = reply_from(case, anna)
    case.resolve(by=anna)
    got = arrive(mail("No, it is not.", In_Reply_To=sent.message_id, Subject="Whatever"), mailbox)
    case.refresh_from_db()
    assert (got.case, got.kind, case.status) == (case, "reply", "open")
    assert kinds(case)[-3:] == ["resolved", "customer_message", "reopened"]
    assert case.events.get(kind="reopened").is_valid
    assert Case.objects.count() == 1
    # Anna owns it since she answered.
    assert Notice.objects.filter(user=anna, case=case, kind="followed").exists()


@pytest.mark.parametrize(
    "words", ["Tack så mycket!", "Kiitos avusta :)", "Thanks, it works now.", "Tusen takk", "Vielen Dank"]
)
def test_mere_thanks_open_a_case_again_without_saying_that_it_failed(mailbox, anna, words):
    case = arrive(mail(), mailbox).case
    sent = reply_from(case, anna)
    case.resolve(by=anna)
    arrive(mail(words, References=sent.message_id), mailbox)
    assert not case.events.get(kind="reopened").is_valid
    assert Contact.objects.filter(is_valid=True).count() == 1


@pytest.mark.parametrize(
    "words", ["Thanks, but it does not work", "Tack. När kommer det?", "Kiitos 2", "", "Hej", "Ok"]
)
def test_a_word_more_than_thanks_is_a_word_of_the_customer(words):
    assert not is_only_thanks(words)


def test_a_snoozed_case_wakes_and_one_that_waited_for_the_customer_waits_no_longer(mailbox, anna):
    case = arrive(mail(), mailbox).case
    sent = reply_from(case, anna)
    case.wait(on=Status.WAITING_CUSTOMER, by=anna)
    case.snooze(until=timezone.now() + timedelta(days=2), by=anna)
    arrive(mail("Here it is.", In_Reply_To=sent.message_id), mailbox)
    case.refresh_from_db()
    assert (case.status, case.snoozed_until) == ("open", None)


def test_two_answers_in_the_same_second_are_both_in_the_log_after_what_was_done_before(mailbox, anna):
    case = arrive(mail(), mailbox).case
    sent = reply_from(case, anna)
    # The servers' clocks know only seconds, and the worker came to these only after she had resolved the case.
    at = timezone.now().replace(microsecond=0)
    case.resolve(by=anna)
    for words in ("One thing", "And another"):
        arrive(mail(words, In_Reply_To=sent.message_id), mailbox, at=at)
    assert kinds(case)[-4:] == ["resolved", "customer_message", "reopened", "customer_message"]


def test_an_answer_to_a_case_that_was_merged_goes_on_the_one_it_went_into(mailbox, anna):
    case = arrive(mail(), mailbox).case
    sent = reply_from(case, anna)
    into = make_case(customer=make_customer("Nils", email="nils@example.com"))
    merging.merge(case, into=into, by=anna)
    assert arrive(mail("More", In_Reply_To=sent.message_id), mailbox).case == into


def test_with_addresses_that_name_the_case_an_answer_needs_no_references(mailbox, anna):
    mailbox.uses_plus = True
    mailbox.save()
    case = arrive(mail(), mailbox).case
    sent = reply_from(case, anna)
    reply_to = sent.headers["Reply-To"]
    assert reply_to.startswith(f"support+{case.pk}.")
    assert mail_ids.case_of_address(reply_to.upper()) == case.pk
    assert arrive(mail("Ok then", To=reply_to, Subject="x"), mailbox).case == case


def test_our_answer_is_on_the_thread_of_the_mail_that_it_answers(mailbox, anna):
    got = arrive(mail(Message_ID="<first@example.com>"), mailbox)
    sent = reply_from(got.case, anna)
    assert sent.headers["In-Reply-To"] == "<first@example.com>"
    assert sent.headers["Reply-To"] == "support@desk.example"
    assert mail_ids.case_of_id(sent.message_id) == got.case.pk


def test_files_come_with_the_message_under_names_of_our_own(mailbox):
    got = arrive(mail(files={"invoice.pdf": b"%PDF-1.4 x", "note.txt": b"plain words"}), mailbox)
    files = {one.name: one for one in Attachment.objects.filter(message=got.message)}
    assert {name: one.content_type for name, one in files.items()} == {
        "invoice.pdf": "application/pdf",
        "note.txt": "text/plain",
    }
    with files["note.txt"].file.open() as file:
        assert file.read() == b"plain words"
    assert "note" not in files["note.txt"].file.name


def test_what_the_child_took_out_of_a_mail_is_gone_when_it_is_on_its_message(
    mailbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        got = arrive(mail(files={"a.txt": b"words"}), mailbox)
    assert default_storage.exists(got.file.name)
    assert not default_storage.exists(got.letter["files"][0]["path"])


def test_what_is_quoted_stays_in_the_record_and_is_folded(mailbox):
    text = "Det fungerar inte.\n\nDen tors 5 nov. 2026 kl 10:12 skrev Support <support@desk.example>:\n\n> Hej Maja\n"
    message = arrive(mail(text), mailbox).message
    assert message.new_text == "Det fungerar inte."
    assert message.body == text.strip()


def test_a_mail_with_html_alone_has_its_words_as_text_too(mailbox):
    message = arrive(
        b"From: maja@example.com\nSubject: x\nContent-Type: text/html\n\n<p>One <b>two</b></p><p>three</p>", mailbox
    ).message
    assert message.body.split() == ["One", "two", "three"]
    assert message.layout == "own"


def test_she_is_told_that_it_came_and_by_when_she_hears_from_us(mailbox):
    make_agreement(first_response_business_seconds=3600, first_response_channels=["email"])
    case = arrive(mail(), mailbox).case
    sent = OutgoingMail.objects.get()
    assert (sent.to, sent.subject) == ("maja@example.com", f"We have received your message [#{case.number}]")
    at = timezone.localtime(case.first_response_due_at)
    assert f"You will hear from us by {at.day} {at:%B %Y, %H:%M} at the latest." in sent.text
    assert sent.headers["Auto-Submitted"] == "auto-replied"
    assert sent.is_automatic


def test_a_mailbox_that_confirms_nothing_does_not(mailbox):
    mailbox.acknowledges = False
    mailbox.save()
    arrive(mail(), mailbox)
    assert not OutgoingMail.objects.exists()


def test_a_mail_without_a_sender_opens_a_case_without_a_customer(mailbox):
    got = arrive(b"Subject: hello\n\nwho am I", mailbox)
    assert (got.case.customer, got.message.body) == (None, "who am I")


def test_a_subject_that_names_a_case_grants_nothing_and_is_a_hint(mailbox):
    other = make_case(customer=make_customer(email="maja@example.com"))
    got = arrive(mail(Subject=f"Re: Parcel [#{other.number}]"), mailbox)
    assert got.case != other
    note = got.case.messages.get(kind="note")
    assert f"#{other.number}" in note.body
    assert note.author is None
