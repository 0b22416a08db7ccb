"""The hand-derived log: every value of ours, by both engines, and the very rows behind it."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.http import QueryDict

from metrics import compute, rows
from metrics.catalog import find
from metrics.check import check
from metrics.compute import Value
from metrics.question import Question, QuestionError, read
from metrics.rebuild import rebuild
from metrics.refresh import refresh
from tests.factories import make_user
from tests.metrics.conftest import GOLDEN
from tickets.models import User

AS_OF = "as_of=2025-11-05T12:00:00Z&tz=Europe/Stockholm"
OCTOBER = "start=2025-10-01&end=2025-11-01"
with (GOLDEN / "slugs.csv").open(encoding="utf-8", newline="") as file:
    EXPECTED = [row for row in csv.DictReader(file) if find(row["kpi"])]


def ask(kpi: str, parameters: str = "", engine: str = "auto") -> Question:
    period = "" if "start=" in parameters else OCTOBER
    text = "&".join(part for part in (f"kpi={kpi}", parameters, period, AS_OF, f"engine={engine}") if part)
    return read(QueryDict(text), User.objects.filter(role="manager").first() or make_user(role="manager"))


def answered(engine: str) -> Iterator[tuple[dict[str, str], Value]]:
    """Each expected value with ours; what is asked alike is asked together."""
    alike: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in EXPECTED:
        alike[row["parameters"]].append(row)
    for parameters, rows_ in alike.items():
        question = ask("&kpi=".join(row["kpi"] for row in rows_), parameters, engine)
        (answer,) = compute.values(question.kpis, question.query)
        for row, kpi in zip(rows_, question.kpis, strict=True):
            yield row, answer.values[kpi.key]


def mistakes(engine: str) -> list[str]:
    found = []
    for row, value in answered(engine):
        wanted = float(row["value"]) if row["value"] else None
        if value.value != (wanted if wanted is None else pytest.approx(wanted, rel=1e-6, abs=1e-6)):
            found.append(f"{row['kpi']} {row['parameters']}: {value.value}, not {wanted}")
        if row["numerator"] and (value.numerator, value.denominator) != (
            pytest.approx(float(row["numerator"]), abs=1e-6),
            float(row["denominator"]),
        ):
            found.append(f"{row['kpi']} {row['parameters']}: {value.numerator}/{value.denominator}")
    return found


def test_there_is_something_to_compare() -> None:
    assert len(EXPECTED) == 126


def test_every_value_by_every_way(golden: Path) -> None:
    assert mistakes("facts") == []
    assert mistakes("auto") == []  # nothing refreshed yet: every hour is marked and taken from the log
    refresh()
    assert mistakes("auto") == []
    assert check() == ([], 0)
    rebuild()
    assert mistakes("auto") == []
    assert check() == ([], 0)


def test_importing_again_and_refreshing_again_changes_nothing(golden: Path) -> None:
    refresh()
    from django.core.management import call_command

    call_command("import_bundle", str(golden), verbosity=0)
    refresh()
    assert mistakes("auto") == []
    assert check() == ([], 0)


def ids(kpi: str, which: str, column: str, parameters: str = "") -> list[str]:
    question = ask(kpi, parameters)
    return sorted(row[column] for row in rows.page(question.kpis[0], question.query, which, limit=1000).rows)


def test_the_rows_are_the_contacts_and_cases_named_by_hand(golden: Path) -> None:
    named = json.loads((golden / "expected.json").read_text(encoding="utf-8"))["resolution"]
    assert ids("fcr", "numerator", "case_id") == named["fcr_log_success_cases"]
    assert ids("fcr", "denominator", "case_id") == sorted(
        named["fcr_log_success_cases"] + named["fcr_log_failure_cases"]
    )
    assert ids("repeat-contacts", "numerator", "contact_id") == named["repeat_trigger_contacts"]
    question = ask("fcr")
    provisional = rows.page(question.kpis[0], question.query, "excluded", reason=rows.NOT_MATURE).rows
    assert sorted(row["case_id"] for row in provisional) == named["fcr_log_provisional_cases"]


def found_rows(text: str, which: str = "denominator") -> list[dict]:
    question = read(
        QueryDict(f"{text}&{AS_OF}"), User.objects.filter(role="manager").first() or make_user(role="manager")
    )
    return rows.page(question.kpis[0], question.query, which, limit=1000).rows


def test_the_open_cases_of_an_instant_are_those_named_by_hand(golden: Path) -> None:
    named = json.loads((golden / "expected.json").read_text(encoding="utf-8"))["efficiency"]
    for at, cases in named["backlog_open"].items():
        assert sorted(row["case_id"] for row in found_rows(f"kpi=backlog&at={at}")) == cases, at
    assert found_rows("kpi=backlog:our-turn&at=2025-10-20T22:00:00Z") == []
    (excluded,) = [
        row for row in found_rows("kpi=backlog:our-turn&at=2025-10-20T22:00:00Z", "excluded") if row["case_id"] == "S16"
    ]
    assert excluded["reason"] == "waiting_customer"
    ages = {row["case_id"]: row for row in found_rows("kpi=backlog-age&at=2025-10-31T23:00:00Z")}
    assert {case: row["age_seconds"] for case, row in ages.items()} == named["backlog_age_s_2025-10-31T23:00:00Z"]
    business = named["backlog_business_age_s_2025-10-31T23:00:00Z"]
    assert {case: row["business_age_seconds"] for case, row in ages.items()} == business


def test_the_backlog_balances(golden: Path) -> None:
    named = json.loads((golden / "expected.json").read_text(encoding="utf-8"))["efficiency"]["backlog_identity"]

    def value(kpi: str, parameters: str) -> float | None:
        question = ask(kpi, parameters)
        return compute.values(question.kpis, question.query)[0].values[kpi].value

    assert value("backlog", "at=2025-09-30T22:00:00Z") == named["start"]
    assert value("created", "") == named["created"]
    assert value("resolved", "") == named["finally_resolved"]
    assert value("backlog", "at=2025-10-31T23:00:00Z") == value("backlog", "") == named["end"]


def test_silences_are_those_measured_by_hand(golden: Path) -> None:
    named = json.loads((golden / "expected.json").read_text(encoding="utf-8"))["demand"]["longest_silence_s"]
    found = {row["case_id"]: row["silence_seconds"] for row in found_rows(f"kpi=silence&{OCTOBER}")}
    assert {case: seconds for case, seconds in found.items() if seconds >= 10_800} == named


def test_targets_lie_where_they_were_agreed(golden: Path) -> None:
    named = json.loads((golden / "expected.json").read_text(encoding="utf-8"))["resolution"]["sla_first_response_due"]
    found = found_rows(f"kpi=sla:first-response&{OCTOBER}")
    assert {row["case_id"]: f"{row['due_at']:%Y-%m-%dT%H:%M:%SZ}" for row in found} == named


def test_targets_of_both_kinds_are_paged_together(golden: Path) -> None:
    question = ask("sla")
    seen, after = [], None
    while True:
        page = rows.page(question.kpis[0], question.query, "denominator", after=after, limit=5)
        seen += [(row["case_id"], row["target"]) for row in page.rows]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 22
    assert {target for _case, target in seen} == {"first_response", "resolution"}


def test_what_is_not_due_yet_is_neither_kept_nor_broken(golden: Path) -> None:
    question = ask("sla:first-response")
    kpi = question.kpis[0]
    query = replace(question.query, as_of=datetime(2025, 10, 20, 9, 30, tzinfo=UTC))
    for engine in ("facts", "auto"):
        (answer,) = compute.values([kpi], replace(query, engine=engine))
        value = answer.values[kpi.key]
        assert (value.numerator, value.denominator, value.provisional) == (2, 2, 0)
    waiting = rows.page(kpi, query, "excluded", reason=rows.NOT_DUE).rows
    assert [row["case_id"] for row in waiting] == ["S16", "S19", "S18"]


def test_stocks_can_be_split_by_day_and_by_queue(golden: Path) -> None:
    question = ask("backlog", "by=day&by=channel")
    found = {
        (question.query.period.label(row.group["day"], "day"), row.group["channel"]): row.values["backlog"].value
        for row in compute.values(question.kpis, question.query)
    }
    assert (found["2025-10-08", "phone"], found["2025-10-14", "phone"], found["2025-10-14", "email"]) == (2, 1, 1)
    assert ("2025-10-09", "phone") not in found


def test_the_days_average_is_made_of_the_days_seconds(golden: Path) -> None:
    (whole,) = compute.values(ask("open-cases").kpis, ask("open-cases").query)
    for by in ("day", "week", "channel"):
        question = ask("open-cases", f"by={by}")
        pieces = compute.values(question.kpis, question.query)
        assert sum(row.values["open-cases"].numerator or 0 for row in pieces) == whole.values["open-cases"].numerator


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("kpi=backlog&at=soon", "at"),
        ("kpi=backlog", "start"),
        ("kpi=created&at=2025-10-08T22:00:00Z", "start"),
        ("kpi=backlog&by=day&at=2025-10-08T22:00:00Z", "by"),
    ],
)
def test_an_instant_that_cannot_be_asked_for_names_the_parameter(db, text: str, parameter: str) -> None:
    with pytest.raises(QuestionError) as refused:
        read(QueryDict(text), make_user(role="manager"))
    assert refused.value.parameter == parameter


CASES = [
    ("reopen-rate", "numerator", "S06 S07"),
    ("reopen-rate:raw", "numerator", "S06 S07 S15"),
    ("escalation-rate", "numerator", "S03"),
    ("silence", "numerator", "S04 S19 S20 S21"),
    ("first-response-time", "denominator", "S15 S16 S19 S20"),
    ("first-response-time:unanswered", "numerator", "S18"),
    ("next-reply-time", "denominator", "S16"),
    ("sla:first-response-calendar", "numerator", "S16 S20"),
]


def test_cases_are_those_of_the_reasoning(golden: Path) -> None:
    for kpi, which, expected in CASES:
        assert ids(kpi, which, "case_id") == expected.split(), kpi


CALLS = [
    ("asa", "numerator", "C01 C02 C03 C07 C08 C09 C13 C14 C15 C23 C36"),
    ("service-level", "numerator", "C01 C02 C08 C13 C14 C23 C36"),
    ("abandonment", "numerator", "C05 C06"),
    ("offered", "numerator", "C01 C02 C03 C04 C05 C06 C07 C08 C09 C11 C13 C14 C15 C19 C23 C36"),
    ("aht", "denominator", "C01 C02 C03 C07 C08 C09 C11 C13 C14 C15 C19 C23 C36"),
    ("ivr-abandoned", "numerator", "C17"),
    ("abandonment-recovered", "numerator", "C06"),
]


def test_phone_rows_are_those_of_the_reasoning(golden: Path) -> None:
    for kpi, which, expected in CALLS:
        assert ids(kpi, which, "contact_id", "channel=phone") == expected.split(), kpi


ANSWERS = [
    ("csat", "V01 V02 V07 V09 V10 V12"),
    ("fcr-survey", "V01 V02 V03 V07 V09 V10 V12"),
    ("nps", "V01 V03 V05 V07 V10 V12 V14"),
    ("response-rate", "V01 V02 V03 V05 V07 V08 V09 V10 V12 V14"),
    ("comment-share", "V01 V05 V07 V10 V14"),
]


def test_answers_are_those_of_the_reasoning(golden: Path) -> None:
    for kpi, expected in ANSWERS:
        assert ids(kpi, "numerator", "survey_id") == expected.split(), kpi


REASONS = [
    ("asa", "C04", "short_abandon"),
    ("asa", "C06", "abandoned"),
    ("asa", "C11", "flow_out"),
    ("asa", "C17", "ivr_abandoned"),
    ("asa", "C18", "test"),
    ("asa", "C21", "internal"),
    ("asa", "C10", "outbound"),
    ("asa", "C27", "not_live"),
    ("handled", "C28", "thanks"),
    ("handled", "C30", "duplicate"),
    ("handled", "C32", "spam"),
    ("handled", "C33", "not_handled"),
    ("repeat-contacts", "C15", "not_mature"),
    ("failure-demand", "C15", "unclassified"),
]


def test_an_excluded_row_says_why(golden: Path) -> None:
    for kpi, row, reason in REASONS:
        question = ask(kpi)
        page = rows.page(question.kpis[0], question.query, "excluded", limit=1000)
        assert {found["contact_id"]: found["reason"] for found in page.rows}[row] == reason, (kpi, row)


def test_counts_of_rows_are_the_parts_of_the_value_for_every_kpi(golden: Path) -> None:
    for row, value in answered("auto"):
        question = ask(row["kpi"], row["parameters"])
        kpi = question.kpis[0]
        if kpi.denominator is not None and not kpi.denominator.value:
            assert rows.count(kpi, question.query, "denominator") == value.denominator, kpi.key
        if kpi.denominator is not None and not kpi.numerator.value:
            assert rows.count(kpi, question.query, "numerator") == value.numerator, kpi.key
        if kpi.percentile is not None:
            assert rows.count(kpi, question.query, "numerator") == value.n, kpi.key


def test_paging_gives_each_row_once(golden: Path) -> None:
    question = ask("offered")
    kpi, seen, after = question.kpis[0], [], None
    while True:
        page = rows.page(kpi, question.query, "numerator", after=after, limit=4)
        seen += [row["contact_id"] for row in page.rows]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 25
    with pytest.raises(rows.CursorError):
        rows.page(kpi, question.query, "numerator", after="made-up")


def test_a_night_with_a_clock_change_is_counted_on_its_day(golden: Path) -> None:
    question = ask("offered", "channel=phone&by=day")
    found = {
        question.query.period.label(row.group["day"], "day"): row.values["offered"].value
        for row in compute.values(question.kpis, question.query)
    }
    assert (found["2025-10-14"], found["2025-10-26"], found["2025-10-31"]) == (1, 1, 1)
    assert "2025-10-12" not in found


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("kpi=offered&channel=fax", "channel"),
        ("kpi=offered&queue=nowhere", "queue"),
        ("kpi=offered&by=colour", "by"),
        ("kpi=offered&by=day&by=hour", "by"),
        ("kpi=offered&tz=Mars/Base", "tz"),
        ("kpi=offered&engine=magic", "engine"),
        ("kpi=offered&as_of=soon", "as_of"),
        ("kpi=happiness", "kpi"),
        ("", "kpi"),
    ],
)
def test_a_question_that_cannot_be_answered_names_the_parameter(db, text: str, parameter: str) -> None:
    with pytest.raises(QuestionError) as refused:
        read(QueryDict(f"{OCTOBER}&{text}"), make_user(role="manager"))
    assert refused.value.parameter == parameter


@pytest.mark.parametrize(
    ("text", "parameter"),
    [
        ("start=soon&end=later", "start"),
        ("start=2025-10-02&end=2025-10-01", "end"),
        ("start=2025-10-01", "end"),
        ("", "start"),
    ],
)
def test_a_period_that_cannot_be_read_names_its_end(db, text: str, parameter: str) -> None:
    with pytest.raises(QuestionError) as refused:
        read(QueryDict(f"kpi=offered&{text}"), make_user(role="manager"))
    assert refused.value.parameter == parameter
