"""Answers by ourselves: Zendesk's relay spam (2025, 2026: the confirmation carried the attacker's words), and loops (OTRS
CVE-2010-4767, libredesk dce33238, KB-Support 84).
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_mailbox
from tests.tickets.email.mails import arrive, mail
from tickets.models import Case, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return make_mailbox()


def test_the_confirmation_has_no_word_of_who_wrote(mailbox):
    evil = "BUY NOW https://evil.example"
    arrive(
        mail(evil, From=f'"{evil}" <victim@example.com>', Subject=evil, Message_ID="<buy now https://evil.example>"),
        mailbox,
    )
    sent = OutgoingMail.objects.get()
    everything = f"{sent.subject} {sent.text} {sent.html} {sent.headers} {sent.sender_name} {sent.cc}"
    assert "evil" not in everything
    assert "BUY" not in everything


def test_an_address_is_answered_once_an_hour_whatever_comes(mailbox):
    for number in range(6):
        arrive(mail(f"number {number}", From="victim@example.com"), mailbox)
    assert Case.objects.count() == 6
    assert OutgoingMail.objects.count() == 1


def test_all_addresses_together_are_answered_so_often_and_no_more(mailbox, monkeypatch):
    monkeypatch.setattr("tickets.channels.email.acknowledge.MOST_FROM_US_AN_HOUR", 3)
    for number in range(6):
        arrive(mail(f"number {number}", From=f"victim{number}@example.com"), mailbox)
    assert OutgoingMail.objects.count() == 3


def test_two_desks_that_answer_each_other_stop_at_once(mailbox):
    """Whatever we write by ourselves goes back to us as a new mail, again and again over a day."""
    arrive(mail("begin", From="robot@other.example"), mailbox)
    for number in range(25):
        last = OutgoingMail.objects.latest("created_at")
        # The other side is as bad as can be: no header says that a machine wrote it.
        arrive(
            mail(f"We got: {last.subject} {number}", From="robot@other.example", In_Reply_To=last.message_id), mailbox
        )
        OutgoingMail.objects.update(created_at=OutgoingMail.objects.first().created_at - timedelta(minutes=30))
    day_ago = timezone.now() - timedelta(days=3)
    assert OutgoingMail.objects.filter(created_at__gt=day_ago, to="robot@other.example").count() <= 2
    assert Case.objects.count() == 1
    assert Case.objects.get().messages.count() == 26


def test_what_we_write_by_ourselves_says_so_to_other_machines(mailbox):
    arrive(mail(), mailbox)
    headers = OutgoingMail.objects.get().headers
    assert headers["Auto-Submitted"] == "auto-replied"
    assert headers["X-Auto-Response-Suppress"] == "All"
