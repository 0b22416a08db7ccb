"""Real logs come in whole: what cannot be right is what was expected, and a second import changes nothing."""

from __future__ import annotations

import csv
import filecmp
from pathlib import Path

import pytest

from tests.realdata.shared import shared

GOLDEN = Path(__file__).resolve().parent.parent / "data" / "golden"
ROWS = {
    "bank-1999-01": {"contacts.csv": 31_599, "segments.csv": 27_300},
    "bank-1999-02": {"contacts.csv": 33_344, "segments.csv": 27_440},
    "boston-311-2015-h1": {"cases.csv": 58_119, "case_events.csv": 107_077},
    "incidents-2016": {"cases.csv": 17_136, "case_events.csv": 80_658, "contacts.csv": 17_136},
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ROWS)
def test_a_real_log(name):
    folder = shared(f"data/{name}")
    if folder is None:
        pytest.skip(f"data/{name} is not beside the checkout")
    from tests.tickets.bundle.logs import Desk
    from tickets.settle import differences

    desk = Desk(folder)
    with (folder / "expected_quarantine.csv").open(encoding="utf-8", newline="") as file:
        expected = [
            (row["file"], int(row["line"]), row["reason"], row["column"], row["id"]) for row in csv.DictReader(file)
        ]
    counts = desk.load(name)
    assert desk.told == expected
    bad = {file: sum(1 for row in expected if row[0] == file) for file in ROWS[name]}
    assert {file: counts[file] for file in ROWS[name]} == {
        file: (rows, rows - bad[file], 0, 0, bad[file]) for file, rows in ROWS[name].items()
    }
    assert differences() == []
    if name in {"bank-1999-01", "boston-311-2015-h1"}:
        counts = desk.load(name)
        assert {file: counts[file] for file in ROWS[name]} == {
            file: (rows, 0, 0, rows - bad[file], bad[file]) for file, rows in ROWS[name].items()
        }


def test_the_golden_log_is_the_shared_one():
    folder = shared("kpi_golden")
    if folder is None:
        pytest.skip("kpi_golden is not beside the checkout")
    names = [file.name for file in folder.iterdir() if file.suffix in {".csv", ".json"}]
    assert filecmp.cmpfiles(folder, GOLDEN, names, shallow=False)[1:] == ([], [])
