"""What machines write: bounces, automatic replies, lists and our own mail. It is recognised, shown, and never answered."""

import pytest

from tests.factories import make_mailbox, make_user
from tests.tickets.email.mails import arrive, mail, reply_from
from tickets import timeline
from tickets.models import Case, Contact, Customer, IncomingMail, Notice, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return make_mailbox(acknowledges=False)


@pytest.fixture
def anna():
    return make_user("anna")


@pytest.fixture
def case(mailbox):
    return arrive(mail(), mailbox).case


def report(message_id: str, *, action: str = "failed", status: str = "5.1.1") -> bytes:
    """The report of a mail system on a mail of ours."""
    return f"""Return-Path: <>
From: Mail Delivery System <MAILER-DAEMON@mx.example.com>
To: support@desk.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <report.{action}@mx.example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="cut"

--cut
Content-Type: text/plain

I could not deliver it.

--cut
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; maja@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 nobody of that name

--cut
Content-Type: text/rfc822-headers

From: Desk <helpdesk@example.org>
Message-ID: {message_id}
Subject: Re: Parcel

--cut--
""".encode()


def test_a_bounce_is_shown_on_the_message_that_did_not_arrive_and_told_to_who_wrote_it(mailbox, anna, case):
    sent = reply_from(case, anna)
    OutgoingMail.objects.filter(pk=sent.pk).update(status="sent", sent_at=sent.created_at)
    events = case.events.count()
    got = arrive(report(sent.message_id), mailbox)
    sent.refresh_from_db()
    assert (got.kind, got.reports_on, got.message) == ("bounce", sent, None)
    assert sent.bounced_at is not None
    assert "nobody of that name" in sent.bounce
    shown = next(
        one.thing for one in timeline.of([case.pk]).entries if one.what == "message" and one.thing == sent.carries
    )
    assert shown.mail == sent
    assert Notice.objects.filter(user=anna, case=case).exists()
    assert (Case.objects.count(), Contact.objects.count(), case.events.count()) == (1, 1, events)


def test_that_it_is_merely_late_is_no_bounce(mailbox, anna, case):
    sent = reply_from(case, anna)
    arrive(report(sent.message_id, action="delayed", status="4.4.1"), mailbox)
    sent.refresh_from_db()
    assert sent.bounced_at is None


def test_a_report_on_a_mail_that_we_never_sent_does_nothing(mailbox, anna, case):
    sent = reply_from(case, anna)
    got = arrive(report(f"<{case.pk}.{'0' * 16}.{'0' * 32}@localhost>"), mailbox)
    sent.refresh_from_db()
    assert (got.kind, got.state, got.reports_on, sent.bounced_at) == ("bounce", "applied", None, None)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"Precedence": "auto_reply"},
        {"Subject": "Autosvar: semester"},
        {"Subject": "Poissa toimistolta"},
        {"Subject": "Automatic reply: Parcel"},
        {"Return_Path": "<>"},
    ],
)
def test_an_automatic_reply_is_shown_on_its_case_and_is_no_word_of_the_customer(mailbox, anna, case, headers):
    sent = reply_from(case, anna)
    case.resolve(by=anna)
    events = case.events.count()
    got = arrive(mail("I am away.", In_Reply_To=sent.message_id, **headers), mailbox)
    case.refresh_from_db()
    assert (got.kind, got.case, case.status) == ("automatic", case, "resolved")
    assert (got.message.is_automatic, got.message.body) == (True, "I am away.")
    assert (case.events.count(), Contact.objects.count()) == (events, 1)


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"Auto_Submitted": "auto-generated"}, "automatic"),
        ({"List_Id": "<news.example.com>"}, "list"),
        ({"Precedence": "bulk"}, "list"),
        ({"From": "Desk <support@desk.example>"}, "loop"),
        ({"From": "support+12.abc@desk.example"}, "loop"),
        ({"From": "helpdesk@example.org"}, "loop"),
    ],
)
def test_what_a_machine_begins_opens_no_case_and_makes_nobody_a_customer(mailbox, headers, kind):
    mailbox.acknowledges = True
    mailbox.save()
    got = arrive(mail(**headers), mailbox)
    assert (got.kind, got.state) == (kind, "applied")
    assert not Case.objects.exists()
    assert not Customer.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_mail_of_ours_that_comes_back_is_known_by_its_id(mailbox, anna, case):
    sent = reply_from(case, anna)
    assert arrive(mail(Message_ID=sent.message_id), mailbox).kind == "loop"
    assert Case.objects.count() == 1


def test_a_mailbox_behind_a_list_takes_what_lists_send_and_answers_nothing(mailbox):
    mailbox.takes_lists = mailbox.acknowledges = True
    mailbox.save()
    assert arrive(mail(List_Id="<support.example.com>", Precedence="list"), mailbox).kind == "letter"
    assert Case.objects.count() == 1
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Subject": "Delivery problem with my order"},
        {"Subject": "Fwd: Undelivered Mail Returned to Sender"},
        {"Subject": "Vacation booking"[::-1]},
        {"Auto_Submitted": "no"},
        {"From": "Paul Postmaster <paul@example.com>", "Subject": "Hello"},
    ],
)
def test_a_person_is_not_taken_for_a_machine(mailbox, headers):
    assert arrive(mail("Your message to me was not clear.", **headers), mailbox).kind == "letter"


def test_every_mail_is_kept_whatever_it_was(mailbox):
    arrive(mail(List_Id="<a.b>"), mailbox)
    with IncomingMail.objects.get().file.open() as file:
        assert b"List-Id: <a.b>" in file.read()
