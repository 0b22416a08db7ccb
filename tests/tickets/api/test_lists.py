import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import make_case, make_contact, make_customer, make_segment, make_source, make_topic, make_user
from tickets.models import Contact, Team

pytestmark = pytest.mark.django_db

NOON = datetime(2025, 10, 6, 12, tzinfo=UTC)


def walk(caller, path, link="next"):
    pages = []
    while path:
        body = caller.get(path).json()
        pages.append([row.get("id", row.get("number")) for row in body["results"]])
        path = body[link]
    return pages


def test_every_row_comes_once_even_when_all_are_of_one_instant(manager):
    rows = Contact.objects.bulk_create(
        Contact(source=make_source(), external_id=str(n), client=make_case().client, channel="phone", started_at=NOON)
        for n in range(7)
    )
    newest_first = sorted((row.pk for row in rows), reverse=True)
    pages = walk(manager, "contacts/?page_size=3")
    assert pages == [newest_first[:3], newest_first[3:6], newest_first[6:]]


def test_a_list_is_walked_back_as_it_was_walked(manager):
    for minutes in range(5):
        make_contact(at=NOON + timedelta(minutes=minutes // 2))
    first = manager.get("contacts/?page_size=2").json()
    second = manager.get(first["next"]).json()
    third = manager.get(second["next"]).json()
    assert (first["previous"], third["next"]) == (None, None)
    assert manager.get(third["previous"]).json()["results"] == second["results"]
    back = manager.get(second["previous"]).json()
    assert (back["results"], back["previous"]) == (first["results"], None)


def test_a_row_that_is_added_moves_no_other(manager):
    for minutes in range(4):
        make_contact(at=NOON + timedelta(minutes=minutes))
    first = manager.get("contacts/?page_size=2").json()
    make_contact(at=NOON + timedelta(hours=1))
    seen = [row["id"] for page in (first, manager.get(first["next"]).json()) for row in page["results"]]
    assert len(set(seen)) == 4


def test_a_cursor_keeps_the_filter(manager):
    for outcome in ("abandoned", "answered") * 3:
        make_contact(outcome=outcome)
    assert sum(len(page) for page in walk(manager, "contacts/?outcome=abandoned&page_size=1")) == 3


@pytest.mark.parametrize("cursor", ["x", "", "W10", "%00", "ö", "WyJuIiwgbnVsbCwgbnVsbF0"])
@pytest.mark.parametrize("path", ["contacts/", "customers/"])
def test_a_cursor_that_is_none_is_refused(manager, path, cursor):
    answer = manager.get(f"{path}?cursor={cursor}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")


def test_a_cursor_of_a_day_is_refused_where_rows_are_dated(manager):
    cursor = base64.urlsafe_b64encode(b'["n", "2025-01-01", 1]').decode()
    assert manager.get(f"contacts/?cursor={cursor}").status_code == 400


@pytest.mark.parametrize("size", ["0", "501", "-1", "x", "٣", "9" * 5000])
def test_a_page_size_that_is_none_is_refused(manager, size):
    answer = manager.get(f"contacts/?page_size={size}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "page_size")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("channel=fax", "channel"),
        ("customer=x", "customer"),
        ("customer=99999999999999999999", "customer"),
        ("started_at__gte=2025-10-06T00:00:00", "started_at__gte"),
        ("started_at__gte=2025-10-06T00:00:00+02:00", "started_at__gte"),
        ("queue=%00", "queue"),
        ("flags=gold", "flags"),
        ("owner__password__startswith=a", "owner__password__startswith"),
    ],
)
def test_a_filter_that_is_not_understood_is_refused_by_name(manager, query, field):
    answer = manager.get(f"contacts/?{query}")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_contacts_are_filtered_by_their_own_fields(manager):
    anna = make_user("anna")
    call = make_contact(agent=anna, at=NOON, demand="failure", flags=["callback"], topic=make_topic("delivery"))
    chat = make_contact(channel="chat", at=NOON + timedelta(hours=1), outcome="abandoned", customer=make_customer())
    found = lambda query: [row["id"] for row in manager.get(f"contacts/?{query}").json()["results"]]  # noqa: E731
    assert found("channel=phone") == [call.pk]
    assert found("channel=phone&channel=chat") == [chat.pk, call.pk]
    assert found("owner=anna") == [call.pk]
    assert found("demand=failure&flags=callback&topic=delivery&is_handled=true") == [call.pk]
    assert found(f"customer={chat.customer_id}") == [chat.pk]
    assert found(f"contact_id={chat.external_id}&source=desk") == [chat.pk]
    assert found("started_at__gte=2025-10-06T14:00:00%2B02:00&started_at__lt=2025-10-06T13:00:00Z") == [call.pk]


def test_customers_are_found_by_what_they_are_known_as(agent):
    maja = make_customer("Maja Lind", email="maja@example.org", phone="+46701234567")
    make_customer("Olle")
    found = lambda query: [row["id"] for row in agent.get(f"customers/?{query}").json()["results"]]  # noqa: E731
    assert found("email=MAJA@example.org") == [maja.pk]
    assert found("phone=%2B46701234567") == [maja.pk]
    assert found("name=maj") == [maja.pk]


def fill(count):
    for number in range(count):
        customer = make_customer(f"Customer {number}", email=f"c{number}@example.org")
        case = make_case(customer=customer, owner=make_user(), topic=make_topic(f"t{number}"))
        row = make_contact(agent=make_user(), customer=customer, case=case)
        make_segment(row, agent=make_user(), role="transfer")
        case.write_note("x", by=make_user())
        case.promise(due_at=NOON, by=make_user())
        Team.objects.create(code=f"team{number}", name="x").queues.add(row.queue)


LISTS = ["contacts/", "customers/", "cases/", "topics/", "queues/", "agents/", "clients/", "surveys/responses/"]


@pytest.mark.parametrize("path", LISTS)
def test_the_number_of_queries_does_not_grow_with_the_list(manager, path):
    counts = []
    for count in (2, 6):
        fill(count) if count == 2 else [fill_more(number) for number in range(count)]
        manager.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert manager.get(path).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def fill_more(number):
    customer = make_customer(f"More {number}", email=f"m{number}@example.org")
    case = make_case(customer=customer, owner=make_user(), topic=make_topic(f"m{number}"))
    make_contact(agent=make_user(), customer=customer, case=case)


@pytest.mark.parametrize("resource", ["messages/", "promises/"])
def test_nor_with_what_hangs_on_a_case(manager, resource):
    case = make_case()
    manager.get("topics/")
    counts = []
    for _ in range(2):
        for _ in range(3):
            case.write_note("x", by=make_user())
            case.promise(due_at=NOON, by=make_user())
        with CaptureQueriesContext(connection) as queries:
            assert manager.get(f"cases/{case.number}/{resource}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
