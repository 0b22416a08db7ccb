"""A row that cannot be right is quarantined, with its line and its reason, and with all that refers to it."""

from __future__ import annotations

import pytest

from tests.tickets.bundle.logs import CASE, CONTACT, EVENT, SEGMENT, run
from tickets.models import Case, CaseEvent, Contact, QuarantinedRow, Segment


@pytest.mark.parametrize(
    ("change", "reason", "column"),
    [
        ({"channel": "phne"}, "enum", "channel"),
        ({"channel": "Phone"}, "enum", "channel"),
        ({"outcome": "answerd"}, "enum", "outcome"),
        ({"direction": ""}, "missing", "direction"),
        ({"contact_id": ""}, "missing", "contact_id"),
        ({"demand": "valued"}, "enum", "demand"),
        ({"flags": "test|tset"}, "enum", "flags"),
        ({"started_at": ""}, "missing", "started_at"),
        ({"started_at": "2025-10-06T07:00:00"}, "instant", "started_at"),
        ({"ended_at": "soon"}, "instant", "ended_at"),
        ({"queued_at": "2025-10-06T06:59:59.999999Z"}, "order", "queued_at"),
        (
            {"queued_at": "2025-10-06T09:00:00+02:00", "answered_at": "2025-10-06T08:59:59+02:00"},
            "order",
            "answered_at",
        ),
        ({"queued_at": "", "answered_at": "2025-10-06T06:00:00Z"}, "order", "answered_at"),
        ({"ended_at": "2025-10-06T07:00:19Z"}, "order", "ended_at"),
        ({"cause": "x" * 121}, "length", "cause"),
        ({"case_id": "S404"}, "reference", "case_id"),
        ({"parent_id": "C404"}, "reference", "parent_id"),
        ({"parent_id": "C1"}, "reference", "parent_id"),
        ({"duplicate_of": "C1"}, "reference", "duplicate_of"),
    ],
)
def test_a_contact_that_cannot_be_right(desk, change, reason, column):
    desk.write("contacts", {**CONTACT, "contact_id": "C0"}, {**CONTACT, **change})
    assert desk.load()["contacts.csv"] == (2, 1, 0, 0, 1)
    assert desk.told == [("contacts.csv", 3, reason, column, {**CONTACT, **change}["contact_id"])]
    row = QuarantinedRow.objects.get()
    assert (row.line, row.reason, row.column) == (3, reason, column)
    assert row.raw["queue"] == "support"  # the row as it came, also where only the database knew that it is wrong
    assert Contact.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "change", "reason", "column"),
    [
        ("segments", {"role": "boss"}, "enum", "role"),
        ("segments", {"talk_s": "-1"}, "negative", "talk_s"),
        ("segments", {"acw_s": "long"}, "number", "acw_s"),
        ("segments", {"ended_at": "2025-10-06T07:00:19Z"}, "order", "ended_at"),
        ("segments", {"contact_id": "C404"}, "reference", "contact_id"),
        ("segments", {"agent_id": ""}, "missing", "agent_id"),
        ("cases", {"fcr_eligible": "maybe"}, "enum", "fcr_eligible"),
        ("cases", {"priority": "huge"}, "enum", "priority"),
        ("cases", {"first_resolved_at": "2025-10-06T07:00:19Z"}, "order", "first_resolved_at"),
        ("cases", {"merged_into": "S404"}, "reference", "merged_into"),
        ("cases", {"merged_into": "S1"}, "reference", "merged_into"),
        ("cases", {"first_contact_id": "C404"}, "reference", "first_contact_id"),
        ("case_events", {"type": "resolved", "at": "2025-10-06T07:00:19Z"}, "order", "at"),
        ("case_events", {"type": "exploded"}, "enum", "type"),
        ("case_events", {"valid": "2"}, "enum", "valid"),
        ("case_events", {"case_id": "S404"}, "reference", "case_id"),
        ("promises", {"cancelled_by": "cat"}, "enum", "cancelled_by"),
        ("promises", {"fulfilled_at": "2025-10-01T00:00:00Z"}, "order", "fulfilled_at"),
        ("promises", {"case_id": "S404"}, "reference", "case_id"),
        ("surveys", {"csat": "4.5"}, "number", "csat"),
        ("surveys", {"fcr_contacts": "-1"}, "negative", "fcr_contacts"),
        ("surveys", {"csat_scale": "1-9"}, "enum", "csat_scale"),
        ("surveys", {"responded_at": "2025-10-01T00:00:00Z"}, "order", "responded_at"),
        ("surveys", {"responded_at": "", "nps": "9"}, "missing", "responded_at"),
        ("surveys", {"contact_id": "C404"}, "reference", "contact_id"),
        ("interviews", {"outcome": "vanished"}, "enum", "outcome"),
        ("interviews", {"completed_at": "2025-10-01T00:00:00Z"}, "order", "completed_at"),
        ("agent_time", {"paid_s": "-1"}, "negative", "paid_s"),
        ("agent_time", {"period": "October"}, "instant", "period"),
        ("costs", {"total_operating_cost_eur": "much"}, "number", "total_operating_cost_eur"),
        ("costs", {"headcount_team_x": "-2"}, "negative", "headcount_team_x"),
        ("pulse", {"enps": "ten"}, "number", "enps"),
    ],
)
def test_a_row_of_another_file_that_cannot_be_right(desk, file, change, reason, column):
    right = {
        "contacts": CONTACT,
        "segments": SEGMENT,
        "cases": CASE,
        "case_events": EVENT,
        "promises": {
            "promise_id": "P1", "case_id": "S1", "made_at": "2025-10-06T08:00:00Z",
            "original_due_at": "2025-10-07T08:00:00Z", "due_at": "2025-10-07T08:00:00Z",
        },
        "surveys": {
            "survey_id": "V1", "contact_id": "C1", "case_id": "S1", "customer_id": "K1", "csat": "5",
            "sent_at": "2025-10-06T08:00:00Z", "responded_at": "2025-10-06T09:00:00Z",
        },
        "interviews": {
            "interview_id": "I1", "agent_id": "A1", "contact_id": "C1", "attempted_at": "2025-10-06T08:00:00Z",
            "outcome": "completed",
        },
        "agent_time": {"agent_id": "A1", "period": "2025-10", "paid_s": "1", "handling_s": "1", "available_s": "1"},
        "costs": {"period": "2025-10", "total_operating_cost_eur": "10.00", "headcount_team_x": "8"},
        "pulse": {"team": "X", "respondent": "1", "enps": "9"},
    }  # fmt: skip
    for name, row in right.items():
        desk.write(name, {**row, **change} if name == file else row)
    counts = desk.load()
    told = [problem for problem in desk.told if problem[0] == f"{file}.csv"]
    assert [(name, line, why, where) for name, line, why, where, _id in told] == [(f"{file}.csv", 2, reason, column)]
    assert counts[f"{file}.csv"] == (1, 0, 0, 0, 1)


