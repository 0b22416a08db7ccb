"""The public form and the customer's page over HTTP: what they make, what they show, and what they refuse."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_agreement, make_case, make_client, make_customer, make_queue, make_topic, make_user
from tickets import sending, stamps, status_links
from tickets.channels import web
from tickets.intake import Address
from tickets.models import (
    Case,
    CaseEvent,
    Contact,
    Customer,
    Draft,
    Identity,
    Message,
    OutgoingMail,
    Status,
    StatusLink,
    WebForm,
    WebFormTopic,
)

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


@pytest.fixture(autouse=True)
def _files_of_the_test(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def form():
    make_agreement(first_response_business_seconds=4 * 3600, first_response_channels=["web"])
    return WebForm.objects.create(name="Contact us", slug="contact", client=make_client(), queue=make_queue())


def filled(form, **fields):
    """What the form sends, a minute after it was opened."""
    fields.setdefault("stamp", stamps.make(f"form:{form.pk}", at=time.time() - 60))
    return {"reach": "maja@example.com", "name": "Maja Lind", "subject": "Invoice", "text": "It is too high.", **fields}


def send(client, form, **fields):
    return client.post(f"/form/{form.slug}/", filled(form, **fields))


def link_in(mail):
    return re.search(r"https?://[^/]+(/c/\S+)", mail.text)[1]


# ---- The form --------------------------------------------------------------------------------------------------------
def test_what_is_sent_is_a_case_with_contact_message_event_and_customer(client, form):
    answer = send(client, form)
    assert answer.status_code == 302
    case = Case.objects.get()
    contact = case.contacts.get()
    assert (case.channel, case.queue, case.subject) == ("web", form.queue, "Invoice")
    assert (contact.channel, contact.direction, contact.outcome, contact.is_valid) == (
        "web",
        "inbound",
        "received",
        True,
    )
    assert contact.web_entry.form == form
    assert case.customer.identities.get().value == "maja@example.com"
    message = case.messages.get()
    assert (message.kind, message.body, message.contact) == ("incoming", "It is too high.", contact)
    assert [event.kind for event in case.events.order_by("id")] == ["created", "customer_message", "auto_ack"]
    page = client.get(answer["Location"]).content.decode()
    assert f"Case {case.pk}" in page
    assert "/c/" in page


def test_a_phone_number_is_enough_and_no_mail_leaves(client, form):
    send(client, form, reach="070-123 45 67")
    assert Case.objects.get().customer.identities.get().value == "+46701234567"
    assert not OutgoingMail.objects.exists()


def test_sent_twice_it_is_one_case_and_another_text_is_another(client, form):
    sent = filled(form)
    first, second = client.post("/form/contact/", sent), client.post("/form/contact/", sent)
    assert first["Location"] == second["Location"]
    assert Contact.objects.count() == OutgoingMail.objects.count() == 1
    client.post("/form/contact/", {**sent, "text": "And one thing more."})
    assert Case.objects.count() == 2


def test_looking_at_the_form_writes_nothing(client, form):
    assert client.get("/form/contact/").status_code == 200
    assert client.head("/form/contact/").status_code == 200
    assert not Case.objects.exists()


def test_the_chosen_topic_leads_to_its_queue(client, form):
    other = make_queue("billing")
    choice = WebFormTopic.objects.create(form=form, topic=make_topic("billing/invoice"), queue=other)
    assert send(client, form).status_code == 422
    send(client, form, topic=choice.pk)
    case = Case.objects.get()
    assert (case.topic, case.queue) == (choice.topic, other)


@pytest.mark.parametrize(
    ("asked", "accepted", "words"),
    [
        ("", "sv", "Skriv till oss"),
        ("", "fi", "Kirjoita meille"),
        ("?lang=en", "fi", "Write to us"),
        ("", "de", "Write"),
    ],
)
def test_the_form_speaks_the_visitors_language_or_the_chosen_one(client, form, asked, accepted, words):
    page = client.get(f"/form/contact/{asked}", headers={"Accept-Language": accepted})
    assert f"<h1>{words}" in page.content.decode()


def test_a_form_speaks_only_its_own_languages(client, form):
    WebForm.objects.update(languages=["fi"])
    page = client.get("/form/contact/?lang=sv").content.decode()
    assert 'lang="fi"' in page
    assert "<h1>Kirjoita meille" in page


def test_a_form_has_its_own_words_and_its_topics_the_customers(client, form):
    WebForm.objects.update(texts={"sv": {"title": "Hej <där>", "intro": "Vi svarar snart."}})
    WebFormTopic.objects.create(form=form, topic=make_topic("billing/invoice"), labels={"sv": "Fel på fakturan"})
    page = client.get("/form/contact/?lang=sv").content.decode()
    assert "Hej &lt;där&gt;" in page
    assert "Fel på fakturan" in page


def test_a_closed_form_and_one_that_never_was_look_alike(client, form):
    WebForm.objects.update(is_active=False)
    assert client.get("/form/contact/").content == client.get("/form/nothing/").content
    assert send(client, form).status_code == 404
    assert not Case.objects.exists()


def test_what_was_typed_is_still_there_after_a_mistake(client, form):
    answer = send(client, form, reach="no address", text="A long story")
    assert answer.status_code == 422
    assert "A long story" in answer.content.decode()
    assert not Case.objects.exists()


def test_a_file_goes_along_as_what_it_is(client, form):
    send(client, form, attached=[SimpleUploadedFile("meter.png", PNG, "text/html")])
    kept = Message.objects.get().attachments.get()
    assert (kept.name, kept.content_type) == ("meter.png", "image/png")


def test_six_files_are_too_many(client, form):
    files = [SimpleUploadedFile(f"{number}.png", PNG) for number in range(6)]
    assert send(client, form, attached=files).status_code == 422
    assert not Case.objects.exists()


def test_an_empty_stamp_is_asked_for_again_with_a_good_one(client, form):
    answer = send(client, form, stamp="")
    assert answer.status_code == 422
    stamp = re.search(r'name="stamp" value="([^"]+)"', answer.content.decode())[1]
    assert stamps.read(stamp, f"form:{form.pk}")


def test_the_confirmation_says_when_and_where_in_the_customers_language(client, form):
    client.post("/form/contact/?lang=sv", filled(form))
    mail = OutgoingMail.objects.get()
    assert mail.to == "maja@example.com"
    assert "Du får svar senast" in mail.text
    assert client.get(link_in(mail)).status_code == 200
    assert mail.headers["Auto-Submitted"] == "auto-replied"


def test_the_form_takes_a_fixed_number_of_queries(client, form, django_assert_num_queries):
    for path in ("a", "b", "c"):
        WebFormTopic.objects.create(form=form, topic=make_topic(path))
    # The form; its agreement, for the clock and for numbers without a country; whether it has topics, and which.
    with django_assert_num_queries(5):
        client.get("/form/contact/")


# ---- The customer's page ---------------------------------------------------------------------------------------------
@pytest.fixture
def case(form):
    case = make_case(customer=make_customer(email="maja@example.com", language="en"), subject="Invoice", channel="web")
    contact = Contact.objects.create(
        source=case.source, client=case.client, channel="web", customer=case.customer, case=case, outcome="received"
    )
    case.messages.create(kind="incoming", body="It is too high.", contact=contact)
    return case


@pytest.fixture
def address(case):
    return reverse("case_status", args=[status_links.token_for(status_links.give(case, is_proven=True))])


def more(link, text="Here is the number: 17.", **fields):
    return {"text": text, "stamp": stamps.make(f"status:{link.pk}"), **fields}


def test_she_sees_what_she_wrote_what_was_written_to_her_and_when_she_hears_next(client, case, address):
    agent = make_user("anna", first_name="Anna", last_name="Berg")
    case.messages.create(kind="outgoing", body="We are looking.", author=agent, to=["maja@example.com"])
    case.promise(due_at=timezone.now() + timedelta(days=2), by=agent)
    page = client.get(address).content.decode()
    for words in ("It is too high.", "We are looking.", "Anna Berg", "You hear from us by"):
        assert words in page


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("waiting_customer", "We are waiting for you"),
        ("waiting_third_party", "We are waiting for somebody else"),
        ("resolved", "We take this to be solved"),
    ],
)
def test_she_sees_where_it_stands_in_plain_words(client, case, address, status, words):
    if status == "resolved":
        case.resolve(by=None)
    else:
        case.wait(on=Status(status), by=None)
    assert words in client.get(address).content.decode()


def test_a_promise_that_was_not_kept_is_owned_up_to(client, case, address):
    case.promise(due_at=timezone.now() - timedelta(hours=1), by=None)
    assert "We are late, and sorry" in client.get(address).content.decode()


def test_what_she_adds_is_a_message_and_a_contact_of_that_case_and_opens_it_again(client, case, address):
    case.resolve(by=None)
    link = StatusLink.objects.get()
    sent = more(link)
    assert client.post(address, sent).status_code == 302
    client.post(address, sent)
    case.refresh_from_db()
    assert case.status == "open"
    assert case.messages.filter(kind="incoming", body="Here is the number: 17.").count() == 1
    assert case.contacts.count() == 2
    kinds = list(case.events.order_by("id").values_list("kind", flat=True))
    assert kinds == ["created", "resolved", "customer_message", "reopened"]


def test_writing_brings_a_waiting_and_snoozed_case_back(client, case, address):
    case.wait(on=Status.WAITING_CUSTOMER, by=None)
    case.snooze(until=timezone.now() + timedelta(days=2), by=None)
    client.post(address, more(StatusLink.objects.get()))
    case.refresh_from_db()
    assert (case.status, case.snoozed_until) == ("open", None)


def test_nothing_written_is_not_sent(client, case, address):
    assert client.post(address, more(StatusLink.objects.get(), text=" ")).status_code == 200
    assert case.messages.count() == 1


def test_her_page_speaks_her_language_and_the_one_she_chooses(client, case, address):
    Customer.objects.update(language="fi")
    assert "Mitä on kirjoitettu" in client.get(address, headers={"Accept-Language": "sv"}).content.decode()
    assert "Det som har skrivits" in client.get(f"{address}?lang=sv").content.decode()


def test_the_moments_are_those_of_the_clock_on_her_wall(client, case, address):
    case.client.agreements.get().calendar.__class__.objects.update(timezone="Europe/Helsinki")
    case.promise(due_at=timezone.datetime.fromisoformat("2030-01-07T10:00:00+00:00"), by=None)
    assert "7 januari 2030 12:00" in client.get(f"{address}?lang=sv").content.decode()


def test_a_merged_case_shows_where_the_other_one_stands(client, case, address):
    from tickets import merging

    other = make_case(customer=case.customer)
    merging.merge(case, into=other, by=make_user())
    other.wait(on=Status.WAITING_CUSTOMER, by=None)
    assert "We are waiting for you" in client.get(address).content.decode()
    client.post(address, more(StatusLink.objects.get()))
    assert other.messages.get().body == "Here is the number: 17."


def test_a_file_of_hers_is_given_out_to_be_saved_and_no_other(client, case, address):
    from django.core.files.base import ContentFile

    from tickets.models import Attachment

    hers = Attachment.keep(ContentFile(PNG), name="a.png", content_type="image/png", message=case.messages.get())
    note = case.write_note("secret", by=make_user())
    other = Attachment.keep(ContentFile(PNG), name="b.png", content_type="image/png", message=note)
    answer = client.get(f"{address}/files/{hers.pk}")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer.getvalue() == PNG
    assert client.get(f"{address}/files/{other.pk}").status_code == 404


def test_an_agents_reply_carries_the_link(client, case):
    agent = make_user("anna")
    draft = Draft.objects.create(case=case, author=agent, kind="reply", to=["maja@example.com"], html="<p>Hello</p>")
    sending.put_mail(sending.become_message(draft))
    mail = OutgoingMail.objects.get()
    assert link_in(mail) in mail.html
    assert "Hello" in client.get(link_in(mail)).content.decode()


def test_the_page_takes_the_same_queries_however_much_was_written(client, case, address, django_assert_num_queries):
    agent = make_user("anna")
    for number in range(5):
        case.messages.create(kind="outgoing", body=f"{number}", author=agent, to=["maja@example.com"])
    # The link with its case; the agreement, for the clock; the family of merged cases; her addresses; the messages and
    # their files; whether somebody has replied.
    with django_assert_num_queries(7):
        client.get(address)


def test_a_case_tells_the_desk_that_the_customer_wrote(client, case, address):
    client.post(address, more(StatusLink.objects.get()))
    assert case.events.filter(kind=CaseEvent.Kind.CUSTOMER_MESSAGE).exists()


def test_with_redis_down_a_customer_can_still_write(client, form, settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    assert send(client, form).status_code == 302
    assert Case.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_four_presses_at_once_one_makes_a_case(form):
    written = web.Written(address=Address(Identity.Kind.EMAIL, "maja@example.com"), text="x", subject="y")

    def press(_number):
        try:
            return web.receive(form, written, key="one page", language="sv").pk
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        contacts = set(pool.map(press, range(4)))
    assert len(contacts) == Contact.objects.count() == Case.objects.count() == OutgoingMail.objects.count() == 1
