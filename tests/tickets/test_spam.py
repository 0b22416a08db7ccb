"""Spam and blocked senders: marks that count nowhere, show nowhere, and can be taken away."""

import pytest

from tests.factories import make_case, make_client, make_contact, make_customer, make_queue, make_user
from tickets import merging, spam
from tickets.channels import web
from tickets.intake import Address
from tickets.models import BlockedSender, CaseEvent, Contact, OutgoingMail, WebForm

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user("anna")


@pytest.fixture
def desk(client, agent):
    client.force_login(agent)
    return client


def counts(*contacts):
    return [Contact.objects.get(pk=contact.pk).is_valid for contact in contacts]


def test_contacts_of_spam_count_nowhere_until_the_mark_is_taken_away(agent):
    case = make_case()
    contact, other = make_contact(case=case), make_contact(case=make_case())
    assert spam.mark(case, by=agent)
    assert counts(contact, other) == [False, True]
    assert spam.unmark(case, by=agent)
    assert counts(contact, other) == [True, True]


def test_marking_twice_is_one_event_that_says_what_changed(agent):
    case = make_case()
    assert spam.mark(case, by=agent)
    assert not spam.mark(case, by=agent)
    event = case.events.get(kind=CaseEvent.Kind.CHANGED)
    assert (event.actor, event.data) == (agent, {"flags": [[], ["spam"]]})


def test_a_contact_logged_on_a_merged_spam_case_stays_void_until_that_case_is_none(agent):
    one, other = make_case(), make_case()
    contact = make_contact(case=one)
    spam.mark(one, by=agent)
    merging.merge(one, into=other, by=agent)
    assert counts(contact) == [False]
    spam.unmark(one, by=agent)
    assert counts(contact) == [True]


def test_a_case_that_is_a_test_too_stays_out_when_it_is_no_spam(agent):
    case = make_case(flags=["test"])
    contact = make_contact(case=case, is_void=True)
    spam.mark(case, by=agent)
    spam.unmark(case, by=agent)
    assert counts(contact) == [False]


def test_the_mark_set_on_many_cases_at_once_voids_their_contacts_too(agent):
    from tickets.bulk import WAYS
    from tickets.models import BulkChange

    case = make_case()
    contact = make_contact(case=case)
    way = WAYS[BulkChange.Verb.FLAG]
    before = way.before(case)
    way.do(case, "spam", agent)
    assert counts(contact) == [False]
    way.undo(case, before, agent)
    assert counts(contact) == [True]


def test_spam_is_in_no_list_but_its_own(desk, agent):
    case = make_case(subject="You have won")
    spam.mark(case, by=agent)
    assert "You have won" not in desk.get("/cases/?whose=all").content.decode()
    assert "You have won" in desk.get("/cases/?whose=all&flag=spam").content.decode()
    assert "You have won" in desk.get(f"/cases/?whose=all&q={case.pk}").content.decode()


def test_the_buttons_of_a_case_mark_it_and_take_the_mark_away(desk):
    case = make_case()
    page = desk.post(f"/cases/{case.pk}/spam/", headers={"HX-Request": "true"}).content.decode()
    assert "Marked as spam" in page
    desk.post(f"/cases/{case.pk}/spam/", {"undo": "1"})
    case.refresh_from_db()
    assert case.flags == []


def test_blocking_the_sender_marks_the_case_and_what_comes_later(desk, agent):
    case = make_case(customer=make_customer(email="win@spam.example"))
    desk.post(f"/cases/{case.pk}/blocking/")
    case.refresh_from_db()
    assert case.flags == ["spam"]
    assert BlockedSender.objects.get().made_by == agent
    form = WebForm.objects.create(name="F", slug="f", client=make_client(), queue=make_queue())
    later = web.receive(
        form, web.Written(address=Address("email", "win@spam.example"), text="x", subject="y"), key="k", language="sv"
    )
    assert (later.case.flags, later.is_valid) == (["spam"], False)
    assert later.messages.get().body == "x"
    assert not OutgoingMail.objects.exists()


def test_a_customer_without_an_address_cannot_be_blocked(desk):
    case = make_case()
    page = desk.post(f"/cases/{case.pk}/blocking/", follow=True)
    assert "no address" in page.content.decode()
    assert not BlockedSender.objects.exists()


@pytest.mark.parametrize(
    ("blocked", "address", "is_so"),
    [
        ("a@spam.example", "A@spam.example", True),
        ("a@spam.example", "b@spam.example", False),
        ("spam.example", "b@spam.example", True),
        ("@spam.example", "b@mail.spam.example", True),
        ("spam.example", "b@notspam.example", False),
        ("spam.example", "b@spam.example.org", False),
        ("+46701234567", "+46701234567", True),
    ],
)
def test_a_domain_blocks_all_that_is_below_it_and_nothing_that_only_looks_like_it(agent, blocked, address, is_so):
    BlockedSender.objects.block(blocked, by=agent)
    assert BlockedSender.objects.blocks(address) is is_so


def test_a_lead_sees_who_is_blocked_and_lets_them_in_again(client):
    lead = make_user(role="lead")
    client.force_login(lead)
    client.post("/settings/spam/", {"value": "@Spam.example", "why": "lottery"})
    one = BlockedSender.objects.get()
    assert (one.value, one.why) == ("spam.example", "lottery")
    assert "spam.example" in client.get("/settings/spam/").content.decode()
    client.post(f"/settings/spam/{one.pk}/lifting/")
    one.refresh_from_db()
    assert one.lifted_by == lead
    assert not BlockedSender.objects.blocks("a@spam.example")
    assert one.lift(by=lead) is False


def test_what_is_no_address_and_no_domain_is_not_blocked(client):
    client.force_login(make_user(role="lead"))
    assert client.post("/settings/spam/", {"value": "com"}).status_code == 422


def test_an_agent_lifts_nothing(desk, agent):
    one = BlockedSender.objects.block("spam.example", by=agent)
    assert desk.post(f"/settings/spam/{one.pk}/lifting/").status_code == 404
    assert BlockedSender.objects.blocks("a@spam.example")


def test_nobody_marks_a_case_that_is_not_hers_to_see(desk):
    case = make_case(queue=make_queue("elsewhere", teams=[]))
    for button in ("spam", "blocking", "links/revocation"):
        assert desk.post(f"/cases/{case.pk}/{button}/").status_code == 404
    case.refresh_from_db()
    assert case.flags == []


def test_a_blocked_customer_who_writes_on_an_old_case_opens_nothing(agent):
    from tickets import status_links

    case = make_case(customer=make_customer(email="win@spam.example"))
    case.resolve(by=agent)
    BlockedSender.objects.block("spam.example", by=agent)
    link = status_links.give(case, is_proven=True)
    contact = web.write_more(link, "Look at this", key="k")
    case.refresh_from_db()
    assert (case.status, contact.is_valid) == ("resolved", False)
    assert case.messages.get().body == "Look at this"
