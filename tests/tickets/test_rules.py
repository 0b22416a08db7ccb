"""Rules of intake, and which topic a text is likely about."""

import pytest

from tests.factories import make_case, make_client, make_queue, make_topic, make_user
from tickets import learning
from tickets.channels import web
from tickets.intake import Address
from tickets.models import Case, IntakeRule, TopicWord, WebForm, WebFormTopic
from tickets.rules import Arrival, decide, matches, would_match

pytestmark = pytest.mark.django_db


def arrival(text="", channel="email", **fields):
    return Arrival(text=text, channel=channel, **fields)


def decided(text, **fields):
    return decide(arrival(text, **fields), client_id=make_client().pk)


@pytest.mark.parametrize(
    ("words", "text", "is_so"),
    [
        ("faktura", "Om min FAKTURA", True),
        ("faktura", "fakturan är fel", True),
        ("faktura", "elfaktura", False),
        ("fel belopp, flytt", "Det är fel\n  belopp", True),
        ("flytt", "jag ska flytta", True),
        ("(.*)+$", "anything at all", False),
        ("åäö", "ÅÄÖ", True),
        (" , ", "anything", False),
    ],
)
def test_words_are_beginnings_of_words_and_never_patterns(words, text, is_so):
    assert matches(IntakeRule(words=words), arrival(text)) is is_so


def test_all_that_a_rule_asks_for_must_be_so():
    rule = IntakeRule(words="move", channel="web", mailbox="")
    assert matches(rule, arrival("move", channel="web"))
    assert not matches(rule, arrival("move"))
    assert not matches(rule, arrival("stay", channel="web"))


def test_a_rule_about_a_mailbox_reads_its_address_whatever_its_capitals():
    rule = IntakeRule(mailbox="billing@example.com")
    assert matches(rule, arrival(mailbox="Billing@Example.com"))
    assert not matches(rule, arrival(mailbox="help@example.com"))


def test_a_rule_that_asks_for_nothing_is_about_nothing():
    assert not matches(IntakeRule(), arrival("anything"))


def test_of_two_rules_the_first_says_and_the_second_adds_what_it_left_open():
    IntakeRule.objects.create(name="late", position=20, words="move", topic=make_topic("b"), priority="high")
    IntakeRule.objects.create(name="early", position=10, words="move", topic=make_topic("a"))
    decision = decided("I move")
    assert (decision.topic.path, decision.priority) == ("a", "high")
    assert [rule.name for rule in decision.rules] == ["early", "late"]


def test_a_rule_out_of_use_says_nothing():
    IntakeRule.objects.create(name="old", words="move", priority="high", is_active=False)
    assert decided("move").priority == ""


def test_a_rule_never_hands_a_customer_to_another_clients_queue():
    IntakeRule.objects.create(name="wrong", words="move", queue=make_queue("theirs", client=make_client("other")))
    assert decided("move").queue is None


def test_a_form_follows_the_rules():
    form = WebForm.objects.create(name="F", slug="f", client=make_client(), queue=make_queue())
    other = make_queue("moving")
    IntakeRule.objects.create(
        name="move", words="moving", topic=make_topic("move"), queue=other, priority="urgent", language="fi"
    )
    written = web.Written(address=Address("email", "a@example.com"), text="I am moving", subject="Hello")
    case = web.receive(form, written, key="k", language="sv").case
    assert (case.topic.path, case.queue, case.priority) == ("move", other, "urgent")
    assert case.customer.language == "fi"


def test_what_was_chosen_in_the_form_is_something_that_a_rule_may_ask_for():
    form = WebForm.objects.create(name="F", slug="f", client=make_client(), queue=make_queue())
    choice = WebFormTopic.objects.create(form=form, topic=make_topic("billing"))
    IntakeRule.objects.create(name="b", chosen=choice.topic, priority="high")
    written = web.Written(address=Address("email", "a@example.com"), text="x", subject="y", choice=choice)
    assert web.receive(form, written, key="k", language="sv").case.priority == "high"


# ---- Which would have matched ----------------------------------------------------------------------------------------
def letter(subject, **fields):
    return make_case(channel="email", subject=subject, **fields)


def test_the_look_shows_written_cases_that_the_rule_would_have_been_about():
    wanted = letter("I am moving")
    letter("Something else")
    make_case(channel="phone", subject="moving")
    said = letter("Hello")
    said.messages.create(kind="incoming", body="We are moving to Turku", to=["a@example.com"])
    found, of = would_match(IntakeRule(words="moving"), user=make_user(role="manager"))
    assert found == [said, wanted]
    assert of == 3


def test_the_look_shows_only_what_the_reader_may_see():
    letter("moving", queue=make_queue("elsewhere", teams=[]))
    assert would_match(IntakeRule(words="moving"), user=make_user(role="lead")) == ([], 0)


def test_the_look_takes_the_same_queries_however_many_cases(django_assert_num_queries):
    for number in range(6):
        letter(f"moving {number}")
    manager = make_user(role="manager")
    # The cases with what a line shows; their first messages; what came by a form.
    with django_assert_num_queries(3):
        would_match(IntakeRule(words="moving"), user=manager)