def test_everything_right_is_taken_in(desk):
    desk.write("contacts", CONTACT)
    desk.write("segments", SEGMENT)
    desk.write("cases", CASE)
    desk.write("case_events", EVENT)
    assert desk.load() == {f"{name}.csv": (1, 1, 0, 0, 0) for name in ("cases", "case_events", "contacts", "segments")}


def test_lines_are_physical_and_broken_ones_stop_no_other(desk):
    head = ",".join(CONTACT)
    good = ",".join(CONTACT.values())
    columns = "case_id,demand,cause,parent_id,duplicate_of,flags,body"
    rest = ",,,,,,"
    desk.text(
        "contacts.csv",
        f"{head},{columns}\r\n"
        f'{good.replace("C1", "C2")},,,,,,,"one\r\ntwo\nthree"\r\n'  # lines 2 to 4
        "\r\n"  # line 5
        f"{good.replace('C1', 'C6')},{rest},too many\r\n"
        f"{good.replace('C1', 'C7')}\r\n"
        f'"C8"x,{good[3:]},{rest}\r\n'
        f"{good.replace('C1', 'C9').replace('phone', 'fax')},{rest}\r\n"
        f"{good.replace('C1', 'C10')},{rest}\r\n"
        f'"never closed,{good}\r\n{good}\r\n',
    )
    assert desk.load()["contacts.csv"] == (7, 2, 0, 0, 5)
    assert [(line, reason, row_id) for _file, line, reason, _column, row_id in desk.told] == [
        (6, "fields", "C6"),
        (7, "fields", "C7"),
        (8, "fields", ""),
        (9, "enum", "C9"),
        (11, "fields", ""),
    ]
    assert set(Contact.objects.values_list("external_id", flat=True)) == {"C2", "C10"}


