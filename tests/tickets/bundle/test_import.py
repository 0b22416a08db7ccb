"""What comes in, what a second import changes, and what cannot be read at all."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from surveys.models import PulseAnswer, PulseHeadcount, Response
from tests.factories import make_client, make_customer, make_topic, make_user
from tests.tickets.bundle.logs import CASE, CONTACT, EVENT, SEGMENT, run
from tickets.models import (
    Agreement,
    Case,
    CaseEvent,
    Client,
    Contact,
    Cost,
    Customer,
    Identity,
    Message,
    QuarantinedRow,
    Queue,
    Segment,
    Source,
    Topic,
    User,
)
from tickets.settle import differences

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "golden"


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-10-{text}Z")


def test_the_golden_log_comes_in_whole_and_a_second_time_unchanged(db):
    status, first, _err = run(str(GOLDEN))
    assert status == 0
    status, second, _err = run(str(GOLDEN))
    assert status == 0
    for table, place in ((first, 2), (second, 4)):
        rows = [line.split() for line in table.splitlines() if ".csv" in line or ".json" in line]
        assert len(rows) == 11
        assert all(row[1] == row[place] and row[5] == "0" for row in rows)
    assert differences() == []
    assert PulseAnswer.objects.count() == 9
    assert dict(PulseHeadcount.objects.values_list("team__code", "headcount")) == {"X": 8, "y": 4} or dict(
        PulseHeadcount.objects.values_list("team__code", "headcount")
    ) == {"X": 8, "Y": 4}
    assert Cost.objects.get().amount == Decimal("1000.00")
    assert Response.objects.filter(invitation__external_id="V09").count() == 2


def test_where_the_golden_cases_stand(db):
    call_command("import_bundle", str(GOLDEN), verbosity=0)
    cases = {case.external_id: case for case in Case.objects.select_related("owner", "merged_into", "first_contact")}
    assert cases["S15"].status == "resolved"  # reopened and closed again by a mere "thanks"
    assert cases["S15"].resolved_at == at("17T07:01:00")
    assert cases["S06"].resolved_at == at("20T11:06:00")
    assert (cases["S17"].status, cases["S17"].merged_into) == ("merged", cases["S16"])
    assert (cases["S18"].status, cases["S18"].resolved_at) == ("open", None)
    assert cases["S03"].owner.code == "A3"
    assert cases["S03"].first_contact.external_id == "C03"
    # 4 and 16 business hours; Friday the 24th is closed and the clocks change on the 26th.
    assert cases["S18"].first_response_due_at == at("30T12:00:00")
    assert cases["S21"].resolution_due_at == at("01T07:00:00")
    assert Contact.objects.get(external_id="C30").duplicate_of.external_id == "C29"
    assert Contact.objects.get(external_id="C32").is_void
    assert Contact.objects.get(external_id="C12").parent.external_id == "C11"


def test_only_what_changed_is_updated(desk):
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2"}, {**CONTACT, "contact_id": "C3"})
    desk.write("segments", SEGMENT)
    desk.load()
    keys = set(Contact.objects.values_list("pk", flat=True))
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2", "queue": "other"}, {**CONTACT, "contact_id": "C4"})
    desk.write("segments", {**SEGMENT, "talk_s": "100.5"})
    assert desk.load() == {"contacts.csv": (3, 1, 1, 1, 0), "segments.csv": (1, 0, 1, 0, 0)}
    assert set(Contact.objects.exclude(external_id="C4").values_list("pk", flat=True)) == keys  # C3 is not deleted
    assert Contact.objects.get(external_id="C2").queue.code == "other"
    assert Contact.objects.get(external_id="C1").talk_us == 100_500_000
    assert differences() == []


def test_a_column_that_is_absent_leaves_what_is_stored(desk):
    desk.write("contacts", {**CONTACT, "subject": "Invoice", "client": "acme"})
    desk.load()
    desk.write("contacts", CONTACT)
    assert desk.load()["contacts.csv"] == (1, 0, 0, 1, 0)
    contact = Contact.objects.get()
    assert (contact.subject, contact.client.code) == ("Invoice", "acme")


def test_a_leg_moved_to_another_contact_is_settled_at_both_ends(desk):
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2"})
    desk.write("segments", SEGMENT)
    desk.load()
    desk.write("segments", {**SEGMENT, "contact_id": "C2"})
    desk.load()
    assert dict(Contact.objects.values_list("external_id", "legs")) == {"C1": 0, "C2": 1}
    assert differences() == []


def test_what_the_log_names_is_made_once_and_agents_cannot_log_in(desk):
    make_user("anna", code="A1")
    make_topic("billing")
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2", "topic": "billing/invoice/wrong amount"})
    desk.write(
        "segments",
        SEGMENT,
        {**SEGMENT, "segment_id": "G2", "contact_id": "C2", "agent_id": "Ännä B."},
        {**SEGMENT, "segment_id": "G3", "contact_id": "C2", "agent_id": "ÄNNÄ B."},
        {**SEGMENT, "segment_id": "G4", "contact_id": "C2", "agent_id": "Anna"},
    )
    desk.load()
    assert set(Topic.objects.values_list("path", flat=True)) >= {"billing", "billing/invoice/wrong amount"}
    assert Topic.objects.get(path="billing/invoice").parent.path == "billing"
    assert Queue.objects.get(code="support").client.code == "own"
    agents = {user.code: user for user in User.objects.filter(code__in=["Ännä B.", "ÄNNÄ B.", "Anna"])}
    assert {user.username for user in agents.values()} == {"anna-b.", "anna-b.-2", "anna-2"}
    assert not any(user.has_usable_password() for user in agents.values())
    assert Segment.objects.get(external_id="G1").agent.username == "anna"


def test_whoever_is_not_one_of_us_stays_a_word(desk):
    desk.write("cases", CASE)
    desk.write("case_events", {**EVENT, "actor": "System"}, {**EVENT, "type": "note", "actor": "A7"})
    desk.load()
    by_kind = {event.kind: event for event in CaseEvent.objects.select_related("actor")}
    assert (by_kind["created"].actor, by_kind["created"].actor_label) == (None, "System")
    assert by_kind["note"].actor.code == "A7"


# --- customers


def test_a_customer_is_known_by_what_the_log_calls_her(desk):
    someone = make_customer("Somebody", phone="+46701234567")
    contact = {**CONTACT, "customer_name": "Maja", "language": "sv", "customer_email": "Maja@Example.org"}
    desk.config(timezone="Europe/Stockholm")
    desk.write(
        "contacts",
        {**contact, "customer_phone": "070-123 45 67"},
        {**contact, "contact_id": "C2", "customer_name": "Maja Lind", "customer_phone": "08-123 456 00"},
        {**contact, "contact_id": "C3", "customer_id": "", "customer_email": "", "customer_phone": "+46 8 123 456 00"},
        {**CONTACT, "contact_id": "C4", "customer_id": "", "customer_email": "new@example.org", "customer_phone": "x"},
        {**CONTACT, "contact_id": "C5", "customer_id": ""},
    )
    desk.load()
    of = {contact.external_id: contact.customer for contact in Contact.objects.select_related("customer")}
    assert of["C1"] == of["C2"] == of["C3"]
    assert (of["C1"].name, of["C1"].language) == ("Maja", "sv")  # the last row of the file, C3, is believed
    assert of["C5"] is None
    assert set(of["C1"].identities.values_list("kind", "value")) == {
        ("external", "K1"), ("email", "maja@example.org"), ("phone", "+46812345600")
    }  # fmt: skip
    # Her other number belongs to somebody else already, and stays there.
    assert Identity.objects.get(value="+46701234567").customer == someone
    assert any("customer_phone" in warning for warning in desk.warnings)
    assert desk.load()["contacts.csv"] == (5, 0, 0, 5, 0)
    assert Customer.objects.count() == 3


def test_a_body_becomes_a_message_on_the_case(desk):
    desk.write("cases", CASE)
    contact = {**CONTACT, "channel": "email", "subject": "Hello", "body": 'Line one\nline "two"\t\\end'}
    desk.write("contacts", {**contact, "case_id": "S1"}, {**contact, "contact_id": "C2"})
    desk.load()
    message = Message.objects.get()
    assert (message.kind, message.body, message.case.external_id) == ("incoming", 'Line one\nline "two"\t\\end', "S1")
    assert any("1 texts in body" in warning for warning in desk.warnings)
    assert desk.load()["contacts.csv"] == (2, 0, 0, 2, 0)
    desk.write("contacts", {**contact, "case_id": "S1", "body": "Corrected"})
    assert desk.load()["contacts.csv"] == (1, 0, 1, 0, 0)
    assert Message.objects.get().body == "Corrected"


# --- cases


def test_a_case_without_events_gets_those_that_its_row_tells_of(desk):
    desk.write(
        "cases",
        {
            **CASE,
            "first_resolved_at": "2025-10-06T08:00:00Z",
            "last_resolved_at": "2025-10-07T08:00:00Z",
            "escalated_at": "2025-10-06T07:30:00Z",
        },
        {**CASE, "case_id": "S2"},
    )
    desk.load()
    events = CaseEvent.objects.filter(case__external_id="S1").order_by("at", "id")
    assert list(events.values_list("kind", "at")) == [
        ("created", at("06T07:00:20")),
        ("escalated", at("06T07:30:00")),
        ("resolved", at("06T08:00:00")),
        ("resolved", at("07T08:00:00")),
    ]
    assert Case.objects.get(external_id="S1").resolved_at == at("07T08:00:00")
    assert desk.load()["cases.csv"] == (2, 0, 0, 2, 0)
    # Real events replace what was only read off the row.
    desk.write("case_events", EVENT, {**EVENT, "type": "resolved", "at": "2025-10-06T09:00:00Z"})
    assert desk.load()["case_events.csv"] == (2, 2, 0, 0, 0)
    assert events.count() == 2
    assert Case.objects.get(external_id="S1").resolved_at == at("06T09:00:00")
    assert desk.load() == {"cases.csv": (2, 0, 0, 2, 0), "case_events.csv": (2, 0, 0, 2, 0)}


def test_events_of_one_instant_happen_in_the_order_of_the_file_after_the_opening(desk):
    moment = "2025-10-06T07:00:20Z"
    kinds = {"S1": ["resolved", "reopened", "created"], "S2": ["reopened", "resolved", "created"]}
    desk.write("cases", CASE, {**CASE, "case_id": "S2"})
    desk.write(
        "case_events",
        *({**EVENT, "case_id": case, "type": kind, "at": moment} for case, all_ in kinds.items() for kind in all_),
    )
    desk.load()
    assert dict(Case.objects.values_list("external_id", "status")) == {"S1": "open", "S2": "resolved"}


def test_a_corrected_verdict_on_an_event_is_taken_over(desk):
    desk.write("cases", CASE)
    events = [EVENT, {**EVENT, "type": "resolved", "at": "2025-10-06T09:00:00Z"}]
    events.append({**EVENT, "type": "reopened", "at": "2025-10-06T10:00:00Z"})
    desk.write("case_events", *events)
    desk.load()
    assert Case.objects.get().status == "open"
    events[2]["valid"] = "0"
    desk.write("case_events", *events)
    assert desk.load()["case_events.csv"] == (3, 0, 1, 2, 0)
    assert Case.objects.get().status == "resolved"
    assert CaseEvent.objects.filter(kind="reopened", is_valid=False).exists()


def test_events_are_still_closed_to_everybody_else_after_an_import(desk):
    desk.write("cases", CASE)
    desk.write("case_events", EVENT)
    desk.load()
    from django.db import IntegrityError

    with pytest.raises(IntegrityError, match="append-only"):
        CaseEvent.objects.update(note="changed")


def test_contacts_follow_their_case_into_and_out_of_a_merge(desk):
    chain = [{**CASE, "case_id": "S1", "merged_into": "S2"}, {**CASE, "case_id": "S2", "merged_into": "S3"}]
    desk.write("cases", *chain, {**CASE, "case_id": "S3"})
    desk.write("contacts", {**CONTACT, "case_id": "S1"})
    desk.load()

    def place() -> tuple[str, str, bool]:
        contact = Contact.objects.select_related("case", "logged_case").get()
        return contact.case.external_id, contact.logged_case.external_id, contact.is_void

    assert place() == ("S3", "S1", False)
    (desk.folder / "contacts.csv").unlink()
    desk.write("cases", *chain, {**CASE, "case_id": "S3", "flags": "spam"})
    desk.load()
    assert place() == ("S3", "S1", True)
    assert not Contact.objects.get().is_handled
    desk.write("cases", chain[0], {**CASE, "case_id": "S2"}, {**CASE, "case_id": "S3", "flags": "spam"})
    desk.load()
    assert place() == ("S2", "S1", False)
    desk.write("cases", {**CASE, "case_id": "S1"})
    desk.load()
    assert place() == ("S1", "S1", False)
    assert dict(Case.objects.values_list("external_id", "status")) == {"S1": "open", "S2": "open", "S3": "open"}
    assert differences() == []


def test_an_opening_corrected_to_after_the_resolution_reopens_nothing_by_crash(desk):
    desk.write("cases", CASE)
    desk.write("case_events", EVENT, {**EVENT, "type": "resolved", "at": "2025-10-06T09:00:00Z"})
    desk.load()
    desk.write("cases", {**CASE, "created_at": "2025-10-07T00:00:00Z"})
    (desk.folder / "case_events.csv").unlink()
    assert desk.load()["cases.csv"] == (1, 0, 1, 0, 0)
    assert Case.objects.get().status == "open"


# --- config


def test_a_changed_config_is_a_new_version_and_leaves_the_past(desk):
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2", "client": "acme"})
    desk.config(
        timezone="Europe/Helsinki", phone={"sl_threshold_s": 12}, business_hours={"mon-fri": ["08:00", "16:00"]}
    )
    assert desk.load()["config.json"] == (1, 1, 0, 0, 0)
    assert desk.load()["config.json"] == (1, 0, 0, 1, 0)
    agreement = Agreement.objects.get(client__code="acme")
    assert agreement.valid_from == datetime(1970, 1, 1, tzinfo=UTC)
    assert agreement.calendar.timezone == "Europe/Helsinki"
    levels = {level.channel: level for level in agreement.service_levels.all()}
    assert (levels["phone"].threshold_seconds, levels["phone"].short_abandon_seconds) == (12, 5)
    assert (levels["chat"].threshold_seconds, levels["chat"].short_abandon_seconds) == (60, 5)
    assert agreement.calendar.opening_hours.count() == 5
    desk.config(timezone="Europe/Helsinki", phone=[{"sl_threshold_s": 12}, {"sl_threshold_s": 20, "target_share": 0.9}])
    assert desk.load()["config.json"] == (1, 0, 1, 0, 0)
    assert desk.load()["config.json"] == (1, 0, 0, 1, 0)
    versions = Agreement.objects.filter(client__code="acme").order_by("valid_from")
    assert versions.count() == 2
    assert abs(versions[1].valid_from - datetime.now(UTC)) < timedelta(minutes=1)
    assert versions[1].service_levels.filter(channel="phone").count() == 2
    (desk.folder / "config.json").unlink()
    desk.load()
    assert versions.count() == 2


def test_without_a_config_the_defaults_hold(desk):
    desk.write("contacts", CONTACT)
    desk.load()
    agreement = Agreement.objects.get(client=Client.objects.get(code="own"))
    assert (agreement.fcr_window_days, agreement.reopen_window_days, agreement.resolution_business_seconds) == (
        7,
        14,
        None,
    )


def test_a_client_with_an_agreement_of_its_own_keeps_it(desk):
    client = make_client("own")
    from tests.factories import make_agreement

    make_agreement(client, fcr_window_days=14)
    desk.write("contacts", CONTACT)
    desk.load()
    assert Agreement.objects.get(client=client).fcr_window_days == 14


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ("{", "not JSON"),
        ("[]", "object"),
        ('{"timezone": "Mars/Olympus"}', "timezone"),
        ('{"timezone": 3}', "timezone"),
        ('{"phone": {"sl_threshold_s": -1}}', "phone.sl_threshold_s"),
        ('{"phone": {"sl_threshold_s": "20"}}', "phone.sl_threshold_s"),
        ('{"phone": 20}', "phone"),
        ('{"fcr": {"window_days": 0}}', "fcr.window_days"),
        ('{"fcr": {"window_days": 7.5}}', "fcr.window_days"),
        ('{"sla": {"first_response_channels": ["pigeon"]}}', "first_response_channels"),
        ('{"business_hours": {"mon-fry": ["08:00", "16:00"]}}', "mon-fry"),
        ('{"business_hours": {"mon": ["8", "16:00"]}}', "business_hours.mon"),
        ('{"business_hours": {"mon": []}}', "never opens"),
        ('{"business_hours": {"closed_dates": ["24.12.2025"]}}', "closed_dates"),
    ],
)
def test_a_config_that_cannot_be_right_stops_the_import(desk, config, named):
    desk.write("contacts", CONTACT)
    desk.text("config.json", config)
    with pytest.raises(CommandError, match="config") as caught:
        run(str(desk.folder))
    assert caught.value.returncode == 2
    assert named in str(caught.value)
    assert not Source.objects.filter(name="log").exists()


# --- what files look like


def test_a_zip_and_a_folder_of_gzips_are_the_same_log(desk, tmp_path):
    desk.write("contacts", CONTACT)
    desk.write("segments", SEGMENT)
    desk.load("log")
    packed = tmp_path / "log.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in desk.folder.iterdir():
            archive.write(file, f"some/folder/{file.name}")
    squeezed = tmp_path / "squeezed"
    squeezed.mkdir()
    for file in desk.folder.iterdir():
        (squeezed / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes(), mtime=0))
    status, _out, _err = run(str(packed))  # the default source is the name without .zip
    assert (status, Contact.objects.count()) == (0, 1)
    assert desk.load("log", squeezed) == {"contacts.csv": (1, 0, 0, 1, 0), "segments.csv": (1, 0, 0, 1, 0)}
    assert set(Source.objects.exclude(name="desk").values_list("name", flat=True)) == {"log"}


def test_the_marks_of_spreadsheets_do_no_harm(desk):
    desk.write("contacts", CONTACT)
    text = (desk.folder / "contacts.csv").read_bytes()
    desk.text("contacts.csv", b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n"))
    assert desk.load()["contacts.csv"] == (1, 1, 0, 0, 0)


def test_a_file_with_a_header_only_is_empty_and_right(desk):
    desk.write("contacts")
    assert desk.load()["contacts.csv"] == (0, 0, 0, 0, 0)


def test_columns_may_stand_in_any_order(desk):
    desk.write("contacts", CONTACT)
    head, row = (desk.folder / "contacts.csv").read_text().splitlines()
    turned = [",".join(reversed(line.split(","))) for line in (head, row)]
    desk.text("contacts.csv", "\n".join(turned))
    assert desk.load()["contacts.csv"] == (1, 1, 0, 0, 0)
    assert Contact.objects.get().queue.code == "support"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("contacts.csv", b"", "is empty"),
        ("contacts.csv", "contact_id,namn\nC1,Åsa\n".encode("latin-1"), "UTF-8"),
        ("contacts.csv", "contact_id\nC1\n".encode("utf-16"), "UTF-8"),
        ("contacts.csv", b"contact_id,channel\nC1,phone\n", "has no column direction"),
        ("contacts.csv", b"contact_id,contact_id\nC1,C1\n", "twice"),
        ("contacts.csv.gz", b"not a gzip", "damaged"),
        ("contacts.csv.gz", gzip.compress(b"contact_id,channel\n" * 1000, mtime=0)[:30], "damaged"),
        ("notes.txt", b"hello", "neither contacts.csv nor cases.csv"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_and_changes_nothing(desk, file, content, told):
    desk.write("cases", CASE)
    if file == "notes.txt":
        (desk.folder / "cases.csv").unlink()
    desk.text(file, content)
    with pytest.raises(CommandError) as caught:
        run(str(desk.folder))
    assert caught.value.returncode == 2
    assert told in str(caught.value)
    assert not Case.objects.exists()
    assert not Source.objects.exclude(name="desk").exists()
    assert not QuarantinedRow.objects.exists()


@pytest.mark.parametrize(("name", "content"), [("nothing", None), ("log.zip", b"not a zip"), ("log.txt", b"text")])
def test_a_path_that_is_no_bundle(db, tmp_path, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        run(str(path))
    assert caught.value.returncode == 2
    assert name in str(caught.value)


def test_two_files_of_one_name_are_refused(desk):
    desk.write("contacts", CONTACT)
    with (desk.folder / "contacts.csv").open("rb") as plain, gzip.open(desk.folder / "contacts.csv.gz", "wb") as packed:
        shutil.copyfileobj(plain, packed)
    with pytest.raises(CommandError, match="there twice"):
        run(str(desk.folder))


def test_a_log_longer_than_one_statement_takes(desk, monkeypatch):
    monkeypatch.setattr("tickets.bundle.staging.CHUNK", 7)
    rows = [{**CONTACT, "contact_id": f"C{n}", "parent_id": f"C{n + 1}" if n < 49 else ""} for n in range(50)]
    desk.write("contacts", *rows)
    desk.write("segments", *({**SEGMENT, "segment_id": f"G{n}", "contact_id": f"C{49 - n}"} for n in range(50)))
    assert desk.load() == {"contacts.csv": (50, 50, 0, 0, 0), "segments.csv": (50, 50, 0, 0, 0)}
    assert Contact.objects.filter(parent__isnull=False, legs=1).count() == 49
    assert desk.load()["contacts.csv"] == (50, 0, 0, 50, 0)
