"""A chat from the button to the figures: by its verbs, and over HTTP from both sides."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    make_agreement,
    make_case,
    make_chat_widget,
    make_customer,
    make_queue,
    make_team,
    make_user,
)
from tickets import stamps
from tickets.channels import chat as channel
from tickets.models import AgentState, Chat, ChatLine, Contact, Identity, Message, OutgoingMail, Segment

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


def at(seconds):
    return START + timedelta(seconds=seconds)


@pytest.fixture
def widget():
    return make_chat_widget()


def begun(widget, second=0, **fields):
    return Chat.begin(widget, text="Where is my parcel?", language="en", at=at(second), **fields)[0]


# ---- The talk as a contact -------------------------------------------------------------------------------------------
def test_a_chat_waits_is_answered_and_ends_as_a_contact_with_a_leg(widget):
    anna, chat = make_user("anna"), begun(widget)
    assert chat.contact.queued_at == at(0)
    assert chat.contact.outcome == ""
    assert chat.take(by=anna, at=at(25))
    assert AgentState.objects.running().get(agent=anna).state == "busy"
    assert chat.end(by=anna, at=at(145))
    assert AgentState.objects.running().get(agent=anna).state == "after_call"
    chat.contact.wrap_up(by=anna, at=at(175))
    contact = Contact.objects.get(pk=chat.pk)
    assert (contact.outcome, contact.is_handled, contact.answered_at, contact.ended_at) == (
        "answered",
        True,
        at(25),
        at(145),
    )
    assert (contact.talk_us, contact.acw_us, contact.transfers) == (120_000_000, 30_000_000, 0)


def test_who_leaves_before_an_answer_has_abandoned(widget):
    chat = begun(widget)
    assert chat.leave(at=at(40))
    contact = Contact.objects.get(pk=chat.pk)
    assert (contact.outcome, contact.ended_at, contact.is_handled) == ("abandoned", at(40), False)
    assert not chat.leave(at=at(50))
    assert not chat.take(by=make_user("anna"), at=at(60))


def test_a_transfer_is_a_second_leg_and_the_wait_of_the_first_queue_stands(widget):
    anna, bo, chat = make_user("anna"), make_user("bo", team=make_team("billing")), begun(widget)
    billing = make_queue("billing", teams=[make_team("billing")])
    chat.take(by=anna, at=at(10))
    assert chat.transfer(by=anna, queue=billing, note="She wants money back.", at=at(70))
    assert not AgentState.objects.running().filter(agent=anna).exists()
    assert list(Chat.objects.waiting_for(bo)) == [chat]
    assert not Chat.objects.waiting_for(anna).exists()
    assert chat.take(by=bo, at=at(90))
    chat.end(by=bo, at=at(150))
    legs = list(Segment.objects.filter(contact=chat.pk).values_list("agent__username", "role", "talk_us"))
    assert legs == [("anna", "primary", 60_000_000), ("bo", "transfer", 60_000_000)]
    contact = Contact.objects.get(pk=chat.pk)
    assert (contact.transfers, contact.answered_at, contact.queue, contact.owner) == (1, at(10), widget.queue, bo)


def test_a_chat_handed_to_one_colleague_is_hers_alone_to_take(widget):
    anna, bo, cia, chat = make_user("anna"), make_user("bo"), make_user("cia"), begun(widget)
    chat.take(by=anna, at=at(5))
    chat.transfer(by=anna, agent=bo, at=at(20))
    assert not Chat.objects.waiting_for(cia).exists()
    assert not Chat.objects.get(pk=chat.pk).take(by=cia)
    assert Chat.objects.get(pk=chat.pk).take(by=bo)


def test_two_chats_side_by_side_share_the_agents_seconds(widget):
    anna, first, second = make_user("anna"), begun(widget), begun(widget, 5)
    first.take(by=anna, at=at(10))
    second.take(by=anna, at=at(110))
    for chat in (first, second):
        chat.end(by=anna, at=at(210))
        chat.contact.wrap_up(by=anna, at=at(210))
    engaged = dict(Contact.objects.values_list("pk", "engaged_us"))
    assert engaged == {first.pk: 150_000_000, second.pk: 50_000_000}


@pytest.mark.django_db(transaction=True)
def test_of_two_agents_who_take_one_chat_at_once_one_gets_it(widget):
    agents, chat, barrier, got = [make_user("anna"), make_user("bo")], begun(widget), Barrier(2), []

    def take(agent):
        barrier.wait()
        got.append(Chat.objects.get(pk=chat.pk).take(by=agent))
        connection.close()

    threads = [Thread(target=take, args=[agent]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [False, True]
    assert Segment.objects.count() == 1


def test_what_was_said_goes_into_the_case_that_it_becomes(widget):
    anna, chat = make_user("anna"), begun(widget, name="Maja")
    chat.take(by=anna, at=at(5))
    chat.say("agent", "On its way.", by=anna, at=at(20))
    chat.say("note", "Difficult.", by=anna, at=at(21))
    chat.end(by=anna, at=at(30))
    case = make_case()
    chat.contact.describe(by=anna, case=case)
    (message,) = case.messages.all()
    assert message.kind == Message.Kind.CHAT
    assert "Maja: Where is my parcel?" in message.body
    assert "On its way." in message.body
    assert "Difficult" not in message.body


# ---- Who has gone ----------------------------------------------------------------------------------------------------
def test_who_closes_the_page_has_left_when_she_was_seen_last(widget):
    chat = begun(widget)
    chat.see(at=at(60))
    assert channel.end_left(at=at(100)) == 0
    assert channel.end_left(at=at(200)) == 1
    contact = Contact.objects.get(pk=chat.pk)
    assert (contact.outcome, contact.ended_at) == ("abandoned", at(60))


def test_who_says_nothing_is_asked_and_then_the_chat_ends(widget):
    anna, chat = make_user("anna"), begun(widget)
    chat.take(by=anna, at=at(5))
    chat.say("agent", "Which number?", by=anna, at=at(10))

    def pass_to(second):
        Chat.objects.update(seen_at=at(second))
        return channel.end_left(at=at(second))

    assert pass_to(14 * 60) == 0
    assert not chat.lines.filter(kind="asked").exists()
    assert pass_to(16 * 60) == 0
    assert chat.lines.filter(kind="asked").count() == 1
    assert pass_to(17 * 60) == 0
    assert chat.lines.filter(kind="asked").count() == 1
    assert pass_to(22 * 60) == 1
    assert Contact.objects.get(pk=chat.pk).outcome == "answered"


# ---- Is anybody there, and how long will it take? --------------------------------------------------------------------
def test_somebody_is_there_when_an_agent_of_the_queue_is_at_work_within_the_hours(widget):
    anna, other = make_user("anna"), make_user("bo", team=make_team("other"))
    assert not channel.is_staffed(widget)
    AgentState.enter(other, "available")
    assert not channel.is_staffed(widget)
    AgentState.enter(anna, "break")
    assert not channel.is_staffed(widget)
    AgentState.enter(anna, "available")
    assert channel.is_staffed(widget)


def test_outside_the_hours_nobody_is_there_and_it_says_when(widget):
    from tickets.windows import bring_up_to_date

    make_agreement(widget.client)
    bring_up_to_date()
    AgentState.enter(make_user("anna"), "available")
    saturday = datetime(2026, 3, 7, 12, tzinfo=UTC)
    assert channel.is_staffed(widget, at=datetime(2026, 3, 6, 12, tzinfo=UTC))
    assert not channel.is_staffed(widget, at=saturday)
    assert channel.opens_at(widget, at=saturday) == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_the_expected_wait_is_told_only_where_enough_were_answered(widget):
    anna = make_user("anna")
    for number in range(4):
        begun(widget, number).take(by=anna, at=at(60 + number))
    first, second = begun(widget, 100), begun(widget, 101)
    assert channel.expected_minutes(second, at=at(200)) is None
    begun(widget, 5).take(by=anna, at=at(90))
    assert (channel.ahead_of(first), channel.ahead_of(second)) == (0, 1)
    # Five in an hour: one every twelve minutes.
    assert channel.expected_minutes(second, at=at(200)) == 24


# ---- Who is it? ------------------------------------------------------------------------------------------------------
def signed(widget, secret=None, **fields):
    said = json.dumps({"id": "4711", "email": "maja@example.com", "name": "Maja", "exp": time.time() + 600, **fields})
    return said, hmac.new((secret or widget.secret()).encode(), said.encode(), hashlib.sha256).hexdigest()


def test_who_the_site_has_signed_for_is_its_customer_and_stays_the_same_one(widget):
    known = make_customer("Maja Lind", email="maja@example.com")
    visitor = channel.read_identity(widget, *signed(widget))
    first = channel.begin(widget, text="Hi", language="en", visitor=visitor)[0]
    assert first.is_verified
    assert first.contact.customer == known
    # Her address has changed: she is known by the site's own number.
    again = channel.read_identity(widget, *signed(widget, email="new@example.com"))
    assert channel.begin(widget, text="Hi", language="en", visitor=again)[0].contact.customer == known
    assert Identity.objects.filter(kind="external", customer=known).count() == 1


@pytest.mark.parametrize(
    "fields", [{"exp": time.time() - 1}, {"exp": time.time() + 10**6}, {"exp": "soon"}, {"exp": None}, {"id": ""}]
)
def test_a_signed_name_has_an_end_within_a_day(widget, fields):
    assert channel.read_identity(widget, *signed(widget, **fields)) is None


def test_a_name_that_was_altered_or_signed_for_another_chat_is_nobodys(widget):
    other = make_chat_widget("other")
    said, signature = signed(widget)
    assert channel.read_identity(widget, said, signature)
    assert channel.read_identity(widget, said.replace("4711", "4712"), signature) is None
    assert channel.read_identity(other, said, signature) is None
    assert channel.read_identity(widget, said, signature[:-1] + "é") is None
    assert channel.read_identity(widget, said, "") is None


def test_the_old_secret_holds_until_the_next_but_one(widget):
    old = widget.secret()
    widget.secret_number = 2
    assert channel.read_identity(widget, *signed(widget, old))
    widget.secret_number = 3
    assert channel.read_identity(widget, *signed(widget, old)) is None


def test_an_address_that_was_only_typed_joins_nobody(widget):
    make_customer(email="maja@example.com")
    chat = channel.begin(widget, text="Hi", language="en", email="maja@example.com")[0]
    assert chat.contact.customer is None
    assert not chat.is_verified


# ---- The visitor over HTTP -------------------------------------------------------------------------------------------
class Visitor:
    def __init__(self, widget, **begin):
        self.http, self.base = Client(), widget.get_absolute_url()
        stamp = stamps.make(f"chat:{widget.pk}")
        self.answer = self.http.post(f"{self.base}beginning/?lang=en", {"stamp": stamp, "text": "Hi", **begin})
        self.key = self.answer.json().get("key", "")

    def get(self, path, **query):
        return self.http.get(self.base + path, query, headers={"X-Chat-Key": self.key})

    def post(self, path, **data):
        return self.http.post(self.base + path, data, headers={"X-Chat-Key": self.key})

    def said(self):
        return [(line["side"], line["text"]) for line in self.get("news/").json()["lines"]]


def test_a_visitor_writes_waits_is_answered_and_reads_on_after_a_reload(widget):
    visitor, anna = Visitor(widget, name="Maja"), make_user("anna", first_name="Anna", last_name="Ek")
    news = visitor.get("news/").json()
    assert (news["state"], news["ahead"], news["words"]) == ("waiting", 0, "You are next.")
    chat = Chat.objects.get()
    chat.take(by=anna)
    chat.say("agent", "Hello", by=anna)
    chat.say("note", "for us alone", by=anna)
    assert visitor.post("lines/", text="Thanks", key="k1").status_code == 200
    assert visitor.said() == [("visitor", "Hi"), ("event", "has joined"), ("agent", "Hello"), ("visitor", "Thanks")]
    last = visitor.get("news/").json()["lines"][-1]["id"]
    assert visitor.get("news/", after=last).json()["lines"] == []


def test_a_line_that_is_sent_twice_is_said_once(widget):
    visitor = Visitor(widget)
    for _ in range(2):
        assert visitor.post("lines/", text="Hello?", key="k1").status_code == 200
    assert ChatLine.objects.filter(body="Hello?").count() == 1


def test_mistakes_are_said(widget):
    visitor = Visitor(widget)
    assert visitor.post("lines/", text="", key="k").json()["problems"] == ["Write something first."]
    assert visitor.post("lines/", text="x" * 4_001, key="k").json()["problems"] == ["That is too long for one message."]
    assert Visitor(widget, text="").answer.status_code == 422
    assert Visitor(widget, email="no address").answer.status_code == 422
    assert Visitor(widget, stamp="made up").answer.status_code == 422
    visitor.post("leaving/")
    assert visitor.post("lines/", text="Still there?", key="k").status_code == 409


def content(answer):
    """All of a file."""
    found = b"".join(answer.streaming_content)
    for close in answer._resource_closers:
        close()
    return found


def test_files_go_both_ways_and_are_given_to_these_two_alone(widget, settings, tmp_path, client):
    from django.core.files.uploadedfile import SimpleUploadedFile

    settings.MEDIA_ROOT = tmp_path
    visitor, other, anna = Visitor(widget), Visitor(widget), make_user("anna")
    sent = visitor.post("files/", file=SimpleUploadedFile("meter.png", PNG), key="f1").json()["line"]["file"]
    refused = visitor.post("files/", file=SimpleUploadedFile("page.png", b"<html><script>1</script>"), key="f2")
    assert refused.status_code == 422
    chat = Chat.objects.order_by("pk").first()
    client.force_login(anna)
    client.post(reverse("chat_taking", args=[chat.pk]))
    assert content(client.get(reverse("chat_file", args=[chat.pk, sent["id"]]))) == PNG
    assert (
        client.post(
            reverse("chat_files", args=[chat.pk]), {"file": SimpleUploadedFile("answer.png", PNG), "key": "a1"}
        ).status_code
        == 204
    )
    answer = visitor.get("news/").json()["lines"][-1]["file"]
    assert content(visitor.get(f"files/{answer['id']}/")) == PNG
    assert other.get(f"files/{answer['id']}/").status_code == 404
    client.post(reverse("chat_ending", args=[chat.pk]))
    # Kept with what was said, so that it is not cleared away as nobody's.
    assert Message.objects.get(contact=chat.pk).attachments.count() == 2


def test_typing_is_told_for_some_seconds_and_stored_nowhere(widget):
    visitor, anna = Visitor(widget), make_user("anna", first_name="Anna", last_name="Ek")
    chat = Chat.objects.get()
    chat.take(by=anna)
    channel.say_typing(chat, "agent", "Anna Ek")
    assert visitor.get("news/").json()["typing"] == "Anna Ek"
    assert visitor.post("typing/").status_code == 204
    assert channel.who_types(chat, "visitor")
    channel.stop_typing(chat, "agent")
    assert visitor.get("news/").json()["typing"] == ""


# ---- The transcript --------------------------------------------------------------------------------------------------
def test_a_transcript_goes_to_an_address_that_is_proved_and_once(widget):
    visitor = Visitor(widget, **dict(zip(("signed", "signature"), signed(widget), strict=True)))
    chat = Chat.objects.get()
    anna = make_user("anna")
    chat.take(by=anna)
    chat.say("agent", "Solved.", by=anna)
    chat.end(by=anna)
    for _ in range(2):
        assert visitor.post("transcript/").json()["words"] == "It is on its way."
    mail = OutgoingMail.objects.get()
    assert mail.to == "maja@example.com"
    assert "Solved." in mail.text


def test_a_transcript_for_an_address_that_was_only_typed_waits_for_the_agents_word(widget, client):
    visitor, anna = Visitor(widget, email="victim@example.com"), make_user("anna")
    chat = Chat.objects.get()
    client.force_login(anna)
    client.post(reverse("chat_taking", args=[chat.pk]))
    client.post(reverse("chat_ending", args=[chat.pk]))
    visitor.post("transcript/")
    assert not OutgoingMail.objects.exists()
    Contact.objects.filter(pk=chat.pk).update(customer=make_customer(email="victim@example.com"))
    answer = client.post(reverse("contact_wrap_up", args=[chat.pk]), {"case": "none"})
    assert answer.url == reverse("chats")
    assert OutgoingMail.objects.get().to == "victim@example.com"


# ---- The agent over HTTP ---------------------------------------------------------------------------------------------
def test_the_page_shows_who_waits_and_takes_the_oldest(widget, client):
    begun(widget, 10, name="Later"), begun(widget, 0, name="First")
    client.force_login(make_user("anna"))
    assert "Somebody waits." in client.get(reverse("chats")).content.decode()
    taken = client.post(reverse("chats_next"))
    assert Chat.objects.get(name="First").get_absolute_url() == taken.url
    page = client.get(taken.url).content.decode()
    assert "Where is my parcel?" in page
    assert "First" in page


def test_an_agent_has_no_more_chats_at_once_than_she_may(widget, client):
    widget.chats_at_once = 1
    widget.save()
    begun(widget), begun(widget, 1)
    client.force_login(make_user("anna"))
    client.post(reverse("chats_next"))
    client.post(reverse("chats_next"))
    assert Segment.objects.count() == 1


def test_the_pages_ask_few_things_however_much_was_said(widget, client, django_assert_max_num_queries):
    anna = make_user("anna")
    client.force_login(anna)
    for number in range(4):
        chat = begun(widget, number, name=f"Visitor {number}")
        for line in range(20):
            chat.say("visitor", f"line {line}", at=at(line))
        if number < 3:
            chat.take(by=anna, at=at(30))
    with django_assert_max_num_queries(45):
        client.get(chat.get_absolute_url())
    # the user, the chat, its lines with their authors and files, the leg (twice), who waits, her own, her state, queues,
    # colleagues, replies
    with django_assert_max_num_queries(16):
        client.get(reverse("chat_news", args=[chat.pk]))


def test_a_chat_of_another_team_is_not_there(widget, client):
    chat = begun(widget)
    client.force_login(make_user("eva", team=make_team("elsewhere")))
    for name in ("chat", "chat_news"):
        assert client.get(reverse(name, args=[chat.pk])).status_code == 404
    for name in (
        "chat_taking",
        "chat_lines",
        "chat_typing",
        "chat_transfer",
        "chat_ending",
        "chat_transcript",
        "chat_files",
    ):
        assert client.post(reverse(name, args=[chat.pk])).status_code == 404
    assert client.get(reverse("chats_side")).content.decode().count("chats-one") == 0


def test_only_who_has_taken_a_chat_may_speak_in_it(widget, client):
    chat = begun(widget)
    client.force_login(make_user("anna"))
    assert client.post(reverse("chat_lines", args=[chat.pk]), {"text": "Hi", "key": "k"}).status_code == 404
    client.post(reverse("chat_taking", args=[chat.pk]))
    assert client.post(reverse("chat_lines", args=[chat.pk]), {"text": "Hi", "key": "k"}).status_code == 302


def test_a_chat_on_a_site_is_set_up_tried_out_and_given_a_new_secret(client, widget):
    lead = make_user("lea", role="lead")
    client.force_login(lead)
    fields = {
        "name": "Shop", "slug": "boutique", "client": widget.client_id, "queue": widget.queue_id, "form": widget.form_id,
        "colour": "#206bc4", "chats_at_once": 3, "idle_minutes": 15, "languages": ["sv", "en"], "is_active": "on",
        "origins": "https://shop.example/\nhttps://www.shop.example", "button_sv": "Chatta",
    }  # fmt: skip
    answer = client.post(reverse("chat_widget_new"), fields)
    assert answer.status_code == 302, answer.context["form"].errors
    page = client.get(answer.url).content.decode()
    assert "/chat/boutique.js" in page
    from tickets.models import ChatWidget

    made = ChatWidget.objects.get(slug="boutique")
    assert made.origins == ["https://shop.example", "https://www.shop.example"]
    before = made.secret()
    client.post(reverse("chat_widget_secret", args=[made.pk]))
    made.refresh_from_db()
    assert made.secret() != before
    assert before in made.secrets()
    assert client.get(reverse("chat_widget_preview", args=[made.pk])).status_code == 200
    assert client.post(reverse("chat_widget_new"), fields | {"slug": "b", "origins": "shop.example"}).status_code == 422
    client.force_login(make_user("anna"))
    assert client.get(answer.url).status_code == 404


def test_the_script_names_the_words_of_each_language_and_ends_by_nothing_that_was_set_up(widget, client):
    widget.texts = {"en": {"button": "</script><script>alert(1)</script>"}}
    widget.save()
    answer = client.get(reverse("chat_script", args=[widget.slug]))
    assert answer["Content-Type"].startswith("text/javascript")
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "</script>" not in answer.content.decode()


def test_moments_that_lie_before_each_other_are_put_right(widget):
    """The clocks of two servers may differ by a little."""
    anna, chat = make_user("anna"), begun(widget, 10)
    assert chat.take(by=anna, at=at(5))
    assert chat.end(by=anna, at=at(4))
    contact = Contact.objects.get(pk=chat.pk)
    assert contact.queued_at <= contact.answered_at <= contact.ended_at
    assert timezone.is_aware(contact.ended_at)
