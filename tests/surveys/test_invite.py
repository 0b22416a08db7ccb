"""Who is asked after a resolution, how often, and what the mail says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from surveys import invite, links
from surveys.models import Invitation
from tests.factories import make_agreement, make_case, make_client, make_contact, make_customer, make_user
from tickets.models import CaseEvent, Flag, OutgoingMail

pytestmark = pytest.mark.django_db


def maja(**fields):
    return make_customer(email="maja@example.org", **fields)


def test_a_resolved_case_asks_its_customer_with_one_mail():
    case = make_case(customer=maja(language="en"))
    contact = make_contact(case=case, customer=case.customer)

    case.resolve(by=make_user())

    invitation = Invitation.objects.get()
    mail = OutgoingMail.objects.get()
    assert (invitation.case, invitation.contact, invitation.customer) == (case, contact, case.customer)
    assert (invitation.client, invitation.language) == (case.client, "en")
    assert invitation.expires_at - invitation.sent_at == timedelta(days=14)
    assert (mail.to, mail.case, mail.status) == ("maja@example.org", case, "waiting")
    assert invitation.mail == mail
    assert links.url_for(invitation) in mail.text
    assert mail.html.count(f'{links.url_for(invitation)}"') == 2
    assert [mail.html.count(f'?csat={score}"') for score in range(1, 6)] == [1] * 5


def test_resolving_twice_asks_once():
    case = make_case(customer=maja())
    case.resolve(by=None)
    case.resolve(by=None)
    assert Invitation.objects.count() == OutgoingMail.objects.count() == 1


def test_a_case_resolved_again_while_the_link_is_open_is_not_asked_about_again():
    case = make_case(customer=maja())
    case.resolve(by=None)
    case.reopen(by=None)
    case.resolve(by=None)
    assert Invitation.objects.count() == 1


def test_a_case_resolved_again_after_the_link_has_ended_is_asked_about_again():
    case = make_case(customer=maja())
    case.resolve(by=None)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    case.reopen(by=None)
    case.resolve(by=None)
    assert Invitation.objects.count() == OutgoingMail.objects.count() == 2


@pytest.mark.parametrize("flag", [Flag.TEST, Flag.SPAM])
def test_test_and_spam_are_not_asked_about(flag):
    make_case(customer=maja(), flags=[flag]).resolve(by=None)
    assert not Invitation.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_a_case_where_only_we_made_contact_is_not_asked_about():
    case = make_case(customer=maja())
    make_contact(case=case, customer=case.customer, direction="outbound")
    case.resolve(by=None)
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("customer", [None, {"phone": "+46701234567"}])
def test_nobody_is_asked_without_an_address(customer):
    make_case(customer=customer and make_customer(**customer)).resolve(by=None)
    assert not Invitation.objects.exists()


def test_closing_after_mere_thanks_does_not_ask():
    case = make_case(customer=maja())
    case.record(CaseEvent.Kind.RESOLVED, by=None, is_valid=False)
    assert not Invitation.objects.exists()


def test_history_that_is_entered_late_asks_nobody():
    case = make_case(customer=maja(), at=timezone.now() - timedelta(days=9))
    case.resolve(by=None, at=timezone.now() - timedelta(days=2))
    assert not Invitation.objects.exists()


def test_the_agreement_in_force_says_how_long_and_whether():
    client = make_client("other")
    make_agreement(client, survey_window_days=3)
    case = make_case(customer=maja(), client=client)
    case.resolve(by=None)
    assert Invitation.objects.get().expires_at == Invitation.objects.get().sent_at + timedelta(days=3)

    silent = make_client("silent")
    make_agreement(silent, survey_window_days=0)
    make_case(customer=make_customer(email="sven@example.org"), client=silent).resolve(by=None)
    assert Invitation.objects.count() == 1


def test_a_resolution_that_is_rolled_back_asks_nobody():
    case = make_case(customer=maja())
    with transaction.atomic():
        case.resolve(by=None)
        transaction.set_rollback(True)
    assert not Invitation.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_the_answer_counts_for_the_last_contact_that_somebody_served():
    case = make_case(customer=maja())
    now = timezone.now()
    make_contact(case=case, customer=case.customer, at=now - timedelta(hours=5))
    served = make_contact(case=case, customer=case.customer, at=now - timedelta(hours=3))
    make_contact(case=case, customer=case.customer, at=now - timedelta(hours=1), outcome="abandoned")
    case.resolve(by=None)
    assert Invitation.objects.get().contact == served


@pytest.mark.parametrize(
    ("hers", "company", "expected", "subject"),
    [
        ("fi", "sv", "fi", "Miten onnistuimme?"),
        ("sv-FI", "en", "sv", "Hur gjorde vi?"),
        ("", "en", "en", "How did we do?"),
        ("de", "sv", "sv", "Hur gjorde vi?"),
        ("", "", "en", "How did we do?"),
    ],
)
def test_the_mail_is_in_her_language_else_in_her_companys(hers, company, expected, subject):
    case = make_case(customer=maja(language=hers), client=make_client("c", language=company))
    case.resolve(by=None)
    assert Invitation.objects.get().language == expected
    assert OutgoingMail.objects.get().subject.startswith(subject)


def test_a_hostile_company_name_starts_no_header_and_no_tag():
    name = "Evil\r\nBcc: all@example.org\n<script>alert(1)</script>"
    case = make_case(customer=maja(), client=make_client("evil", name=name))
    case.resolve(by=None)
    mail = OutgoingMail.objects.get()
    assert "\n" not in mail.subject
    assert "\n" not in mail.sender_name
    assert "<script" not in mail.html


def test_the_mail_holds_nothing_that_a_customer_wrote():
    hostile = "<b>https://evil.example</b>"
    case = make_case(customer=maja(name=hostile), subject=hostile)
    case.resolve(by=None)
    mail = OutgoingMail.objects.get()
    assert "evil" not in mail.text + mail.html + mail.subject


def test_a_mail_that_was_given_up_leaves_the_response_rate_until_it_is_sent_after_all():
    make_case(customer=maja()).resolve(by=None)
    OutgoingMail.objects.update(status="dead")
    assert invite.note_deliveries() == 1
    assert not Invitation.objects.get().is_delivered
    assert invite.note_deliveries() == 0
    OutgoingMail.objects.get().resend()
    assert invite.note_deliveries() == 1
    assert Invitation.objects.get().is_delivered


def test_an_imported_bounce_stays_a_bounce():
    make_case(customer=maja()).resolve(by=None)
    Invitation.objects.update(mail=None, is_delivered=False)
    assert invite.note_deliveries() == 0