# ---- What was learned ------------------------------------------------------------------------------------------------
def taught():
    for number in range(5):
        invoice = letter(f"Invoice {number} is too high", topic=make_topic("billing"))
        invoice.messages.create(kind="incoming", body="The amount on the invoice is wrong", to=["a@example.com"])
        parcel = letter("Where is my parcel", topic=make_topic("delivery"))
        parcel.messages.create(kind="incoming", body="The parcel has not come", to=["a@example.com"])
    learning.learn()


def test_a_text_is_likely_about_what_similar_texts_were_about():
    taught()
    assert [topic.path for topic in learning.likely_topics("my invoice again")] == ["billing"]
    assert [topic.path for topic in learning.likely_topics("the parcel!")] == ["delivery"]


def test_words_that_nobody_has_used_speak_for_nothing():
    taught()
    assert learning.likely_topics("zzzz qqqq") == []
    assert learning.likely_topics("") == []


def test_spam_and_what_agents_write_teach_nothing():
    for _number in range(3):
        case = letter("Hello", topic=make_topic("billing"), flags=["spam"])
        case.messages.create(kind="outgoing", body="unusual", to=["a@example.com"])
    learning.learn()
    assert not TopicWord.objects.exists()


def test_learning_twice_counts_once():
    taught()
    before = set(TopicWord.objects.values_list("topic", "word", "cases"))
    learning.learn()
    assert set(TopicWord.objects.values_list("topic", "word", "cases")) == before


def test_the_topic_picker_offers_the_likely_topic_first_and_chooses_nothing(client):
    taught()
    make_topic("aaa")
    case = letter("An invoice")
    client.force_login(make_user())
    page = client.get(f"/cases/{case.pk}/options/topic/")
    assert page.context["options"][0].label == "billing"
    assert Case.objects.get(pk=case.pk).topic is None
    assert [one.label for one in page.context["options"]].count("billing") == 1


# ---- The pages -------------------------------------------------------------------------------------------------------
@pytest.fixture
def lead(client):
    client.force_login(make_user(role="lead"))
    return client


def test_a_lead_makes_looks_at_changes_and_removes_a_rule(lead):
    letter("I am moving")
    sent = {"name": "Moves", "position": 5, "is_active": "on", "words": "moving", "priority": "high"}
    looked = lead.post("/settings/rules/new/", {**sent, "look": "1"})
    assert "1 case of the last 1 would match" in looked.content.decode()
    assert not IntakeRule.objects.exists()
    lead.post("/settings/rules/new/", sent)
    rule = IntakeRule.objects.get()
    assert "Moves" in lead.get("/settings/rules/").content.decode()
    lead.post(rule.get_absolute_url(), {**sent, "priority": "low"})
    rule.refresh_from_db()
    assert rule.priority == "low"
    lead.post(f"{rule.get_absolute_url()}removal/")
    assert not IntakeRule.objects.exists()


@pytest.mark.parametrize("empty", [{"words": ""}, {"priority": ""}])
def test_a_rule_without_a_when_or_a_then_is_refused(lead, empty):
    sent = {"name": "Moves", "position": 5, "words": "moving", "priority": "high", **empty}
    assert lead.post("/settings/rules/new/", sent).status_code == 422
    assert not IntakeRule.objects.exists()


def test_a_lead_sets_up_a_form_with_topics_texts_and_sites(lead, client):
    sent = {
        "name": "Contact", "slug": "contact", "client": make_client().pk, "queue": make_queue().pk, "is_active": "on",
        "languages": ["sv", "en"], "origins": "https://www.example.com/\nhttps://shop.example.com", "title_sv": "Hej",
        "topics-TOTAL_FORMS": 2, "topics-INITIAL_FORMS": 0, "topics-0-topic": make_topic("a").pk,
        "topics-0-label_sv": "Ett", "topics-1-topic": "",
    }  # fmt: skip
    answer = lead.post("/settings/forms/new/", sent)
    form = WebForm.objects.get()
    assert answer["Location"] == f"/settings/forms/{form.pk}/"
    assert form.origins == ["https://www.example.com", "https://shop.example.com"]
    assert (form.texts["sv"]["title"], form.choices.get().labels) == ("Hej", {"sv": "Ett"})
    page = lead.get(f"/settings/forms/{form.pk}/").content.decode()
    assert "&lt;iframe" in page
    assert "Contact" in lead.get("/settings/forms/").content.decode()


@pytest.mark.parametrize(
    "origin", ["*", "https://*.example.com", "https://a.se; script-src *", "a.se", "https://a.se/x"]
)
def test_only_plain_origins_may_be_named(lead, origin):
    sent = {"name": "C", "slug": "c", "client": make_client().pk, "queue": make_queue().pk, "languages": ["sv"]}
    sent |= {"origins": origin, "topics-TOTAL_FORMS": 0, "topics-INITIAL_FORMS": 0}
    assert lead.post("/settings/forms/new/", sent).status_code == 422


@pytest.mark.parametrize("path", ["forms/", "forms/new/", "rules/", "rules/new/", "spam/"])
@pytest.mark.parametrize(
    ("role", "status"), [("agent", 404), ("integration", 404), ("lead", 200), ("manager", 200), ("admin", 200)]
)
def test_setting_up_is_for_leads_and_those_in_charge(client, path, role, status):
    client.force_login(make_user(role=role))
    assert client.get(f"/settings/{path}").status_code == status
    client.logout()
    assert client.get(f"/settings/{path}").status_code == 302
