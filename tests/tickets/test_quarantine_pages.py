"""Managers correct what an import could not take in."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.factories import make_user
from tests.tickets.bundle.logs import CASE, CONTACT, EVENT, SEGMENT, Desk
from tickets.models import Case, Contact, QuarantinedRow, Segment


@pytest.fixture
def bad(db, tmp_path) -> Desk:
    """One contact that cannot be right, its leg, and one contact that is right."""
    desk = Desk(tmp_path / "log")
    desk.write("contacts", {**CONTACT, "outcome": "answerd"}, {**CONTACT, "contact_id": "C2"})
    desk.write("segments", SEGMENT)
    desk.load()
    return desk


@pytest.fixture
def manager(client, db):
    user = make_user(role="manager")
    client.force_login(user)
    return user


def row(row_id: str = "C1") -> QuarantinedRow:
    return QuarantinedRow.objects.get(row_id=row_id)


def correct(client, one: QuarantinedRow, **changes):
    return client.post(reverse("quarantine_correction", args=[one.pk]), {**one.raw, **changes})


@pytest.mark.parametrize(("role", "status"), [("agent", 404), ("lead", 200), ("manager", 200), ("admin", 200)])
def test_only_those_who_see_numbers_see_the_quarantine(client, bad, role, status):
    client.force_login(make_user(role=role))
    assert client.get(reverse("quarantine")).status_code == status
    assert client.get(row().get_absolute_url()).status_code == status
    if status == 404:
        assert correct(client, row(), outcome="answered").status_code == 404
        assert client.post(reverse("quarantine_settlement", args=[row().pk])).status_code == 404
        assert QuarantinedRow.objects.open().count() == 2


def test_strangers_are_sent_to_the_login(client, bad):
    assert client.get(reverse("quarantine")).status_code == 302


def test_reading_changes_nothing_and_writing_needs_post(client, manager, bad):
    for name in ("quarantine_correction", "quarantine_settlement", "quarantine_reopening"):
        assert client.get(reverse(name, args=[row().pk])).status_code == 405


def test_the_empty_page_says_what_would_be_here(client, manager):
    assert "Nothing is in quarantine" in client.get(reverse("quarantine")).content.decode()
    assert "No such row" in client.get(reverse("quarantine"), {"reason": "enum"}).content.decode()


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, {"C1", "G1"}),
        ({"file": "contacts.csv"}, {"C1"}),
        ({"reason": "reference"}, {"G1"}),
        ({"source": "own"}, {"C1", "G1"}),
        ({"state": "settled"}, set()),
        ({"file": "nonsense.csv"}, {"C1", "G1"}),
    ],
)
def test_the_list_is_narrowed(client, manager, bad, asked, shown):
    page = client.get(reverse("quarantine"), asked).context["page"]
    assert {one.row_id for one in page} == shown


def test_a_corrected_row_is_taken_in_and_what_waited_for_it_too(client, manager, bad):
    page = client.get(row().get_absolute_url()).content.decode()
    assert '<option value="answerd" selected>answerd ?</option>' in page
    assert '<option value="phone" selected>' in page
    assert "customer_email" not in page  # a column that the file did not have
    answer = correct(client, row(), outcome="answered")
    assert answer.status_code == 302
    contact = Contact.objects.get(external_id="C1")
    assert (contact.outcome, contact.legs, contact.talk_us) == ("answered", 1, 300_000_000)
    assert Segment.objects.get().external_id == "G1"
    assert not QuarantinedRow.objects.open().exists()
    assert (row().settled_by, row("G1").settled_by) == (manager, manager)
    assert row().raw["outcome"] == "answerd"  # what the other system wrote stays to be read
    told = client.get(reverse("quarantine")).content.decode()
    assert "1 row that waited" in told
    # The file as it was says the same mistake again, and is not listened to again.
    assert bad.load()["segments.csv"] == (1, 0, 0, 1, 0)
    assert not QuarantinedRow.objects.open().exists()


def test_a_row_that_is_still_wrong_says_so_at_the_field(client, manager, bad):
    answer = correct(client, row(), outcome="answered", ended_at="2025-10-06T07:00:00Z")
    assert answer.status_code == 422
    assert answer.context["form"].errors["ended_at"][-1] == "lies before answered_at"
    assert "2025-10-06T07:00:00Z" in answer.content.decode()  # what was typed is not lost
    assert row().settled_at is None
    assert correct(client, row(), outcome="answered", case_id="S404").context["form"].errors["case_id"]
    assert not Contact.objects.filter(external_id="C1").exists()


def test_the_second_of_two_rows_with_one_name_does_not_overwrite_the_first(client, manager, tmp_path):
    desk = Desk(tmp_path / "log")
    desk.write("contacts", CONTACT, {**CONTACT, "queue": "other"})
    desk.load()
    assert correct(client, row()).status_code == 422
    assert correct(client, row(), contact_id="C1b").status_code == 302
    assert dict(Contact.objects.values_list("external_id", "queue__code")) == {"C1": "support", "C1b": "other"}


def test_a_case_and_its_events_are_corrected(client, manager, tmp_path):
    desk = Desk(tmp_path / "log")
    desk.write("cases", {**CASE, "channel": "fax"})
    desk.write("case_events", EVENT, {**EVENT, "type": "resolved", "at": "2025-10-06T09:00:00Z"})
    desk.load()
    assert correct(client, row("S1"), channel="phone").status_code == 302
    assert Case.objects.get().status == "resolved"
    assert not QuarantinedRow.objects.open().exists()


def test_a_line_that_was_no_csv_is_typed_in(client, manager, tmp_path):
    desk = Desk(tmp_path / "log")
    desk.write("contacts", CONTACT)
    with (desk.folder / "contacts.csv").open("a") as file:
        file.write('"C2"x,phone\n')
    desk.load()
    assert "could not be read at all" in client.get(row("").get_absolute_url()).content.decode()
    client.post(reverse("quarantine_correction", args=[row("").pk]), {**CONTACT, "contact_id": "C2"})
    assert Contact.objects.filter(external_id="C2").exists()


def test_a_row_is_put_aside_and_taken_up_again(client, manager, bad):
    client.post(reverse("quarantine_settlement", args=[row().pk]))
    assert row().settled_by == manager
    assert correct(client, row(), outcome="answered").status_code == 302
    assert not Contact.objects.filter(external_id="C1").exists()  # settled rows are not taken in by an old tab
    assert client.get(row().get_absolute_url()).status_code == 200
    client.post(reverse("quarantine_reopening", args=[row().pk]))
    assert row().settled_at is None


def test_what_a_row_holds_is_shown_as_text(client, manager, tmp_path):
    desk = Desk(tmp_path / "log")
    attack = "<script>alert(1)</script>"
    desk.write("contacts", {**CONTACT, "contact_id": attack, "outcome": attack, "subject": attack})
    desk.load()
    for address in (reverse("quarantine"), row(attack).get_absolute_url()):
        assert "<script>alert" not in client.get(address).content.decode()


def test_the_list_costs_the_same_for_many_rows(client, manager, tmp_path, django_assert_max_num_queries):
    desk = Desk(tmp_path / "log")
    desk.write("contacts", *({**CONTACT, "contact_id": f"C{n}", "channel": "fax"} for n in range(60)))
    desk.load()
    # Session, user, running contacts, sources, files, the chosen rows' count and page.
    with django_assert_max_num_queries(9):
        page = client.get(reverse("quarantine")).context["page"]
    assert (len(page), page.paginator.count) == (25, 60)
