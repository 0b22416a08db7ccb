"""Rules of intake and blocked senders hold for mails as for the form, and the customer's own page shows her mails."""

import pytest

from tests.factories import make_mailbox, make_topic, make_user
from tests.tickets.email.mails import arrive, mail, reply_from
from tickets import status_links
from tickets.channels import web
from tickets.models import BlockedSender, Case, Contact, IntakeRule, OutgoingMail

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox():
    return make_mailbox()


def test_a_rule_says_what_a_mail_is_about(mailbox):
    topic = make_topic("delivery/late")
    IntakeRule.objects.create(name="Parcels", words="parcel", mailbox=mailbox.address, topic=topic, priority="high")
    arrive(mail(), mailbox)
    case = Case.objects.get()
    assert (case.topic, case.priority, case.queue) == (topic, "high", mailbox.queue)
    assert Contact.objects.get().topic == topic


def test_a_blocked_sender_is_kept_counts_nowhere_and_gets_no_answer(mailbox):
    BlockedSender.objects.create(value="maja@example.com", made_by=make_user("lead"))
    arrive(mail(), mailbox)
    case = Case.objects.get()
    assert case.flags == ["spam"]
    assert not Contact.objects.get().is_valid
    assert not OutgoingMail.objects.exists()


def test_the_customers_page_shows_the_mails_that_she_wrote(mailbox):
    arrive(mail(), mailbox)
    case = Case.objects.get()
    link = status_links.give(case, is_proven=True)
    reply_from(case, make_user("anna"))
    assert [message.kind for message in web.messages_of(link)] == ["incoming", "outgoing"]
