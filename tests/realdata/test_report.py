"""The monthly report of a real call centre: every figure in the document, the workbook and the table is the expected one.

The expected values were computed elsewhere by other means; see the README of the data.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from openpyxl import load_workbook
from pypdf import PdfReader

from metrics import formats
from metrics.catalog import KPIS
from metrics.compute import Value
from metrics.refresh import refresh
from metrics.reports import document
from metrics.reports.models import Report
from metrics.reports.workbook import every
from tests.realdata.shared import shared
from tests.realdata.test_bundles import expected_of

pytestmark = [pytest.mark.django_db, pytest.mark.heavy]
MONTHS = {"bank-1999-01": ("1999-01-01", "1999-02-01"), "bank-1999-02": ("1999-02-01", "1999-03-01")}
TZ = "tz=Asia/Jerusalem"


@pytest.fixture
def report(log) -> Report:
    desk, _counts = log
    refresh()
    name = desk.folder.name
    call_command("make_report", name, MONTHS[name][0][:7], language="en", verbosity=0, stdout=io.StringIO())
    return Report.objects.get()


def number(text: str) -> float | None:
    return float(text) if text else None


def same(found: Any, wanted: str) -> bool:
    return found == pytest.approx(number(wanted), rel=1e-6) if wanted else found is None


def expected(report: Report) -> dict[tuple[str, str, str], dict[str, str]]:
    """Part, row and figure to the expected row, for the parameters that the report is made with."""
    name = report.client.code
    start, end = MONTHS[name]
    found = {}
    whole = f"channel=phone&start={start}&end={end}&{TZ}"
    for (key, parameters), rows in expected_of(shared(f"data/{name}")).items():
        rest = parameters.removeprefix(whole)
        if rest == parameters or rest not in {"", "&by=day", "&by=queue"}:
            continue
        for row in rows:
            split, _equals, group = row["group"].partition("=")
            found[split or "month", group, key] = row
    return found


@pytest.mark.parametrize("log", MONTHS, indirect=True)
def test_the_report_of_a_real_month_says_what_was_computed_elsewhere(report) -> None:
    wanted = expected(report)
    frozen = {(part, row, key): one for part, row, key, _name, one in every(report.figures)}
    compared = [place for place in wanted if place in frozen]
    for place in compared:
        assert same(frozen[place]["value"], wanted[place]["value"]), place
        for part in ("numerator", "denominator"):
            if wanted[place][part]:
                assert same(frozen[place][part], wanted[place][part]), (place, part)
    assert {
        "offered",
        "service-level",
        "abandonment",
        "asa",
        "aht",
        "wait:p50",
        "wait:p80",
        "wait:p90",
        "longest-wait",
    } <= {key for part, _row, key in compared if part == "month"}
    assert len(compared) > 150  # days and queues too

    text = words_of(report)
    for (part, _row, key), row in wanted.items():
        if part == "month" and (part, "", key) in frozen:
            top, base = number(row["numerator"]), number(row["denominator"])
            figure = formats.figure(KPIS[key], Value(number(row["value"]), top, base))
            assert f"{KPIS[key].name} {figure}".replace("\N{NO-BREAK SPACE}", " ") in text, key
    for row in report.figures["days"]["rows"]:
        assert (
            " ".join([row["name"], *(one["figure"] for one in row["cells"])]).replace("\N{NO-BREAK SPACE}", " ") in text
        )

    with default_storage.open(report.files["csv"]["path"]) as file:
        table = list(csv.reader(io.StringIO(file.read().decode("utf-8-sig"))))
    for line in table[1:]:
        if (line[0], line[1], line[3]) in wanted:
            assert same(number(line[5]), wanted[line[0], line[1], line[3]]["value"]), line
    with default_storage.open(report.files["xlsx"]["path"]) as file:
        book = load_workbook(io.BytesIO(file.read()), read_only=True)
    lines = list(book["Figures"].iter_rows(values_only=True))
    sure = [line for line in lines if ("month", "", line[2]) in wanted]
    assert len(sure) > 10
    for line in sure:
        assert same(line[5], wanted["month", "", line[2]]["value"]), line


def words_of(report: Report) -> str:
    with default_storage.open(report.files["pdf"]["path"]) as file:
        reader = PdfReader(io.BytesIO(file.read()))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert 4 <= len(reader.pages) <= 12
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in reader.pages)).replace(
        "\N{NO-BREAK SPACE}", " "
    )


@pytest.mark.parametrize("log", ["bank-1999-01"], indirect=True)
def test_the_same_figures_give_the_same_document_to_the_byte(report) -> None:
    assert document.pdf(report.figures) == document.pdf(report.figures)
    assert report.month == date(1999, 1, 1)
    assert datetime.fromisoformat(report.figures["period"]["start"]).utcoffset() is not None
