"""Reading what is meant for the owner of an address, by claiming to be her.

The "ticket trick" (2017) and the spoofed requester of Zendesk (2024): whoever could open a case in another's name, or have
herself copied, read what the desk answered. FreeScout let a stranger become part of a conversation (GHSA-j49f-9g94-3wh4). On our
form anybody can type anybody's address. So what she gets at once shows no answer; the link that shows them goes to the address.
"""

import pytest
from django.urls import reverse

from tests.factories import make_case, make_customer, make_user
from tests.security.web import filled, make_form
from tickets import sending, status_links
from tickets.models import Case, Draft, Identity, OutgoingMail, StatusLink

pytestmark = pytest.mark.django_db


def reply(case, **fields):
    fields = {"to": ["maja@example.com"], "html": "<p>CANARY</p>", "kind": "reply", **fields}
    return sending.become_message(Draft.objects.create(case=case, author=make_user(), **fields))


def page_of(client, link):
    return client.get(reverse("case_status", args=[status_links.token_for(link)])).content.decode()


def test_who_typed_anothers_address_sees_no_answer_and_the_owner_of_it_does(client):
    client.post("/form/contact/", filled(make_form()))
    case = Case.objects.get()
    reply(case)
    shown, mailed = StatusLink.objects.get(is_proven=False), StatusLink.objects.get(is_proven=True)
    assert "CANARY" not in page_of(client, shown)
    assert "CANARY" in page_of(client, mailed)
    mail = OutgoingMail.objects.get(key__startswith="web-")
    assert mail.to == "maja@example.com"
    assert status_links.token_for(mailed) in mail.text
    assert status_links.token_for(shown) not in mail.text


def test_the_page_shows_none_of_the_owners_other_cases_and_mails(client):
    owner = make_customer(email="maja@example.com")
    earlier = make_case(customer=owner, subject="CANARY")
    earlier.messages.create(kind="incoming", body="CANARY", to=["maja@example.com"])
    client.post("/form/contact/", filled(make_form()))
    for link in StatusLink.objects.exclude(case=earlier):
        assert "CANARY" not in page_of(client, link)


def test_a_note_a_forward_and_other_peoples_mails_are_on_no_page(client):
    case = make_case(customer=make_customer(email="maja@example.com"))
    case.write_note("CANARY", by=make_user())
    reply(case, kind="forward", to=["supplier@example.com"])
    case.messages.create(kind="incoming", body="CANARY", to=["supplier@example.com"])
    case.messages.create(kind="outgoing", body="CANARY", to=["other@example.com"])
    assert "CANARY" not in page_of(client, status_links.give(case, is_proven=True))


def test_the_messages_of_a_case_that_was_merged_with_another_customers_are_hers_alone(client):
    from tickets import merging

    mine, theirs = (make_case(customer=make_customer(email=f"{name}@example.com")) for name in "ab")
    theirs.messages.create(kind="incoming", body="CANARY", to=["b@example.com"])
    merging.merge(mine, into=theirs, by=make_user())
    assert "CANARY" not in page_of(client, status_links.give(mine, is_proven=True))


@pytest.mark.parametrize(
    "sent",
    [
        {"cc": ["colleague@example.com"]},
        {"to": ["stranger@example.com"]},
        {"to": ["maja@example.com", "stranger@example.com"]},
        {"kind": "forward", "to": ["maja@example.com"]},
    ],
    ids=["a copy", "a stranger", "two", "a forward"],
)
def test_a_mail_that_others_get_too_has_no_link(client, sent):
    reply(make_case(customer=make_customer(email="maja@example.com")), **sent)
    assert "/c/" not in OutgoingMail.objects.get().text
    assert not StatusLink.objects.exists()


def test_what_is_typed_gives_nobody_a_second_address(client):
    make_customer("Maja", phone="+46701234567", email="maja@example.com")
    client.post("/form/contact/", filled(make_form(), reach="070-123 45 67", text="mail me at evil@example.com"))
    assert not Identity.objects.filter(value="evil@example.com").exists()
    assert Identity.objects.count() == 2