def test_what_refers_to_a_quarantined_row_is_quarantined_through_chains_and_files(desk):
    desk.write("cases", {**CASE, "first_contact_id": "C1"}, {**CASE, "case_id": "S2", "merged_into": "S1"})
    desk.write("case_events", EVENT, {**EVENT, "case_id": "S2"})
    desk.write(
        "contacts",
        {**CONTACT, "case_id": "S1", "outcome": "nonsense"},
        {**CONTACT, "contact_id": "C2", "parent_id": "C1"},
        {**CONTACT, "contact_id": "C3", "case_id": "S2"},
        {**CONTACT, "contact_id": "C4"},
    )
    desk.write("segments", SEGMENT, {**SEGMENT, "segment_id": "G4", "contact_id": "C4"})
    desk.load()
    assert desk.told == [
        ("cases.csv", 2, "reference", "first_contact_id", "S1"),
        ("cases.csv", 3, "reference", "merged_into", "S2"),
        ("case_events.csv", 2, "reference", "case_id", "S1 2025-10-06T07:00:20Z created"),
        ("case_events.csv", 3, "reference", "case_id", "S2 2025-10-06T07:00:20Z created"),
        ("contacts.csv", 2, "enum", "outcome", "C1"),
        ("contacts.csv", 3, "reference", "parent_id", "C2"),
        ("contacts.csv", 4, "reference", "case_id", "C3"),
        ("segments.csv", 2, "reference", "contact_id", "G1"),
    ]
    assert "quarantined" in desk.problems[0].message
    assert [str(contact.external_id) for contact in Contact.objects.all()] == ["C4"]


def test_cases_merged_in_a_circle_go_nowhere(desk):
    names = {"S1": "S2", "S2": "S3", "S3": "S1", "S4": "S1", "S5": ""}
    desk.write("cases", *({**CASE, "case_id": name, "merged_into": into} for name, into in names.items()))
    desk.load()
    assert [(row[2], row[3], row[4]) for row in desk.told] == [
        ("reference", "merged_into", name) for name in ("S1", "S2", "S3", "S4")
    ]
    assert list(Case.objects.values_list("external_id", flat=True)) == ["S5"]


def test_an_identifier_used_twice_is_taken_in_once(desk):
    desk.write("contacts", CONTACT, {**CONTACT, "queue": "other"}, CONTACT)
    assert desk.load()["contacts.csv"] == (3, 1, 0, 0, 2)
    assert [row[1:4] for row in desk.told] == [(3, "duplicate", "contact_id"), (4, "duplicate", "contact_id")]
    assert Contact.objects.get().queue.code == "support"


def test_a_survey_twice_is_answered_twice_but_only_once_at_a_time(desk):
    desk.write("contacts", CONTACT)
    answer = {"survey_id": "V1", "contact_id": "C1", "sent_at": "2025-10-06T08:00:00Z", "csat": "5"}
    desk.write(
        "surveys",
        {**answer, "responded_at": "2025-10-06T09:00:00Z"},
        {**answer, "responded_at": "2025-10-06T10:00:00Z"},
        {**answer, "responded_at": "2025-10-06T10:00:00Z"},
        {**answer, "responded_at": "2025-10-06T11:00:00Z", "contact_id": ""},
    )
    assert desk.load()["surveys.csv"] == (4, 2, 0, 0, 2)
    assert [row[1:4] for row in desk.told] == [(4, "duplicate", "survey_id"), (5, "duplicate", "survey_id")]


