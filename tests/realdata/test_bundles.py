"""Real logs come in whole, what cannot be right is what was expected, and a second import changes nothing.

And their figures: every value that was computed elsewhere by other means, by both engines, before and after a refresh.
"""

from __future__ import annotations

import csv
import filecmp
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from django.http import QueryDict

from metrics import compute
from metrics.catalog import find
from metrics.check import check
from metrics.question import Labels, read
from metrics.refresh import refresh
from tests.factories import make_user
from tests.realdata.shared import shared
from tickets.settle import differences

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]
GOLDEN = Path(__file__).resolve().parent.parent / "data" / "golden"
ROWS = {
    "bank-1999-01": {"contacts.csv": 31_599, "segments.csv": 27_300},
    "bank-1999-02": {"contacts.csv": 33_344, "segments.csv": 27_440},
    "boston-311-2015-h1": {"cases.csv": 58_119, "case_events.csv": 107_077},
    "incidents-2016": {"cases.csv": 17_136, "case_events.csv": 80_658, "contacts.csv": 17_136},
}
EXPECTED_ROWS = {"boston-311-2015-h1": 162, "incidents-2016": 170}
Expected = dict[tuple[str, str], list[dict[str, str]]]
Answers = list[tuple[dict[str, str | None], compute.Value]]


def counted(name: str, folder: Path, *, again: bool = False) -> dict[str, tuple[int, ...]]:
    """(read, created, updated, unchanged, quarantined) by file, as they have to be."""
    bad = [row[0] for row in expected_problems(folder)]
    return {
        file: (rows, 0, 0, rows - bad.count(file), bad.count(file))
        if again
        else (rows, rows - bad.count(file), 0, 0, bad.count(file))
        for file, rows in ROWS[name].items()
    }


def expected_problems(folder: Path) -> list[tuple[str, int, str, str, str]]:
    with (folder / "expected_quarantine.csv").open(encoding="utf-8", newline="") as file:
        return [
            (row["file"], int(row["line"]), row["reason"], row["column"], row["id"]) for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("log", ROWS, indirect=True)
def test_a_real_log(log) -> None:
    desk, counts = log
    name = desk.folder.name
    assert desk.told == expected_problems(desk.folder)
    assert {file: counts[file] for file in ROWS[name]} == counted(name, desk.folder)
    assert differences() == []
    if name in {"bank-1999-01", "boston-311-2015-h1"}:
        counts = desk.load(name)
        assert {file: counts[file] for file in ROWS[name]} == counted(name, desk.folder, again=True)


def expected_of(bundle: Path) -> Expected:
    """Rows by KPI and parameters, for the KPIs that the catalogue has; `check:` rows are no KPIs."""
    found: Expected = defaultdict(list)
    with (bundle / "expected.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if find(row["kpi"]):
                found[row["kpi"], row["parameters"]].append(row)
    return found


def same_group(split: str, label: str | None, wanted: str) -> bool:
    if split == "hour" and label is not None:
        return datetime.fromisoformat(label) == datetime.fromisoformat(wanted)
    return label == wanted


def mistakes(expected: Expected, engine: str, user) -> list[str]:
    """What is asked alike is asked together."""
    alike: dict[str, list[str]] = defaultdict(list)
    for slug, parameters in expected:
        alike[parameters].append(slug)
    found = []
    for parameters, slugs in alike.items():
        question = read(QueryDict(f"kpi={'&kpi='.join(slugs)}&{parameters}&engine={engine}"), user)
        rows = compute.values(question.kpis, question.query)
        labels = Labels(rows, question.query)
        for slug, kpi in zip(slugs, question.kpis, strict=True):
            answers = [
                (labels.of(row), row.values[kpi.key])
                for row in rows
                if not question.query.by or compute._has_rows(row.values[kpi.key])
            ]
            found += [f"{slug} {parameters} {wrong}" for wrong in wrong_rows(answers, expected[slug, parameters])]
    return found


def wrong_rows(answers: Answers, wanted: list[dict[str, str]]) -> Iterator[str]:
    for row in wanted:
        split, _, name = row["group"].partition("=")
        value = next((v for group, v in answers if not split or same_group(split, group[split], name)), None)
        if difference := differs(value, row):
            yield f"{row['group']}: {difference}"


def differs(value: compute.Value | None, row: dict[str, str]) -> str:
    wanted = float(row["value"]) if row["value"] else None
    if value is None:
        return "" if not wanted else f"no row, not {wanted}"
    if value.value != (None if wanted is None else pytest.approx(wanted, rel=1e-6)):
        return f"{value.value}, not {wanted}"
    if row["denominator"] and (value.numerator, value.denominator) != (
        pytest.approx(float(row["numerator"]), rel=1e-9),
        float(row["denominator"]),
    ):
        return f"{value.numerator}/{value.denominator}, not {row['numerator']}/{row['denominator']}"
    return ""


@pytest.mark.parametrize("log", ["bank-1999-01", "bank-1999-02"], indirect=True)
def test_a_month_of_a_real_call_centre(log) -> None:
    desk, _counts = log
    expected, user = expected_of(desk.folder), make_user(role="manager")
    assert sum(map(len, expected.values())) > 1000
    assert mistakes(expected, "facts", user) == []
    refresh()
    assert mistakes(expected, "auto", user) == []
    assert check() == ([], 0)


@pytest.mark.parametrize("log", EXPECTED_ROWS, indirect=True)
def test_the_cases_of_a_real_desk(log) -> None:
    desk, _counts = log
    expected, user = expected_of(desk.folder), make_user(role="manager")
    assert sum(map(len, expected.values())) == EXPECTED_ROWS[desk.folder.name]
    refresh()
    assert mistakes(expected, "auto", user) == []
    assert check() == ([], 0)
    # By the log alone each question judges every case anew: one of each kind is enough.
    few = {}
    for (slug, parameters), wanted in expected.items():
        few.setdefault((slug, "by=" in parameters), ((slug, parameters), wanted))
    assert mistakes(dict(few.values()), "facts", user) == []


def test_the_golden_log_is_the_shared_one():
    folder = shared("kpi_golden")
    if folder is None:
        pytest.skip("kpi_golden is not beside the checkout")
    names = [file.name for file in folder.iterdir() if file.suffix in {".csv", ".json"}]
    assert filecmp.cmpfiles(folder, GOLDEN, names, shallow=False)[1:] == ([], [])
