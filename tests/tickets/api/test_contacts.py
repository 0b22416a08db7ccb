import pytest

from tests.factories import make_case, make_contact, make_queue, make_source, make_team, make_topic
from tests.tickets.api.calling import contact, leg
from tickets.models import Contact, Customer, QuarantinedRow, Segment

pytestmark = pytest.mark.django_db


def test_a_contact_comes_back_as_it_was_sent(system):
    sent = contact(
        source="pbx",
        segments=[leg()],
        flags=["callback"],
        demand="failure",
        customer_id="K1",
        customer_name="Maja Lind",
        customer_email="Maja@Example.org",
        customer_phone="+46701234567",
        language="sv",
        subject="Invoice",
        client="acme",
    )
    answer = system.post("contacts/", sent)
    assert answer.status_code == 201
    body = system.get(answer["Location"]).json()
    assert body == answer.json()
    same = {
        name: value for name, value in sent.items() if name not in {"segments", "customer_email"} and "_at" not in name
    }
    assert {name: body[name] for name in same} == same
    assert body["customer_email"] == "maja@example.org"
    assert body["started_at"] == "2025-10-06T07:00:00+00:00"
    assert body["segments"][0] == leg() | {
        "started_at": "2025-10-06T07:00:25+00:00",
        "ended_at": "2025-10-06T07:05:25+00:00",
    }


def test_what_is_logged_is_settled_at_once(system):
    answer = system.post("contacts/", contact(segments=[leg()]))
    row = Contact.objects.get(pk=answer.json()["id"])
    assert (row.is_handled, row.talk_us, row.hold_us, row.acw_us, row.legs) == (
        True,
        290_500_000,
        9_500_000,
        60_000_000,
        1,
    )
    assert row.owner.code == "A1"


def test_a_contact_that_is_sent_again_is_updated_and_never_doubled(system):
    first = system.post("contacts/", contact(source="pbx", segments=[leg()]))
    again = system.post("contacts/", contact(source="pbx", segments=[leg()], cause="late"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["cause"] == "late"
    assert Contact.objects.count() == 1
    assert Segment.objects.count() == 1


def test_the_same_name_in_another_source_is_another_contact(system):
    system.post("contacts/", contact(source="pbx"))
    system.post("contacts/", contact(source="mailer"))
    assert Contact.objects.count() == 2


def test_segments_without_names_are_not_doubled_either(system):
    unnamed = {name: value for name, value in leg().items() if name != "segment_id"}
    for _ in range(2):
        system.post("contacts/", contact(segments=[unnamed]))
    assert list(Segment.objects.values_list("external_id", flat=True)) == ["C1/1"]


def test_the_list_of_segments_that_was_sent_is_the_list_that_there_is(system):
    system.post("contacts/", contact(segments=[leg("S1"), leg("S2", role="transfer")]))
    system.post("contacts/", contact(segments=[leg("S2", role="transfer")]))
    assert list(Segment.objects.values_list("external_id", flat=True)) == ["S2"]
    assert Contact.objects.get().legs == 1


def test_segments_that_are_left_out_stay(system):
    system.post("contacts/", contact(segments=[leg()]))
    system.post("contacts/", contact(cause="late"))
    assert Segment.objects.count() == 1


def test_a_naive_instant_is_refused_by_name(system):
    answer = system.post("contacts/", contact(answered_at="2025-10-06T09:00:25"))
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["field"] == "answered_at"
    assert "offset" in error["detail"]
    assert "ISO 8601" in error["expected"]
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"channel": "fax"}, "channel"),
        ({"ended_at": "2025-10-06T09:00:00+02:00"}, "ended_at"),
        ({"case_id": "nobody"}, "case_id"),
        ({"parent_id": "C1"}, "parent_id"),
        ({"started_at": None}, "started_at"),
        ({"wait_seconds": 3}, "wait_seconds"),
        ({"is_handled": True}, "is_handled"),
        ({"id": 7}, "id"),
        ({"subject": {"a": 1}}, "subject"),
        ({"subject": "\x00"}, "subject"),
        ({"cause": "\ud800"}, "cause"),
        ({"flags": ["gold"]}, "flags"),
        ({"segments": 3}, "segments"),
        ({"segments": [3]}, "segments"),
        ({"segments": [leg(talk_s=-1)]}, "segments.0.talk_s"),
        ({"segments": [leg(), leg("S2", role="boss")]}, "segments.1.role"),
        ({"segments": [leg(), leg()]}, "segments.1.segment_id"),
        ({"segments": [leg(colour="red")]}, "segments.0.colour"),
    ],
)
def test_a_contact_that_cannot_be_right_is_refused_by_the_name_of_the_field(system, change, field):
    answer = system.post("contacts/", contact(**change))
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Contact.objects.exists()
    assert not QuarantinedRow.objects.exists(), "a single contact is refused to the sender, not kept"