def test_a_corrected_file_takes_the_row_in_and_settles_it(desk):
    desk.write("contacts", {**CONTACT, "outcome": "nonsense"}, {**CONTACT, "contact_id": ""})
    desk.write("segments", SEGMENT)
    desk.load()
    assert QuarantinedRow.objects.open().count() == 3
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2"})
    assert desk.load() == {"contacts.csv": (2, 2, 0, 0, 0), "segments.csv": (1, 1, 0, 0, 0)}
    assert not QuarantinedRow.objects.open().exists()
    assert QuarantinedRow.objects.count() == 3  # kept, settled
    assert Segment.objects.get().contact.external_id == "C1"


def test_bad_rows_found_again_stay_one_row_each_and_stay_put_aside(desk):
    desk.write("contacts", {**CONTACT, "outcome": "nonsense"}, {**CONTACT, "contact_id": "C2", "channel": "fax"})
    desk.load()
    QuarantinedRow.objects.get(row_id="C2").put_aside(by=None)
    assert desk.load()["contacts.csv"] == (2, 0, 0, 0, 2)
    assert QuarantinedRow.objects.count() == 2
    assert QuarantinedRow.objects.open().get().row_id == "C1"


def test_a_row_wrong_in_another_way_replaces_its_first_mistake(desk):
    desk.write("contacts", {**CONTACT, "outcome": "nonsense"})
    desk.load()
    desk.write("contacts", {**CONTACT, "channel": "fax"})
    desk.load()
    assert QuarantinedRow.objects.open().get().column == "channel"


def test_a_reference_to_what_came_earlier_is_right(desk):
    desk.write("cases", CASE)
    desk.load()
    (desk.folder / "cases.csv").unlink()
    desk.write("contacts", {**CONTACT, "case_id": "S1"})
    assert desk.load()["contacts.csv"] == (1, 1, 0, 0, 0)


def test_the_same_identifier_in_another_source_is_another_row(desk):
    desk.write("contacts", CONTACT)
    desk.load("one")
    assert desk.load("two")["contacts.csv"] == (1, 1, 0, 0, 0)
    desk.write("contacts", {**CONTACT, "contact_id": "C2", "parent_id": "C9"}, {**CONTACT, "contact_id": "C9"})
    desk.load("one")
    desk.write("contacts", {**CONTACT, "contact_id": "C3", "parent_id": "C9"})
    desk.load("two")
    assert [row[2:] for row in desk.told] == [("reference", "parent_id", "C3")]


def test_an_event_of_a_quarantined_file_leaves_the_others(desk):
    desk.write("cases", CASE)
    desk.write(
        "case_events",
        EVENT,
        {**EVENT, "type": "resolved", "at": "2025-10-06T06:00:00Z"},
        {**EVENT, "type": "note", "at": "2025-10-06T06:00:00Z"},
    )
    desk.load()
    assert [row[1:4] for row in desk.told] == [(3, "order", "at")]
    assert set(CaseEvent.objects.values_list("kind", flat=True)) == {"created", "note"}


def test_what_the_command_prints_and_answers(desk, tmp_path):
    desk.write("contacts", CONTACT, {**CONTACT, "contact_id": "C2", "outcome": "nonsense", "shoe_size": "44"})
    status, out, err = run(str(desk.folder))
    assert status == 3
    assert "contacts.csv:3: enum: outcome: 'nonsense' is not one of: abandoned, answered," in out
    table = [line.split() for line in out.splitlines() if line.startswith(("file", "contacts.csv "))]
    assert table == [
        ["file", "read", "created", "updated", "unchanged", "quarantined"],
        ["contacts.csv", "2", "1", "0", "0", "1"],
    ]
    assert err.count("shoe_size") == 1
