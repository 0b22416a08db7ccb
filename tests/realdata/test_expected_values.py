"""Real call logs: every value that was computed elsewhere by other means, by both engines, before and after a refresh."""

from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.http import QueryDict

from metrics import compute
from metrics.catalog import find
from metrics.check import check
from metrics.question import Labels, read
from metrics.refresh import refresh
from tests.factories import make_user
from tests.realdata.shared import shared

Expected = dict[tuple[str, str], list[dict[str, str]]]


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
    found = []
    for (slug, parameters), wanted in expected.items():
        question = read(QueryDict(f"kpi={slug}&{parameters}&engine={engine}"), user)
        rows = compute.values(question.kpis, question.query)
        labels = Labels(rows, question.query.period)
        answers = [(labels.of(row), row.values[question.kpis[0].key]) for row in rows]
        for row in wanted:
            split, _, name = row["group"].partition("=")
            value = next((v for group, v in answers if not split or same_group(split, group[split], name)), None)
            if difference := differs(value, row):
                found.append(f"{slug} {parameters} {row['group']}: {difference}")
    return found


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


@pytest.mark.parametrize("name", ["bank-1999-01", "bank-1999-02"])
def test_a_month_of_a_real_call_centre(db, name: str) -> None:
    bundle = shared(f"data/{name}")
    if bundle is None:
        pytest.skip("the folder `shared` does not lie beside this checkout")
    call_command("import_bundle", str(bundle), verbosity=0)
    expected, user = expected_of(bundle), make_user(role="manager")
    assert sum(map(len, expected.values())) > 1000
    assert mistakes(expected, "facts", user) == []
    refresh()
    assert mistakes(expected, "auto", user) == []
    assert check() == ([], 0)


@pytest.mark.parametrize(("name", "rows"), [("boston-311-2015-h1", 162), ("incidents-2016", 170)])
def test_the_cases_of_a_real_desk(db, name: str, rows: int) -> None:
    bundle = shared(f"data/{name}")
    if bundle is None:
        pytest.skip("the folder `shared` does not lie beside this checkout")
    with suppress(SystemExit):  # it says so where rows are quarantined: tests/realdata/test_bundles.py knows which
        call_command("import_bundle", str(bundle), verbosity=0)
    expected, user = expected_of(bundle), make_user(role="manager")
    assert sum(map(len, expected.values())) == rows
    refresh()
    assert mistakes(expected, "auto", user) == []
    assert check() == ([], 0)
    # By the log alone each question judges every case anew: one of each kind is enough.
    few = {}
    for (slug, parameters), wanted in expected.items():
        few.setdefault((slug, "by=" in parameters), ((slug, parameters), wanted))
    assert mistakes(dict(few.values()), "facts", user) == []