def test_an_unknown_code_is_answered_with_the_known_ones(system):
    answer = system.post("contacts/", contact(channel="fax"))
    assert answer.json()["errors"][0]["expected"] == ["phone", "email", "chat", "web"]


def test_patch_changes_what_is_given_and_nothing_else(agent):
    case = make_case(by=agent.user)
    row = make_contact(agent=agent.user, case=case, customer=case.customer, subject="Before")
    before = agent.get(f"contacts/{row.pk}/").json()
    answer = agent.patch(f"contacts/{row.pk}/", {"demand": "failure", "cause": "late"})
    assert answer.status_code == 200, answer.content
    assert answer.json() == before | {"demand": "failure", "cause": "late"}


def test_patch_keeps_a_customer_without_any_address(system):
    row = make_contact(customer=Customer.objects.create(name="Only a name"))
    assert system.patch(f"contacts/{row.pk}/", {"cause": "x"}).json()["customer"] == row.customer_id


def test_patch_keeps_a_case_of_another_source(system):
    case = make_case(source=make_source("old-system"))
    row = make_contact(case=case)
    body = system.patch(f"contacts/{row.pk}/", {"cause": "x"}).json()
    assert (body["case"], body["cause"]) == (case.number, "x")


def test_put_empties_what_is_left_out(system):
    key = system.post("contacts/", contact(cause="late", segments=[leg()])).json()["id"]
    bare = {name: value for name, value in contact().items() if name not in {"topic", "contact_id"}}
    body = system.put(f"contacts/{key}/", bare).json()
    assert (body["topic"], body["cause"], len(body["segments"])) == (None, None, 1)


def test_a_contact_keeps_its_name(system):
    key = system.post("contacts/", contact()).json()["id"]
    answer = system.patch(f"contacts/{key}/", {"contact_id": "C2"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "contact_id"


def test_a_contact_on_a_case_names_it_by_the_sources_word_and_by_our_number(system):
    number = system.post("cases/", {"source": "pbx", "case_id": "K-7", "channel": "phone"}).json()["number"]
    body = system.post("contacts/", contact(source="pbx", case_id="K-7")).json()
    assert (body["case_id"], body["case"]) == ("K-7", number)


def test_a_contact_of_the_desk_belongs_to_its_queues_client(system):
    queue = make_queue()
    assert system.post("contacts/", contact()).json()["client"] == queue.client.code


# ---- what an agent may write


def own(agent, **fields):
    return contact(segments=[leg(agent_id=agent.user.code)], **fields)


def test_an_agent_logs_her_own_contact(agent):
    make_topic("billing/invoice")
    assert agent.post("contacts/", own(agent)).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"queue": "invoices"}, "queue"),
        ({"queue": "new-queue"}, "queue"),
        ({"queue": None}, "queue"),
        ({"topic": "never/heard/of"}, "topic"),
        ({"client": "unknown"}, "client"),
        ({"source": "pbx"}, "source"),
        ({"contact_id": "hidden"}, "contact_id"),
        ({"parent_id": "hidden"}, "parent_id"),
        ({"case_id": "hidden"}, "case_id"),
        ({"segments": [leg(agent_id="A1")]}, "segments.0.agent_id"),
    ],
)
def test_an_agent_names_nothing_that_she_may_not_see(agent, stranger, change, field):
    make_contact(external_id="hidden", queue=make_queue("invoices"), agent=stranger.user)
    make_case(external_id="hidden", queue=make_queue("invoices"))
    answer = agent.post("contacts/", own(agent) | {"topic": None} | change)
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert Contact.objects.count() == 1


def test_an_agent_does_not_move_anothers_leg_to_her_contact(agent, stranger):
    other = make_contact(queue=make_queue("invoices"), agent=stranger.user)
    taken = other.segments.get().external_id
    answer = agent.post("contacts/", contact(topic=None, segments=[leg(taken, agent_id=agent.user.code)]))
    assert answer.status_code == 400
    assert other.segments.count() == 1


def test_a_contact_of_another_queue_is_not_there(agent):
    hidden = make_contact(queue=make_queue("invoices", teams=[make_team("billing")]))
    for method in ("GET", "PUT", "PATCH"):
        assert agent.send(method, f"contacts/{hidden.pk}/", {"cause": "x"}).status_code == 404
    assert hidden.pk not in [row["id"] for row in agent.get("contacts/").json()["results"]]
    assert Contact.objects.get(pk=hidden.pk).cause == ""
