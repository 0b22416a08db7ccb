"""Mails whose own domain says that they are forged.

Whoever may write From: anybody writes From: the customer, adds himself as a copy, and gets the answers (the ticket trick's second
half). Where our own mail server has found that the domain denies a mail, it goes on no case and makes nobody its sender.
"""

import pytest

from tests.factories import make_customer, make_mailbox, make_user
from tests.tickets.email.mails import arrive, mail, reply_from
from tickets.channels.email.threads import is_denied
from tickets.models import Case, Customer, OutgoingMail

FAILS = "mx.desk.example; spf=fail smtp.mailfrom=evil.example; dkim=none; dmarc=fail (p=reject) header.from=example.com"
PASSES = "mx.desk.example; dmarc=pass header.from=example.com"


@pytest.mark.parametrize(
    ("checks", "server", "expected"),
    [
        ([FAILS], "mx.desk.example", True),
        ([PASSES], "mx.desk.example", False),
        ([PASSES, FAILS], "mx.desk.example", False),  # its own stands first
        ([FAILS], "", False),
        ([FAILS], "desk.example", False),
        (["evil.example; dmarc=fail"], "mx.desk.example", False),
        (["mx.desk.example.evil.example; dmarc=fail"], "mx.desk.example", False),
        (["mx.desk.example 1; dmarc=fail"], "mx.desk.example", True),
        (["mx.desk.example; xdmarc=fail"], "mx.desk.example", False),
        ([], "mx.desk.example", False),
    ],
)
def test_only_our_own_servers_word_counts_and_its_first(checks, server, expected):
    assert is_denied(checks, server) is expected


@pytest.mark.django_db
def test_a_denied_mail_is_shown_with_a_warning_and_is_no_word_of_the_customers(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    mailbox, anna = make_mailbox(checked_by="mx.desk.example"), make_user("anna")
    arrive(mail(), mailbox)
    case = Case.objects.get()
    sent = reply_from(case, anna)
    OutgoingMail.objects.all().delete()
    before = Customer.objects.count()
    forged = mail(
        "Send it to my new address.",
        In_Reply_To=sent.message_id,
        Authentication_Results=FAILS,
        Cc="mallory@evil.example",
    )
    arrive(forged, mailbox)
    new = Case.objects.exclude(pk=case.pk).get()
    assert case.messages.filter(kind="incoming").count() == 1
    assert (new.customer, Customer.objects.count()) == (None, before)
    assert not OutgoingMail.objects.exists()
    client.force_login(anna)
    assert "sender not verified" in client.get(new.get_absolute_url()).content.decode()
    arrive(mail("Thanks, got it", In_Reply_To=sent.message_id, Authentication_Results=PASSES), mailbox)
    assert case.messages.filter(kind="incoming").count() == 2


@pytest.mark.django_db
def test_where_no_server_is_named_nothing_is_believed_of_it(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    make_customer(email="maja@example.com")
    arrive(mail(Authentication_Results=FAILS), make_mailbox())
    assert Case.objects.get().customer is not None
