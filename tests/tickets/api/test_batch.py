import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.tickets.api.calling import contact, leg
from tickets.models import Contact, QuarantinedRow, Segment
from tickets.signals import happened

pytestmark = pytest.mark.django_db


def send(caller, contacts, source="pbx", **headers):
    answer = caller.post("contacts/batch/", {"source": source, "contacts": contacts}, **headers)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def many(count, start=0):
    return [
        contact(f"C{number}", queue=f"q{number % 7}", customer_id=f"K{number % 50}", segments=[leg(f"S{number}")])
        for number in range(start, start + count)
    ]


def test_there_is_one_result_a_contact_in_order(system):
    send(system, [contact("C1"), contact("C2")])
    sent = [contact("C3"), contact("C2", cause="late"), contact("C4", channel="fax"), contact("C1"), contact("C5")]
    results = send(system, sent)
    assert [result["contact_id"] for result in results] == ["C3", "C2", "C4", "C1", "C5"]
    assert [result["status"] for result in results] == ["created", "updated", "rejected", "unchanged", "created"]
    assert [result["id"] is None for result in results] == [False, False, True, False, False]
    assert results[2]["problem"]["errors"][0] | {"detail": ""} == {
        "field": "channel",
        "detail": "",
        "expected": ["phone", "email", "chat", "web"],
        "reason": "enum",
    }
    assert Contact.objects.count() == 4


def test_a_batch_that_is_sent_again_changes_nothing(system):
    send(system, many(20))
    assert {result["status"] for result in send(system, many(20))} == {"unchanged"}
    assert (Contact.objects.count(), Segment.objects.count()) == (20, 20)


def test_a_rejected_contact_is_kept_with_its_segments_and_settled_when_it_comes_right(system):
    send(system, [contact("C1", channel="fax", segments=[leg("S1")])])
    kept = {row.file: row for row in QuarantinedRow.objects.all()}
    assert kept["contacts.csv"].raw["channel"] == "fax"
    assert (kept["contacts.csv"].column, kept["contacts.csv"].row_id) == ("channel", "C1")
    assert kept["segments.csv"].raw["agent_id"] == "A1"
    send(system, [contact("C1", channel="fax", segments=[leg("S1")])])
    assert QuarantinedRow.objects.count() == 2
    send(system, [contact("C1", segments=[leg("S1")])])
    assert not QuarantinedRow.objects.filter(settled_at=None).exists()


@pytest.mark.parametrize("wrong", [{"role": "boss"}, {"talk_s": -1}, {"segment_id": "S1"}])
def test_a_contact_whose_segment_is_wrong_is_rejected_whole(system, wrong):
    sent = [
        contact("C1", segments=[leg("S1")]),
        contact("C2", segments=[leg("S2"), leg(**{"segment_id": "S3"} | wrong)]),
        contact("C3"),
    ]
    results = send(system, sent)
    assert [result["status"] for result in results] == ["created", "rejected", "created"]
    assert results[1]["problem"]["errors"][0]["field"].startswith("segments.1.")
    assert set(Contact.objects.values_list("external_id", flat=True)) == {"C1", "C3"}
    assert Segment.objects.count() == 1
    assert QuarantinedRow.objects.filter(row_id="C2", settled_at=None).exists()


def test_what_refers_to_a_rejected_contact_is_rejected_and_the_others_may_refer_to_each_other(system):
    results = send(
        system,
        [contact("C2", parent_id="C1"), contact("C1"), contact("C3", channel="fax"), contact("C4", parent_id="C3")],
    )
    assert [result["status"] for result in results] == ["created", "created", "rejected", "rejected"]
    assert Contact.objects.get(external_id="C2").parent.external_id == "C1"


def test_a_field_that_one_contact_has_empties_none_of_another(system):
    send(system, [contact("C1", subject="Kept", client="acme")])
    send(system, [contact("C1"), contact("C2", subject="Other", client="other")])
    row = Contact.objects.get(external_id="C1")
    assert (row.subject, row.client.code) == ("Kept", "acme")


@pytest.mark.parametrize(
    "item",
    [
        None,
        3,
        "x",
        [],
        {},
        {"contact_id": None},
        {"contact_id": {"a": 1}},
        {"contact_id": "\ud800"},
        {"x" * 300: 1},
        {"segments": {}},
    ],
)
def test_what_is_no_contact_at_all_is_rejected_alone(system, item):
    results = send(system, [item, contact("C1")])
    assert [result["status"] for result in results] == ["rejected", "created"]
    assert QuarantinedRow.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"contacts": []}, "source"),
        ({"source": "", "contacts": []}, "source"),
        ({"source": 3, "contacts": []}, "source"),
        ({"source": "pbx"}, "contacts"),
        ({"source": "pbx", "contacts": {}}, "contacts"),
        ({"source": "pbx", "contacts": [1] * 1001}, "contacts"),
        ({"source": "pbx", "contacts": [], "dry": True}, "dry"),
    ],
)
def test_an_envelope_that_is_wrong_is_refused_by_name(system, body, field):
    answer = system.post("contacts/batch/", body)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_an_empty_batch_has_no_results(system):
    assert send(system, []) == []


def test_a_batch_rings_once(system):
    rung = []
    happened.connect(ring := lambda **event: rung.append(event), weak=False)
    try:
        send(system, many(10))
        send(system, many(10))
    finally:
        happened.disconnect(ring)
    assert [(event["contact"], event["case_event"]) for event in rung] == [(None, None)]


def test_the_number_of_queries_does_not_grow_with_the_batch(system):
    counts = []
    # Every customer and queue is known before, so that both batches make the same kinds of rows.
    send(system, many(50))
    for start, count in ((1000, 150), (2000, 400)):
        mixed = [
            *many(count, start),
            contact(f"bad{start}", channel="fax"),
            *(contact(f"bad{start + n}", queue=[]) for n in range(count)),
        ]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send(system, mixed)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_thousand_contacts_go_into_a_table_that_is_believed_to_be_empty(system):
    send(system, many(300))
    # Somebody else's ANALYZE sees none of the rows that this transaction has not committed.
    with psycopg.connect(
        **connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}, autocommit=True
    ) as other:
        other.execute("ANALYZE (SKIP_LOCKED) tickets_contact, tickets_segment")
    results = send(system, many(1000, 1000))
    assert {result["status"] for result in results} == {"created"}


def test_agents_send_no_batches(agent):
    assert agent.post("contacts/batch/", {"source": "pbx", "contacts": []}).status_code == 403
