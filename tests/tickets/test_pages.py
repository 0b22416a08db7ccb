"""The agent's pages over HTTP: what they do, who may, and how many queries they take."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    make_case,
    make_contact,
    make_customer,
    make_queue,
    make_team,
    make_topic,
    make_user,
)
from tickets.models import Case, Contact, Customer, Demand, Flag, Status, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_user("anna", first_name="Anna", last_name="Berg")


@pytest.fixture
def desk(client, agent):
    """A browser in which the agent is logged in."""
    make_queue()
    client.force_login(agent)
    return client


@pytest.fixture
def contact(desk, agent):
    return Contact.take(by=agent)


def hidden_case():
    return make_case(queue=make_queue("elsewhere", teams=[make_team("others")]))


def everything(contact, **fields):
    """What the contact form sends."""
    return {"direction": "inbound", "queue": "", "demand": "", "cause": "", "subject": "", "note": "", **fields}


# ---- A contact -------------------------------------------------------------------------------------------------------
def test_the_big_button_takes_a_call_in_the_agents_usual_queue(desk, agent):
    answer = desk.post("/contacts/new/", {"channel": "phone", "key": uuid4()})
    contact = Contact.objects.get()
    assert answer["Location"] == contact.get_absolute_url()
    assert contact.owner == agent
    assert contact.queue.code == "first-line"


def test_opening_the_page_takes_no_call(desk):
    desk.get("/contacts/new/")
    assert not Contact.objects.exists()


def test_a_running_call_is_a_bar_on_every_page_but_its_own(desk, contact):
    assert b'class="running"' in desk.get("/cases/").content
    assert b'class="running"' not in desk.get(contact.get_absolute_url()).content
    contact.wrap_up(by=User.objects.get(username="anna"))
    assert b'class="running"' not in desk.get("/cases/").content


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_hold_resume_and_end_work_with_and_without_scripts(desk, contact, headers):
    for button, state in [("hold", "held"), ("resumption", "talking"), ("end", "wrapping")]:
        answer = desk.post(f"{contact.get_absolute_url()}{button}/", headers=headers, follow=True)
        assert answer.status_code == 200
        assert f'data-state="{state}"' in answer.content.decode()
        assert contact.segments.get().state == state


def test_what_is_typed_is_saved_before_done_is_pressed(desk, contact):
    topic = make_topic("billing/invoice")
    desk.post(
        reverse("contact_details", args=[contact.pk]),
        everything(contact, topic=topic.pk, note="half a sent", status_enquiry="on", solved="no"),
        headers={"HX-Request": "true"},
    )
    contact.refresh_from_db()
    assert (contact.topic, contact.solved, contact.flags) == (topic, False, [Flag.STATUS_ENQUIRY])
    assert "half a sent" in desk.get(contact.get_absolute_url()).content.decode()


def test_a_topic_brings_its_usual_demand_which_the_agent_may_change(desk, contact):
    topic = make_topic("delivery/late", demand=Demand.FAILURE)
    address = reverse("contact_details", args=[contact.pk])
    answer = desk.post(address, everything(contact, topic=topic.pk), headers={"HX-Request": "true"})
    assert 'id="contact-demand" hx-swap-oob="true"' in answer.content.decode()
    desk.post(address, everything(contact, topic=topic.pk, demand="value"))
    contact.refresh_from_db()
    assert contact.demand == Demand.VALUE


def test_an_unreadable_field_does_not_keep_the_agent_from_leaving_the_call(desk, contact):
    sent = everything(contact, topic="99999", promised_at="someday", case="new", solved="no", subject="x" * 400)
    answer = desk.post(reverse("contact_wrap_up", args=[contact.pk]), sent, follow=True)
    assert answer.redirect_chain[-1][0] == "/contacts/new/"
    assert contact.segments.get().state == "done"
    assert Case.objects.get().subject == "x" * 400
    assert "valid date" in answer.content.decode()


def test_an_empty_form_lets_the_agent_go(desk, contact):
    desk.post(reverse("contact_wrap_up", args=[contact.pk]))
    assert contact.segments.get().state == "done"


def test_done_continues_the_chosen_case_and_promises_an_update(desk, contact):
    case = make_case(customer=make_customer())
    contact.describe(by=contact.owner, customer=case.customer)
    sent = everything(contact, case=case.pk, solved="no", promised_at="2030-05-01T12:00", note="Called the depot.")
    desk.post(reverse("contact_wrap_up", args=[contact.pk]), sent)
    contact.refresh_from_db()
    assert contact.case == case
    assert case.promises.get().due_at.isoformat() == "2030-05-01T10:00:00+00:00"
    assert case.messages.get().contact == contact


def test_the_case_of_another_customer_cannot_be_chosen(desk, contact):
    contact.describe(by=contact.owner, customer=make_customer())
    others = make_case(customer=make_customer("Somebody else"))
    desk.post(reverse("contact_wrap_up", args=[contact.pk]), everything(contact, case=others.pk))
    contact.refresh_from_db()
    assert contact.case is None


def test_going_back_to_a_finished_contact_and_saving_opens_no_case(desk, contact):
    desk.post(reverse("contact_wrap_up", args=[contact.pk]), everything(contact, case="none"))
    page = desk.get(contact.get_absolute_url()).context["form"]
    assert page["case"].value() == "none"
    assert page["promised_at"].value() is None


# ---- Who is it -------------------------------------------------------------------------------------------------------
def test_typing_suggests_customers_and_choosing_one_shows_her_open_cases(desk, contact):
    maja = make_customer("Maja Lind", phone="+46701234567")
    make_case(customer=maja, subject="Parcel lost")
    found = desk.get(
        reverse("customer_suggestions", args=[contact.pk]), {"q": "070 12"}, headers={"HX-Request": "true"}
    )
    assert "Maja Lind" in found.content.decode()
    assert "1 open case" in found.content.decode()
    chosen = desk.post(
        reverse("contact_customer", args=[contact.pk]), {"customer": maja.pk}, headers={"HX-Request": "true"}
    )
    assert "Parcel lost" in chosen.content.decode()
    contact.refresh_from_db()
    assert contact.customer == maja


def test_a_new_customer_is_made_in_place_with_the_number_that_was_typed(desk, contact):
    empty = desk.get(reverse("customer_suggestions", args=[contact.pk]), {"q": "070-555 66 77"})
    assert 'value="070-555 66 77"' in empty.content.decode()
    desk.post(reverse("contact_customer", args=[contact.pk]), {"name": "Nils", "phone": "070-555 66 77", "email": ""})
    contact.refresh_from_db()
    assert contact.customer.identities.get().value == "+46705556677"


def test_a_bad_number_is_said_so_and_nobody_is_made(desk, contact):
    answer = desk.post(
        reverse("contact_customer", args=[contact.pk]), {"name": "Nils", "phone": "abc"}, headers={"HX-Request": "true"}
    )
    assert "neither an e-mail address nor a phone number" in answer.content.decode()
    assert not Customer.objects.exists()


def test_what_a_customer_is_called_is_shown_and_never_run(desk, contact):
    evil = make_customer('<img src=x onerror="alert(1)">', phone="+46701234567")
    case = make_case(customer=evil, subject="<script>alert(2)</script>")
    case.write_note("<b>bold</b>", by=contact.owner)
    contact.describe(by=contact.owner, customer=evil)
    addresses = [contact.get_absolute_url(), case.get_absolute_url(), f"/customers/{evil.pk}/", "/cases/?whose=all"]
    for address in [*addresses, "/contacts/new/"]:
        page = desk.get(address).content.decode()
        assert "<img src=x" not in page
        assert "<script>alert" not in page
        assert "<b>bold" not in page


# ---- Cases -----------------------------------------------------------------------------------------------------------
BUTTONS = [
    ("resolution", {}, "resolved"),
    ("assignment", {}, "assigned"),
    ("escalation", {"reason": "Above my limit."}, "escalated"),
    ("waiting", {"on": "customer"}, "waiting_customer"),
    ("sending", {"kind": "note", "text": "Looked into it."}, "note"),
    ("snooze", {"until": "2099-01-01T12:00"}, "snoozed"),
    ("details/priority", {"value": "high"}, "changed"),
    ("promises", {"due_at": "2030-01-01T12:00"}, "promised"),
]


@pytest.mark.parametrize(("button", "sent", "kind"), BUTTONS)
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["plain", "htmx"])
def test_every_button_of_a_case_is_one_event(desk, button, sent, kind, headers):
    case = make_case()
    answer = desk.post(f"{case.get_absolute_url()}{button}/", sent, headers=headers, follow=True)
    assert answer.status_code == 200
    assert [event.kind for event in case.events.order_by("id")] == ["created", kind]


@pytest.mark.parametrize(("button", "sent", "_kind"), BUTTONS)
def test_a_case_of_another_queue_is_not_there_and_does_not_change(desk, button, sent, _kind):
    case = hidden_case()
    assert desk.get(case.get_absolute_url()).status_code == 404
    assert desk.post(f"{case.get_absolute_url()}{button}/", sent).status_code == 404
    assert [event.kind for event in case.events.all()] == ["created"]


@pytest.mark.parametrize("button", ["hold", "resumption", "end", "details", "wrap-up", "customer"])
def test_another_queues_contact_is_not_there_and_does_not_change(desk, button):
    other = make_user(team=make_team("others"))
    contact = Contact.take(by=other)
    assert desk.get(contact.get_absolute_url()).status_code == 404
    assert desk.post(f"{contact.get_absolute_url()}{button}/", {"subject": "mine"}).status_code == 404
    assert contact.segments.get().state == "talking"


@pytest.mark.parametrize("page", ["customers/?q=ma", "topics/?topic_q=a"])
def test_the_searches_of_another_queues_contact_are_not_there(desk, page):
    contact = Contact.take(by=make_user(team=make_team("others")))
    assert desk.get(contact.get_absolute_url() + page).status_code == 404


def test_a_reading_request_changes_nothing(desk, contact):
    case = make_case()
    for button, _sent, _kind in BUTTONS:
        assert desk.get(f"{case.get_absolute_url()}{button}/").status_code == 405
    for button in ("hold", "resumption", "end", "details", "wrap-up", "customer"):
        assert desk.get(f"{contact.get_absolute_url()}{button}/").status_code == 405


@pytest.mark.parametrize("name", ["contact_new", "cases", "home", "password_change"])
def test_whoever_is_not_logged_in_is_sent_to_the_login(client, name):
    assert client.get(reverse(name))["Location"].startswith("/login/")


def test_an_escalation_without_a_reason_is_refused(desk):
    case = make_case()
    desk.post(f"{case.get_absolute_url()}escalation/", {"reason": " "})
    assert [event.kind for event in case.events.all()] == ["created"]


# ---- How much a page costs -------------------------------------------------------------------------------------------
def test_a_case_takes_the_same_queries_with_a_long_history(desk, agent, django_assert_num_queries):
    case = make_case(customer=make_customer(email="a@example.com"))
    for number in range(5):
        make_contact(case=case, agent=agent, at=timezone.now() - timedelta(hours=number + 1))
        case.write_note("note", by=agent)
        case.promise(due_at=timezone.now() + timedelta(days=1), by=agent)
        case.wait(on=Status.WAITING_CUSTOMER, by=agent)
        case.carry_on(by=agent)
    desk.get(case.get_absolute_url())
    # user; case with its relations, the customer's identities; her unread notices, which the bell shows too; events,
    # messages, contacts, promises; pending promises; the customer's last contacts and next promise; her own state; the
    # running bar. Files, drafts, colleagues and other cases are asked for where there are any.
    with django_assert_num_queries(13):
        desk.get(case.get_absolute_url())


def test_a_contact_takes_the_same_queries_with_a_long_history(desk, agent, contact, django_assert_num_queries):
    customer = make_customer(email="a@example.com")
    contact.describe(by=agent, customer=customer, topic=make_topic(), queue=make_queue())
    for number in range(12):
        make_contact(agent=agent, customer=customer, at=timezone.now() - timedelta(days=number + 1))
        make_case(customer=customer)
    desk.get(contact.get_absolute_url())
    # user; contact with its relations, identities; the leg; the last work, its topics, the first of all topics (she has
    # used one only), what the queue is mostly about; the cases to continue and the last promise on them; whether a
    # telephone system tells of it; the notes; the client's country for the numbers of a new customer; the queues
    # to choose from; her own state; the bell; the running bar.
    # And the customer's last ten days: her contacts, and what she is promised next.
    with django_assert_num_queries(19):
        desk.get(contact.get_absolute_url())
